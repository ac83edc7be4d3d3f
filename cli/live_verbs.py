"""The verbs for daily work: their arguments, and the one call that does the work."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import completion
from cli.command import DefaultStage, Example, Stage, app
from stacks.services import NAMES

App = Annotated[
    str,
    typer.Argument(
        metavar="APP",
        help=f"An app or a service of the stage: {', '.join(NAMES)}.",
        show_default=False,
        autocompletion=completion.apps,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON. docs/commands.md describes it.")]
Wait = Annotated[float, typer.Option("--timeout", min=1, metavar="SECONDS", help="The longest time to wait.")]


@app.command()
def status(stage: DefaultStage = "local", json: Json = False, example: Example = None) -> None:
    """Show what runs in a stage, where, and why something does not run."""
    from cli.live import status_table
    from evaluation import project

    status_table.show(project.find(example), stage, as_json=json)


@app.command()
def logs(
    stage: Stage,
    app: App,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the logs until Ctrl-C.")] = False,
    tail: Annotated[
        int, typer.Option("--tail", min=-1, metavar="LINES", help="The last lines of each container. -1: all lines.")
    ] = 100,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only lines that are not older, such as 10m.")
    ] = None,
    example: Example = None,
) -> int:
    """Show the logs of all pods of an app."""
    from cli.live import daily
    from evaluation import project

    return daily.logs(project.find(example), stage, app, follow=follow, tail=tail, since=since)


@app.command()
def shell(stage: Stage, app: App, example: Example = None) -> int:
    """Open a shell in a running pod of an app."""
    from cli.live import daily
    from evaluation import project

    return daily.shell(project.find(example), stage, app)


@app.command()
def run(
    stage: Stage,
    app: App,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="The command, after --. Default: a shell.")
    ] = None,
    interactive: Annotated[
        bool | None,
        typer.Option("--interactive/--no-interactive", "-i/-I", help="Connect stdin. Default: only at a terminal."),
    ] = None,
    timeout: Wait = 300,
    example: Example = None,
) -> int:
    """Run a command once, in a new pod that is like the app's pods."""
    from cli.live import one_off
    from evaluation import project

    return one_off.run(project.find(example), stage, app, command or [], interactive=interactive, timeout=timeout)


@app.command()
def forward(
    stage: Stage,
    app: App,
    port: Annotated[
        str | None,
        typer.Argument(metavar="PORT", help="A port of this machine, or both ports: 8080:80.", show_default=False),
    ] = None,
    example: Example = None,
) -> int:
    """Open a port of this machine that leads to an app, until Ctrl-C."""
    from cli.live import daily
    from evaluation import project

    return daily.forward(project.find(example), stage, app, port)


@app.command()
def restart(stage: Stage, app: App, timeout: Wait = 600, example: Example = None) -> int:
    """Replace the pods of an app, one after the other."""
    from cli.live import daily
    from evaluation import project

    return daily.restart(project.find(example), stage, app, timeout=timeout)


@app.command(context_settings={"ignore_unknown_options": True})
def k(
    stage: Stage,
    arguments: Annotated[
        list[str], typer.Argument(metavar="ARGUMENTS", help="Arguments for kubectl, after --.", show_default=False)
    ],
    example: Example = None,
) -> int:
    """Run kubectl in a stage's cluster and namespace."""
    from cli.live import daily
    from evaluation import project

    return daily.kubectl(project.find(example), stage, arguments)


@app.command()
def doctor(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="The stage that you want to run.")] = "local",
    json: Json = False,
    example: Example = None,
) -> int:
    """Check whether this machine has what a stage needs, and say how to fix what is missing."""
    from cli import doctor
    from evaluation import project

    return doctor.show(project.find(example), stage, as_json=json)
