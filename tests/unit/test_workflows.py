"""The workflows: pinned, with the least permissions, and never running a request's code where they may write."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from cli import main
from evaluation.project import CHECKOUT

FILES = sorted((CHECKOUT / ".github" / "workflows").glob("*.yaml"))
UNTRUSTED = re.compile(r"\$\{\{[^}]*(github\.event|inputs|head_ref)")


def parsed(name: str) -> dict[Any, Any]:
    return yaml.safe_load((CHECKOUT / ".github" / "workflows" / name).read_text())


def steps(document: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values():
        yield from job.get("steps", [])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_and_say_their_version(file):
    for line in file.read_text().splitlines():
        if re.search(r"(^|- | {4})uses: ", line) and "uses: ./" not in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_permissions_are_stated_and_checkouts_leave_no_token(file):
    document = parsed(file.name)
    assert document.get("permissions") in ({}, {"contents": "read"})
    for step in steps(document):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_of_an_event_stands_in_a_script(file):
    for step in steps(parsed(file.name)):
        assert not UNTRUSTED.search(step.get("run", "")), step


def test_the_preview_may_do_nothing():
    document = parsed("preview.yaml")
    assert document[True].keys() == {"pull_request"}
    assert "edited" in document[True]["pull_request"]["types"]  # of its base, which is another comparison
    assert document["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and "environment" not in job for job in document["jobs"].values())
    assert "secrets." not in str(document)


def test_what_may_write_runs_the_code_of_main_only():
    document = parsed("comment.yaml")
    assert document["permissions"] == {}
    for step in steps(document):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["ref"] == "${{ github.event.repository.default_branch }}"
        assert "head.ref" not in str(step)
        assert "head.sha" not in str(step)


def test_whatever_takes_a_role_waits_for_an_environment():
    for file in FILES:
        for job in parsed(file.name)["jobs"].values():
            if job.get("permissions", {}).get("id-token") == "write" and "steps" in job:
                assert job["environment"]


def test_every_verb_of_a_workflow_exists(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    text = "\n".join(file.read_text() for file in FILES)
    verbs = {tuple(found.split()) for found in re.findall(r"\.venv/bin/wharf ((?:review )?[a-z]+)", text)}
    verbs |= {("review", "pushed"), ("review", "labelled")}
    assert len(verbs) >= 6
    for verb in verbs:
        monkeypatch.setattr(sys, "argv", ["wharf", *verb, "--help"])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert ended.value.code == 0, (verb, capsys.readouterr().err)
