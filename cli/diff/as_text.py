"""A diff for a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from cli.diff.model import Change, Diff, PropertyChange, grouped, in_words
from evaluation.printable import plain

WIDEST = 160  # characters of a value; if it is longer, only the places that differ are shown
AROUND = 8  # words that are shown before and after such a place
MOST_WORDS = 5_000  # the most words that are compared; longer values are shown whole


def text(diff: Diff) -> str:
    """One line if nothing changed. Otherwise a summary, what loses data, and every change, grouped by component."""
    if diff.is_empty:
        return f"{diff.stack}: nothing changed against {diff.base}; {diff.total} resources"
    lines = [f"{diff.stack}: {in_words(diff.counts())}, against {diff.base}", NOT_DEPLOYED]
    if diff.waives:
        lines += ["", f"{diff.stack} waives rules:", *(f"  {what}" for what in diff.waives)]
    if diff.losing:
        lines += ["", f"{diff.stack} loses data:"]
        lines += [f"  {change.kind.symbol} {title(change)}: {change.loses}" for change in diff.losing]
    if diff.opens:
        lines += ["", f"{diff.stack} opens:", *(f"  {opening.resource}: {opening.what}" for opening in diff.opens)]
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
    """For example ``Deployment hello-deployment``."""
    return f"{change.type.rsplit(':', 1)[-1]} {change.name}"


def short_urn(urn: str) -> str:
    types, name = urn.split("::")[2:4]
    return f"{types.rsplit('$', 1)[-1].rsplit(':', 1)[-1]} {name}"


def property_line(change: PropertyChange) -> str:
    """For example ``spec.replicas: 2 → 3``."""
    if change.secret and change.old is not None and change.new is not None:
        shown = "<secret> changed"
    elif change.old is None:
        shown = f"+ {value(change.new)}"
    elif change.new is None:
        shown = f"- {value(change.old)}"
    else:
        shown = pair(change.old, change.new)
    return f"{change.path}: {shown}" + (" [cannot be changed in place]" if change.replaces else "")


def value(raw: Any) -> str:
    """The value in one line. It is never cut, because the end could be the part that matters."""
    shown = raw if isinstance(raw, str) and raw else json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return plain(shown)


def pair(old: Any, new: Any) -> str:
    """``old → new``. For long values, each place where they differ, with the words around it."""
    before, after = value(old), value(new)
    if max(len(before), len(after)) <= WIDEST:
        return f"{before} → {after}"
    sides = [re.findall(r"\w+|\W", side) for side in (before, after)]
    changes = (
        [code for code in SequenceMatcher(None, *sides, autojunk=False).get_opcodes() if code[0] != "equal"]
        if max(map(len, sides)) <= MOST_WORDS
        else [("replace", 0, len(sides[0]), 0, len(sides[1]))]
    )
    return "; ".join(f"{_around(sides[0], a, b)} → {_around(sides[1], c, d)}" for _, a, b, c, d in changes)


def _around(words: list[str], start: int, end: int) -> str:
    """All words from start to end, and a few before and after them."""
    first, last = max(0, start - AROUND), min(len(words), end + AROUND)
    return ("…" if first else "") + "".join(words[first:last]) + ("…" if last < len(words) else "")


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.kind.symbol} {title(change)}: {change.kind}" + (
        f", LOSES DATA: {change.loses}" if change.loses else ""
    )
    for reason in change.because:
        yield f"      because {reason}"
    for note in change.notes:
        yield f"      {note}"
    for leaf in change.properties:
        yield f"      {property_line(leaf)}"
