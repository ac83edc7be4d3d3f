"""The verbs that write a team's own files: what a stage is agreed to be."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.command import Example, app

Stages = Annotated[list[str], typer.Argument(help="The stages.", show_default=False)]


@app.command()
def agree(stages: Stages, example: Example = None) -> None:
    """Write what a stage registers to a file; make test then refuses other resources."""
    from cli import agreed
    from evaluation import project

    found = project.find(example)
    for stage in stages:
        found.require(stage)
    for stage in stages:
        print(agreed.agree(found, stage))
