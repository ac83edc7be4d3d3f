"""What the engine means to do, by `pulumi preview --json`: shown to whoever approves, and held to afterwards."""

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
    """One operation on one resource, and which of its properties are the reason."""

    urn: str
    operation: str
    properties: tuple[str, ...]

    def __str__(self) -> str:
        because = f" ({', '.join(self.properties)})" if self.properties else ""
        types, name = self.urn.split("::")[2:4]
        return f"{SIGN.get(self.operation, '!')} {types.rsplit('$', 1)[-1]} {name}: {self.operation}{because}"


def of_preview(path: Path) -> list[Step]:
    """What a saved preview does, in the order of the URNs. Values are left out: some are known only later.

    Raises:
        UserError: there is no such file, or it is not what `pulumi preview --json` prints.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return sorted(_step(step) for step in document["steps"] or [] if step["op"] not in SAME)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path} is not what `pulumi preview --json` prints: {error}") from None


def save(found: list[Step], path: Path) -> None:
    """Writes a plan for `load`; it holds names and no values, so that it can be kept where others read it."""
    path.write_text(json.dumps({"format": FORMAT, "plan": [asdict(step) for step in found]}, indent=1) + "\n")


def load(path: Path) -> list[Step]:
    """A plan that was saved.

    Raises:
        UserError: there is no such file, or it is no plan.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r} is not {FORMAT}")
        return [Step(step["urn"], step["operation"], tuple(step["properties"])) for step in document["plan"]]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError(f"{path} is not what `wharf review plan --out` writes: {error}") from None


def markdown(found: list[Step], stack: str) -> str:
    """For the summary of a job, where whoever approves reads it."""
    if not found:
        return f"### {stack}: the engine would change nothing\n"
    lines = code([str(step) for step in found], "diff")
    return "\n".join(
        [f"### {stack}: the engine would do {len(found)} step{'s' if len(found) > 1 else ''}", "", *lines, ""]
    )


def require_same(approved: list[Step], now: list[Step]) -> None:
    """Raises:
    UserError: what would happen now is not what was approved; names each step that differs.
    """
    new, gone = sorted(set(now) - set(approved)), sorted(set(approved) - set(now))
    if new or gone:
        lines = [f"would now also be done: {step}" for step in new] + [f"would not be done: {step}" for step in gone]
        raise UserError("this is not what was approved; preview and approve again\n" + "\n".join(lines))


def _step(step: dict[str, Any]) -> Step:
    reasons = step.get("detailedDiff") or dict.fromkeys(step.get("diffReasons") or ())
    return Step(step["urn"], step["op"], tuple(sorted(reasons)))
