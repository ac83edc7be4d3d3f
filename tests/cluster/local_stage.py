"""A project of its own with a local stage on its own kwok cluster, brought up by the direct way."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cli.clusters.base import Cluster
from cli.deploy import up
from cli.deploy.direct import Direct, Outcome
from evaluation.project import CHECKOUT, Project, read_stage

STAGE = "tested"
SETTINGS: Mapping[str, Any] = {
    "wharf:kind": "local",
    "wharf:database": {},
    "wharf:broker": {},
    "wharf:mail": {},
    "wharf:secrets": {"token": "t0k3n"},
}
COMMON: Mapping[str, Any] = {"image": "example/app", "user": 1000, "resources": {"cpu": "100m", "memory": "64Mi"}}
APPS: Mapping[str, Mapping[str, Any]] = {
    "hello": {"kind": "web", "port": 9898, "route": {"host": "hello"}, "replicas": {"min": 2, "max": 6, "cpu": 70}},
    "data": {
        "kind": "web",
        "port": 8080,
        "needs": ["database"],
        "files": {"/run/secrets/token": "token"},
        "before": ["./prepare", "./migrate --all"],
        "from": ["hello"],
    },
    "listener": {"kind": "worker", "needs": ["broker", "mail"]},
    "seed": {"kind": "job", "command": ["./seed"]},
    "yearly": {"kind": "cron", "schedule": "@yearly"},
}
# For a process of its own, which kills itself and the kubectl it runs, as a power cut would: so many seconds after the
# n-th `kubectl apply` has begun.
UP_UNTIL_KILLED = """
import os, signal, sys, threading
from pathlib import Path
from cli.deploy import up
from cli.clusters.base import Cluster
from evaluation.project import Project
left, after, real = int(sys.argv[4]), float(sys.argv[5]), Cluster.kubectl
def kubectl(self, *arguments, **more):
    global left
    left -= arguments[0] == "apply"
    if left == 0 and arguments[0] == "apply":
        threading.Timer(after, os.killpg, (0, signal.SIGKILL)).start()
    return real(self, *arguments, **more)
Cluster.kubectl = kubectl
up.up(Project(Path(sys.argv[1]), sys.argv[2]), sys.argv[3], up.Options(engine="direct", cluster="kwok", timeout=120))
"""

Spoil = Callable[[dict[str, Any]], None]


class LocalStage:
    """Files in a folder, and what came of them in the cluster."""

    def __init__(self, folder: Path) -> None:
        name = f"cluster-tier-{os.getpid()}"
        self.project = Project(folder, name)
        (folder / "apps").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": name, "runtime": "python"}))
        self.changed = False  # since it was last as it was at first
        self.write()

    def write(
        self,
        settings: Mapping[str, Any] | None = None,
        apps: Mapping[str, Mapping[str, Any] | None] | None = None,
    ) -> None:
        """The files anew: a setting or an app that is None is left out, and an app's fields are laid over its own."""
        self.changed = True
        changed = apps or {}
        chosen = {name: {**COMMON, **app, **(changed.get(name) or {})} for name, app in APPS.items()}
        versions = {}
        for name, app in chosen.items():
            if changed.get(name, app) is not None:
                versions[name] = {"version": app.pop("version", "1.0")}
                (self.project.root / "apps" / f"{name}.yaml").write_text(yaml.safe_dump(app))
        config = {**SETTINGS, "wharf:apps": versions, **(settings or {})}
        written = {"config": {key: value for key, value in config.items() if value is not None}}
        (self.project.root / f"Pulumi.{STAGE}.yaml").write_text(yaml.safe_dump(written))

    @property
    def cluster(self) -> Cluster:
        return up.local_cluster(self.project, read_stage(self.project, STAGE), "kwok")

    def start(self) -> None:
        """All that `wharf up` does, cluster and all."""
        up.up(self.project, STAGE, up.Options(engine="direct", cluster="kwok", timeout=180))

    def stop(self) -> None:
        up.down(self.project, STAGE, up.Options(yes=True))

    def up(self, timeout: float = 60, *, yes: bool = False) -> Outcome:
        """What `wharf up` does to a cluster that runs."""
        direct = Direct(self.project, read_stage(self.project, STAGE), self.cluster, lambda _: None, timeout)
        return direct.up(lambda losing: up.confirm(losing, yes))

    def preview(self) -> str:
        return Direct(self.project, read_stage(self.project, STAGE), self.cluster, lambda _: None, 60).preview()

    def up_killed_at(self, apply: int, after: float) -> subprocess.CompletedProcess[str]:
        """An `up` that is killed so many seconds after its n-th `kubectl apply` has begun."""
        arguments = [str(self.project.root), self.project.name, STAGE, str(apply), str(after)]
        return subprocess.run(
            [sys.executable, "-c", UP_UNTIL_KILLED, *arguments],
            cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False, start_new_session=True,
        )  # fmt: skip

    def get(self, *arguments: str) -> Any:
        """What kubectl gets in the stage's namespace, as JSON."""
        return json.loads(self.cluster.kubectl("get", *arguments, "-n", STAGE, "-o", "json").stdout)

    def items(self, kinds: str, *arguments: str) -> dict[str, dict[str, Any]]:
        """Objects by kind and name."""
        found = self.get(kinds, *arguments)["items"]
        return {f"{item['kind']}/{item['metadata']['name']}": item for item in found}

    def inventory(self) -> dict[str, dict[str, Any]]:
        """Every object in the stage's namespace of every kind that can be listed, and those that are in none.

        Without what the cluster itself changes as time goes by.
        """
        resources = self.cluster.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
        passing = ("events", "leases", "nodes", "metrics.k8s.io", "componentstatuses", "apiservices", "endpoints")
        kinds = [resource for resource in resources if not any(word in resource for word in passing)]
        found = json.loads(self.cluster.kubectl("get", ",".join(kinds), "-A", "-o", "json").stdout)["items"]
        return {
            f"{item['kind']}/{item['metadata'].get('namespace', '')}/{item['metadata']['name']}": item
            for item in found
            if item["metadata"].get("namespace", STAGE) == STAGE
        }

    def versions(self) -> dict[str, str]:
        """The resourceVersion of each object; of what controllers keep counting in, what was asked for."""
        counted = ("HorizontalPodAutoscaler", "ResourceQuota")
        return {
            name: json.dumps(item["spec"]) if item["kind"] in counted else item["metadata"]["resourceVersion"]
            for name, item in self.inventory().items()
        }

    def pods(self, app: str) -> dict[str, dict[str, Any]]:
        """The pods of an app that are not on their way out, by uid."""
        found = self.get("pods", "-l", f"app.kubernetes.io/name={app}")["items"]
        return {pod["metadata"]["uid"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """The template of a workload's pods."""
    return manifest["spec"]["template"]


def serves(pod: dict) -> bool:
    """Not one of a Job that runs before it."""
    return pod["metadata"]["labels"]["app.kubernetes.io/component"] == "web"


def simulate(kind: str, name: str, **annotations: str) -> tuple[str, str, Spoil]:
    """Makes kwok's pods of a workload fail; ``simulate="crash-loop"``."""

    def spoil(manifest: dict[str, Any]) -> None:
        metadata = pod_of(manifest)["metadata"]
        written = {f"wharf.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        metadata["annotations"] = {**metadata.get("annotations", {}), **written}
        if kind == "Job":
            manifest["spec"]["backoffLimit"] = 0  # or the test would wait for two more attempts

    return kind, name, spoil


def spoiling(real: Callable[[Any], dict[str, Any]], spoilers: Sequence[tuple[str, str, Spoil]]) -> Any:
    """The manifests with something done to them that no app file can say."""

    def manifest_of(resource: Any) -> dict[str, Any]:
        made = copy.deepcopy(real(resource))
        for kind, name, spoil in spoilers:
            if made["kind"] == kind and made["metadata"]["name"].startswith(name):
                spoil(made)
        return made

    return manifest_of
