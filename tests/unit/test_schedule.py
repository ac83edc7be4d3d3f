from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.apps.schedule import FIELDS, SHORT, schedule_problem


@pytest.mark.parametrize(
    "schedule",
    [
        *SHORT,
        "* * * * *",
        "0 0 1 1 0",
        "59 23 31 12 6",
        "*/5 * * * *",
        "1-5/2,10 0-23 ? JAN-dec mon-fri",
        "3/15 * * * sun",
    ],
)
def test_what_kubernetes_takes_is_taken(schedule):
    assert schedule_problem(schedule) is None


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("", "is not five fields"),
        ("* * * *", "is not five fields"),
        ("* * * * * *", "is not five fields"),
        ("@dayly", "is not five fields"),
        ("60 * * * *", "'60' is not a minute"),
        ("* 24 * * *", "'24' is not a hour"),
        ("* * 0 * *", "'0' is not a day of the month"),
        ("* * * 13 *", "'13' is not a month"),
        ("* * * mon *", "'mon' is not a month"),
        ("* * * * 7", "'7' is not a day of the week"),
        ("5-1 * * * *", "'5-1' is not a minute"),
        ("*/0 * * * *", "'*/0' is not a minute"),
        ("1,,2 * * * *", "'1,,2' is not a minute"),
        ("-1 * * * *", "'-1' is not a minute"),
        ("٣ * * * *", "'٣' is not a minute"),
    ],
)
def test_what_kubernetes_refuses_is_told(schedule, told):
    problem = schedule_problem(schedule)
    assert problem is not None
    assert told in problem


@st.composite
def fields(draw: st.DrawFn) -> list[str]:
    written = []
    for _, lowest, highest, _ in FIELDS:
        start = draw(st.integers(lowest, highest))
        end = draw(st.integers(start, highest))
        step = draw(st.integers(1, 99))
        written.append(draw(st.sampled_from(["*", f"{start}", f"{start}-{end}", f"*/{step}", f"{start}-{end}/{step}"])))
    return written


@given(fields())
def test_every_range_within_its_field_is_taken(written):
    assert schedule_problem(" ".join(written)) is None
