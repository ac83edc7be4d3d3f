"""Compares two graphs of one stage as the engine would: matches resources by URN and alias, then their properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from cli.diff.model import Change, Diff, Kind, Opening, PropertyChange
from cli.diff.properties import compare as compare_values
from cli.diff.properties import is_under, stated
from cli.diff.replacement import replacing, without_ignored
from cli.diff.spread import Spread
from evaluation.access import opened
from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource, outermost
from evaluation.loss import loses, loses_in_place
from evaluation.urns import renamed

OPTIONS = ("protect", "retain_on_delete")


def compare(
    base: Graph,
    head: Graph,
    names: Mapping[str, str] | None = None,
    *,
    base_name: str = "base",
    head_name: str = "head",
    waives: Sequence[str] = (),
) -> Diff:
    """What the head changes, if what the base describes is deployed.

    Args:
        names: the old URN of each resource that was only renamed, if the caller knows them already; see `renamed`.
        waives: the rules that the head's stage file waives. A graph does not show them.
    """
    old, new = base.by_urn(), head.by_urn()
    aliased = renamed(base, head) if names is None else names
    former = {urn: aliased.get(urn, urn) for urn in new if aliased.get(urn, urn) in old}
    changes = [
        *(_created(new[urn], new) for urn in new if urn not in former),
        *(_deleted(old[urn], old, base, head) for urn in old if urn not in former.values()),
    ]
    spread = Spread(head)
    forced = {urn: replacing(old[before], new[urn]) for urn, before in former.items()}
    in_itself = {urn for urn, paths in forced.items() if paths}
    taken_along = spread.replaced_with(in_itself, former)
    gone = in_itself | set(taken_along)
    for urn, before in former.items():
        reasons = taken_along.get(urn, ())
        change = _kept(old[before], new[urn], forced[urn], reasons, base)
        if change:
            changes.append(replace(change, component=component(new[urn], new)))
    touched = {change.urn for change in changes}
    return Diff(
        project=head.project,
        stack=head.stack,
        base=base_name,
        head=head_name,
        waives=tuple(waives),
        opens=tuple(Opening(urn=urn, resource=_title(new[urn]), what=what) for urn, what in opened(base, head)),
        changes=tuple(sorted(changes, key=lambda change: (not change.loses, change.urn))),
        outputs=tuple(compare_values(dict(base.outputs), dict(head.outputs))),
        followers=tuple(sorted(urn for urn in former if urn not in touched and spread.follows(urn, gone))),
        total=len(new),
    )


def component(resource: Resource, resources: dict[str, Resource]) -> str:
    """The outermost component that a resource belongs to, for example ``App hello``; "" if there is none."""
    outer = outermost(resource, resources)
    return f"{outer.type.rsplit(':', 1)[-1]} {outer.name}" if outer else ""


def _created(resource: Resource, resources: dict[str, Resource]) -> Change:
    return Change(
        kind=Kind.CREATED,
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        component=component(resource, resources),
        properties=tuple(stated(without_ignored(resource.inputs, resource))) if _is_made(resource) else (),
    )


def _title(resource: Resource) -> str:
    return f"{resource.type.rsplit(':', 1)[-1]} {resource.name}"


def _is_made(resource: Resource) -> bool:
    return resource.custom or resource.type in AWS_TYPES


def _deleted(resource: Resource, resources: dict[str, Resource], base: Graph, head: Graph) -> Change:
    lost = loses(resource, base)
    return Change(
        kind=Kind.DELETED,
        urn=resource.urn,
        old_urn=resource.urn,
        type=resource.type,
        name=resource.name,
        component=component(resource, resources),
        loses=lost,
        notes=tuple(_deletion_notes(resource, base, head, bool(lost))),
    )


def _deletion_notes(resource: Resource, base: Graph, head: Graph, is_lost: bool) -> Iterator[str]:
    if resource.retain_on_delete:
        yield "is left where it is: retain_on_delete"
    if resource.protect:
        yield "the engine refuses it while it is protected"
    base_urns = base.by_urn()
    like_it = [other for other in head.of_type(resource.type) if other.urn not in base_urns]
    if is_lost and like_it:
        most_similar = max(like_it, key=lambda other: SequenceMatcher(None, resource.name, other.name).ratio())
        yield f"if it is {most_similar.name} under its new name: give that, or its component, an alias"


def _kept(
    old: Resource, new: Resource, forced: tuple[str, ...], because: tuple[str, ...], base: Graph
) -> Change | None:
    properties = tuple(_properties(old, new, forced))
    is_replaced = bool(forced or because)
    if not is_replaced and not properties and old.urn == new.urn:
        return None
    kind = Kind.REPLACED if is_replaced else Kind.CHANGED if properties else Kind.RENAMED
    notes = [f"was {old.urn}"] if old.urn != new.urn else []
    if is_replaced and old.protect:
        notes.append("the engine refuses it while it is protected")
    return Change(
        kind=kind,
        urn=new.urn,
        old_urn=old.urn,
        type=new.type,
        name=new.name,
        properties=properties,
        because=because,
        loses=(is_replaced and loses(old, base)) or "; ".join(loses_in_place(old, new)),
        notes=tuple(notes),
    )


def _properties(old: Resource, new: Resource, forced: tuple[str, ...]) -> Iterator[PropertyChange]:
    if _is_made(new):
        for change in compare_values(without_ignored(old.inputs, new), without_ignored(new.inputs, new)):
            blamed = any(path == "*" or is_under(change.path, path) or is_under(path, change.path) for path in forced)
            yield replace(change, replaces=blamed)
    for option in OPTIONS:
        before, after = getattr(old, option), getattr(new, option)
        if before != after:
            yield PropertyChange(path=f"({option})", old=before, new=after)
