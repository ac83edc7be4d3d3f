"""The verbs that write a team's own files: apps, stages, and what a stage is agreed to be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.command import Example, app

Stages = Annotated[list[str], typer.Argument(metavar="STAGE", help="The stages.", show_default=False)]


@app.command()
def agree(stages: Stages, example: Example = None) -> None:
    """Write down which resources a stage has. `make test` then fails if it has others."""
    from cli import agreed
    from evaluation import project

    found = project.find(example)
    for stage in stages:
        found.require(stage)
    for stage in stages:
        print(agreed.agree(found, stage))


new = typer.Typer(no_args_is_help=True, help="Write the files of an app or a stage.")
app.add_typer(new, name="new")


@new.command("app")
def new_app(
    name: Annotated[str, typer.Argument(help="The app's name.", show_default=False)],
    image: Annotated[str | None, typer.Option("--image", help="NAME:VERSION.")] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="What it listens on.")] = None,
    compose: Annotated[Path | None, typer.Option("--from", help="A compose file that describes it.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Its service there; by default of its name.")] = None,
    stage: Annotated[list[str] | None, typer.Option("--stage", help="A stage to run it; by default all local.")] = None,
    example: Example = None,
) -> None:
    """Write an app's file, and its version into the stage files."""
    from cli.machine.terminal import as_typed
    from cli.new import app
    from evaluation import project

    found = project.find(example)
    said = app.new_app(
        found, name, image=image, port=port, compose=compose, compose_service=service, stages=stage or ()
    )
    print(as_typed(said))


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
