"""The verbs that write a team's own files, and the one that merges a newer Wharf."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.command import Example, app

Stages = Annotated[list[str], typer.Argument(metavar="STAGE", help="The stages.", show_default=False)]


@app.command()
def agree(stages: Stages, example: Example = None) -> None:
    """Write down which resources a stage has. `make test` then fails if it has others."""
    from cli import agreed
    from evaluation.project import find

    project = find(example)
    for stage in stages:
        project.require(stage)
    for stage in stages:
        print(agreed.agree(project, stage))


new = typer.Typer(no_args_is_help=True, help="Write the files of a project, an app or a stage.")
app.add_typer(new, name="new")


@new.command("app")
def new_app(
    name: Annotated[str, typer.Argument(help="The app's name.", show_default=False)],
    image: Annotated[str | None, typer.Option("--image", help="NAME:VERSION.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="The port it listens on.")] = None,
    compose: Annotated[Path | None, typer.Option("--from", help="A compose file that describes it.")] = None,
    service: Annotated[
        str | None, typer.Option("--service", help="Its service in that file. Default: its name.")
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option("--stage", help="A stage that runs it. Default: all local.")
    ] = None,
    example: Example = None,
) -> None:
    """Write an app's file, and its version into the stage files."""
    from cli.machine.terminal import as_typed
    from cli.new import app
    from evaluation.project import find

    project = find(example)
    changes = app.new_app(
        project, name, image=image, port=port, compose=compose, compose_service=service, stages=stage or ()
    )
    print(as_typed(changes))


@new.command("stage")
def new_stage(
    name: Annotated[str, typer.Argument(help="The stage's name.", show_default=False)],
    like: Annotated[str, typer.Option("--like", help="The stage that it is like.")],
    example: Example = None,
) -> None:
    """Write a stage file like another's, with a range and a domain of its own."""
    from cli.machine.terminal import as_typed
    from cli.new import stage
    from evaluation import project

    print(as_typed(stage.new_stage(project.find(example), name, like)))


@new.command("project")
def new_project(
    name: Annotated[str | None, typer.Option("--name", help="A word, such as shop.")] = None,
    stages: Annotated[
        str, typer.Option("--stages", help="Separated by commas. local is this machine.")
    ] = "local,dev,prod",
    region: Annotated[str | None, typer.Option("--region", help="The AWS region of all but local.")] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="The domain of its stages.")] = None,
    repository: Annotated[str | None, typer.Option("--repository", help="OWNER/NAME on GitHub.")] = None,
    keep_examples: Annotated[bool, typer.Option("--keep-examples", help="Leave examples/ in.")] = False,
) -> None:
    """Make a checkout a team's own: take the demo out, write empty stages, commit."""
    from cli.new.project import Answers, new_project
    from evaluation import project

    chosen = [stage.strip() for stage in stages.split(",") if stage.strip()]
    on_aws = any(stage != "local" for stage in chosen)
    answers = Answers(
        name=_asked(name, "The name of the project, such as shop"),
        stages=chosen,
        region=_asked(region, "The region of AWS, such as eu-west-1") if on_aws else "",
        domain=_asked(domain, "The domain, or nothing") if on_aws else domain or "",
        repository=_asked(repository, "The repository on GitHub as OWNER/NAME, or nothing") if on_aws else "",
        keep_examples=keep_examples,
    )
    print(new_project(project.find(), answers))


def _asked(option: str | None, question: str) -> str:
    """The value of an option. If it is missing, the user at the terminal is asked for it."""
    if option is not None or not sys.stdin.isatty():
        return option or ""
    return typer.prompt(question, default="", show_default=False)


@app.command()
def update(
    ref: Annotated[str | None, typer.Argument(help="A commit, branch or tag; by default upstream/main.")] = None,
) -> None:
    """Merge a newer Wharf; apps and stage files stay as the team has them."""
    from cli.new.update import update
    from evaluation.project import CHECKOUT

    print(update(CHECKOUT, ref))
