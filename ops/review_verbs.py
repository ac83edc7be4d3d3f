"""The verbs that show a change before it happens: diff, check, graph."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

from ops.main import app
from ops.verbs import Example, Stage

Other = Annotated[str | None, typer.Argument(help="Another stage, to compare with this one.", show_default=False)]
Base = Annotated[str | None, typer.Option("--base", help="A commit; where the work left main unless said.")]


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class PlainFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


@app.command()
def diff(
    stage: Stage,
    other: Other = None,
    base: Base = None,
    format_: Annotated[Format, typer.Option("--format")] = Format.TEXT,
    example: Example = None,
) -> None:
    """Compare a stage with the same at another commit, or with another stage. Exit 0 same, 2 not, 3 loses data."""
    from ops import project
    from ops.diff import run
    from ops.diff.as_json import to_json
    from ops.diff.as_text import text
    from ops.diff.base import NotComparableError

    found = project.find(example)
    try:
        result = run.against(found, stage, base, example)
    except NotComparableError as reason:
        print(run.alone(found, stage))
        print(reason, file=sys.stderr)
        raise typer.Exit(1) from None
    if format_ is Format.JSON:
        print(json.dumps(to_json(result), indent=1))
    else:
        print(text(result))
    raise typer.Exit(result.exit_code)


@app.command()
def check(
    stage: Stage,
    format_: Annotated[PlainFormat, typer.Option("--format")] = PlainFormat.TEXT,
    example: Example = None,
) -> None:
    """Hold a stage to every rule of docs/rules.md. Exit 1 with a line for each that it breaks."""
    from ops import check, project

    report = check.check(project.find(example), stage)
    print(json.dumps(check.to_json(report), indent=1) if format_ is PlainFormat.JSON else check.text(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def graph(stage: Stage, example: Example = None) -> None:
    """Print a diagram of a stage, in Mermaid: a box for each component, an arrow for each need."""
    from ops import project
    from ops.diagram import mermaid

    print(mermaid(project.evaluate_stage(project.find(example), stage)), end="")
