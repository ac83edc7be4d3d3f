"""The verbs of every day, against processes in pods."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from cli.live import access, daily, one_off, status
from cli.live.access import reach
from cli.machine import probes
from evaluation.project import CHECKOUT, read_stage
from tests.pods.real_stage import STAGE, RealStage

# A verb in a process of its own, which goes to the cluster of this tier.
VERB = """
import json, sys
from pathlib import Path
from cli.live import access, daily
from evaluation.project import Project
from tests.pods.real_stage import cluster_of
root, name, verb, arguments, options = sys.argv[1:]
project = Project(Path(root), "pods-tier")
access.local_cluster = lambda *_: cluster_of(project, name)
sys.exit(getattr(daily, verb)(project, "pods", *json.loads(arguments), **json.loads(options)))
"""


@pytest.fixture(autouse=True)
def reached(stage: RealStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs go to the cluster of this tier, whichever it is."""
    monkeypatch.setattr(access, "local_cluster", lambda *_: stage.cluster)


@pytest.fixture
def started(stage: RealStage) -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.terminate()
        process.wait(20)


def command(stage: RealStage, verb: str, *arguments: str, **options: object) -> list[str]:
    told = [str(stage.project.root), stage.cluster.name, verb, json.dumps(arguments), json.dumps(options)]
    return [sys.executable, "-c", VERB, *told]


def start(stage: RealStage, verb: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """A verb that goes on until it is ended."""
    return subprocess.Popen(
        command(stage, verb, *arguments, **options), cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip


def test_a_command_runs_with_the_settings_of_the_app_and_its_end_is_told(
    stage: RealStage, capfd: pytest.CaptureFixture[str]
):
    def run(script: str) -> int:
        return one_off.run(stage.project, STAGE, "web", ["sh", "-c", script], interactive=False, timeout=60)

    assert run("echo said $GREETING") == 0
    assert "said hello" in capfd.readouterr().out
    assert run("exit 7") == 1
    assert "exited with 7" in capfd.readouterr().err
    left = [pod["metadata"]["name"] for pod in stage.get("pods")["items"] if "-run-" in pod["metadata"]["name"]]
    assert left == []


def test_a_command_in_a_pod_of_the_database_reaches_the_database(stage: RealStage, capfd: pytest.CaptureFixture[str]):
    script = "PGPASSWORD=$(cat /run/credentials/password) psql -At -h database -U app app -c 'SELECT 6 * 7'"
    code = one_off.run(stage.project, STAGE, "database", ["sh", "-c", script], interactive=False, timeout=60)
    told = capfd.readouterr()
    assert code == 0, told.err
    assert "42" in told.out.split()


def test_logs_name_the_pod_of_each_line_and_follow_what_is_said(
    stage: RealStage, started: list[subprocess.Popen[str]], capfd: pytest.CaptureFixture[str]
):
    assert daily.logs(stage.project, STAGE, "caller", follow=False, tail=5, since=None) == 0
    assert capfd.readouterr().out.startswith("[pod/caller-")
    following = start(stage, "logs", "caller", follow=True, tail=0, since=None)
    started.append(following)
    assert following.stdout is not None
    (pod,) = stage.pods("caller")
    time.sleep(3)
    stage.exec(pod["metadata"]["name"], "echo said by hand > /proc/1/fd/1")
    deadline = time.monotonic() + 20
    while "said by hand" not in (line := following.stdout.readline()):
        assert line or following.poll() is None, "it ended before anything was said"
        assert time.monotonic() < deadline, "it did not follow"


def test_a_port_of_this_machine_leads_to_the_app(stage: RealStage, started: list[subprocess.Popen[str]]):
    port = probes.next_free_port(18_080)
    started.append(start(stage, "forward", "web", port=f"{port}:8080"))
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.html", timeout=5) as answer:
                assert answer.read().decode().strip() == "hello"
                return
        except OSError:
            assert time.monotonic() < deadline, "the port does not answer"
            time.sleep(0.5)


def test_a_shell_reads_its_commands_from_stdin_where_there_is_no_terminal(stage: RealStage):
    shell = subprocess.run(
        command(stage, "shell", "web"), cwd=CHECKOUT, input="echo in $HOSTNAME\n", capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert shell.stdout.startswith("in web-"), shell.stderr


def test_a_restart_makes_new_pods(stage: RealStage):
    before = {pod["metadata"]["uid"] for pod in stage.pods("web")}
    assert daily.restart(stage.project, STAGE, "web", timeout=120) == 0
    now = {pod["metadata"]["uid"] for pod in stage.pods("web")}
    assert len(now) == 2
    assert not before & now


def test_status_shows_everything_ready_with_the_versions_that_run(stage: RealStage):
    found = read_stage(stage.project, STAGE)
    with reach(stage.project, found) as way:
        report = status.gather(way, found)
    assert report.ready, report
    assert {row.name: row.version for row in report.apps} == {"web": "1.37", "caller": "1.37", "reader": "18.4"}
