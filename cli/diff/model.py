"""The result of a comparison."""

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
    RENAMED = "renamed"  # by an alias: the resource itself stays

    @property
    def symbol(self) -> str:
        return {"created": "+", "deleted": "-", "changed": "~", "replaced": "±", "renamed": "→"}[self]


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One property that differs.

    Attributes:
        path: for example ``spec.template.spec.containers[hello].image``. A path in parentheses, such as ``(protect)``,
            is an option of the resource.
        old, new: the two values. None if there is no value, and ``<secret>`` if it is secret.
        replaces: True if the property cannot be changed in place, so that the resource is replaced.
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
        component: the outermost component that it belongs to, for example ``App hello``; "" if there is none.
        old_urn: its URN in the base. It is the same as `urn` unless the resource is renamed, and "" if it is created.
        because: why it is replaced, in words, if another resource is the reason.
        loses: the data, or the protection of data, that is lost, in words; "" if none is.
        notes: what else a reviewer should know.
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
    """A right that a change gives to somebody. ``what`` says who may now reach, read or do what."""

    urn: str
    resource: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All changes of one stage, in the order of their URNs. Changes that lose data come first.

    Attributes:
        waives: the rules that the stage file now waives, in words.
        opens: the rights that are new.
        base, head: the two sides that are compared, in words.
        followers: URNs of resources that stay but refer to a replaced resource. Values in them may change.
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
        """0: nothing changed. 2: something changed. 3: a change loses data, opens something or waives a rule."""
        return 3 if self.losing or self.opens or self.waives else 0 if self.is_empty else 2

    def counts(self) -> dict[Kind, int]:
        """How many resources are created, deleted and so on, in the order of `Kind`."""
        counter = Counter(change.kind for change in self.changes)
        return {kind: counter[kind] for kind in Kind if counter[kind]}


def in_words(counts: dict[Kind, int]) -> str:
    """For example ``2 created, 1 replaced``."""
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no resource changed"


def grouped(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """The changes by component. Components that lose data come first."""
    groups: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: (not change.loses, change.component, change.urn)):
        groups.setdefault(change.component, []).append(change)
    return groups
