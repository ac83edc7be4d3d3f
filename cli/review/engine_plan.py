"""The plan of the engine, from `pulumi preview --json`.

It is shown to the person who approves. Before the deployment a second plan must be the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cli.diff.as_markdown import code
from stacks.errors import UserError

FORMAT = 1
SAME = ("same", "read", "refresh")
SIGN = {"create": "+", "delete": "-", "delete-replaced": "-", "update": " "}


@dataclass(frozen=True, order=True)
class Step:
    """One operation on one resource, and the properties that are the reason for it."""

    urn: str
    operation: str
    properties: tuple[str, ...]

    def __str__(self) -> str:
        because = f" ({', '.join(self.properties)})" if self.properties else ""
        types, name = self.urn.split("::")[2:4]
        return f"{SIGN.get(self.operation, '!')} {types.rsplit('$', 1)[-1]} {name}: {self.operation}{because}"


def of_preview(path: Path) -> list[Step]:
    """The steps of a saved preview, in the order of the URNs. Values are left out, because some are known only later.

    Raises:
        UserError: there is no such file, or it is not what `pulumi preview --json` prints.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return sorted(_step(step) for step in document["steps"] or [] if step["op"] not in SAME)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path} is not what `pulumi preview --json` prints: {error}") from None


def save(plan: list[Step], path: Path) -> None:
    """Writes a plan for `load`. It has names but no values, so it can be kept where others can read it."""
    path.write_text(json.dumps({"format": FORMAT, "plan": [asdict(step) for step in plan]}, indent=1) + "\n")


def load(path: Path) -> list[Step]:
    """A plan that was saved.

    Raises:
        UserError: there is no such file, or it is not a plan.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} is not {FORMAT}")
        return [Step(step["urn"], step["operation"], tuple(step["properties"])) for step in document["plan"]]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path} is not what `wharf review plan --out` writes: {error}") from None


def markdown(plan: list[Step], stack: str) -> str:
    """The plan for the summary of a job, where the person who approves reads it."""
    if not plan:
        return f"### {stack}: the engine would change nothing\n"
    lines = code([str(step) for step in plan], "diff")
    return "\n".join(
        [f"### {stack}: the engine would do {len(plan)} step{'s' if len(plan) > 1 else ''}", "", *lines, ""]
    )


def require_same(approved: list[Step], now: list[Step]) -> None:
    """Checks that the engine would now do what was approved.

    Raises:
        UserError: it would do something else. The message lists each step that differs.
    """
    new, gone = sorted(set(now) - set(approved)), sorted(set(approved) - set(now))
    if new or gone:
        lines = [f"would now also be done: {step}" for step in new] + [f"would not be done: {step}" for step in gone]
        raise UserError("this is not what was approved; preview and approve again\n" + "\n".join(lines))


def _step(step: dict[str, Any]) -> Step:
    reasons = step.get("detailedDiff") or dict.fromkeys(step.get("diffReasons") or ())
    return Step(step["urn"], step["op"], tuple(sorted(reasons)))
