"""`wharf status`: reads the live objects of a stage and reports the state of each app and part, one row for each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cli.deploy import rollout
from cli.deploy.rollout import Object
from cli.live import targets
from cli.live.access import Access
from cli.live.targets import COMPONENT_LABEL, NAME_LABEL
from components.apps.spec import AppSpec
from stacks.reading.models import Stage

FORMAT = 1
VERSION_LABEL = "app.kubernetes.io/version"
SERVED = "services,ingresses,persistentvolumeclaims"
KINDS = f"deployments,statefulsets,daemonsets,replicasets,jobs,cronjobs,pods,events,{SERVED}"
SHOWN_WHEN_UNOWNED = (*targets.WORKLOADS, "DaemonSet", "Pod", "Service", "Ingress", "PersistentVolumeClaim")
CONTROLLERS: Mapping[str, str] = {  # the names of charts, and what each chart is for
    "traefik": "ingress",
    "aws-load-balancer-controller": "ingress",
    "external-dns": "dns",
    "metrics-server": "metrics",
}

State = Literal[
    "ready", "rolling-out", "unready", "stopped",  # of what runs all the time
    "done", "running", "failed", "waiting", "suspended",  # of jobs and crons
    "not-deployed", "external", "unowned",
]  # fmt: skip
HEALTHY: tuple[State, ...] = ("ready", "stopped", "done", "running", "waiting", "suspended", "external")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table, and one entry of the JSON. docs/commands.md describes both."""

    name: str
    kind: str  # of an app its `kind:`; of a part what it is, as `database`; otherwise the Kubernetes kind
    state: State
    reason: str = ""
    version: str | None = None  # the version that runs
    wanted_version: str | None = None  # the version in the stage file
    ready: int | None = None  # the number of ready pods; None for jobs and crons
    wanted: int | None = None
    restarts: int = 0
    address: str | None = None
    last_run: str | None = None  # RFC 3339, of a job or a cron


@dataclass(frozen=True, kw_only=True)
class Report:
    """The status of a stage. ``other``: objects in its namespace that belong to no app or part of the stage."""

    stage: str
    project: str
    simulated: bool
    apps: Sequence[Row] = ()
    platform: Sequence[Row] = ()
    other: Sequence[Row] = ()

    @property
    def ready(self) -> bool:
        return all(row.state in HEALTHY for row in [*self.apps, *self.platform])

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self), "ready": self.ready}


def gather(access: Access, stage: Stage) -> Report:
    """Reads the objects in the stage's namespace, and the controllers in other namespaces."""
    objects = access.objects(KINDS)
    names = f"{NAME_LABEL} in ({', '.join(CONTROLLERS)})"
    controllers = access.ask("get", "deployments,replicasets,pods", "-A", "-l", names, "-o", "json", check=False)
    items = json.loads(controllers.stdout)["items"] if controllers.returncode == 0 else []
    return report(stage, objects, items, simulated=access.simulated, ports=access.ports)


def report(
    stage: Stage,
    objects: Sequence[Object],
    controllers: Sequence[Object] = (),
    *,
    simulated: bool = False,
    ports: Mapping[str, int] | None = None,
) -> Report:
    """The report about live objects. ``ports``: see `cli.live.access.Access`."""
    reader = _Reader(stage, objects, ports or {})
    return Report(
        stage=stage.name,
        project=stage.project,
        simulated=simulated,
        apps=[reader.app(spec) for spec in stage.apps.values()],
        platform=[*(reader.part(name) for name in targets.parts(stage)), *reader.controllers(controllers)],
        other=list(reader.unowned()),
    )


class _Reader:
    def __init__(self, stage: Stage, objects: Sequence[Object], ports: Mapping[str, int]) -> None:
        self.stage, self.objects, self.ports = stage, objects, ports
        self.known = {*stage.apps, *targets.parts(stage)}

    def app(self, spec: AppSpec) -> Row:
        objects = self._named(spec.name)
        workload = targets.pick_workload(objects)
        described: dict[str, Any] = {
            "name": spec.name,
            "kind": spec.kind,
            "wanted_version": spec.version_label,
            "address": self._app_address(spec),
        }
        before = self._before(spec, objects)
        if workload is None:
            return Row(**described, state="not-deployed", reason=before or self._up())
        seen = self._fate(workload)
        if before:
            seen |= {"state": "rolling-out", "reason": before}
        return Row(**{**described, **seen})

    def part(self, name: str) -> Row:
        workload = targets.pick_workload(self._named(name))
        if workload is not None:
            return Row(name=name, kind=name, address=self._part_address(name), **self._fate(workload))
        if self.stage.config.kind == "local":
            return Row(name=name, kind=name, state="not-deployed", reason=self._up())
        return Row(name=name, kind=name, state="external", reason="a service of AWS, not of the cluster")

    def controllers(self, objects: Sequence[Object]) -> Iterator[Row]:
        reader = _Reader(self.stage, objects, self.ports)
        for workload in objects:
            chart = label(workload, NAME_LABEL) or ""
            if workload["kind"] == "Deployment" and chart in CONTROLLERS:
                kind = CONTROLLERS[chart]
                address = f"http://localhost:{self.ports['ingress']}" if "ingress" in self.ports else None
                yield Row(
                    name=chart, kind=kind, address=address if kind == "ingress" else None, **reader._fate(workload)
                )

    def unowned(self) -> Iterator[Row]:
        """Objects of apps that were renamed or removed, objects created by hand, and pods of `wharf run`."""
        for thing in self.objects:
            metadata = thing["metadata"]
            one_off = thing["kind"] == "Pod" and label(thing, COMPONENT_LABEL) == "run"
            if thing["kind"] not in SHOWN_WHEN_UNOWNED or metadata.get("ownerReferences"):
                continue
            if one_off:
                phase = thing.get("status", {}).get("phase", "").lower()
                reason = f"of `wharf run {self.stage.name} {label(thing, NAME_LABEL)}`, {phase}"
                yield Row(name=metadata["name"], kind="Pod", state="unowned", reason=reason)
            elif label(thing, NAME_LABEL) not in self.known:
                yield Row(
                    name=metadata["name"], kind=thing["kind"], state="unowned", version=label(thing, VERSION_LABEL),
                    reason=f"not in {self.stage.file}",
                )  # fmt: skip

    def _up(self) -> str:
        return f"`wharf up {self.stage.name}` deploys it"

    def _named(self, name: str) -> list[Object]:
        return [thing for thing in self.objects if label(thing, NAME_LABEL) == name]

    def _fate(self, workload: Object) -> dict[str, Any]:
        return {"CronJob": self._cron, "Job": self._job}.get(workload["kind"], self._always)(workload)

    def _always(self, workload: Object) -> dict[str, Any]:
        status, spec = workload.get("status", {}), workload["spec"]
        replicas = spec.get("replicas", 1)
        ready = status.get("readyReplicas", 0)
        pods = self._pods(workload)
        versions = {version_of(pod) or "" for pod in pods if targets.is_ready(pod)}
        counted = {
            "version": ", ".join(sorted(filter(None, versions))) or None,
            "ready": ready,
            "wanted": replicas,
            "restarts": restarts(pods),
        }
        late = rollout.pending([workload], self.objects)
        if not late:
            return {**counted, "state": "ready" if replicas else "stopped"}
        reason = late[0].reason.partition(" ready: ")[2] or "pods are being replaced"
        return {**counted, "state": "rolling-out" if ready >= replicas else "unready", "reason": reason}

    def _pods(self, workload: Object) -> list[Object]:
        selected = workload["spec"].get("selector", {}).get("matchLabels", {}).items()
        pods = (thing for thing in self.objects if thing["kind"] == "Pod")
        return [pod for pod in pods if selected and selected <= pod["metadata"].get("labels", {}).items()]

    def _job(self, job: Object) -> dict[str, Any]:
        status = job.get("status", {})
        late = rollout.pending([job], self.objects)
        last = status.get("completionTime") or status.get("startTime")
        pods = restarts([pod for pod in self._children(job) if pod["kind"] == "Pod"])
        if not late:
            return {"version": version_of(job), "state": "done", "last_run": last, "restarts": pods}
        reason = late[0].reason.removeprefix("failed: ").removeprefix("is running")
        return {
            "version": version_of(job),
            "state": "failed" if late[0].failed else "running",
            "last_run": last,
            "reason": reason,
            "restarts": pods,
        }

    def _cron(self, cron: Object) -> dict[str, Any]:
        """The state of the last run, from the newest Job. The reason has the schedule, so that the table shows it."""
        schedule = f"schedule {cron['spec']['schedule']}"
        version = version_of(cron)
        last = cron.get("status", {}).get("lastScheduleTime")
        jobs = sorted(self._children(cron), key=lambda job: job["metadata"].get("creationTimestamp", ""))
        if cron["spec"].get("suspend"):
            return {"version": version, "state": "suspended", "reason": schedule, "last_run": last}
        if not jobs:
            state = "waiting" if last is None else "done"
            return {"version": version, "state": state, "reason": schedule, "last_run": last}
        newest = self._job(jobs[-1])
        reason = ": ".join(filter(None, [newest.get("reason", ""), schedule]))
        return {**newest, "reason": reason, "last_run": last or newest["last_run"]}

    def _children(self, owner: Object) -> list[Object]:
        uid = owner["metadata"].get("uid")
        return [
            thing
            for thing in self.objects
            if any(ref["uid"] == uid for ref in thing["metadata"].get("ownerReferences", []))
        ]

    def _before(self, spec: AppSpec, objects: Sequence[Object]) -> str:
        """Why the `before` commands of a version keep it from being rolled out; "" if they do not."""
        jobs = [thing for thing in objects if thing["kind"] == "Job" and label(thing, COMPONENT_LABEL) == "before"]
        jobs.sort(key=lambda job: job["metadata"].get("creationTimestamp", ""))
        late = rollout.pending(jobs[-1:], self.objects) if spec.before else []
        return f"before {version_of(jobs[-1])}: {late[0].reason}" if late else ""

    def _app_address(self, spec: AppSpec) -> str | None:
        if not spec.serves:
            return None
        return self._url(spec.service_name) if spec.route else f"{spec.service_name}:{spec.port}"

    def _url(self, service: str) -> str | None:
        for ingress in (thing for thing in self.objects if thing["kind"] == "Ingress"):
            for rule in ingress["spec"].get("rules", []):
                for path in rule.get("http", {}).get("paths", []):
                    if path["backend"].get("service", {}).get("name") == service:
                        return self._outside(rule.get("host") or _balancer(ingress), path.get("path", "/"))
        return None

    def _outside(self, host: str, path: str) -> str | None:
        if not host:
            return None
        port = f":{self.ports['ingress']}" if "ingress" in self.ports else ""
        scheme = "https" if self.stage.config.kind == "aws" and self.stage.config.ingress.domain else "http"
        return f"{scheme}://{host}{port}{path}"

    def _part_address(self, name: str) -> str | None:
        if name in self.ports:
            return f"localhost:{self.ports[name]}"
        services = [thing for thing in self._named(name) if thing["kind"] == "Service"]
        return f"{services[0]['metadata']['name']}:{services[0]['spec']['ports'][0]['port']}" if services else None


def _balancer(ingress: Object) -> str:
    entries = ingress.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return entries[0].get("hostname", "") if entries else ""


def label(thing: Object, key: str) -> str | None:
    return thing["metadata"].get("labels", {}).get(key)


def version_of(thing: Object) -> str | None:
    """The version in the label of a pod or a workload, otherwise the tag of its image."""
    if version := label(thing, VERSION_LABEL):
        return version
    spec = thing["spec"].get("template", thing).get("spec", {})
    image = next((one["image"] for one in spec.get("containers", [])), "")
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2] or None


def restarts(pods: Sequence[Object]) -> int:
    statuses = [pod.get("status", {}) for pod in pods]
    keys = ("initContainerStatuses", "containerStatuses")
    return sum(one.get("restartCount", 0) for status in statuses for key in keys for one in status.get(key, []))
