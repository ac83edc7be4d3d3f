"""Copies of this checkout as git repositories of their own, whose history a test writes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from evaluation.project import CHECKOUT
from tests.fixture import PROJECT

FOLDERS = ("cli", "evaluation", "stacks", "components", "policies", "examples")
PROGRAM = (*FOLDERS, "*.txt", "*.py", ".gitignore")
MAIN = "from cli.main import main; main()"
IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")


def copied_checkout(root: Path, *patterns: str) -> Path:
    """The files of the working tree that git does not ignore, or those of them that match."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, listed):
        if (CHECKOUT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, root / name)
    return root


class Repository:
    """A folder under git."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def of_checkout(cls, root: Path) -> Repository:
        """The program as it is in the working tree with the fixture's apps and stages, its first commit on main."""
        copied_checkout(root, *PROGRAM)
        for path in (PROJECT.root / "apps", *PROJECT.root.glob("Pulumi.*.yaml"), CHECKOUT / "Pulumi.yaml"):
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, root / path.name)
        repository = cls(root)
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.commit("first")
        return repository

    def copy(self, root: Path) -> Repository:
        shutil.copytree(self.root, root)
        return Repository(root)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *IDENTITY, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def replace(self, file: str, old: str, new: str) -> None:
        """Changes a text in a file; it must be there."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1))

    def wharf(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the copy's own `wharf`."""
        return subprocess.run(
            [sys.executable, "-c", MAIN, *arguments], cwd=self.root, capture_output=True, text=True, check=False,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.root.parent), "PYTHONPATH": str(self.root)},
        )  # fmt: skip
