"""Writes several files together, or none of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluation.project import Project, read_stage
from stacks.errors import UserError
from stacks.reading.problems import InputRefused


def write(project: Project, files: Mapping[str, str], stages: Sequence[str]) -> None:
    """Writes files of a project, if the stages can be read with them.

    Args:
        files: the new text of each file, by its path.

    Raises:
        UserError: a stage would be refused. Nothing was written.
    """
    with tempfile.TemporaryDirectory() as scratch:
        tried = Project(Path(scratch), project.name)
        for path in (project.root / "apps", *project.root.glob("Pulumi*.yaml")):
            if path.exists():
                copy = shutil.copytree if path.is_dir() else shutil.copy
                copy(path, tried.root / path.name)
        _write(tried.root, files)
        refused = []
        for stage in stages:
            try:
                read_stage(tried, stage)
            except InputRefused as error:
                refused += error.problems
        if refused:
            told = "\n".join(f"  {line}" for line in dict.fromkeys(refused))
            raise UserError(f"nothing was written, since this would be refused:\n{told}")
    _write(project.root, files)


def _write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
