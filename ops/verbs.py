"""Every verb of `wharf`: its arguments, and the one call that does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.main import app

Stage = Annotated[str, typer.Argument(help="The stage: local, dev, staging, prod, …", show_default=False)]
Example = Annotated[str | None, typer.Option("--example", help="A folder of examples/, instead of the checkout's own.")]


@app.command()
def render(
    stage: Stage,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to; an earlier tree there is replaced.")],
    example: Example = None,
) -> None:
    """Write what a stage registers as files, offline: no credentials, no passphrase, no network."""
    from ops import project, render

    found = project.find(example)
    count = render.write(project.evaluate_stage(found, stage), out)
    print(f"{count} files in {out}")
