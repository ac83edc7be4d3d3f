"""What somebody may do because a resource exists. Two graphs are compared by these values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

ALL_BUT = "all but "
EVERYBODY = {"*": "everybody", "0.0.0.0/0": "everybody (0.0.0.0/0)", "::/0": "everybody (::/0)"}


@dataclass(frozen=True, order=True)
class Access:
    """What somebody may do, such as ``0.0.0.0/0 may reach the Kubernetes API``.

    Attributes:
        urn: the resource that gives the access. Comparing two graphs ignores it.
        who: an address range, a role or a pod. ``*`` is everybody.
        does, what: the verb and its object. A ``*`` in them stands for any text, as in an AWS policy.
        condition: the condition under which it applies; "" if it always does.
    """

    who: str
    does: str
    what: str
    condition: str = ""
    urn: str = ""

    def __str__(self) -> str:
        who = EVERYBODY.get(self.who, self.who)
        on = " on" if ":" in self.does or self.does == "*" else ""  # an action of AWS, as ``s3:GetObject``
        return f"{who} may {self.does}{on} {self.what}" + (f", if {self.condition}" if self.condition else "")

    def covers(self, other: Access) -> bool:
        """True if everybody who has this access has the other one too."""
        return (
            self.condition in ("", other.condition)
            and _within(other.who, self.who)
            and _matches(other.does, self.does)
            and _matches(other.what, self.what)
        )


def not_covered(accesses: Iterable[Access], by: Iterable[Access]) -> list[Access]:
    """Those of ``accesses`` that nothing in ``by`` covers, each once."""
    others = list(by)
    same = {(a.who, a.does, a.what, a.condition) for a in others}
    wide = [a for a in others if "*" in a.who + a.does + a.what or "/" in a.who or not a.condition]
    kept: dict[tuple[str, str, str, str], Access] = {}
    for access in accesses:
        key = (access.who, access.does, access.what, access.condition)
        if key not in same and not any(other.covers(access) for other in wide):
            kept.setdefault(key, access)
    return sorted(kept.values())


def together(accesses: Iterable[Access]) -> list[Access]:
    """The same accesses in fewer sentences: one for all that somebody may do to the same thing."""
    groups: dict[tuple[str, ...], list[Access]] = {}
    for access in accesses:
        groups.setdefault((access.urn, access.who, access.what, access.condition), []).append(access)
    return [replace(group[0], does=", ".join(access.does for access in group)) for group in groups.values()]


def _within(who: str, others: str) -> bool:
    if others in (who, "*"):
        return True
    try:
        inner, outer = ipaddress.ip_network(who), ipaddress.ip_network(others)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _matches(text: str, pattern: str) -> bool:
    """True if the text matches the pattern, in which only ``*`` is special. "All but" texts are not patterns."""
    if pattern in (text, "*"):
        return True
    if ALL_BUT in text or ALL_BUT in pattern:
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.lower().split("*"))), text.lower(), re.DOTALL) is not None
