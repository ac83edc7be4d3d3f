"""Every verb of `wharf`: its arguments, and the one call that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import Example, Stage, app
from stacks.errors import UserError

if TYPE_CHECKING:
    from cli.deploy.up import Options

Engine = Annotated[str | None, typer.Option("--engine", help="pulumi or direct, instead of what is found.")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="kind or kwok, instead of what is found.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds that each wait may take.")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete what holds data without asking.")]


def _options(engine: str | None, cluster: str | None, timeout: float, yes: bool) -> Options:
    from cli.deploy.up import Options

    if engine not in (None, "pulumi", "direct"):
        raise UserError(f"--engine {engine!r}: there are pulumi and direct")
    if cluster not in (None, "kind", "kwok"):
        raise UserError(f"--cluster {cluster!r}: there are kind and kwok")
    return Options(engine=engine, cluster=cluster, timeout=timeout, yes=yes)


@app.command()
def up(
    stage: Stage,
    engine: Engine = None,
    cluster: Cluster = None,
    timeout: Timeout = 600,
    yes: Yes = False,
    example: Example = None,
) -> None:
    """Bring a stage up and wait until everything runs."""
    from cli.clusters.local import kubeconfig_file
    from cli.deploy import up
    from cli.live import status_table
    from cli.machine.terminal import say
    from evaluation import project

    found = project.find(example)
    if up.up(found, stage, _options(engine, cluster, timeout, yes)).config.kind == "local":
        status_table.show(found, stage)
        say(f"kubectl: export KUBECONFIG={kubeconfig_file(found, stage)}")


@app.command()
def preview(
    stage: Stage,
    engine: Engine = None,
    cluster: Cluster = None,
    timeout: Timeout = 600,
    example: Example = None,
) -> None:
    """Show what `up` would do."""
    from cli.deploy import up
    from evaluation import project

    up.preview(project.find(example), stage, _options(engine, cluster, timeout, False))


@app.command()
def down(stage: Stage, timeout: Timeout = 600, yes: Yes = False, example: Example = None) -> None:
    """Destroy a stage, and for a local one its cluster."""
    from cli.deploy import up
    from evaluation import project

    up.down(project.find(example), stage, _options(None, None, timeout, yes))


@app.command()
def render(
    stage: Stage,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to; an earlier tree there is replaced.")],
    example: Example = None,
) -> None:
    """Write what a stage registers as files, offline: no credentials, no passphrase, no network."""
    from evaluation import project, render

    found = project.find(example)
    count = render.write(project.evaluate_stage(found, stage), out)
    print(f"{count} files in {out}")
