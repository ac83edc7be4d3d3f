"""Applies a local stage without the Pulumi engine: kubectl applies its objects, in the order of the program."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.clusters.base import Cluster
from cli.deploy import rollout
from cli.deploy.applyset import ApplySet
from cli.deploy.values import Kept
from cli.machine.terminal import Say
from evaluation.graph import Graph, Resource, reveal
from evaluation.loss import loses
from evaluation.project import Project, graph_of
from stacks.errors import UserError
from stacks.reading.models import Stage

Manifest = dict[str, Any]
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """How many objects an `up` created, changed, left as they were and deleted."""

    created: int
    changed: int
    unchanged: int
    deleted: int

    def __str__(self) -> str:
        if not (self.created or self.changed or self.deleted):
            return f"nothing changed ({self.unchanged} objects)"
        parts = [("created", self.created), ("changed", self.changed), ("deleted", self.deleted)]
        told = [f"{count} {word}" for word, count in parts if count]
        return ", ".join([*told, f"{self.unchanged} unchanged"])


def values_file(project: Project, stage: str) -> Any:
    return project.state / f"{stage}.values.json"


def manifests_of(graph: Graph, live: Mapping[Any, Mapping[str, Any]] | None = None) -> dict[str, Manifest]:
    """The Kubernetes objects by URN, in the order in which they may be applied. Secrets are in plain text.

    Args:
        live: those of the objects that are in the cluster, by `rollout.key`. They keep their values of the properties
            in ``ignore_changes``.

    Raises:
        UserError: the stage has a resource that kubectl cannot apply.
    """
    for resource in graph:
        if resource.is_chart or resource.type.startswith(("aws:", "eks:")):
            raise UserError(f"{resource.type} {resource.name} needs the Pulumi engine: install pulumi")
    return {resource.urn: _as_ignored(resource, _manifest(resource), live or {}) for resource in _ordered(graph)}


def _manifest(resource: Resource) -> Manifest:
    return copy.deepcopy(reveal(dict(resource.inputs)))


def _as_ignored(resource: Resource, manifest: Manifest, live: Mapping[Any, Mapping[str, Any]]) -> Manifest:
    """Handles ``ignore_changes`` as the engine does.

    An object that exists keeps its own value of these properties. A new object gets the program's.
    """
    existing = live.get(rollout.key(manifest))
    if existing is not None:
        for path in resource.ignore_changes:
            *above, last = path.split(".")
            target, source = manifest, existing
            for key in above:
                target, source = target[key], source[key]
            target.pop(last, None)
            if last in source:
                target[last] = source[last]
    return manifest


def _ordered(graph: Graph) -> list[Resource]:
    waves = waves_of(graph)
    return [resource for wave in sorted(set(waves.values())) for resource in graph if waves.get(resource.urn) == wave]


def waves_of(graph: Graph) -> dict[str, int]:
    """The wave in which each Kubernetes object is applied, by URN.

    If an object depends on one whose rollout is awaited, it is in a later wave than that one.
    """
    by_urn, waves = graph.by_urn(), dict[str, int]()

    def wave(urn: str) -> int:
        if urn not in waves:
            resource = by_urn[urn]
            before = [dependency for dependency in resource.depends_on if dependency in by_urn]
            waves[urn] = max((wave(dep) + _is_awaited(by_urn[dep]) for dep in before), default=0)
        return waves[urn]

    return {resource.urn: wave(resource.urn) for resource in graph if resource.is_kubernetes}


def _is_awaited(resource: Resource) -> int:
    return int(resource.inputs.get("kind") in rollout.AWAITED)


def lost_data(
    manifests: Sequence[Manifest], members: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """The members of the stage that hold data and would be pruned, because they are not in the manifests.

    Args:
        others: live objects that are no members, such as the claims of a StatefulSet.
    """
    kept = {rollout.key(manifest) for manifest in manifests}
    live = Graph("", "", tuple(map(_resource, [*members, *others])))
    return [
        f"{_shown(rollout.key(resource.inputs))}: {lost}"
        for resource in live.resources[: len(members)]
        if rollout.key(resource.inputs) not in kept and (lost := loses(resource, live))
    ]


def _resource(manifest: Mapping[str, Any]) -> Resource:
    version = manifest["apiVersion"]
    type_ = f"kubernetes:{version if '/' in version else f'core/{version}'}:{manifest['kind']}"
    kind, namespace, name = rollout.key(manifest)
    return Resource(urn=f"{kind}:{namespace}:{name}", type=type_, name=name, inputs=manifest)


class Direct:
    """One local stage, applied to its cluster."""

    def __init__(self, project: Project, stage: Stage, cluster: Cluster, say: Say, timeout: float) -> None:
        self.program, self.stage, self.cluster = stage, stage.name, cluster
        self.values_file = values_file(project, stage.name)
        self.say, self.timeout = say, timeout
        self.set = ApplySet(cluster, stage.name)

    def up(self, confirm: Callable[[list[str]], None]) -> Outcome:
        """Applies the stage and waits until it has rolled out.

        Args:
            confirm: is given the objects that hold data and would be deleted. It raises to stop the run.
        """
        answers = Kept(self.values_file)
        graph = graph_of(self.program, answers)
        before = {rollout.key(member): member for member in self.set.members()}
        manifests = manifests_of(graph, before)
        objects = list(manifests.values())
        if losing := lost_data(objects, list(before.values()), self._claims()):
            confirm(losing)
        answers.save()
        self.set.prepare()
        self._end_failed_jobs(objects)
        self._apply_in_order(waves_of(graph), manifests, before)
        self.set.apply_all(objects)
        self._wait(objects)
        return _outcome(before, self.set.members())

    def preview(self) -> str:
        """What `up` would do, according to a dry run of the API server."""
        graph = graph_of(self.program, Kept(self.values_file))
        members = {rollout.key(member): member for member in self.set.members()}
        objects = list(manifests_of(graph, members).values())
        names = {rollout.key(manifest) for manifest in objects}
        lines = [f"+ {_shown(name)}" for name in sorted(names - set(members))]
        lines += [f"- {_shown(name)}" for name in sorted(set(members) - names)]
        lines += [f"~ {_shown(name)}" for name in self._would_change(objects, members)]
        return "\n".join(lines) or f"nothing would change ({len(names)} objects)"

    def _would_change(self, manifests: Sequence[Manifest], members: Mapping[Any, Mapping[str, Any]]) -> list[Any]:
        """The keys of the objects that exist and that applying these manifests would change."""
        present = [manifest for manifest in manifests if rollout.key(manifest) in members]
        if not present:
            return []
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(present)})
        done = self.cluster.kubectl(
            "apply", "--server-side", "--dry-run=server", "--force-conflicts", "--field-manager=wharf", "-o", "json",
            "-f", "-", stdin=document, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise UserError(f"the API server would refuse:\n  {done.stderr.strip()}")
        answer = json.loads(done.stdout)
        items = answer["items"] if answer["kind"] == "List" else [answer]
        return sorted(rollout.key(item) for item in items if _spec(item) != _spec(members[rollout.key(item)]))

    def _end_failed_jobs(self, manifests: Sequence[Manifest]) -> None:
        """Deletes each failed Job that the stage still has, so that for example a failed migration is tried again."""
        jobs = {rollout.key(manifest) for manifest in manifests if manifest["kind"] == "Job"}
        for job in self._live("jobs"):
            failed = any(
                c["type"] == "Failed" and c["status"] == "True" for c in job.get("status", {}).get("conditions", [])
            )
            if failed and rollout.key(job) in jobs:
                namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
                self.say(f"Job {namespace}/{name} had failed: running it again")
                self.cluster.kubectl("delete", "job", name, "-n", namespace, "--wait=true")

    def _apply_in_order(
        self, waves: Mapping[str, int], manifests: Mapping[str, Manifest], members: Mapping[Any, Mapping[str, Any]]
    ) -> None:
        """Applies wave by wave, but only if something that others wait for is new, changes or has not rolled out yet.

        Otherwise the order does not matter, and `ApplySet.apply_all` applies everything at once.
        """
        earlier = sorted(set(waves.values()))[:-1]
        batches = [[manifests[urn] for urn, its in waves.items() if its == wave] for wave in earlier]
        awaited = [m for batch in batches for m in batch if m["kind"] in rollout.AWAITED]
        if not rollout.pending(awaited, self._workloads()) and not self._would_change(awaited, members):
            return
        for batch in batches:
            self.set.apply_some(batch)
            self._wait(batch)

    def _wait(self, manifests: Sequence[Manifest]) -> None:
        deadline, told = time.monotonic() + self.timeout, ""
        while left := rollout.pending(manifests, self._workloads()):
            failed = [one for one in left if one.failed]
            if failed or time.monotonic() > deadline:
                spent = "" if failed else f" within {self.timeout:.0f} s"
                shown = "\n".join(f"  {one}" for one in failed or left)
                raise UserError(f"{self.stage} did not come up{spent}:\n{shown}")
            now = f"waiting for {len(left)}: {left[0]}"
            if now != told:
                self.say(now)
                told = now
            time.sleep(POLL_SECONDS)

    def _workloads(self) -> list[Mapping[str, Any]]:
        return self._live("deployments,statefulsets,daemonsets,jobs,replicasets,pods,events")

    def _claims(self) -> list[Mapping[str, Any]]:
        """The PersistentVolumeClaims. StatefulSets of the stage created them, and they are not members themselves."""
        listed = self.cluster.kubectl("get", "persistentvolumeclaims", "--all-namespaces", "-o", "json")
        return json.loads(listed.stdout)["items"]

    def _live(self, kinds: str) -> list[Mapping[str, Any]]:
        answer = self.cluster.kubectl("get", kinds, "-n", self.stage, "-o", "json")
        return json.loads(answer.stdout)["items"]


def _shown(name: tuple[str, str, str]) -> str:
    kind, namespace, object_name = name
    return f"{kind} {namespace}/{object_name}" if namespace else f"{kind} {object_name}"


def _spec(thing: Mapping[str, Any]) -> Any:
    """The object without what the API server adds by itself, and without the labels of the ApplySet."""
    metadata = {k: thing["metadata"].get(k) for k in ("labels", "annotations")}
    fields = {k: v for k, v in thing.items() if k not in ("status", "metadata")}
    labels = {k: v for k, v in (metadata["labels"] or {}).items() if not k.startswith("applyset.kubernetes.io/")}
    return {**fields, "metadata": {"labels": labels, "annotations": metadata["annotations"]}}


def _outcome(before: Mapping[Any, Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Outcome:
    now = {rollout.key(member): member for member in after}
    both = set(before) & set(now)
    changed = sum(_spec(before[name]) != _spec(now[name]) for name in both)
    return Outcome(len(set(now) - set(before)), changed, len(both) - changed, len(set(before) - set(now)))
