"""The base of a comparison: a commit, evaluated by its own code in a git worktree, once."""

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
    """There is a base, but its rendering cannot be had; the head can be shown alone."""


Evaluated = Graph | NotComparableError | None  # None: there is no such stage


@dataclass(frozen=True)
class Commit:
    """``ref`` is what the user calls it."""

    id: str
    ref: str

    def __str__(self) -> str:
        return f"{self.id[:10]} ({self.ref})"


def commit(ref: str) -> Commit:
    """The commit that a ref names.

    Raises:
        UserError: not a git repository, no such commit, or it is beyond a shallow clone's end.
    """
    _require_repository()
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode != 0:
        raise UserError(f"--base {ref}: there is no such commit here{_shallow_hint() or ': see `git branch -a`'}")
    return Commit(found.stdout.strip(), ref)


def merge_base() -> Commit:
    """Where the work in this checkout left main.

    Raises:
        UserError: there is no main, or no common commit.
    """
    _require_repository()
    for name in MAIN:
        if _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode == 0:
            found = _git("merge-base", "HEAD", name)
            if found.returncode != 0:
                raise UserError(f"HEAD and {name} have no commit in common{_shallow_hint()}: give --base REF")
            return Commit(found.stdout.strip(), f"where it left {name}")
    raise UserError(f"there is none of {', '.join(MAIN)} to compare with: give --base REF")


def evaluate(commit: Commit, stages: Iterable[str], example: str | None) -> dict[str, Evaluated]:
    """The graph of each stage as it is at the commit: None where there is no such stage, or why it cannot be had."""
    found: dict[str, Evaluated] = {}
    missing = []
    for stage in stages:
        cached = _cached(commit, stage, example)
        if cached.is_file():
            found[stage] = _read(cached)
        else:
            missing.append(stage)
    if not missing:
        return found
    try:
        _require_same_packages(commit)
        with _worktree(commit) as root:
            there = [s for s in missing if (root / _folder(example) / f"Pulumi.{s}.yaml").is_file()]
            found |= dict.fromkeys(missing)
            found |= dict(_evaluated(root, commit, there, example)) if there else {}
    except NotComparableError as error:
        found |= dict.fromkeys(missing, error)
    _forget_old()
    return found


def content(commit: Commit, path: Path) -> str:
    """The text of a file of the checkout as it is at the commit; "" where there is none."""
    return _git("show", f"{commit.id}:./{path.resolve().relative_to(CHECKOUT.resolve())}").stdout


def stages(commit: Commit, example: str | None) -> list[str]:
    """The stages that there are at the commit."""
    listed = _git("ls-tree", "--name-only", commit.id, "--", f"./{_folder(example)}").stdout.splitlines()
    names = [Path(path).name for path in listed]
    return sorted(name.split(".")[1] for name in names if re.fullmatch(r"Pulumi\.[^.]+\.yaml", name))


def _evaluated(
    root: Path, commit: Commit, stages: Sequence[str], example: str | None
) -> Iterator[tuple[str, Graph | NotComparableError]]:
    """Each stage by the code of the base, in one process, since most of its time goes into importing the SDKs."""
    for line in _snapshots(root, commit, stages, example).splitlines():
        said = json.loads(line)
        if "error" in said:
            reason = " ".join(said["error"].split())
            yield said["stage"], NotComparableError(f"the base {commit} does not render {said['stage']}: {reason}")
            continue
        cached = _cached(commit, said["stage"], example)
        cached.parent.mkdir(parents=True, exist_ok=True)
        scratch = cached.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(said["graph"]), encoding="utf-8")
        scratch.replace(cached)
        yield said["stage"], snapshot.from_json(said["graph"])


def _cached(commit: Commit, stage: str, example: str | None) -> Path:
    return CACHE / "base" / commit.id / f"{example or ''}.{stage}.{snapshot.FORMAT}.json"


def _folder(example: str | None) -> str:
    return f"examples/{example}/" if example else ""


def fingerprint_key() -> bytes:
    """The key of this checkout's fingerprints of secrets; made once, and of no use elsewhere."""
    path = CACHE / "fingerprint-key"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fd, scratch = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):  # of two runs at once both take the first one's
            os.link(scratch, path)
        os.unlink(scratch)
    return bytes.fromhex(path.read_text())


def is_dirty() -> bool:
    """True where the checkout has changes that are not committed."""
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
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise NotComparableError(f"the base {commit} does not run: {said[-1] if said else 'it said nothing'}")
    return done.stdout


@contextmanager
def _worktree(commit: Commit) -> Iterator[Path]:
    """The folder of the checkout as it is at the commit; gone afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _git("worktree", "prune")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="worktree-") as scratch:
        tree = Path(scratch) / "tree"
        made = _git("worktree", "add", "--detach", "--quiet", str(tree), commit.id)
        if made.returncode != 0:
            raise NotComparableError(f"the base {commit} cannot be checked out: {made.stderr.strip()}{_shallow_hint()}")
        try:
            yield (tree / _git("rev-parse", "--show-prefix").stdout.strip()).resolve()
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _require_same_packages(commit: Commit) -> None:
    there = _git("show", f"{commit.id}:./{REQUIREMENTS}")
    here = CHECKOUT / REQUIREMENTS
    if there.returncode != 0 or there.stdout != here.read_text(encoding="utf-8"):
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
