"""Runs git in the checkout, for the verbs that change it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stacks.errors import UserError


def run(root: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs git and returns its output.

    Raises:
        UserError: git is not installed, or it failed and ``check`` is true.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_DIR")}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, env={**environ, "LC_ALL": "C", "GIT_EDITOR": "true"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UserError("there is no `git` on PATH: install git") from None
    if check and done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(f"git {arguments[0]}: {lines[-1] if lines else f'ended with {done.returncode}'}")
    return done


def require_clean(root: Path) -> None:
    """Checks that git can bring back whatever a verb changes.

    Raises:
        UserError: the folder is not the top of a repository, or it has changes that are not committed.
    """
    top = run(root, "rev-parse", "--show-toplevel", check=False)
    if top.returncode != 0 or Path(top.stdout.strip()).resolve() != root.resolve():
        raise UserError(f"{root} is not the top of a git repository: clone Wharf with git, and go to its top")
    if run(root, "status", "--porcelain").stdout.strip():
        raise UserError("there are changes that are not committed: commit or stash them first (`git status`)")
