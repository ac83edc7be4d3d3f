"""The command itself, and the arguments that several verbs share. A verb imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import completion
from cli.machine.terminal import EXAMPLE

app = typer.Typer(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Runs the apps of a small team: on a laptop, and on AWS with EKS and Fargate.",
)

Stage = Annotated[
    str,
    typer.Argument(
        metavar="STAGE",
        help="A stage, such as local or prod.",
        show_default=False,
        autocompletion=completion.stages,
    ),
]
DefaultStage = Annotated[
    str,
    typer.Argument(metavar="STAGE", help="A stage, such as local or prod.", autocompletion=completion.stages),
]


def _remember(example: str | None) -> str | None:
    EXAMPLE.set(example)
    return example


Example = Annotated[
    str | None,
    typer.Option(
        "--example",
        callback=_remember,
        autocompletion=completion.examples,
        metavar="NAME",
        help="Use examples/NAME instead of the project of the working directory.",
    ),
]


def _show_version(asked: bool) -> None:
    from importlib.metadata import version

    if asked:
        print(f"wharf {version('wharf')}")
        raise typer.Exit


@app.callback()
def _wharf(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command itself."""
