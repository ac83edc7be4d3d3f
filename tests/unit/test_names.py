from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.shared.names import Longest, physical_name

PART = st.from_regex(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", fullmatch=True)


@given(parts=st.lists(PART, min_size=1, max_size=4), longest=st.sampled_from(list(Longest)))
def test_a_name_fits_and_is_the_same_each_time(parts, longest):
    name = physical_name(*parts, longest=longest)
    assert 1 <= len(name) <= longest
    assert name == physical_name(*parts, longest=longest)
    assert not name.endswith("-")


@given(first=PART, second=PART)
def test_names_that_were_cut_stay_apart(first, second):
    long = "x" * 60
    names = {physical_name(long, part, longest=Longest.BROKER) for part in (first, second)}
    assert len(names) == len({first, second})


def test_a_name_that_fits_is_not_touched():
    assert physical_name("wharf", "", "prod", longest=Longest.ROLE) == "wharf-prod"


@pytest.mark.parametrize(("parts", "longest"), [((), 32), (("", ""), 32), (("wharf",), 9)])
def test_nothing_to_name_or_no_room_is_refused(parts, longest):
    with pytest.raises(ValueError, match="nothing to name, or no room"):
        physical_name(*parts, longest=longest)
