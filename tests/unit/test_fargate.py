from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.eks.fargate import MAX_SELECTORS, OVERHEAD_MIB, SIZES, paid_size, profiles, runs
from components.shared.refusal import RefusedError

NAMESPACE = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)


@given(namespaces=st.lists(NAMESPACE, unique=True), system=st.booleans())
def test_profiles_are_as_few_as_there_can_be_and_cover_every_namespace(namespaces, system):
    made = profiles(namespaces, system=system)
    assert list(chain.from_iterable(made.values())) == [*(["kube-system"] if system else []), *namespaces]
    assert all(1 <= len(selectors) <= MAX_SELECTORS for selectors in made.values())
    assert len(made) == -(-len(namespaces) // MAX_SELECTORS) + system
    assert all(runs(namespace, made) for namespace in namespaces)
    assert runs("kube-system", made) is (system or "kube-system" in namespaces)


def test_patterns_take_what_they_look_like():
    made = profiles(["squad-*", "epid-?"], system=False)
    assert runs("squad-production", made)
    assert runs("epid-1", made)
    assert not runs("epid-12", made)
    assert not runs("squad", made)


@pytest.mark.parametrize("pattern", ["*", "kube-*", "kube-syste?"])
def test_patterns_leave_the_clusters_own_pods_to_the_nodes(pattern):
    with pytest.raises(RefusedError, match="narrow it"):
        profiles([pattern], system=False)
    assert profiles([pattern], system=True)["apps"] == (pattern,)


@pytest.mark.parametrize("pattern", ["", "Prod", "a_b", "-a"])
def test_what_is_no_namespace_is_refused(pattern):
    with pytest.raises(RefusedError, match="not the name of a namespace"):
        profiles([pattern], system=True)


@pytest.mark.parametrize(
    ("millicores", "mebibytes", "paid"),
    [
        (250, 256, (0.25, 0.5)),
        (250, 512, (0.25, 1)),  # 768 MiB are needed
        (1000, 8192, (2, 9)),  # what the overhead costs
        (100, 2048, (0.5, 3)),
        (16000, 120 * 1024 - OVERHEAD_MIB, (16, 120)),
    ],
)
def test_the_size_that_is_paid_for(millicores, mebibytes, paid):
    assert paid_size(millicores, mebibytes) == paid


@given(millicores=st.integers(1, 16_000), mebibytes=st.integers(1, 119 * 1024))
def test_what_is_paid_for_is_enough_and_is_to_be_had(millicores, mebibytes):
    vcpu, gib = paid_size(millicores, mebibytes)
    assert vcpu * 1000 >= millicores
    assert gib * 1024 >= mebibytes + OVERHEAD_MIB
    assert gib in SIZES[vcpu]


@pytest.mark.parametrize(("millicores", "mebibytes"), [(16_001, 1024), (250, 120 * 1024)])
def test_what_fargate_does_not_have_is_refused(millicores, mebibytes):
    with pytest.raises(ValueError, match="at most 16 vCPU"):
        paid_size(millicores, mebibytes)
