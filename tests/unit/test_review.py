"""What is published of a review, against a simulated GitHub: who wrote it is not trusted."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.diff import as_json
from cli.diff.as_text import text
from cli.diff.compare import compare
from cli.review import model, publish
from cli.review.comment_text import LONGEST, comment
from cli.review.github import GitHub
from stacks.errors import UserError
from tests import graphs as g
from tests import simulated_github as simulated

HEAD, BASE, OLD = "a" * 40, "b" * 40, "c" * 40
TOKEN = "canary-token"


def with_inputs(resource: Any, **inputs: Any) -> Any:
    return replace(resource, inputs={**resource.inputs, **inputs})


DATABASE = g.resource(g.RDS, "db", {"username": "app", "instanceClass": "db.t4g.micro"})
LOSING = compare(g.graph(DATABASE), g.graph(with_inputs(DATABASE, username="root")))
HARMLESS = compare(g.graph(DATABASE), g.graph(with_inputs(DATABASE, instanceClass="db.m7g.large")))


def stage(name: str = "prod", diff: Any = HARMLESS, **more: Any) -> dict[str, Any]:
    plain = json.loads(json.dumps({**as_json.to_json(diff), "stack": name})) if diff else None
    return {"stage": name, "diff": plain, "problem": "", "violations": [], "rules": 71, "gone": False, **more}


def review(*stages: dict[str, Any], head: str = HEAD) -> bytes:
    return json.dumps({"format": 2, "head": head, "base": BASE, "stages": list(stages or [stage()])}).encode()


@pytest.fixture
def state() -> simulated.State:
    found = simulated.State()
    found.pull(4, OLD)
    found.pull(5, HEAD)
    return found


@pytest.fixture
def github(state: simulated.State) -> Iterator[GitHub]:
    with simulated.running(state) as url:
        yield at(url)


def at(url: str, waits: list[float] | None = None) -> GitHub:
    sleep = waits.append if waits is not None else lambda seconds: None
    return GitHub(simulated.REPOSITORY, {"GITHUB_API_URL": url, "GITHUB_TOKEN": TOKEN}, sleep)


def test_the_first_run_comments_and_the_second_updates(state: simulated.State, github: GitHub):
    assert "success" in publish.publish(github, review(), HEAD, run_url="https://run")
    publish.publish(github, review(stage(diff=LOSING)), HEAD)
    (found,) = state.comments
    assert found["issue"] == 5
    assert "**prod loses data:**" in found["body"]
    assert [status["state"] for status in state.statuses] == ["success", "failure"]
    assert state.statuses[0]["target_url"] == "https://run"
    assert {status["commit"] for status in state.statuses} == {HEAD}


def test_somebody_elses_comment_with_our_mark_is_left_alone(state: simulated.State, github: GitHub):
    state.comment(5, f"<!-- wharf:review commit={HEAD} blocking=0 broken=0 --> mine", login="mallory")
    publish.publish(github, review(), HEAD)
    assert [found["user"]["login"] for found in state.comments] == ["mallory", simulated.BOT]
    assert state.comments[0]["body"].endswith("mine")


def test_two_runs_at_once_leave_one_comment(state: simulated.State, github: GitHub):
    state.comment(5, f"<!-- wharf:review commit={HEAD} blocking=0 broken=0 --> one")
    state.comment(5, f"<!-- wharf:review commit={HEAD} blocking=0 broken=0 --> two")
    publish.publish(github, review(), HEAD)
    assert [found["id"] for found in state.comments] == [1]


def test_many_runs_at_once_end_with_one_comment(state: simulated.State, github: GitHub):
    threads = [threading.Thread(target=publish.publish, args=(github, review(), HEAD)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    publish.publish(github, review(), HEAD)
    assert len(state.comments) == 1


def test_a_run_that_a_newer_push_overtook_says_nothing(state: simulated.State, github: GitHub):
    assert "newer push" in publish.publish(github, review(head="d" * 40), "d" * 40)
    assert (state.comments, state.statuses) == ([], [])


def test_the_request_is_found_beyond_the_first_page(state: simulated.State, github: GitHub):
    state.pulls = [simulated.made_pull(n, f"{n:040x}") for n in range(100, 250)]
    state.pull(5, HEAD)
    assert "pull request 5" in publish.publish(github, review(), HEAD)


def test_the_label_allows_what_was_seen_and_a_push_takes_it_away(state: simulated.State, github: GitHub):
    publish.publish(github, review(stage(diff=LOSING)), HEAD)
    state.pulls[1]["labels"] = [{"name": publish.LABEL}]
    assert "success" in publish.relabelled(github, 5)
    assert "success" in publish.publish(github, review(stage(diff=LOSING)), HEAD)  # the run is repeated
    state.pulls[1]["labels"] = []
    assert "failure" in publish.relabelled(github, 5)
    state.pulls[1]["labels"] = [{"name": publish.LABEL}]
    assert "took" in publish.pushed(github, 5)
    assert state.labels(5) == []


def test_a_label_that_was_set_before_the_preview_does_not_count(state: simulated.State, github: GitHub):
    state.pulls[1]["labels"] = [{"name": publish.LABEL}]
    assert "failure" in publish.publish(github, review(stage(diff=LOSING)), HEAD)
    assert state.labels(5) == []
    state.pulls[1]["head"]["sha"] = "d" * 40
    assert "no preview yet" in publish.relabelled(github, 5)


def test_broken_rules_fail_whatever_the_label(state: simulated.State, github: GitHub):
    content = review(stage(violations=["pod-runs-as-user: Deployment x: runs as root"]))
    publish.publish(github, content, HEAD)
    state.pulls[1]["labels"] = [{"name": publish.LABEL}]
    assert "failure" in publish.relabelled(github, 5)


@pytest.mark.parametrize("blocked", [stage(diff=None, problem="the base does not render"), stage(diff=None, gone=True)])
def test_what_cannot_be_compared_or_is_taken_away_has_to_be_allowed(blocked, state: simulated.State, github: GitHub):
    assert "failure" in publish.publish(github, review(blocked), HEAD)


def test_a_request_that_changes_the_tool_is_marked(state: simulated.State, github: GitHub):
    state.files = ["README.md", "cli/diff/compare.py"]
    publish.publish(github, review(), HEAD)
    assert "changes code that takes part" in state.comments[0]["body"]


def test_the_token_does_not_follow_to_where_artifacts_are_kept(state: simulated.State, github: GitHub):
    state.artifact(review())
    with simulated.running(state) as store:
        simulated.STORE[0] = store.replace("127.0.0.1", "localhost")
        assert publish.artifact(github, 9) == review()
    sent = {path: authorization for _, path, authorization in state.requests}
    assert sent["/actions/artifacts/7/zip"] == f"Bearer {TOKEN}"
    assert sent["/store"] == ""


def test_an_artifact_that_is_none_is_one_line(state: simulated.State, github: GitHub):
    with pytest.raises(UserError, match="left no artifact"):
        publish.artifact(github, 9)
    state.artifact(b"{}", name="other.json")
    simulated.STORE[0] = github._root.split("/repos")[0]
    with pytest.raises(UserError, match="is not a zip file with review"):
        publish.artifact(github, 9)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "valid"),
        (b"[" * 100_000, "."),
        (review(stage(name="../../etc")), "stage"),
        (review(stage(name="prod\n")), "stage"),
        (review(head=f"{HEAD}\n"), "head"),
        (review(stage(diff=replace(HARMLESS, followers=("urn:none",)))), "followers"),
        (review().replace(b'"db.t4g.micro"', b"[" * 500 + b"]" * 500), "nested too deep"),
        (review(stage(extra=1)), "extra"),
        (review({**stage("prod"), "stage": "dev"}), "another stage"),
        (review(stage(violations=["x"] * 60_000)), "violations"),
        (review(head=OLD), "the review is of"),
        (json.dumps({"format": 1}).encode(), "format"),
    ],
)
def test_a_review_that_is_not_one_sets_an_error_and_no_comment(content, reason, state: simulated.State, github: GitHub):
    with pytest.raises(UserError, match=reason):
        publish.publish(github, content, HEAD)
    assert state.comments == []
    assert [status["state"] for status in state.statuses] == ["error"]


def test_forbidden_is_told_with_what_is_missing(state: simulated.State, github: GitHub):
    state.failures.append((r"POST /issues/5/comments", 403, {}))
    with pytest.raises(UserError, match=r"403: simulated: the token may not do it: see `permissions:`"):
        publish.publish(github, review(), HEAD)


def test_limits_are_waited_for_and_errors_of_the_server_tried_again(state: simulated.State):
    waits: list[float] = []
    state.failures += [
        (r"GET /pulls", 403, {"Retry-After": "7"}),
        (r"GET /pulls", 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}),
        (r"POST /statuses/.*", 502, {}),
    ]
    with simulated.running(state) as url:
        assert "success" in publish.publish(at(url, waits), review(), HEAD)
    assert waits == [7.0, 1.0, 1.0]


def test_a_limit_that_is_too_far_off_is_an_error(state: simulated.State):
    state.failures.append((r"GET /pulls", 403, {"Retry-After": "3600"}))
    with simulated.running(state) as url, pytest.raises(UserError, match="too many requests: run it again later"):
        publish.publish(at(url), review(), HEAD)


def test_no_github_at_all_is_one_line():
    with pytest.raises(UserError, match="cannot be reached"):
        publish.publish(at("http://127.0.0.1:9"), review(), HEAD)


def big(count: int) -> Any:
    old = [g.kubernetes(g.DEPLOYMENT, f"app-{n}", "prod", spec={"image": "x" * 300}) for n in range(count)]
    return compare(g.graph(*old), g.graph(*(with_inputs(r, spec={"image": "y" * 300}) for r in old)))


@pytest.mark.parametrize("count", [10, 200, 3_000])
def test_a_comment_fits_and_says_what_it_leaves_out(count: int, state: simulated.State, github: GitHub):
    publish.publish(github, review(stage("dev"), stage("prod", diff=big(count))), HEAD, run_url="https://run")
    body = state.comments[0]["body"]
    assert len(body) <= LONGEST
    assert f"| prod |  |  | {count} |" in body
    assert ("Cut, since GitHub takes" in body) == (count > 10)
    assert "instanceClass" in body  # the small stage is whole


HOSTILE = st.text(st.sampled_from("`@<>|*[]()\n\r#-~x "), max_size=40)


@settings(max_examples=60)
@given(HOSTILE, HOSTILE)
def test_nothing_of_a_review_is_markup(name: str, value: str):
    evil = g.resource(g.RDS, f"@everyone {name}", {"username": value})
    diff = compare(g.graph(evil), g.graph(with_inputs(evil, username=f"{value}<img src=x>@team")))
    shown = comment(model.parse(review(stage(diff=diff, violations=[f"{name}@team"], problem=f"{value}@team"))))
    outside = "\n".join(outside_of_code(shown))
    assert fences_are_closed(shown)
    assert "@" not in outside
    assert "<img" not in outside


def fences_are_closed(shown: str) -> bool:
    *_, last = outside_of_code(shown)
    return last != OPEN


OPEN = "(a block of code that does not end)"


def outside_of_code(shown: str) -> Iterator[str]:
    fence = ""
    for line in re.split(r"\r\n|\r|\n", shown):
        if not fence and line.startswith("```"):
            fence = line[: len(line) - len(line.lstrip("`"))]
        elif fence and line.strip("`") == "" and len(line) >= len(fence):
            fence = ""
        elif not fence:
            yield line
    yield OPEN if fence else ""


def test_what_cannot_be_seen_is_written_out():
    evil = g.resource(g.RDS, "db\x1b[2J", {"username": "\u202eppa\ud800\x07"})
    diff = compare(g.graph(evil), g.graph(with_inputs(evil, username="app\u2028x")))
    for shown in (text(diff), comment(model.parse(review(stage(diff=diff))))):
        assert all(line.isprintable() for line in shown.split("\n"))
        assert r"\u202eppa\ud800\x07 → app\u2028x" in shown


def test_a_hundred_stages_full_of_everything_fit(state: simulated.State, github: GitHub):
    full = [
        stage(f"s{n}", diff=big(20), violations=["x`" * 400] * 30, problem="p" * 3_000) if n % 2 else
        stage(f"s{n}", diff=LOSING, violations=["x`" * 400] * 30)
        for n in range(100)
    ]  # fmt: skip
    publish.publish(github, review(*full), HEAD, run_url="https://run")
    body = state.comments[0]["body"]
    assert len(body) <= LONGEST
    assert len(re.findall(r"^\| s\d", body, flags=re.MULTILINE)) == 100
    assert fences_are_closed(body)


def test_what_loses_data_is_named_however_much_else_changes(state: simulated.State, github: GitHub):
    many = big(3_000)
    everything = replace(many, changes=(*LOSING.changes, *many.changes))
    publish.publish(github, review(stage(diff=everything)), HEAD)
    body = state.comments[0]["body"]
    assert "Instance db: replaced, loses its databases" in body
    assert "Cut, since GitHub takes" in body


def test_a_request_into_another_branch_does_not_count(state: simulated.State, github: GitHub):
    state.pulls = [simulated.made_pull(7, HEAD, into="feature"), *state.pulls]
    assert "pull request 5" in publish.publish(github, review(), HEAD)
    state.pulls = [simulated.made_pull(7, HEAD, into="feature")]
    assert "into the default branch" in publish.publish(github, review(), HEAD)
    assert len(state.statuses) == 1


def test_a_stage_that_is_refused_fails_whatever_the_label(state: simulated.State, github: GitHub):
    publish.publish(github, review(stage(diff=None, problem="Pulumi.prod.yaml: no", rules=0)), HEAD)
    state.pulls[1]["labels"] = [{"name": publish.LABEL}]
    assert "failure" in publish.relabelled(github, 5)
    body = state.comments[0]["body"]
    assert "**prod is refused:**" in body
    assert "**Fix this first. No label allows it:** prod: refused." in body
    assert publish.LABEL not in body


@pytest.mark.parametrize(
    ("files", "warned"),
    [
        (["apps/hello.yaml", "Pulumi.prod.yaml", "docs/apps.md", "README.md", "tests/unit/test_app.py"], False),
        (["yaml.py"], True),
        (["yaml/__init__.py"], True),
        (["Makefile"], True),
        (["Pulumi.yaml"], True),
        (["__main__.py"], True),
        (["apps/a.yaml"] * publish.MOST_FILES, True),
    ],
)
def test_whatever_can_take_part_in_the_preview_is_marked(files, warned, state: simulated.State, github: GitHub):
    state.files = files
    publish.publish(github, review(), HEAD)
    assert ("changes code that takes part" in state.comments[0]["body"]) is warned


def packed(method: int, name: str = publish.FILE, size: int = 1_000) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        archive.writestr(name, b"0" * size)
    return content.getvalue()


GOOD = packed(zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK" * 50,
        GOOD[:-30],
        GOOD[: 30 + len(publish.FILE)] + b"\x07" + GOOD[31 + len(publish.FILE) :],  # no kind of block that there is
        packed(zipfile.ZIP_LZMA),
        packed(zipfile.ZIP_BZIP2),
        packed(zipfile.ZIP_DEFLATED, name="../review.json"),
    ],
)
def test_a_zip_file_that_is_none_is_one_line(content: bytes, state: simulated.State, github: GitHub):
    state.artifacts[publish.ARTIFACT] = content
    simulated.STORE[0] = github._root.split("/repos")[0]
    with pytest.raises(UserError, match="is not a zip file with review"):
        publish.publish_run(github, 9, HEAD)
    assert [status["state"] for status in state.statuses] == ["error"]


def test_of_a_zip_bomb_no_more_is_unpacked_than_is_taken(state: simulated.State, github: GitHub):
    state.artifacts[publish.ARTIFACT] = packed(zipfile.ZIP_DEFLATED, size=5 * model.LARGEST)
    simulated.STORE[0] = github._root.split("/repos")[0]
    assert len(publish.artifact(github, 9)) == model.LARGEST + 1
    with pytest.raises(UserError, match="are taken at most"):
        publish.publish_run(github, 9, HEAD)
    assert (state.comments, len(state.statuses)) == ([], 1)
