"""Completes the names of stages, apps and examples in a shell. To be quick, it only lists the files in folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

CHECKOUT = Path(__file__).resolve().parent.parent


def stages(context: typer.Context, incomplete: str) -> list[str]:
    names = (path.name.split(".")[1] for path in _root(context).glob("Pulumi.*.yaml"))
    return _starting(names, incomplete)


def apps(context: typer.Context, incomplete: str) -> list[str]:
    return _starting((path.stem for path in (_root(context) / "apps").glob("*.yaml")), incomplete)


def examples(incomplete: str) -> list[str]:
    return _starting((path.parent.name for path in (CHECKOUT / "examples").glob("*/Pulumi.yaml")), incomplete)


def _root(context: typer.Context) -> Path:
    """The project's folder. `evaluation.project.root_of` finds the same, but its imports are slow."""
    if example := context.params.get("example"):
        return CHECKOUT / "examples" / example
    current = Path.cwd()
    return next((folder for folder in (current, *current.parents) if (folder / "Pulumi.yaml").is_file()), CHECKOUT)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
