"""A diff as JSON, and back. The workflows hand this JSON on to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cli.diff.model import Change, Diff, Kind, Opening, PropertyChange

FORMAT = 2


def to_json(diff: Diff) -> dict[str, Any]:
    """The diff in plain values."""
    return {
        "format": FORMAT,
        "project": diff.project,
        "stack": diff.stack,
        "base": diff.base,
        "head": diff.head,
        "exitCode": diff.exit_code,
        "total": diff.total,
        "summary": {str(kind): count for kind, count in diff.counts().items()},
        "waives": list(diff.waives),
        "opens": [asdict(opening) for opening in diff.opens],
        "changes": [{**asdict(change), "kind": str(change.kind)} for change in diff.changes],
        "outputs": [asdict(change) for change in diff.outputs],
        "followers": list(diff.followers),
    }


def from_json(document: Mapping[str, Any]) -> Diff:
    """The diff that `to_json` made the document from.

    Raises:
        KeyError, TypeError, ValueError: the document is not one that `to_json` makes.
    """
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} is not {FORMAT}")
    return Diff(
        project=document["project"],
        stack=document["stack"],
        base=document["base"],
        head=document["head"],
        waives=tuple(document["waives"]),
        opens=tuple(Opening(**opening) for opening in document["opens"]),
        changes=tuple(_change(change) for change in document["changes"]),
        outputs=tuple(PropertyChange(**change) for change in document["outputs"]),
        followers=tuple(document["followers"]),
        total=document["total"],
    )


def _change(entry: Mapping[str, Any]) -> Change:
    return Change(
        **{
            **entry,
            "kind": Kind(entry["kind"]),
            "properties": tuple(PropertyChange(**change) for change in entry["properties"]),
            "because": tuple(entry["because"]),
            "notes": tuple(entry["notes"]),
        }
    )
