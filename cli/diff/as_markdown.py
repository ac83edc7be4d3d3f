"""A diff as Markdown for a pull request: first a table, then what loses data, then the details, folded.

Anybody who opens a pull request can write the texts in a diff. So they are put into code blocks, where they cannot
mention anybody and are not read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cli.diff.as_text import NOT_DEPLOYED, property_line, short_urn, title
from cli.diff.model import Change, Diff, Kind, grouped, in_words
from evaluation.printable import plain

SIGN = {Kind.CREATED: "+", Kind.DELETED: "-", Kind.REPLACED: "!", Kind.CHANGED: "~", Kind.RENAMED: "→"}
HEAD_ROW = "| stage | " + " | ".join(Kind) + " | waives | loses | opens |"


def markdown(diff: Diff) -> str:
    """One stage by itself, as `wharf diff --format markdown` prints it."""
    return "\n".join(
        [f"*{NOT_DEPLOYED}*", "", HEAD_ROW, separator(HEAD_ROW), row(diff), "", *open_part(diff), *details(diff)]
    )


def separator(head: str) -> str:
    """The line below the head of a table."""
    return "|" + "---|" * (head.count("|") - 1)


def row(diff: Diff) -> str:
    """The stage's line in the table."""
    counts = diff.counts()
    cells = [str(counts.get(kind, "")) for kind in Kind]
    cells += [f"**{len(items)}**" if items else "" for items in (diff.waives, diff.losing, diff.opens)]
    return f"| {diff.stack} | " + " | ".join(cells) + " |"


def open_part(diff: Diff, at_most: int | None = None) -> list[str]:
    """What a reviewer must not miss, not folded: the waived rules, the lost data and the new rights.

    Args:
        at_most: how many of each are listed. For the others only their number is given.
    """
    return [
        *_in_sight(f"{diff.stack} waives rules", diff.waives, at_most),
        *_in_sight(
            f"{diff.stack} loses data", [f"{title(c)}: {c.kind}, loses {c.loses}" for c in diff.losing], at_most
        ),
        *_in_sight(f"{diff.stack} opens", [f"{opening.resource}: {opening.what}" for opening in diff.opens], at_most),
    ]


def _in_sight(title_: str, lines: Sequence[str], at_most: int | None) -> list[str]:
    if not lines:
        return []
    named = lines[:at_most]
    return [f"**{title_}:**", "", *code([*named, *and_more(len(lines) - len(named))]), ""]


def and_more(count: int) -> list[str]:
    """The line that stands for the items that are not shown, if there are any."""
    return [f"and {count} more"] if count else []


def details(diff: Diff, *, properties: bool = True) -> list[str]:
    """All changes, folded.

    Args:
        properties: True lists each property too, with its old and new value.
    """
    if diff.is_empty:
        return []
    lines = [f"<details><summary>{diff.stack}: {in_words(diff.counts())}</summary>", ""]
    body = [
        line for component, changes in grouped(diff.changes).items() for line in _group(component, changes, properties)
    ]
    if diff.outputs:
        body += ["# outputs of the stack", *(f"      {property_line(change)}" for change in diff.outputs if properties)]
    if diff.followers:
        body += ["# refers to what is replaced, so that values in it may change"]
        body += [f"      {short_urn(urn)}" for urn in diff.followers if properties]
        body += [] if properties else [f"      {len(diff.followers)} resources"]
    return [*lines, *code(body, "diff"), "", "</details>", ""]


def code(lines: Sequence[str], language: str = "") -> list[str]:
    """Lines from an untrusted source as a code block. The fence is long enough that no line can close it."""
    content = [plain(line) for line in lines]
    longest = max((len(run) for line in content for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *content, fence]


def _group(component: str, changes: Sequence[Change], properties: bool) -> Iterator[str]:
    yield f"# {component or '(no component)'}"
    for change in changes:
        yield f"{SIGN[change.kind]} {title(change)}: {change.kind}" + (", LOSES DATA" if change.loses else "")
        if properties:
            yield from (f"      because {reason}" for reason in change.because)
            yield from (f"      {note}" for note in change.notes)
            yield from (f"      {property_line(leaf)}" for leaf in change.properties)
