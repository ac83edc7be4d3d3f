"""What keeps the local stage from coming up is named, and the next `up` is not blocked by it."""

from __future__ import annotations

import pytest

from cli.deploy import direct
from stacks.errors import UserError
from tests.cluster.local_stage import STAGE, LocalStage, Spoil, pod_of, serves, simulate, spoiling
from tests.kwok import until


@pytest.mark.parametrize("way", ["crash-loop", "image-pull", "not-ready"])
def test_a_rollout_that_fails_is_reported_by_its_cause(stage: LocalStage, monkeypatch: pytest.MonkeyPatch, way: str):
    stage.write(apps={"listener": {"version": "2.0"}})
    spoiled = spoiling(direct._manifest, [simulate("Deployment", "listener", simulate=way)])
    monkeypatch.setattr(direct, "_manifest", spoiled)
    causes = {
        "crash-loop": "listener: CrashLoopBackOff, ",
        "image-pull": 'listener: ImagePullBackOff: Back-off pulling image "example/app:2.0"',
        "not-ready": "listener: is running but not ready",
    }
    with pytest.raises(UserError) as refused:
        stage.up(timeout=6)
    first, second = str(refused.value).splitlines()
    assert first == f"{STAGE} did not come up within 6 s:"
    assert second.startswith(f"  Deployment {STAGE}/listener: 1 of 1 ready: {causes[way]}")
    monkeypatch.undo()
    assert stage.up().changed == 1


def test_a_rollout_that_the_quota_forbids_is_reported_and_does_not_block(stage: LocalStage):
    stage.write(apps={"listener": {"resources": {"cpu": "100m", "memory": "300Gi"}}})
    with pytest.raises(UserError) as refused:
        stage.up(timeout=6)
    assert f"Deployment {STAGE}/listener: 1 of 1 ready: " in str(refused.value)
    assert "exceeded quota: quota, requested: requests.memory=300Gi" in str(refused.value)
    stage.write()
    assert stage.up().changed == 1


def test_a_rollout_that_no_node_has_room_for_is_reported(stage: LocalStage):
    stage.write(apps={"listener": {"resources": {"cpu": "70", "memory": "64Mi"}}})
    with pytest.raises(UserError, match=r"listener: 1 of 1 ready: 0/2 nodes are available: .*Insufficient cpu"):
        stage.up(timeout=6)


def _unrestricted(manifest: dict) -> None:
    pod_of(manifest)["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True


@pytest.mark.parametrize(("kind", "name"), [("Deployment", "listener"), ("StatefulSet", "broker"), ("Job", "seed")])
def test_pods_that_pod_security_refuses_are_reported(
    stage: LocalStage, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
):
    spoilers: list[tuple[str, str, Spoil]] = [(kind, name, _unrestricted)]
    stage.write(apps={name: {"version": "3.0"}} if name in ("listener", "seed") else None)
    monkeypatch.setattr(direct, "_manifest", spoiling(direct._manifest, spoilers))
    with pytest.raises(UserError) as refused:
        stage.up(timeout=8)
    assert f"{kind} {STAGE}/{name}" in str(refused.value)
    assert 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in str(refused.value)


def test_a_migration_that_fails_is_reported_stops_the_rollout_and_can_be_tried_again(
    stage: LocalStage, monkeypatch: pytest.MonkeyPatch
):
    running = {uid for uid, pod in stage.pods("data").items() if serves(pod)}
    stage.write(apps={"data": {"version": "4.0"}})
    failing = simulate("Job", "data-before", simulate="fail", simulate_message="relation users exists")
    monkeypatch.setattr(direct, "_manifest", spoiling(direct._manifest, [failing]))
    with pytest.raises(UserError) as refused:
        stage.up(timeout=120)
    assert str(refused.value).startswith(f"{STAGE} did not come up:\n  Job {STAGE}/data-before-")
    assert "failed: `./" in str(refused.value)
    assert "exited with 1: relation users exists" in str(refused.value)
    assert running <= set(stage.pods("data"))
    monkeypatch.undo()
    stage.up()
    assert not running & set(stage.pods("data"))


def test_what_a_failed_up_had_begun_goes_when_it_is_taken_out(stage: LocalStage, monkeypatch: pytest.MonkeyPatch):
    """Objects that were applied before the failing migration are the stage's, although the whole never was applied."""
    stage.write(apps={"seed": {"kind": "web", "port": 80, "before": ["./migrate"], "secrets": {"T": "token"}}})
    monkeypatch.setattr(
        direct, "_manifest", spoiling(direct._manifest, [simulate("Job", "seed-before", simulate="fail")])
    )
    with pytest.raises(UserError, match="seed-before"):
        stage.up(timeout=90)
    monkeypatch.undo()
    assert "Secret/seed" in stage.items("secrets")
    stage.write(apps={"seed": None})
    stage.up()
    until(lambda: not [name for name in stage.inventory() if "/seed" in name])


@pytest.mark.parametrize(("apply", "after"), [(1, 0.2), (2, 0.2), (3, 0), (3, 0.4)])
def test_a_killed_up_is_finished_by_the_next(stage: LocalStage, apply: int, after: float):
    version = f"5.{apply}.{after}"
    stage.write(apps={"listener": None, "data": {"version": version}, "seed": {"version": version}})
    killed = stage.up_killed_at(apply, after)
    assert killed.returncode == -9, killed.stderr
    stage.up()
    assert str(stage.up()).startswith("nothing changed (")
    deployments = stage.items("deployments")
    assert "Deployment/listener" not in deployments
    assert pod_of(deployments["Deployment/data"])["spec"]["containers"][0]["image"].endswith(f":{version}")
    assert all(job["status"].get("succeeded") for job in stage.items("jobs").values())
