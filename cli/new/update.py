"""`wharf update`: merges a newer Wharf into a team's checkout. The team's own files stay as they are."""

from __future__ import annotations

import re
from pathlib import Path

from cli.new import git
from stacks.errors import UserError

TEAMS = re.compile(r"(apps|agreed)/.*|Pulumi(\.[^/]+)?\.yaml")
REMOTE = "upstream"


def update(root: Path, ref: str | None) -> str:
    """Merges Wharf, and commits if there are no conflicts.

    Raises:
        UserError: nothing was changed, or the merge has conflicts that have to be resolved by hand.
    """
    git.require_clean(root)
    commit = _commit(root, ref)
    base = git.run(root, "merge-base", "HEAD", commit, check=False).stdout.strip()
    if not base:
        raise UserError(f"{ref or REMOTE} and this checkout have no commit in common: was it cloned from Wharf?")
    if base == commit:
        return f"nothing to update: {commit[:10]} is a part of this checkout"
    count = git.run(root, "rev-list", "--count", f"{base}..{commit}").stdout.strip()
    git.run(root, "merge", "--no-commit", "--no-ff", commit, check=False)
    if git.run(root, "rev-parse", "--verify", "--quiet", "MERGE_HEAD", check=False).returncode != 0:
        raise UserError(f"git could not merge {commit[:10]}: try `git merge {commit[:10]}`")
    kept = _keep_what_is_the_teams(root, base)
    left = _names(root, "diff", "--name-only", "--diff-filter=U")
    if left:
        listed = "\n".join(f"  {path}" for path in left)
        raise UserError(
            f"merged up to these files, which you and Wharf have both changed:\n{listed}\n"
            "mend them, then `git add` and `git commit`; `git merge --abort` takes all of it back"
        )
    git.run(root, "commit", "--quiet", "--no-edit", "--message", f"Wharf, up to {commit[:10]}")
    summary = f"merged {count} commits, up to {commit[:10]}"
    return "\n".join([summary, *(f"  kept as you have it: {path}" for path in kept), "next: `make test`"])


def _commit(root: Path, ref: str | None) -> str:
    if ref is None:
        if REMOTE not in git.run(root, "remote").stdout.split():
            raise UserError(f"there is no remote {REMOTE}: `git remote add {REMOTE} URL` with Wharf's, or name a REF")
        git.run(root, "fetch", "--quiet", REMOTE)
        ref = f"{REMOTE}/main"
    answer = git.run(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", check=False)
    if answer.returncode != 0:
        raise UserError(f"{ref}: there is no such commit here: `git fetch --all` may bring it")
    return answer.stdout.strip()


def _keep_what_is_the_teams(root: Path, base: str) -> list[str]:
    """Sets the team's files back to what they were before the merge. Returns those that the merge had changed."""
    ours = set(_names(root, "ls-tree", "-r", "--name-only", "HEAD"))
    before = set(_names(root, "ls-tree", "-r", "--name-only", base))
    folders_gone = _folders(before) - _folders(ours)
    kept = []
    touched = {*_names(root, "diff", "--name-only", "HEAD"), *_names(root, "diff", "--name-only", "--diff-filter=U")}
    for path in sorted(touched):
        taken_out = path not in ours and (path in before or path.partition("/")[0] in folders_gone)
        if not TEAMS.fullmatch(path) and not taken_out:
            continue
        if path in ours:
            git.run(root, "checkout", "HEAD", "--", path)
        else:
            git.run(root, "rm", "--quiet", "--force", "--ignore-unmatch", "--", path)
        kept.append(path)
    return kept


def _folders(paths: set[str]) -> set[str]:
    return {path.partition("/")[0] for path in paths if "/" in path}


def _names(root: Path, *arguments: str) -> list[str]:
    return [path for path in git.run(root, *arguments, "-z").stdout.split("\0") if path]
