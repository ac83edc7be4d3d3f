"""The versions and sizes that RDS and Amazon MQ offered on the day `AS_OF`. Newer ones are added here.

tests/facts compares these lists with AWS's own, as cfn-lint publishes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from components.shared.refusal import Refusal

AS_OF = "2026-10-20"
NEWER = "a newer one is added in components/data/offers.py"

# PostgreSQL on RDS: each major version, and its minor versions.
POSTGRES: Mapping[str, Sequence[int]] = {
    "14": range(1, 25),
    "15": range(2, 20),
    "16": range(1, 16),
    "17": range(1, 12),
    "18": (1, 2, 3, 4, 6),
}

_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TO_24 = (*_TO_16, "24xlarge")
# The families of instances that run these versions, in any region, and their sizes.
DATABASE_SIZES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("t3", "t4g"), ("micro", "small", "medium", "large", "xlarge", "2xlarge")),
    **dict.fromkeys(("m6g", "m6gd", "m7g", "r6g", "r6gd", "r7g", "x2g"), _TO_16),
    **dict.fromkeys(("m5", "m5d", "r5", "r5b", "r5d"), _TO_24),
    **dict.fromkeys(("m6i", "m6id", "m6idn", "m6in", "r6i", "r6id", "r6idn", "r6in"), (*_TO_24, "32xlarge")),
    **dict.fromkeys(("m7i", "m8a", "m8g", "m8gd", "m9g", "r7i", "r8a", "r8g", "r8gd"), (*_TO_24, "48xlarge")),
    "x2iedn": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge", "32xlarge"),
}

# Amazon MQ, for RabbitMQ.
BROKER_SIZES: Mapping[str, Sequence[str]] = {
    "t3": ("micro",),
    "m5": ("large", "xlarge", "2xlarge", "4xlarge"),
    "m7g": ("medium", *_TO_16),
}


def offered(prefix: str, sizes: Mapping[str, Sequence[str]]) -> list[str]:
    """Every instance type in full, such as ``db.t4g.micro``."""
    return [f"{prefix}.{family}.{size}" for family, family_sizes in sizes.items() for size in family_sizes]


def size_limits(size: str, prefix: str, sizes: Mapping[str, Sequence[str]], service: str) -> Iterator[Refusal]:
    """An instance type must be one that the service offers."""
    types = offered(prefix, sizes)
    if size not in types:
        near = get_close_matches(size, types, n=3) or types[:3]
        text = f"{service} offers no {size!r} (as of {AS_OF}): write {' or '.join(near)}; {NEWER}"
        yield Refusal("size", text)


def postgres_limits(version: str) -> Iterator[Refusal]:
    """A version of PostgreSQL must be one that RDS offers: ``18``, or ``18.4``."""
    major, _, minor = version.partition(".")
    if major not in POSTGRES:
        majors = ", ".join(POSTGRES)
        yield Refusal("engine-version", f"RDS offers PostgreSQL {majors} (as of {AS_OF}), not {version!r}")
    elif minor and minor not in map(str, POSTGRES[major]):
        newest = f"{major}.{max(POSTGRES[major])}"
        text = f"RDS offers no PostgreSQL {version} (as of {AS_OF}): write {major} or {newest}; {NEWER}"
        yield Refusal("engine-version", text)
