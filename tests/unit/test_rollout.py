"""Whether what was applied has come up, and why not, over objects as the API server gives them."""

from __future__ import annotations

from typing import Any

import pytest

from cli.deploy.reasons import why
from cli.deploy.rollout import Object, Pending, pending

NAMESPACE = "local"
RUNNING = {"running": {"startedAt": "now"}}
OOM = {"exitCode": 137, "reason": "OOMKilled"}
OOM_TOLD = "OOMKilled, it used more than its memory limit of 64Mi"


def manifest(kind: str, name: str = "web") -> Object:
    return {"kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}}


def live(kind: str, name: str = "web", *, owner: Object | None = None, **more: Any) -> dict[str, Any]:
    references = [{"controller": True, "uid": owner["metadata"]["uid"]}] if owner else []
    metadata = {"name": name, "namespace": NAMESPACE, "uid": f"{kind}/{name}", "ownerReferences": references}
    return {"kind": kind, "metadata": {**metadata, "generation": 1}, "spec": {"replicas": 2}, **more}


def deployment(*, ready: int, updated: int = 2, replicas: int = 2, observed: int = 1, **status: Any) -> dict[str, Any]:
    counts = {"readyReplicas": ready, "updatedReplicas": updated, "replicas": replicas}
    return live("Deployment", status={"observedGeneration": observed, **counts, **status})


def pod(owner: Object, name: str = "web-1", *, containers: list[Any] | None = None, **status: Any) -> dict[str, Any]:
    limits = {"limits": {"memory": "64Mi"}}
    written = [{"name": "web", "command": ["./serve", "--fast"], "resources": limits}]
    return live(
        "Pod",
        name,
        owner=owner,
        spec={"containers": written, "initContainers": [{"name": "before-1", "command": ["./migrate"]}]},
        status={"containerStatuses": containers or [], **status},
    )


def waiting(reason: str, message: str = "", restarts: int = 0, last: dict | None = None) -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "web", "state": state, "restartCount": restarts, "lastState": {"terminated": last} if last else {}}


def only(found: list[Pending]) -> Pending:
    (one,) = found
    return one


def test_what_runs_in_the_wanted_version_and_number_is_rolled_out():
    assert pending([manifest("Deployment")], [deployment(ready=2)]) == []


@pytest.mark.parametrize(
    "status",
    [
        {"ready": 1},
        {"ready": 2, "updated": 1},
        {"ready": 2, "observed": 0},
        {"ready": 3, "replicas": 3},
    ],
    ids=["too few are ready", "one is of the old version", "not yet noticed", "an old one is still there"],
)
def test_what_is_not_there_yet_is_pending(status: dict):
    assert not only(pending([manifest("Deployment")], [deployment(**status)])).failed


def test_what_is_not_in_the_cluster_is_pending():
    found = pending([manifest("StatefulSet"), manifest("Service")], [])
    assert str(only(found)) == "StatefulSet local/web: is not in the cluster"


def test_an_object_of_another_namespace_or_kind_is_another():
    elsewhere = deployment(ready=2)
    elsewhere["metadata"]["namespace"] = "other"
    assert pending([manifest("Deployment")], [elsewhere])
    assert pending([manifest("StatefulSet")], [deployment(ready=2)])


def test_the_reason_is_found_by_way_of_the_replica_set():
    top = deployment(ready=0)
    replicas = live("ReplicaSet", "web-abc", owner=top)
    broken = pod(replicas, containers=[waiting("ImagePullBackOff", "Back-off pulling image x")])
    foreign = pod(live("ReplicaSet", "other"), "other-1", containers=[waiting("CrashLoopBackOff")])
    found = only(pending([manifest("Deployment")], [top, replicas, foreign, broken]))
    assert str(found) == ("Deployment local/web: 0 of 2 ready: web: ImagePullBackOff: Back-off pulling image x")


@pytest.mark.parametrize(
    ("container", "told"),
    [
        (waiting("CrashLoopBackOff", "back-off 10s", 3), "web: CrashLoopBackOff, 3 restarts: back-off 10s"),
        (
            waiting("CrashLoopBackOff", "back-off", 3, {"exitCode": 1, "message": "no DATABASE_URL\n"}),
            "web: CrashLoopBackOff, 3 restarts: no DATABASE_URL",
        ),
        (waiting("CreateContainerConfigError", "no Secret x"), "web: CreateContainerConfigError: no Secret x"),
        (waiting("CrashLoopBackOff", "back-off", 1, OOM), f"web: CrashLoopBackOff, 1 restart: {OOM_TOLD}"),
        (
            waiting("CrashLoopBackOff", "back-off", 2, {"exitCode": 0, "reason": "Completed"}),
            "web: CrashLoopBackOff, 2 restarts: exited with 0",
        ),
        (
            waiting("RunContainerError", "", 2, {"exitCode": 128, "reason": "StartError", "message": "no such file"}),
            "web: RunContainerError, 2 restarts: StartError: no such file",
        ),
        (waiting("ContainerCreating"), "web: is being created"),
        (waiting("PodInitializing"), "web: is being created"),
        ({"name": "web", "state": {"terminated": OOM}, "restartCount": 4}, f"web: {OOM_TOLD}, 4 restarts"),
        (
            {"name": "web", "state": RUNNING, "ready": False, "restartCount": 2, "lastState": {"terminated": OOM}},
            f"web: is running but not ready, 2 restarts: {OOM_TOLD}",
        ),
        ({"name": "web", "state": RUNNING, "ready": True, "restartCount": 2, "lastState": {"terminated": OOM}}, ""),
        ({"name": "web", "state": {"terminated": {"exitCode": 3}}}, "web: exited with 3"),
        ({"name": "web", "state": {"terminated": {"exitCode": 0}}}, ""),
        ({"name": "web", "state": RUNNING, "ready": False}, "web: is running but not ready"),
        ({"name": "web", "state": RUNNING, "ready": True}, ""),
    ],
)  # fmt: skip
def test_each_state_of_a_container_has_its_sentence(container: dict, told: str):
    assert why([pod(live("ReplicaSet"), containers=[container])]) == told


def test_a_pod_without_a_node_says_why():
    condition = {"type": "PodScheduled", "status": "False", "message": "0/2 nodes are available: Insufficient cpu"}
    assert why([pod(live("ReplicaSet"), conditions=[condition])]) == "0/2 nodes are available: Insufficient cpu"


def test_a_pod_that_goes_is_no_reason():
    going = pod(live("ReplicaSet"), containers=[waiting("CrashLoopBackOff")])
    going["metadata"]["deletionTimestamp"] = "now"
    assert why([going]) == ""


def test_an_init_container_that_fails_is_the_reason():
    failing = {"name": "before-1", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 2}
    assert why([pod(live("Job"), initContainerStatuses=[failing])]) == "before-1: CrashLoopBackOff, 2 restarts"


def test_an_init_container_that_runs_is_said_to_run():
    def why_with(**first: Any) -> str:
        states = [{"name": "before-1", **first}, {"name": "before-2", "state": {"waiting": {}}}]
        return why([pod(live("Job"), containers=[waiting("PodInitializing")], initContainerStatuses=states)])

    assert why_with(state=RUNNING, ready=False) == "before-1: is running"
    assert why_with(state=RUNNING, ready=True, started=True) == "before-2: is being created"  # a sidecar
    assert why_with(state={"terminated": {"exitCode": 0}}, ready=True) == "before-2: is being created"


def event(about: Object, reason: str, message: str, at: str, type_: str = "Normal", field: str = "") -> dict[str, Any]:
    target = {"kind": about["kind"], "uid": about["metadata"]["uid"], "fieldPath": field}
    told = {"reason": reason, "message": message, "type": type_, "lastTimestamp": f"2026-11-21T05:{at}:00Z"}
    return {**live("Event", f"web.{at}"), "involvedObject": target, **told}


def test_why_a_container_is_still_being_created_is_told_by_the_newest_event():
    creating = pod(live("ReplicaSet"), containers=[waiting("ContainerCreating")])
    other = pod(live("ReplicaSet"), "web-2")
    scheduled = event(creating, "Scheduled", "assigned to node", "00")
    mount = event(creating, "FailedMount", 'secret "x" not found', "01", "Warning")
    pulling = event(creating, "Pulling", 'Pulling image "x"', "02", field="spec.containers{web}")
    pulled = event(creating, "Pulled", "Pulled image", "03", field="spec.containers{web}")
    others = [
        event(other, "FailedMount", "of another pod", "09", "Warning"),
        event(creating, "Pulling", "of another container", "09", field="spec.containers{beside}"),
    ]

    def told(*events: Object) -> str:
        return why([creating], [other, *others, *events])

    assert told() == told(scheduled) == "web: is being created"
    assert told(mount, scheduled) == 'web: is being created: secret "x" not found'
    assert told(pulling, mount, scheduled) == 'web: is being created: Pulling image "x"'
    assert told(scheduled, mount, pulling, pulled) == "web: is being created"


def test_an_event_without_a_last_time_has_the_one_of_its_series_or_of_its_making():
    creating = pod(live("ReplicaSet"), containers=[waiting("ContainerCreating")])
    first = event(creating, "FailedMount", "first", "01", "Warning")
    second = {**event(creating, "FailedMount", "second", "00", "Warning"), "lastTimestamp": None}
    second |= {"eventTime": "2026-11-21T05:00:00.5Z", "series": {"lastObservedTime": "2026-11-21T05:02:00.1Z"}}
    third = {**event(creating, "FailedMount", "third", "00", "Warning"), "lastTimestamp": None, "eventTime": None}
    third["metadata"]["creationTimestamp"] = "2026-11-21T05:03:00Z"
    assert why([creating], [second, first]).endswith(": second")
    assert why([creating], [third, second, first]).endswith(": third")


def test_a_probe_that_fails_is_the_reason_why_a_container_is_not_ready():
    unready = pod(live("ReplicaSet"), containers=[{"name": "web", "state": RUNNING, "ready": False}])
    probe = event(unready, "Unhealthy", "Readiness probe failed: 503", "01", "Warning", "spec.containers{web}")
    assert why([unready], [probe]) == "web: is running but not ready: Readiness probe failed: 503"


def test_a_quota_or_pod_security_that_refuses_a_deployments_pods_is_the_reason():
    condition = {"type": "ReplicaFailure", "status": "True", "message": 'pods "web" is forbidden: exceeded quota'}
    found = only(pending([manifest("Deployment")], [deployment(ready=0, conditions=[condition])]))
    assert found.reason == '0 of 2 ready: pods "web" is forbidden: exceeded quota'


@pytest.mark.parametrize("kind", ["StatefulSet", "Job"])
def test_of_other_kinds_the_event_says_why_their_pods_are_refused(kind: str):
    about = {"kind": kind, "name": "web"}
    event = {
        **live("Event", "web.1"),
        "reason": "FailedCreate",
        "involvedObject": about,
        "message": "violates PodSecurity",
    }
    other = {**event, "metadata": {**event["metadata"], "name": "x"}, "involvedObject": {"kind": kind, "name": "x"}}
    other["message"] = "of another"
    found = only(pending([manifest(kind)], [live(kind), other, event]))
    assert "violates PodSecurity" in found.reason
    assert not found.failed


def job(*conditions: tuple[str, str]) -> dict[str, Any]:
    written = [{"type": type_, "status": "True", "message": message} for type_, message in conditions]
    return live("Job", status={"conditions": written})


def test_a_job_is_awaited_until_it_is_complete():
    assert only(pending([manifest("Job")], [job()])).reason == "is running"
    assert pending([manifest("Job")], [job(("Complete", ""))]) == []


def test_a_failed_job_names_the_command_that_failed_with_its_last_lines():
    failed = job(("Failed", "Job has reached the specified backoff limit"))
    ended = {"terminated": {"exitCode": 2, "message": "relation exists\n"}}
    earlier = pod(failed, "web-0", containers=[{"name": "web", "state": {"terminated": {"exitCode": 9}}}])
    later = pod(failed, initContainerStatuses=[{"name": "before-1", "state": ended}])
    earlier["metadata"]["creationTimestamp"], later["metadata"]["creationTimestamp"] = "1", "2"
    found = only(pending([manifest("Job")], [failed, later, earlier]))
    assert found.failed
    assert found.reason == "failed: `./migrate` exited with 2: relation exists"


def test_a_failed_job_without_pods_says_what_the_api_server_says():
    found = only(pending([manifest("Job")], [job(("Failed", "Job was active longer than specified deadline"))]))
    assert found == Pending("Job local/web", "failed: Job was active longer than specified deadline", failed=True)


@pytest.mark.parametrize(("ready", "rolled_out"), [(2, True), (1, False)])
def test_a_daemon_set_wants_what_its_nodes_want(ready: int, rolled_out: bool):
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": 2,
        "currentNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberReady": ready,
    }
    assert (pending([manifest("DaemonSet")], [live("DaemonSet", status=status)]) == []) is rolled_out
