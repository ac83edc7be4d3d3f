"""A diff as Markdown for a pull request: a table first, what loses data, then the details, folded.

Everything that comes from a diff stands in code blocks, where it can neither mention anybody nor be markup: whoever
opens a pull request can write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ops.diff.as_text import NOT_DEPLOYED, property_line, short_urn, title
from ops.diff.model import Change, Diff, Kind, grouped, in_words

SIGN = {Kind.CREATED: "+", Kind.DELETED: "-", Kind.REPLACED: "!", Kind.CHANGED: "~", Kind.RENAMED: "→"}
HEAD_ROW = "| stage | " + " | ".join(Kind) + " | loses data |"


def markdown(diff: Diff) -> str:
    """One stage by itself, as `wharf diff --format markdown` prints it."""
    return "\n".join([f"*{NOT_DEPLOYED}*", "", HEAD_ROW, separator(HEAD_ROW), row(diff), "", *details(diff)]) + "\n"


def separator(head: str) -> str:
    """The line below the head of a table."""
    return "|" + "---|" * (head.count("|") - 1)


def row(diff: Diff) -> str:
    """The stage's line in the table."""
    counts = diff.counts()
    cells = [str(counts.get(kind, "")) for kind in Kind]
    return f"| {diff.stack} | " + " | ".join(cells) + f" | {f'**{len(diff.losing)}**' if diff.losing else ''} |"


def details(diff: Diff, *, properties: bool = True) -> list[str]:
    """What loses data, in sight, and all changes, folded.

    Args:
        properties: also each property with its old and new value.
    """
    if diff.is_empty:
        return []
    lines = []
    if diff.losing:
        lines += [f"**{diff.stack} loses data:**", ""]
        lines += [*_block(f"{title(change)}: {change.kind}: {change.loses}" for change in diff.losing), ""]
    lines += [f"<details><summary>{diff.stack}: {in_words(diff.counts())}</summary>", ""]
    body = [
        line for component, changes in grouped(diff.changes).items() for line in _group(component, changes, properties)
    ]
    if diff.outputs:
        body += ["# outputs of the stack", *(f"      {property_line(change)}" for change in diff.outputs if properties)]
    if diff.followers:
        body += ["# refers to what is replaced, so that values in it may change"]
        body += [f"      {short_urn(urn)}" for urn in diff.followers if properties]
        body += [] if properties else [f"      {len(diff.followers)} resources"]
    return [*lines, *_block(body, "diff"), "", "</details>", ""]


def code(texts: Sequence[str]) -> list[str]:
    """Texts of somebody else's as a block of code."""
    return _block(texts)


def _group(component: str, changes: Sequence[Change], properties: bool) -> Iterator[str]:
    yield f"# {component or '(no component)'}"
    for change in changes:
        yield f"{SIGN[change.kind]} {title(change)}: {change.kind}" + (", LOSES DATA" if change.loses else "")
        if properties:
            yield from (f"      because {reason}" for reason in change.because)
            yield from (f"      {note}" for note in change.notes)
            yield from (f"      {property_line(found)}" for found in change.properties)


def _block(lines: Iterator[str] | Sequence[str], language: str = "") -> list[str]:
    """A fenced block with a fence that nothing in it closes."""
    content = [line.replace("\r", "\\r").replace("\n", "\\n") for line in lines]
    longest = max((len(run) for line in content for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *content, fence]
