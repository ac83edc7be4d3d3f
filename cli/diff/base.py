"""The base of a comparison: a commit, evaluated by its own code in a git worktree.

Each commit is evaluated once. After that its graphs come from a cache.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cli.diff import snapshot
from evaluation.graph import Graph
from evaluation.project import CHECKOUT
from stacks.errors import UserError

CACHE = CHECKOUT / ".wharf" / "cache"
REQUIREMENTS = "requirements.txt"
KEPT_COMMITS = 20
TIMEOUT = 300  # seconds; a stage takes a few
MAIN = ("origin/main", "main", "origin/master", "master")


class NotComparableError(UserError):
    """The base exists but cannot be rendered. The head can still be shown alone."""


Evaluated = Graph | NotComparableError | None  # None: the commit has no such stage


@dataclass(frozen=True)
class Commit:
    """A commit. ``ref`` is the name that the user gave for it."""

    id: str
    ref: str

    def __str__(self) -> str:
        return f"{self.id[:10]} ({self.ref})"


def commit(ref: str) -> Commit:
    """The commit that a ref names.

    Raises:
        UserError: this is not a git repository, or it has no such commit, for example because the clone is shallow.
    """
    _require_repository()
    answer = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if answer.returncode != 0:
        raise UserError(f"--base {ref}: there is no such commit here{_shallow_hint() or ': see `git branch -a`'}")
    return Commit(answer.stdout.strip(), ref)


def merge_base() -> Commit:
    """The commit at which the branch of this checkout left main.

    Raises:
        UserError: there is no main, or it has no commit in common with HEAD.
    """
    _require_repository()
    for name in MAIN:
        if _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode == 0:
            answer = _git("merge-base", "HEAD", name)
            if answer.returncode != 0:
                raise UserError(f"HEAD and {name} have no commit in common{_shallow_hint()}: give --base REF")
            return Commit(answer.stdout.strip(), f"where it left {name}")
    raise UserError(f"there is none of {', '.join(MAIN)} to compare with: give --base REF")


def evaluate(commit: Commit, stages: Iterable[str], example: str | None) -> dict[str, Evaluated]:
    """The graph of each stage at the commit.

    It is None if the commit has no such stage, and an error with the reason if the stage cannot be evaluated.
    """
    graphs: dict[str, Evaluated] = {}
    missing = []
    for stage in stages:
        cached = _cached(commit, stage, example)
        if cached.is_file():
            graphs[stage] = _read(cached)
        else:
            missing.append(stage)
    if not missing:
        return graphs
    try:
        _require_same_packages(commit)
        with _worktree(commit) as root:
            present = [s for s in missing if (root / _folder(example) / f"Pulumi.{s}.yaml").is_file()]
            graphs |= dict.fromkeys(missing)
            graphs |= dict(_evaluated(root, commit, present, example)) if present else {}
    except NotComparableError as error:
        graphs |= dict.fromkeys(missing, error)
    _forget_old()
    return graphs


def content(commit: Commit, path: Path) -> str:
    """The text that a file of the checkout has at the commit; "" if the commit has no such file."""
    return _git("show", f"{commit.id}:./{path.resolve().relative_to(CHECKOUT.resolve())}").stdout


def stages(commit: Commit, example: str | None) -> list[str]:
    """The names of the stages that the commit has."""
    listed = _git("ls-tree", "--name-only", commit.id, "--", f"./{_folder(example)}").stdout.splitlines()
    names = [Path(path).name for path in listed]
    return sorted(name.split(".")[1] for name in names if re.fullmatch(r"Pulumi\.[^.]+\.yaml", name))


def _evaluated(
    root: Path, commit: Commit, stages: Sequence[str], example: str | None
) -> Iterator[tuple[str, Graph | NotComparableError]]:
    """Evaluates the stages with the code of the base, in one process, since importing the SDKs takes the most time."""
    for line in _snapshots(root, commit, stages, example).splitlines():
        result = json.loads(line)
        if "error" in result:
            reason = " ".join(result["error"].split())
            yield result["stage"], NotComparableError(f"the base {commit} does not render {result['stage']}: {reason}")
            continue
        cached = _cached(commit, result["stage"], example)
        cached.parent.mkdir(parents=True, exist_ok=True)
        scratch = cached.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(result["graph"]), encoding="utf-8")
        scratch.replace(cached)
        yield result["stage"], snapshot.from_json(result["graph"])


def _cached(commit: Commit, stage: str, example: str | None) -> Path:
    return CACHE / "base" / commit.id / f"{example or ''}.{stage}.{snapshot.FORMAT}.json"


def _folder(example: str | None) -> str:
    return f"examples/{example}/" if example else ""


def fingerprint_key() -> bytes:
    """The key with which this checkout makes fingerprints of secrets. It is created once and used nowhere else."""
    path = CACHE / "fingerprint-key"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, scratch = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # if two runs do this at once, both use the key of the first
            os.link(scratch, path)
        os.unlink(scratch)
    return bytes.fromhex(path.read_text())


def is_dirty() -> bool:
    """True if the checkout has changes that are not committed."""
    return bool(_git("status", "--porcelain", "--untracked-files=normal", ".").stdout.strip())


def _read(path: Path) -> Graph:
    return snapshot.from_json(json.loads(path.read_text(encoding="utf-8")))


def _snapshots(root: Path, commit: Commit, stages: Sequence[str], example: str | None) -> str:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-P", snapshot.__file__, example or "", *stages],
        cwd=root, env={**kept, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        input=fingerprint_key().hex(), capture_output=True, text=True, check=False, timeout=TIMEOUT,
    )  # fmt: skip
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotComparableError(f"the base {commit} does not run: {lines[-1] if lines else 'it said nothing'}")
    return done.stdout


@contextmanager
def _worktree(commit: Commit) -> Iterator[Path]:
    """A temporary folder with the checkout as it is at the commit."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _git("worktree", "prune")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="worktree-") as scratch:
        tree = Path(scratch) / "tree"
        added = _git("worktree", "add", "--detach", "--quiet", str(tree), commit.id)
        if added.returncode != 0:
            raise NotComparableError(
                f"the base {commit} cannot be checked out: {added.stderr.strip()}{_shallow_hint()}"
            )
        try:
            yield (tree / _git("rev-parse", "--show-prefix").stdout.strip()).resolve()
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _require_same_packages(commit: Commit) -> None:
    at_commit = _git("show", f"{commit.id}:./{REQUIREMENTS}")
    installed = CHECKOUT / REQUIREMENTS
    if at_commit.returncode != 0 or at_commit.stdout != installed.read_text(encoding="utf-8"):
        raise NotComparableError(
            f"the base {commit} is not comparable: its {REQUIREMENTS} asks for other packages than are installed here"
        )


def _forget_old() -> None:
    if not (CACHE / "base").is_dir():
        return
    folders = sorted((CACHE / "base").iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT_COMMITS:]:
        shutil.rmtree(folder, ignore_errors=True)


def _require_repository() -> None:
    if shutil.which("git") is None:
        raise UserError("there is no `git` on PATH, and the base of a diff is a commit: install git")
    if _git("rev-parse", "--is-inside-work-tree").returncode != 0:
        raise UserError(f"{CHECKOUT} is not a git repository, and the base of a diff is a commit: clone it with git")


def _shallow_hint() -> str:
    shallow = _git("rev-parse", "--is-shallow-repository").stdout.strip() == "true"
    return ", for this clone is shallow: `git fetch --unshallow` deepens it" if shallow else ""


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *arguments], cwd=CHECKOUT, env={**environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
