"""The verbs that deploy or render a stage: their arguments, and the one call that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import DefaultStage, Example, Stage, app
from stacks.errors import UserError

if TYPE_CHECKING:
    from cli.deploy.up import Options

Engine = Annotated[str | None, typer.Option("--engine", help="pulumi or direct. Default: pulumi, if it is on PATH.")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="kind or kwok. Default: kind, if Docker runs.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, metavar="SECONDS", help="The longest time for each wait.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before data is deleted.")]


def _options(engine: str | None, cluster: str | None, timeout: float, yes: bool) -> Options:
    from cli.deploy.up import Options

    if engine not in (None, "pulumi", "direct"):
        raise UserError(f"--engine {engine!r}: write pulumi or direct")
    if cluster not in (None, "kind", "kwok"):
        raise UserError(f"--cluster {cluster!r}: write kind or kwok")
    return Options(engine=engine, cluster=cluster, timeout=timeout, yes=yes)


@app.command()
def up(
    stage: DefaultStage = "local",
    engine: Engine = None,
    cluster: Cluster = None,
    timeout: Timeout = 600,
    yes: Yes = False,
    example: Example = None,
) -> None:
    """Create or update a stage, and wait until everything runs."""
    from cli.clusters.local import kubeconfig_file
    from cli.deploy import up
    from cli.live import status_table
    from cli.machine.terminal import say
    from evaluation.project import find

    project = find(example)
    if up.up(project, stage, _options(engine, cluster, timeout, yes)).config.kind == "local":
        status_table.show(project, stage)
        say(f"kubectl: export KUBECONFIG={kubeconfig_file(project, stage)}")


@app.command()
def preview(
    stage: DefaultStage = "local",
    engine: Engine = None,
    cluster: Cluster = None,
    timeout: Timeout = 600,
    example: Example = None,
) -> None:
    """Show what `up` would change."""
    from cli.deploy import up
    from evaluation import project

    up.preview(project.find(example), stage, _options(engine, cluster, timeout, False))


@app.command()
def down(stage: DefaultStage = "local", timeout: Timeout = 600, yes: Yes = False, example: Example = None) -> None:
    """Destroy a stage. For a local stage, delete its cluster too."""
    from cli.deploy import up
    from evaluation import project

    up.down(project.find(example), stage, _options(None, None, timeout, yes))


@app.command()
def render(
    stage: Stage,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder to write to. Earlier output there is replaced.")
    ],
    example: Example = None,
) -> None:
    """Write everything that a stage consists of as files. Needs no credentials, passphrase or network."""
    from evaluation import project, render

    count = render.write(project.evaluate_stage(project.find(example), stage), out)
    print(f"{count} files in {out}")
