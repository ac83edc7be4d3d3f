"""The verbs that show a change before it happens: diff, check, graph, and what the workflows do with a review."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.command import Example, Stage, app

if TYPE_CHECKING:
    from evaluation.project import Project

Other = Annotated[str | None, typer.Argument(help="Another stage, to compare with this one.", show_default=False)]
Base = Annotated[str | None, typer.Option("--base", help="A commit; where the work left main unless said.")]


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def _two_stages(found: Project, stage: str, other: str, base: str | None, format_: Format) -> NoReturn:
    from cli.diff import stages
    from stacks.errors import UserError

    if base:
        raise UserError(f"--base {base}: is of one stage; two stages are compared as they are in the working tree")
    if format_ is Format.MARKDOWN:
        raise UserError("--format markdown: is of a stage and its base; two stages are shown as text or json")
    compared = stages.between(found, stage, other)
    print(json.dumps(stages.to_json(compared), indent=1) if format_ is Format.JSON else stages.text(compared))
    raise typer.Exit(compared.exit_code)


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
    from cli.diff import run
    from cli.diff.as_json import to_json
    from cli.diff.as_markdown import markdown
    from cli.diff.as_text import text
    from cli.diff.base import NotComparableError
    from evaluation import project

    found = project.find(example)
    found.require(stage)
    if other:
        _two_stages(found, stage, other, base, format_)
    try:
        result = run.against(found, stage, base, found.example)
    except NotComparableError as reason:
        print(run.alone(found, stage))
        print(reason, file=sys.stderr)
        raise typer.Exit(1) from None
    if format_ is Format.JSON:
        print(json.dumps(to_json(result), indent=1))
    else:
        print(markdown(result) if format_ is Format.MARKDOWN else text(result))
    raise typer.Exit(result.exit_code)


@app.command()
def check(
    stage: Stage,
    format_: Annotated[PlainFormat, typer.Option("--format")] = PlainFormat.TEXT,
    example: Example = None,
) -> None:
    """Hold a stage to every rule of docs/rules.md. Exit 1 with a line for each that it breaks."""
    from evaluation import project
    from policies import check

    report = check.check(project.find(example), stage)
    print(json.dumps(check.to_json(report), indent=1) if format_ is PlainFormat.JSON else check.text(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def graph(stage: Stage, example: Example = None) -> None:
    """Print a diagram of a stage, in Mermaid: a box for each component, an arrow for each need."""
    from evaluation import project
    from evaluation.diagram import mermaid

    print(mermaid(project.evaluate_stage(project.find(example), stage)), end="")


review = typer.Typer(no_args_is_help=True, help="A preview of every stage for a pull request, as the workflows use it.")
app.add_typer(review, name="review")

Repository = Annotated[str, typer.Option("--repository", envvar="GITHUB_REPOSITORY", help="OWNER/NAME on GitHub.")]
Pull = Annotated[int, typer.Option("--pull", help="The number of the pull request.")]
RunUrl = Annotated[str, typer.Option("--run-url", help="Where the whole review is to be had.")]
Saved = Annotated[Path, typer.Argument(help="What `pulumi preview --json` printed.", show_default=False)]


@review.command()
def collect(
    out: Annotated[Path, typer.Option("--out", help="The file to write to.")],
    base: Base = None,
    example: Example = None,
) -> None:
    """Render, compare and check every stage; writes JSON. Needs no credentials."""
    from cli.review import collect, model
    from evaluation import project

    found = project.find(example)
    collected = collect.collect(found, base, found.example)
    out.write_text(model.to_json(collected), encoding="utf-8")
    print(f"{len(collected.stages)} stages in {out}")


@review.command()
def show(
    file: Annotated[Path, typer.Argument(help="What `wharf review collect` wrote.")], run_url: RunUrl = ""
) -> None:
    """Print a review as the Markdown of the comment."""
    from cli.review import model
    from cli.review.comment_text import comment
    from cli.review.publish import LABEL
    from stacks.errors import UserError

    if not file.is_file():
        raise UserError(f"{file}: there is no such file")
    print(comment(model.parse(file.read_bytes()), run_url=run_url, label=LABEL), end="")


@review.command()
def comment(
    commit: Annotated[str, typer.Option("--commit", help="The head of the pull request, as the event says.")],
    repository: Repository,
    run: Annotated[int, typer.Option("--run", help="The run of preview.yaml that left the artifact.")],
    run_url: RunUrl = "",
) -> None:
    """Comment on the pull request whose head is the commit, and set the commit's status."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.publish_run(GitHub(repository, os.environ), run, commit, run_url=run_url))


@review.command()
def labelled(pull: Pull, repository: Repository) -> None:
    """Set the status anew after a label came or went."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.relabelled(GitHub(repository, os.environ), pull))


@review.command()
def pushed(pull: Pull, repository: Repository) -> None:
    """Take the label away after a push."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.pushed(GitHub(repository, os.environ), pull))


@review.command()
def plan(
    stage: Stage,
    saved: Saved,
    out: Annotated[Path | None, typer.Option("--out", help="Where to keep it, names without values.")] = None,
) -> None:
    """Print what the engine would do, as Markdown for whoever approves it."""
    from cli.review import engine_plan

    steps = engine_plan.of_preview(saved)
    if out:
        engine_plan.save(steps, out)
    print(engine_plan.markdown(steps, stage), end="")


@review.command()
def same(approved: Annotated[Path, typer.Argument(help="What `wharf review plan --out` wrote.")], now: Saved) -> None:
    """Exit 1, naming what differs, where the engine would not do what was approved."""
    from cli.review import engine_plan

    engine_plan.require_same(engine_plan.load(approved), engine_plan.of_preview(now))
    print("it is what was approved")
