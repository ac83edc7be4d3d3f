"""The Pulumi program: reads the stage's configuration once, then builds the stage according to its kind."""

from __future__ import annotations

from importlib import import_module

from stacks.reading import config
from stacks.reading.models import Stage


def run() -> None:
    """Builds the stage that Pulumi was asked for.

    Raises:
        InputRefused: the stage file or an app file is wrong. Nothing was registered.
    """
    build(config.load())


def build(stage: Stage) -> None:
    """Registers a stage that has been read and checked."""
    import_module(f"stacks.{stage.config.kind}").build(stage)
