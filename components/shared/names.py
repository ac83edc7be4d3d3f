"""Names on AWS. A name that is too long is cut, and ends with a digest, which keeps it unique."""

from __future__ import annotations

import hashlib
from enum import IntEnum

DIGEST = 8  # hexadecimal digits


class Longest(IntEnum):
    """The largest number of characters that AWS allows."""

    CACHE = 40
    BROKER = 50
    DATABASE = 63
    FARGATE_PROFILE = 63
    NODE_GROUP = 63
    ROLE = 64
    CLUSTER = 100
    LOG_GROUP = 512


def physical_name(*parts: str, longest: int) -> str:
    """``parts`` joined by dashes. If this is longer than ``longest``: its beginning, and a digest of all of it.

    Raises:
        ValueError: there is nothing to make a name of, or no room for a digest.
    """
    name = "-".join(filter(None, parts))
    if not name or longest <= DIGEST + 1:
        raise ValueError(f"a name of {parts} in {longest} characters: there is nothing to name, or no room for it")
    if len(name) <= longest:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST]
    return f"{name[: longest - DIGEST - 1].rstrip('-')}-{digest}"
