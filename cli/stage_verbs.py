"""The verbs about stages and about the command itself: their arguments, and the one call that does the work."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import completion
from cli.command import Example, app

AppName = Annotated[
    str, typer.Argument(metavar="APP", help="An app.", show_default=False, autocompletion=completion.apps)
]


@app.command()
def stages(example: Example = None) -> None:
    """List the stages of the project."""
    from cli.live import stages
    from evaluation import project

    print(stages.listed(project.find(example)))


@app.command("set-version")
def set_version(
    app: AppName,
    version: Annotated[str, typer.Argument(metavar="VERSION", help="A tag, or tag@sha256:….", show_default=False)],
    stage: Annotated[
        str, typer.Option("--stage", metavar="STAGE", help="The stage.", autocompletion=completion.stages)
    ] = "local",
    example: Example = None,
) -> None:
    """Write another version of an app into a stage file. Its comments stay."""
    from cli.machine.terminal import as_typed
    from cli.new import version as versions
    from evaluation import project

    print(as_typed(versions.set_version(project.find(example), stage, app, version)))


@app.command("help")
def help_(
    context: typer.Context,
    verb: Annotated[list[str] | None, typer.Argument(metavar="VERB", help="A verb.", show_default=False)] = None,
) -> None:
    """Show the verbs, or the options of one."""
    from stacks.errors import UserError

    shown = context.parent or context
    for word in verb or []:
        command = getattr(shown.command, "commands", {}).get(word)
        if command is None:
            raise UserError(f"there is no verb {' '.join(verb or [])!r}: `wharf help` lists them")
        shown = typer.Context(command, info_name=word, parent=shown)
    print(shown.get_help())
