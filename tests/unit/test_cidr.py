"""The address plan, by its properties."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.network.cidr import MAX_ZONES, NARROWEST, PRIVATE, SERVICE_RANGE, WIDEST, plan, public_block
from components.shared.refusal import RefusedError

ZONES = [f"eu-west-1{letter}" for letter in "abcdef"]


@st.composite
def vpcs(draw: st.DrawFn) -> str:
    private, prefix = draw(st.sampled_from(PRIVATE)), draw(st.integers(WIDEST, NARROWEST))
    place = draw(st.integers(0, 2 ** (prefix - private.prefixlen) - 1))
    network = IPv4Network((int(private.network_address) + (place << (32 - prefix)), prefix))
    assume(not network.overlaps(SERVICE_RANGE))
    return str(network)


@given(cidr=vpcs(), count=st.integers(2, MAX_ZONES))
def test_subnets_are_inside_disjoint_and_large_enough_for_a_load_balancer(cidr, count):
    subnets = [IPv4Network(part) for zone in plan(cidr, ZONES[:count]) for part in (zone.private, zone.public)]
    assert all(subnet.subnet_of(IPv4Network(cidr)) for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
    assert all(WIDEST <= subnet.prefixlen <= 27 for subnet in subnets)


@given(cidr=vpcs(), count=st.integers(2, MAX_ZONES - 1))
def test_another_zone_moves_nobody(cidr, count):
    assert plan(cidr, ZONES[: count + 1])[:count] == plan(cidr, ZONES[:count])


@given(cidr=vpcs())
def test_one_block_holds_all_public_subnets_and_no_private_one(cidr):
    block = IPv4Network(public_block(cidr))
    for zone in plan(cidr, ZONES):
        assert IPv4Network(zone.public).subnet_of(block)
        assert not IPv4Network(zone.private).overlaps(block)


@pytest.mark.parametrize(
    ("cidr", "zones", "message"),
    [
        ("10.0.0.1/16", ZONES[:2], "no host bits"),
        ("ten", ZONES[:2], "not an IPv4 range"),
        ("10.0.0.0/22", ZONES[:2], "/16 to /21"),
        ("10.0.0.0/8", ZONES[:2], "/16 to /21"),
        ("172.20.128.0/18", ZONES[:2], "overlaps 172.20.0.0/16"),
        ("8.8.0.0/16", ZONES[:2], "is of the public internet"),
        ("172.32.0.0/16", ZONES[:2], "is of the public internet"),
        ("10.0.0.0/16", ZONES[:1], "1 given"),
        ("10.0.0.0/16", [*ZONES, "eu-west-1g"], "7 given"),
        ("10.0.0.0/16", ["eu-west-1a", "eu-west-1a"], "named twice"),
    ],
)
def test_what_cannot_be_a_vpc_for_eks_is_refused(cidr, zones, message):
    with pytest.raises(RefusedError, match=message):
        plan(cidr, zones)
