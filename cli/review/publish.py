"""What the privileged workflows do with a review: one comment, one commit status, one label that allows."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from cli.review.comment_text import MARK, comment
from cli.review.github import GitHub
from cli.review.model import LARGEST, blocking, broken, parse
from stacks.errors import UserError

LABEL = "allow-risk"
CONTEXT = "wharf/review"
ARTIFACT, FILE = "wharf-review", "review.json"
BOT = "github-actions[bot]"
DESCRIPTION_LENGTH = 140
MOST_FILES = 3_000  # of a request GitHub lists no more
# What is only read. All else takes part in the preview: a module beside ours is found before one that is installed.
DATA = re.compile(r"(apps|bench|docs|examples|tests)/.+|Pulumi\.[^./]+\.yaml|[^/]+\.md")
_MARKED = re.compile(rf"^{MARK} commit=([0-9a-f]{{40,64}}) blocking=(\d+) broken=(\d+) -->")


@dataclass(frozen=True)
class Pull:
    """An open pull request: its number, the commit at its head, and the names of its labels."""

    number: int
    head: str
    labels: frozenset[str]


@dataclass(frozen=True)
class Verdict:
    """What the status says: success, or failure and why."""

    state: str
    description: str


def pull_of(github: GitHub, commit: str) -> Pull | None:
    """The open pull request whose head is the commit, a fork's too; None where a newer push has replaced it.

    Only one into the default branch: another, of the same commit into a branch where it changes less, would turn the
    commit's status.
    """
    for found in github.pages("/pulls", state="open", sort="updated", direction="desc"):
        into = found["base"]
        if found["head"]["sha"] == commit and into["ref"] == into["repo"]["default_branch"]:
            return _pull(found)
    return None


def artifact(github: GitHub, run: int) -> bytes:
    """The review that a run of preview.yaml has left.

    Raises:
        UserError: there is none, or it is not what it should be.
    """
    names = {found["name"]: found for found in github.pages(f"/actions/runs/{run}/artifacts")}
    if ARTIFACT not in names:
        raise UserError(f"run {run} left no artifact {ARTIFACT}: its log says why")
    content = github.bytes(f"/actions/artifacts/{names[ARTIFACT]['id']}/zip", LARGEST)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.getinfo(FILE)
            if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise zipfile.BadZipFile("it is packed in another way than GitHub packs")  # and may take any memory
            with archive.open(found) as file:
                return file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"the artifact {ARTIFACT} of run {run} is not a zip file with {FILE}: {error}") from None


def publish_run(github: GitHub, run: int, commit: str, *, run_url: str = "") -> str:
    """Publishes what a run has left; where that is nothing, the status says so.

    Raises:
        UserError: the run left no review.
    """
    try:
        content = artifact(github, run)
    except UserError as missing:
        _set_status(github, commit, Verdict("error", str(missing)), run_url)
        raise
    return publish(github, content, commit, run_url=run_url)


def publish(github: GitHub, content: bytes, commit: str, *, run_url: str = "", bot: str = BOT) -> str:
    """Comments on the pull request and sets the commit's status; says in a line what was done.

    Args:
        content: the review, as whoever opened the request may have written it.
        commit: the head of the request, from the event and not from the review.

    Raises:
        UserError: the review is not what it should be, which the status then says; or GitHub refuses.
    """
    pull = pull_of(github, commit)
    if pull is None:
        return (
            f"no open pull request into the default branch has {commit[:10]} at its head: a newer push has its own run"
        )
    try:
        review = parse(content)
        if review.head != commit:
            raise UserError(f"the review is of {review.head[:10]}, and the request is at {commit[:10]}")
    except UserError as refused:
        _set_status(github, commit, Verdict("error", str(refused)), run_url)
        raise
    earlier = _our_comments(github, pull, bot)
    labels = pull.labels
    if LABEL in labels and not any(_commit_of(found) == commit for found in earlier):
        github.delete(f"/issues/{pull.number}/labels/{LABEL}")  # it was set for what was there before
        labels -= {LABEL}
    body = comment(review, run_url=run_url, label=LABEL, changed_tool=_changes_tool(github, pull))
    _write(github, pull, body, earlier, bot)
    verdict = judge(len(blocking(review)), len(broken(review)), allowed=LABEL in labels)
    _set_status(github, commit, verdict, run_url)
    return f"pull request {pull.number}: {verdict.state}: {verdict.description}"


def judge(blocked: int, faults: int, *, allowed: bool) -> Verdict:
    """The status: rules that are broken fail it whatever the label; what is a risk, without the label."""
    if faults:
        return Verdict("failure", f"{faults} stages break rules or are refused: see the comment")
    if blocked and not allowed:
        return Verdict("failure", f"{blocked} stages need a second look: read the comment, set {LABEL}")
    return Verdict(
        "success",
        f"{blocked} stages need a second look, and {LABEL} allows them"
        if blocked
        else "no stage loses data, opens anything or waives a rule, and the rules hold",
    )


def relabelled(github: GitHub, number: int, *, bot: str = BOT) -> str:
    """Sets the status anew after a label came or went, by what our comment on the same commit says."""
    pull = _pull(github.get(f"/pulls/{number}"))
    for found in _our_comments(github, pull, bot):
        marked = _MARKED.match(found["body"])
        if marked and marked[1] == pull.head:
            verdict = judge(int(marked[2]), int(marked[3]), allowed=LABEL in pull.labels)
            _set_status(github, pull.head, verdict, found.get("html_url", ""))
            return f"pull request {number}: {verdict.state}: {verdict.description}"
    return f"pull request {number}: {pull.head[:10]} has no preview yet, which will set the status"


def pushed(github: GitHub, number: int) -> str:
    """Takes the label away after a push: it was set for what was there before."""
    pull = _pull(github.get(f"/pulls/{number}"))
    if LABEL not in pull.labels:
        return f"pull request {number}: {LABEL} is not set"
    github.delete(f"/issues/{number}/labels/{LABEL}")
    return f"pull request {number}: took {LABEL} away"


def _pull(found: dict[str, Any]) -> Pull:
    return Pull(found["number"], found["head"]["sha"], frozenset(label["name"] for label in found["labels"]))


def _our_comments(github: GitHub, pull: Pull, bot: str) -> list[dict[str, Any]]:
    """Ours, oldest first: anybody could write the mark, so the author counts too."""
    return [
        found
        for found in github.pages(f"/issues/{pull.number}/comments")
        if found["user"]["login"] == bot and (found["body"] or "").startswith(MARK)
    ]


def _commit_of(found: dict[str, Any]) -> str:
    marked = _MARKED.match(found["body"])
    return marked[1] if marked else ""


def _write(github: GitHub, pull: Pull, body: str, earlier: list[dict[str, Any]], bot: str) -> None:
    """One comment: the first of ours is updated, and what two runs at once have made besides is deleted."""
    if earlier:
        github.patch(f"/issues/comments/{earlier[0]['id']}", {"body": body})
    else:
        github.post(f"/issues/{pull.number}/comments", {"body": body})
    for surplus in _our_comments(github, pull, bot)[1:]:
        github.delete(f"/issues/comments/{surplus['id']}")


def _changes_tool(github: GitHub, pull: Pull) -> bool:
    """True where the request changes more than what is only read, or too much to tell."""
    files = list(github.pages(f"/pulls/{pull.number}/files"))
    names = [file[key] for file in files for key in ("filename", "previous_filename") if key in file]
    return len(files) >= MOST_FILES or not all(DATA.fullmatch(name) for name in names)


def _set_status(github: GitHub, commit: str, verdict: Verdict, url: str) -> None:
    body = {"context": CONTEXT, "state": verdict.state, "description": verdict.description[:DESCRIPTION_LENGTH]}
    github.post(f"/statuses/{commit}", {**body, **({"target_url": url} if url else {})})
