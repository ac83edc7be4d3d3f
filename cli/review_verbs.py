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

Other = Annotated[
    str | None, typer.Argument(metavar="OTHER", help="Another stage, to compare with this one.", show_default=False)
]
Base = Annotated[
    str | None,
    typer.Option("--base", metavar="COMMIT", help="A commit. Default: where your work branched off from main."),
]


class Format(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def _two_stages(project: Project, stage: str, other: str, base: str | None, format_: Format) -> NoReturn:
    from cli.diff import stages
    from stacks.errors import UserError

    if base:
        raise UserError(
            f"--base {base}: works for one stage only; two stages are compared as they are now: leave it out"
        )
    if format_ is Format.MARKDOWN:
        raise UserError("--format markdown: works for one stage only; choose text or json for two stages")
    compared = stages.between(project, stage, other)
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
    format_: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help="text, markdown or json.")
    ] = Format.TEXT,
    example: Example = None,
) -> None:
    """Compare a stage with an earlier commit or with another stage. Exit code 0: same, 2: changed, 3: a risk."""
    from cli.diff import run
    from cli.diff.as_json import to_json
    from cli.diff.as_markdown import markdown
    from cli.diff.as_text import text
    from cli.diff.base import NotComparableError
    from evaluation.project import find

    project = find(example)
    project.require(stage)
    if other:
        _two_stages(project, stage, other, base, format_)
    try:
        result = run.against(project, stage, base, project.example)
    except NotComparableError as reason:
        print(run.alone(project, stage))
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
    format_: Annotated[
        PlainFormat, typer.Option("--format", metavar="FORMAT", help="text or json.")
    ] = PlainFormat.TEXT,
    example: Example = None,
) -> None:
    """Verify that a stage follows every rule in docs/rules.md. Exit code 1: it breaks a rule."""
    from evaluation import project
    from policies import check

    report = check.check(project.find(example), stage)
    print(json.dumps(check.to_json(report), indent=1) if format_ is PlainFormat.JSON else check.text(report))
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def graph(stage: Stage, example: Example = None) -> None:
    """Print a diagram of a stage in Mermaid: a box for each component, an arrow for each need."""
    from evaluation import project
    from evaluation.diagram import mermaid

    print(mermaid(project.evaluate_stage(project.find(example), stage)), end="")


review = typer.Typer(no_args_is_help=True, help="Show every stage of a pull request. For the workflows on GitHub.")
app.add_typer(review, name="review")

Repository = Annotated[
    str,
    typer.Option("--repository", envvar="GITHUB_REPOSITORY", metavar="OWNER/NAME", help="The repository on GitHub."),
]
Pull = Annotated[int, typer.Option("--pull", metavar="N", help="The number of the pull request.")]
RunUrl = Annotated[str, typer.Option("--run-url", metavar="URL", help="The page with the whole review.")]
Saved = Annotated[
    Path, typer.Argument(metavar="PREVIEW.json", help="The output of `pulumi preview --json`.", show_default=False)
]


@review.command()
def collect(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write to.")],
    base: Base = None,
    example: Example = None,
) -> None:
    """Render, compare and check every stage, and write JSON. Needs no credentials."""
    from cli.review import collect, model
    from evaluation.project import find

    project = find(example)
    collected = collect.collect(project, base, project.example)
    out.write_text(model.to_json(collected), encoding="utf-8")
    print(f"{len(collected.stages)} stages in {out}")


@review.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file from `wharf review collect`.")],
    run_url: RunUrl = "",
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
    commit: Annotated[
        str, typer.Option("--commit", metavar="SHA", help="The head of the pull request, from the event.")
    ],
    repository: Repository,
    run: Annotated[int, typer.Option("--run", metavar="ID", help="The run of preview.yaml that stored the artifact.")],
    run_url: RunUrl = "",
) -> None:
    """Write the comment of the pull request whose head is the commit, and set the commit's status."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.publish_run(GitHub(repository, os.environ), run, commit, run_url=run_url))


@review.command()
def labelled(pull: Pull, repository: Repository) -> None:
    """Set the status again, after a label was set or removed."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.relabelled(GitHub(repository, os.environ), pull))


@review.command()
def pushed(pull: Pull, repository: Repository) -> None:
    """Remove the label after a push."""
    from cli.review import publish
    from cli.review.github import GitHub

    print(publish.pushed(GitHub(repository, os.environ), pull))


@review.command()
def plan(
    stage: Stage,
    saved: Saved,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="A file for the plan: names without values.")
    ] = None,
) -> None:
    """Print what the engine would do, as Markdown for the reviewer."""
    from cli.review import engine_plan

    steps = engine_plan.of_preview(saved)
    if out:
        engine_plan.save(steps, out)
    print(engine_plan.markdown(steps, stage), end="")


@review.command()
def same(
    approved: Annotated[Path, typer.Argument(metavar="PLAN.json", help="The file from `wharf review plan --out`.")],
    now: Saved,
) -> None:
    """Compare with the approved plan. Exit code 1: the engine would now do something else."""
    from cli.review import engine_plan

    engine_plan.require_same(engine_plan.load(approved), engine_plan.of_preview(now))
    print("this is what was approved")
