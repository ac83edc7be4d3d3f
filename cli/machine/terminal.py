"""Messages to the user. Their commands and file names are valid in the user's directory."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluation.project import Project

Say = Callable[[str], None]

EXAMPLE: ContextVar[str | None] = ContextVar("EXAMPLE", default=None)  # the value of --example
_COMMAND = re.compile(r"`(wharf [^`]+?)((?: --(?: [^`]*)?)?)`")  # arguments after -- are for another program
_FILE = re.compile(r"^(?:[\w-]+/)*[\w.-]+\.yaml(?=:)", re.MULTILINE)


def say(text: str) -> None:
    """Print progress to stderr, so that stdout holds only the result."""
    print(as_typed(text), file=sys.stderr, flush=True)


def say_target(project: Project, stage: str) -> None:
    """Name the project and the stage that a verb is about to change."""
    say(f"project {project.name} ({project.shown}), stage {stage}")


def as_typed(text: str) -> str:
    """The text, with `--example NAME` in each of its commands if the user typed that option."""
    if example := EXAMPLE.get():
        text = _COMMAND.sub(rf"`\1 --example {example}\2`", text)
    return text


def with_paths(text: str, root: Path) -> str:
    """The text. If a line begins with a file of the project, it gets its path from the working directory."""
    current = Path(os.path.abspath(os.curdir))
    if root == current:
        return text
    related = root.is_relative_to(current) or current.is_relative_to(root)
    folder = os.path.relpath(root, current) if related else str(root)
    return _FILE.sub(lambda file: f"{folder}/{file[0]}" if (root / file[0]).exists() else file[0], text)
