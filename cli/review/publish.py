"""What the privileged workflows do with a review: they write one comment and one commit status, and read one label."""

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
MOST_FILES = 3_000  # GitHub lists at most so many files of a request
# Files that a preview only reads. Any other file may run in it: Python imports a module in the checkout before an
# installed one.
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
    """The state and the text of the commit status: success, or failure and why."""

    state: str
    description: str


def pull_of(github: GitHub, commit: str) -> Pull | None:
    """The open pull request whose head is the commit, also from a fork; None if a newer push has replaced the commit.

    Only requests into the default branch count. The same commit may be in a request into another branch, where it
    changes less, and that request must not set the status of the commit.
    """
    for entry in github.pages("/pulls", state="open", sort="updated", direction="desc"):
        into = entry["base"]
        if entry["head"]["sha"] == commit and into["ref"] == into["repo"]["default_branch"]:
            return _pull(entry)
    return None


def artifact(github: GitHub, run: int) -> bytes:
    """The review that a run of preview.yaml uploaded.

    Raises:
        UserError: there is none, or it is not a zip file with a review.
    """
    names = {entry["name"]: entry for entry in github.pages(f"/actions/runs/{run}/artifacts")}
    if ARTIFACT not in names:
        raise UserError(f"run {run} left no artifact {ARTIFACT}: its log says why")
    content = github.bytes(f"/actions/artifacts/{names[ARTIFACT]['id']}/zip", LARGEST)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entry = archive.getinfo(FILE)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                # Other methods may use any amount of memory.
                raise zipfile.BadZipFile("it is packed in another way than GitHub packs")
            with archive.open(entry) as file:
                return file.read(LARGEST + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"the artifact {ARTIFACT} of run {run} is not a zip file with {FILE}: {error}") from None


def publish_run(github: GitHub, run: int, commit: str, *, run_url: str = "") -> str:
    """Publishes the review of a run. If there is none, the status says so.

    Raises:
        UserError: the run uploaded no review.
    """
    try:
        content = artifact(github, run)
    except UserError as missing:
        _set_status(github, commit, Verdict("error", str(missing)), run_url)
        raise
    return publish(github, content, commit, run_url=run_url)


def publish(github: GitHub, content: bytes, commit: str, *, run_url: str = "", bot: str = BOT) -> str:
    """Comments on the pull request and sets the commit's status. Returns one line about what was done.

    Args:
        content: the review. It is untrusted: the author of the request may have written it.
        commit: the head of the request, from the event and not from the review.

    Raises:
        UserError: the review is not valid, and then the status says so; or GitHub refuses.
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
        github.delete(f"/issues/{pull.number}/labels/{LABEL}")  # it was set for an earlier commit
        labels -= {LABEL}
    body = comment(review, run_url=run_url, label=LABEL, changed_tool=_changes_tool(github, pull))
    _write(github, pull, body, earlier, bot)
    verdict = judge(len(blocking(review)), len(broken(review)), allowed=LABEL in labels)
    _set_status(github, commit, verdict, run_url)
    return f"pull request {pull.number}: {verdict.state}: {verdict.description}"


def judge(blocked: int, faults: int, *, allowed: bool) -> Verdict:
    """The status. It fails if rules are broken, even with the label. It fails for risks only without the label."""
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
    """Sets the status again after a label was added or removed, from the counts in our comment on the same commit."""
    pull = _pull(github.get(f"/pulls/{number}"))
    for found in _our_comments(github, pull, bot):
        marked = _MARKED.match(found["body"])
        if marked and marked[1] == pull.head:
            verdict = judge(int(marked[2]), int(marked[3]), allowed=LABEL in pull.labels)
            _set_status(github, pull.head, verdict, found.get("html_url", ""))
            return f"pull request {number}: {verdict.state}: {verdict.description}"
    return f"pull request {number}: {pull.head[:10]} has no preview yet, which will set the status"


def pushed(github: GitHub, number: int) -> str:
    """Removes the label after a push, because it was set for an earlier commit."""
    pull = _pull(github.get(f"/pulls/{number}"))
    if LABEL not in pull.labels:
        return f"pull request {number}: {LABEL} is not set"
    github.delete(f"/issues/{number}/labels/{LABEL}")
    return f"pull request {number}: took {LABEL} away"


def _pull(answer: dict[str, Any]) -> Pull:
    return Pull(answer["number"], answer["head"]["sha"], frozenset(label["name"] for label in answer["labels"]))


def _our_comments(github: GitHub, pull: Pull, bot: str) -> list[dict[str, Any]]:
    """Our comments, oldest first. Anybody could write the mark, so the author is checked too."""
    return [
        entry
        for entry in github.pages(f"/issues/{pull.number}/comments")
        if entry["user"]["login"] == bot and (entry["body"] or "").startswith(MARK)
    ]


def _commit_of(found: dict[str, Any]) -> str:
    marked = _MARKED.match(found["body"])
    return marked[1] if marked else ""


def _write(github: GitHub, pull: Pull, body: str, earlier: list[dict[str, Any]], bot: str) -> None:
    """Writes our one comment: updates the first of ours, and deletes others that simultaneous runs have created."""
    if earlier:
        github.patch(f"/issues/comments/{earlier[0]['id']}", {"body": body})
    else:
        github.post(f"/issues/{pull.number}/comments", {"body": body})
    for surplus in _our_comments(github, pull, bot)[1:]:
        github.delete(f"/issues/comments/{surplus['id']}")


def _changes_tool(github: GitHub, pull: Pull) -> bool:
    """True if the request changes files that may run in the preview, or too many files to know."""
    files = list(github.pages(f"/pulls/{pull.number}/files"))
    names = [file[key] for file in files for key in ("filename", "previous_filename") if key in file]
    return len(files) >= MOST_FILES or not all(DATA.fullmatch(name) for name in names)


def _set_status(github: GitHub, commit: str, verdict: Verdict, url: str) -> None:
    body = {"context": CONTEXT, "state": verdict.state, "description": verdict.description[:DESCRIPTION_LENGTH]}
    github.post(f"/statuses/{commit}", {**body, **({"target_url": url} if url else {})})
