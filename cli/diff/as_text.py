"""A diff for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cli.diff.model import Change, Diff, PropertyChange, grouped, in_words
from evaluation.printable import plain

WIDEST = 160  # characters of a value; what differs is kept in sight


def text(diff: Diff) -> str:
    """One line where nothing changed; otherwise a summary, what loses data, and every change by component."""
    if diff.is_empty:
        return f"{diff.stack}: nothing changed against {diff.base}; {diff.total} resources"
    lines = [f"{diff.stack}: {in_words(diff.counts())}, against {diff.base}", NOT_DEPLOYED]
    if diff.losing:
        lines += ["", f"{diff.stack} loses data:"]
        lines += [f"  {change.kind.symbol} {title(change)}: {change.loses}" for change in diff.losing]
    for component, changes in grouped(diff.changes).items():
        lines += ["", component or "(no component)"]
        lines += [line for change in changes for line in _change(change)]
    if diff.outputs:
        lines += ["", "outputs of the stack", *(f"    {property_line(change)}" for change in diff.outputs)]
    if diff.followers:
        lines += ["", "refers to what is replaced, so that values in it may change:"]
        lines += [f"    {short_urn(urn)}" for urn in diff.followers]
    return "\n".join(map(plain, lines))


NOT_DEPLOYED = "(two renderings compared: not the deployed state)"


def title(change: Change) -> str:
    """As ``Deployment hello-deployment``."""
    return f"{change.type.rsplit(':', 1)[-1]} {change.name}"


def short_urn(urn: str) -> str:
    types, name = urn.split("::")[2:4]
    return f"{types.rsplit('$', 1)[-1].rsplit(':', 1)[-1]} {name}"


def property_line(change: PropertyChange) -> str:
    """As ``spec.replicas: 2 → 3``."""
    if change.secret and change.old is not None and change.new is not None:
        shown = "<secret> changed"
    elif change.old is None:
        shown = f"+ {value(change.new)}"
    elif change.new is None:
        shown = f"- {value(change.old)}"
    else:
        shown = " → ".join(pair(change.old, change.new))
    return f"{change.path}: {shown}" + (" [cannot be changed in place]" if change.replaces else "")


def value(found: Any) -> str:
    """In one line, cut."""
    shown = found if isinstance(found, str) and found else json.dumps(found, sort_keys=True, ensure_ascii=False)
    shown = plain(shown)
    return shown if len(shown) <= WIDEST else shown[: WIDEST - 1] + "…"


def pair(old: Any, new: Any) -> tuple[str, str]:
    """Two values, cut so that the place where they differ is seen."""
    sides = [
        plain(side if isinstance(side, str) and side else json.dumps(side, sort_keys=True, ensure_ascii=False))
        for side in (old, new)
    ]
    same = next((i for i, (a, b) in enumerate(zip(*sides, strict=False)) if a != b), min(map(len, sides)))
    start = max(0, same - WIDEST // 4) if max(map(len, sides)) > WIDEST else 0
    cut = [("…" if start else "") + side[start : start + WIDEST] for side in sides]
    return tuple(  # type: ignore[return-value]
        short + ("…" if len(side) > start + WIDEST else "") for short, side in zip(cut, sides, strict=True)
    )


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.kind.symbol} {title(change)}: {change.kind}" + (
        f", LOSES DATA: {change.loses}" if change.loses else ""
    )
    for reason in change.because:
        yield f"      because {reason}"
    for note in change.notes:
        yield f"      {note}"
    for found in change.properties:
        yield f"      {property_line(found)}"
