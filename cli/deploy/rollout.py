"""Tells which applied objects have not rolled out yet, and why. Pure functions over live objects of the API server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cli.deploy.reasons import Object, why

AWAITED = ("Deployment", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True)
class Pending:
    """An object that has not rolled out yet. ``failed``: waiting longer does not help."""

    object: str
    reason: str
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.object}: {self.reason}"


def key(thing: Object) -> tuple[str, str, str]:
    metadata = thing["metadata"]
    return thing["kind"], metadata.get("namespace", ""), metadata["name"]


def pending(manifests: Sequence[Object], live_objects: Iterable[Object]) -> list[Pending]:
    """The manifests whose objects have not rolled out.

    Args:
        live_objects: workloads, ReplicaSets, pods and events.
    """
    by_key = {key(thing): thing for thing in live_objects}
    pods = [thing for thing in by_key.values() if thing["kind"] == "Pod"]
    owners = {thing["metadata"]["uid"]: thing for thing in by_key.values() if "uid" in thing["metadata"]}
    unfinished = []
    for manifest in manifests:
        if manifest["kind"] not in AWAITED:
            continue
        shown = f"{manifest['kind']} {manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"
        live = by_key.get(key(manifest))
        if live is None:
            unfinished.append(Pending(shown, "is not in the cluster"))
            continue
        its_pods = [pod for pod in pods if _belongs(pod, live, owners)]
        judge = _job if live["kind"] == "Job" else _workload
        verdict = judge(live, its_pods, by_key.values())
        if verdict is not None:
            unfinished.append(Pending(shown, *verdict))
    return unfinished


def _belongs(pod: Object, workload: Object, owners: Mapping[str, Object]) -> bool:
    thing: Object | None = pod
    while thing is not None:
        owner = next((ref for ref in thing["metadata"].get("ownerReferences", []) if ref.get("controller")), None)
        if owner is None:
            return False
        if owner["uid"] == workload["metadata"].get("uid"):
            return True
        thing = owners.get(owner["uid"])
    return False


def _job(job: Object, pods: Sequence[Object], everything: Iterable[Object]) -> tuple[str, bool] | None:
    conditions = {c["type"]: c for c in job.get("status", {}).get("conditions", []) if c["status"] == "True"}
    if "Complete" in conditions:
        return None
    if "Failed" in conditions:
        cause = _command_that_failed(pods) or conditions["Failed"].get("message", "")
        return f"failed: {cause}", True
    return why(pods, everything) or _refused(job, everything) or "is running", False


def _command_that_failed(pods: Sequence[Object]) -> str:
    for pod in sorted(pods, key=lambda pod: pod["metadata"].get("creationTimestamp", ""), reverse=True):
        status = pod.get("status", {})
        for state in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            ended = state.get("state", {}).get("terminated")
            if ended and ended.get("exitCode"):
                spec = pod["spec"]
                containers = [*spec.get("initContainers", []), *spec["containers"]]
                command = next((c.get("command", []) for c in containers if c["name"] == state["name"]), [])
                shown = " ".join(command) or f"container {state['name']}"
                last = ended.get("message", "").strip()
                return f"`{shown}` exited with {ended['exitCode']}" + (f": {last}" if last else "")
    return ""


def _workload(workload: Object, pods: Sequence[Object], everything: Iterable[Object]) -> tuple[str, bool] | None:
    status, generation = workload.get("status", {}), workload["metadata"].get("generation", 0)
    replicas = workload["spec"].get("replicas", 1)
    if workload["kind"] == "DaemonSet":
        replicas = status.get("desiredNumberScheduled", 0)
    updated = status.get("updatedReplicas", status.get("updatedNumberScheduled", 0))
    ready = status.get("readyReplicas", status.get("numberReady", 0))
    current = status.get("replicas", status.get("currentNumberScheduled", 0))
    if (
        status.get("observedGeneration", 0) >= generation
        and updated >= replicas <= ready
        and current <= max(replicas, updated)
    ):
        return None
    reason = why(pods, everything) or _refused(workload, everything)
    return f"{ready} of {replicas} ready" + (f": {reason}" if reason else ""), False


def _refused(workload: Object, everything: Iterable[Object]) -> str:
    """Why the API server refused to create a pod, such as a quota or Pod Security, from conditions and events."""
    for condition in workload.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return condition.get("message", "")
    name = workload["metadata"]["name"]
    for event in everything:
        about = (event.get("involvedObject", {}).get("kind"), event.get("involvedObject", {}).get("name"))
        if event.get("reason") == "FailedCreate" and about == (workload["kind"], name):
            return event.get("message", "")
    return ""
