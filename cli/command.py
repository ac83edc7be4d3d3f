"""The command itself, and the arguments that its verbs share. A verb imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.machine.terminal import EXAMPLE

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Runs the apps of a small team: on a laptop, and on AWS with EKS and Fargate.",
)

Stage = Annotated[str, typer.Argument(metavar="STAGE", help="A stage, such as local or prod.", show_default=False)]


def _remember(example: str | None) -> str | None:
    EXAMPLE.set(example)
    return example


Example = Annotated[
    str | None,
    typer.Option(
        "--example",
        callback=_remember,
        metavar="NAME",
        help="Use examples/NAME instead of the project of the working directory.",
    ),
]


@app.callback()
def _wharf() -> None:
    """Typer takes an app with one command for that command; this keeps it a group."""
