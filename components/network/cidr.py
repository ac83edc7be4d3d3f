"""The address plan of a VPC. Every zone has a fixed place, so adding a zone does not move the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from components.shared.refusal import Refusal, require

MAX_ZONES = 6
WIDEST, NARROWEST = 16, 21  # the largest VPC on AWS; a load balancer needs subnets of at least /27
SERVICE_RANGE = IPv4Network("172.20.0.0/16")  # the addresses of the cluster's Services
# Of RFC 1918, and the carriers' own of RFC 6598, which EKS takes as well.
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
PRIVATE_BITS, PUBLIC_BITS = 3, 6
PUBLIC_BLOCK = 6  # the VPC has eight blocks: 0 to 5 are private, 6 is public, 7 stays free


@dataclass(frozen=True, kw_only=True)
class ZonePlan:
    """The two subnets of a zone, as CIDRs."""

    zone: str
    private: str
    public: str


def public_block(cidr: str) -> str:
    """The range that contains all public subnets and nothing else."""
    return str(_blocks(cidr)[PUBLIC_BLOCK])


def plan(cidr: str, zones: Sequence[str]) -> tuple[ZonePlan, ...]:
    """For each zone, a private subnet (an eighth of the VPC) and a public one (a sixty-fourth).

    A zone's place follows from its position alone: appending one leaves the others as they are.

    Raises:
        RefusedError: the range or the zones cannot make a VPC for an EKS cluster; says what would.
    """
    require(limits(cidr, zones))
    blocks = _blocks(cidr)
    public = list(blocks[PUBLIC_BLOCK].subnets(PUBLIC_BITS - PRIVATE_BITS))
    return tuple(
        ZonePlan(zone=zone, private=str(blocks[place]), public=str(public[place])) for place, zone in enumerate(zones)
    )


def limits(cidr: str, zones: Sequence[str]) -> Iterator[Refusal]:
    """Which ranges and zones AWS and EKS accept."""
    yield from _range_limits(cidr)
    if not 2 <= len(zones) <= MAX_ZONES:
        yield Refusal("zones", f"{len(zones)} given, and an EKS cluster stands in 2 to {MAX_ZONES}")
    if len(set(zones)) != len(zones):
        yield Refusal("zones", f"{', '.join(zones)}: one is named twice")


def _range_limits(cidr: str) -> Iterator[Refusal]:
    try:
        network = IPv4Network(cidr)
    except ValueError:
        yield Refusal("cidr", f"{cidr!r} is not an IPv4 range with no host bits set, such as 10.0.0.0/16")
        return
    if not WIDEST <= network.prefixlen <= NARROWEST:
        yield Refusal(
            "cidr",
            f"{cidr} is not from /{WIDEST} to /{NARROWEST}: AWS takes no wider VPC, and in a narrower one public "
            "subnets would be too small for a load balancer",
        )
    if not any(network.subnet_of(private) for private in PRIVATE):
        yield Refusal(
            "cidr",
            f"{cidr} is of the public internet, whose owner could not be reached: take a range of "
            f"{', '.join(map(str, PRIVATE))}, such as 10.0.0.0/16",
        )
    if network.overlaps(SERVICE_RANGE):
        yield Refusal(
            "cidr",
            f"{cidr} overlaps {SERVICE_RANGE}, the range of the cluster's Services: write another, such as 10.0.0.0/16",
        )


def _blocks(cidr: str) -> list[IPv4Network]:
    return list(IPv4Network(cidr).subnets(PRIVATE_BITS))
