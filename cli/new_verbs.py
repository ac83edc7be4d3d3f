"""The verbs that write a team's own files: what a stage is agreed to be."""

from __future__ import annotations

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
