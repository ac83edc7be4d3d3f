"""What keeps a real pod from running is told by its cause, and taking the change back is all that it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from cli.deploy import direct
from stacks.errors import UserError
from tests.pods.real_stage import STAGE, RealStage, restarts

OOM = "a=x; while :; do a=$a$a; done"
FAILURES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "image": ({"image": "localhost:1/nothing"}, r"caller: (ErrImagePull|ImagePullBackOff): .*localhost:1/nothing"),
    "crash": (
        {"command": ["sh", "-c", "echo no such setting >&2; exit 3"]},
        r"caller: (CrashLoopBackOff, \d+ restarts?: no such setting|exited with 3.*: no such setting)",
    ),
    "memory": (
        {"command": ["sh", "-c", OOM]},
        r"caller: (CrashLoopBackOff, \d+ restarts?: )?OOMKilled, it used more than its memory limit of 48Mi",
    ),
    "program": ({"command": ["/no/such/program"]}, r"caller: .*(StartError|RunContainerError).*no such file"),
    "room": ({"resources": {"cpu": "90", "memory": "48Mi"}}, r"nodes are available: .*Insufficient cpu"),
    "quota": ({"resources": {"cpu": "20m", "memory": "900Gi"}}, r"exceeded quota: quota"),
}


@pytest.mark.parametrize("way", FAILURES)
def test_a_rollout_that_fails_is_told_by_its_cause(stage: RealStage, way: str):
    change, cause = FAILURES[way]
    stage.write(caller=change)
    with pytest.raises(UserError) as refused:
        stage.up(timeout=25)
    assert re.search(cause, str(refused.value)), refused.value
    stage.write()
    stage.up()


def test_a_probe_that_fails_is_told_with_its_answer(stage: RealStage):
    stage.write(web={"health": {"live": "/index.html", "ready": "/missing"}})
    with pytest.raises(UserError, match=r"web: is running but not ready: Readiness probe failed: .*404"):
        stage.up(timeout=25)
    stage.write()
    stage.up()


def test_a_volume_that_cannot_be_mounted_is_told(stage: RealStage, monkeypatch: pytest.MonkeyPatch):
    real = direct._manifest

    def spoiled(resource: Any) -> dict[str, Any]:
        made = real(resource)
        if made["kind"] == "Deployment" and made["metadata"]["name"] == "caller":
            pod = made["spec"]["template"]["spec"]
            pod["volumes"] = [*pod["volumes"], {"name": "x", "secret": {"secretName": "nowhere"}}]
            pod["containers"][0]["volumeMounts"] += [{"name": "x", "mountPath": "/x"}]
        return made

    monkeypatch.setattr(direct, "_manifest", spoiled)
    with pytest.raises(UserError, match=r'caller: is being created: .*secret "nowhere" not found'):
        stage.up(timeout=25)
    monkeypatch.undo()
    stage.up()


def test_a_command_before_a_version_that_fails_keeps_the_version_from_rolling_out(stage: RealStage):
    serving = {pod["metadata"]["uid"] for pod in stage.pods("reader")}
    stage.write(reader={"before": ["sh -c 'echo no such table >&2; exit 4'"]})
    with pytest.raises(UserError, match=r"exited with 4: no such table"):
        stage.up(timeout=120)
    assert {pod["metadata"]["uid"] for pod in stage.pods("reader")} == serving


@pytest.mark.parametrize("part", ["database", "broker"])
def test_a_wrong_version_of_a_part_is_taken_back_by_up(stage: RealStage, part: str):
    key = {"database": "engine-version", "broker": "version"}[part]
    size = {"storage-gib": 1} if part == "database" else {}
    stage.write({f"wharf:{part}": {**size, key: "17.99"}})
    with pytest.raises(
        UserError, match=rf"StatefulSet {STAGE}/{part}: .*(Pulling image|ErrImagePull|ImagePullBackOff)"
    ):
        stage.up(timeout=25)
    stage.write()
    stage.up()
    assert restarts(stage.pods(part)) == 0
