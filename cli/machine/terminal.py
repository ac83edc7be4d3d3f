"""What the user is told, with commands and file names as they hold where the user is."""

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

EXAMPLE: ContextVar[str | None] = ContextVar("EXAMPLE", default=None)  # what was typed after --example
_COMMAND = re.compile(r"`(wharf [^`]+?)((?: --(?: [^`]*)?)?)`")  # what follows a lone -- is for another program
_FILE = re.compile(r"^(?:[\w-]+/)*[\w.-]+\.yaml(?=:)", re.MULTILINE)


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds what the user asked for."""
    print(as_typed(text), file=sys.stderr, flush=True)


def say_target(project: Project, stage: str) -> None:
    """What a verb is about to change."""
    say(f"project {project.name} ({project.shown}), stage {stage}")


def as_typed(text: str) -> str:
    """A text whose commands carry the `--example` of this one, and whose files are found from the working directory."""
    if example := EXAMPLE.get():
        text = _COMMAND.sub(rf"`\1 --example {example}\2`", text)
    return text


def with_paths(text: str, root: Path) -> str:
    """A text whose lines that begin with a file of the project begin with its path from the working directory."""
    here = Path(os.path.abspath(os.curdir))
    if root == here:
        return text
    related = root.is_relative_to(here) or here.is_relative_to(root)
    folder = os.path.relpath(root, here) if related else str(root)
    return _FILE.sub(lambda file: f"{folder}/{file[0]}" if (root / file[0]).exists() else file[0], text)
