"""Applying a local stage without the Pulumi engine: the program's graph, in its order, by kubectl."""

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
    """What an `up` did to the API server."""

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
    """The Kubernetes objects by URN, secrets in plain text, in the order in which they may be applied.

    Args:
        live: what there is of them, by `rollout.key`: what the program ignores changes of stays as it is there.

    Raises:
        UserError: the stage has what kubectl cannot apply.
    """
    for resource in graph:
        if resource.is_chart or resource.type.startswith(("aws:", "eks:")):
            raise UserError(f"{resource.type} {resource.name} needs the Pulumi engine: install pulumi")
    return {resource.urn: _as_ignored(resource, _manifest(resource), live or {}) for resource in _ordered(graph)}


def _manifest(resource: Resource) -> Manifest:
    return copy.deepcopy(reveal(dict(resource.inputs)))


def _as_ignored(resource: Resource, manifest: Manifest, live: Mapping[Any, Mapping[str, Any]]) -> Manifest:
    """As the engine does with ``ignore_changes``: what exists keeps its value, what is new has the program's."""
    there = live.get(rollout.key(manifest))
    if there is not None:
        for path in resource.ignore_changes:
            *above, last = path.split(".")
            wanted, found = manifest, there
            for key in above:
                wanted, found = wanted[key], found[key]
            wanted.pop(last, None)
            if last in found:
                wanted[last] = found[last]
    return manifest


def _ordered(graph: Graph) -> list[Resource]:
    waves = waves_of(graph)
    return [resource for wave in sorted(set(waves.values())) for resource in graph if waves.get(resource.urn) == wave]


def waves_of(graph: Graph) -> dict[str, int]:
    """For each Kubernetes object the wave it is applied in: after every awaited object that it depends on."""
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
    wanted: Sequence[Manifest], members: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """Members of the stage that would be pruned, with data in them; ``others`` are objects beside the members."""
    kept = {rollout.key(manifest) for manifest in wanted}
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
            confirm: is shown what holds data and would go; raises where that is not wanted.
        """
        answers = Kept(self.values_file)
        graph = graph_of(self.program, answers)
        before = {rollout.key(member): member for member in self.set.members()}
        manifests = manifests_of(graph, before)
        wanted = list(manifests.values())
        if losing := lost_data(wanted, list(before.values()), self._claims()):
            confirm(losing)
        answers.save()
        self.set.prepare()
        self._end_failed_jobs(wanted)
        self._apply_in_order(waves_of(graph), manifests, before)
        self.set.apply_all(wanted)
        self._wait(wanted)
        return _outcome(before, self.set.members())

    def preview(self) -> str:
        """What `up` would do to the API server, by its own dry run."""
        graph = graph_of(self.program, Kept(self.values_file))
        members = {rollout.key(member): member for member in self.set.members()}
        wanted = list(manifests_of(graph, members).values())
        names = {rollout.key(manifest) for manifest in wanted}
        lines = [f"+ {_shown(name)}" for name in sorted(names - set(members))]
        lines += [f"- {_shown(name)}" for name in sorted(set(members) - names)]
        lines += [f"~ {_shown(name)}" for name in self._would_change(wanted, members)]
        return "\n".join(lines) or f"nothing would change ({len(names)} objects)"

    def _would_change(self, wanted: Sequence[Manifest], members: Mapping[Any, Mapping[str, Any]]) -> list[Any]:
        """The keys of those that exist and are not as wanted."""
        present = [manifest for manifest in wanted if rollout.key(manifest) in members]
        if not present:
            return []
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(present)})
        done = self.cluster.kubectl(
            "apply", "--server-side", "--dry-run=server", "--force-conflicts", "--field-manager=wharf", "-o", "json",
            "-f", "-", stdin=document, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise UserError(f"the API server would refuse:\n  {done.stderr.strip()}")
        answered = json.loads(done.stdout)
        items = answered["items"] if answered["kind"] == "List" else [answered]
        return sorted(rollout.key(item) for item in items if _spec(item) != _spec(members[rollout.key(item)]))

    def _end_failed_jobs(self, wanted: Sequence[Manifest]) -> None:
        """A Job that failed has the name of the one to run: it goes, so that a failed migration can be tried again."""
        jobs = {rollout.key(manifest) for manifest in wanted if manifest["kind"] == "Job"}
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
        """Wave by wave, where something that others wait for is new or changes; otherwise the order does not matter."""
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
        """Claims of volumes, which the members' templates made and which are no members themselves."""
        listed = self.cluster.kubectl("get", "persistentvolumeclaims", "--all-namespaces", "-o", "json")
        return json.loads(listed.stdout)["items"]

    def _live(self, kinds: str) -> list[Mapping[str, Any]]:
        found = self.cluster.kubectl("get", kinds, "-n", self.stage, "-o", "json")
        return json.loads(found.stdout)["items"]


def _shown(name: tuple[str, str, str]) -> str:
    kind, namespace, own = name
    return f"{kind} {namespace}/{own}" if namespace else f"{kind} {own}"


def _spec(thing: Mapping[str, Any]) -> Any:
    """What was asked for: without what the API server notes by itself."""
    metadata = {k: thing["metadata"].get(k) for k in ("labels", "annotations")}
    own = {k: v for k, v in thing.items() if k not in ("status", "metadata")}
    labels = {k: v for k, v in (metadata["labels"] or {}).items() if not k.startswith("applyset.kubernetes.io/")}
    return {**own, "metadata": {"labels": labels, "annotations": metadata["annotations"]}}


def _outcome(before: Mapping[Any, Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Outcome:
    now = {rollout.key(member): member for member in after}
    both = set(before) & set(now)
    changed = sum(_spec(before[name]) != _spec(now[name]) for name in both)
    return Outcome(len(set(now) - set(before)), changed, len(both) - changed, len(set(before) - set(now)))
