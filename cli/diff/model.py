"""What a comparison finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happens to one resource. The values are those of the JSON."""

    CREATED = "created"
    DELETED = "deleted"
    CHANGED = "changed"
    REPLACED = "replaced"
    RENAMED = "renamed"  # by an alias: the thing itself stays

    @property
    def symbol(self) -> str:
        return {"created": "+", "deleted": "-", "changed": "~", "replaced": "±", "renamed": "→"}[self]


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One leaf that differs.

    Attributes:
        path: as ``spec.template.spec.containers[hello].image``; ``(protect)`` and the like are options of the resource.
        old, new: None where there was, or is, nothing; ``<secret>`` of what is secret.
        replaces: it cannot be changed in place.
    """

    path: str
    old: Any = None
    new: Any = None
    secret: bool = False
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that does not stay as it is.

    Attributes:
        component: the outermost component that it belongs to, as ``App hello``; "" for none.
        old_urn: what it is called in the base; the URN itself unless it is renamed; "" for what is created.
        because: why it is replaced, in words, where the reason is another resource.
        loses: the data, or the protection of data, that is lost, in words; "" for none.
        notes: what a reviewer should know besides.
    """

    kind: Kind
    urn: str
    type: str
    name: str
    component: str = ""
    old_urn: str = ""
    properties: tuple[PropertyChange, ...] = ()
    because: tuple[str, ...] = ()
    loses: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Opening:
    """What a change gives to somebody who did not have it: ``what`` says who may now reach, read or do what."""

    urn: str
    resource: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All changes of one stage, in the order of their URNs; what loses data comes first.

    Attributes:
        waives: the rules that the stage file no longer holds the stage to, in words.
        opens: what somebody may now reach, read or do.
        base, head: what is compared, in words.
        followers: URNs of what stays and refers to something that is replaced, so that values in it may change.
        total: how many resources the head has.
    """

    project: str
    stack: str
    base: str
    head: str
    waives: tuple[str, ...] = ()
    opens: tuple[Opening, ...] = ()
    changes: tuple[Change, ...] = ()
    outputs: tuple[PropertyChange, ...] = ()
    followers: tuple[str, ...] = ()
    total: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.outputs or self.opens or self.waives)

    @property
    def losing(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.loses)

    @property
    def exit_code(self) -> int:
        """0 nothing changed, 2 changed, 3 changed so that it loses data, opens something or waives a rule."""
        return 3 if self.losing or self.opens or self.waives else 0 if self.is_empty else 2

    def counts(self) -> dict[Kind, int]:
        """How many resources each thing happens to, in the order of `Kind`."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in Kind if found[kind]}


def in_words(counts: dict[Kind, int]) -> str:
    """As ``2 created, 1 replaced``."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no resource changed"


def grouped(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """By component, those with data to lose first."""
    groups: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: (not change.loses, change.component, change.urn)):
        groups.setdefault(change.component, []).append(change)
    return groups
