"""A small stage on a cluster that runs its pods, by the direct way: what only a process shows."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cli.clusters.base import Cluster, Record
from cli.clusters.local import local_cluster
from cli.deploy import up
from cli.deploy.applyset import GROUP, PLURAL
from cli.deploy.direct import Direct, Outcome
from cli.live.targets import is_ready
from cli.machine import probes, tools
from evaluation.project import CHECKOUT, Project, read_stage

CONTEXT = "WHARF_TEST_CONTEXT"
STAGE = "pods"
BUSYBOX, POSTGRES = "docker.io/library/busybox", "docker.io/library/postgres"
SERVE = (
    "mkdir -p /tmp/www; echo $GREETING > /tmp/www/index.html; trap 'exit 0' TERM; httpd -f -p 8080 -h /tmp/www & wait"
)
CALL = "while :; do timeout 2 wget -q -O /dev/null http://web/index.html && echo got || echo lost; sleep 0.05; done"
MIGRATE = (
    """sh -c 'psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -c "CREATE TABLE IF NOT EXISTS runs (version text)" """
    """-c "INSERT INTO runs VALUES (1)"'"""
)
READ = (
    """trap 'exit 0' TERM; while psql -q "$DATABASE_URL" -c 'SELECT 1' > /dev/null; do sleep 1 & wait $!; done; """
    "exit 3"
)
SMALL = {"cpu": "20m", "memory": "48Mi"}
APPS: Mapping[str, Mapping[str, Any]] = {
    "web": {
        "image": BUSYBOX,
        "kind": "web",
        "port": 8080,
        "user": 1000,
        "command": ["sh", "-c", SERVE],
        "env": {"GREETING": "hello"},
        "resources": SMALL,
        "replicas": {"min": 2, "max": 2},
        "health": {"live": "/index.html", "ready": "/index.html"},
        "from": ["caller"],
    },
    "caller": {"image": BUSYBOX, "kind": "worker", "user": 1000, "command": ["sh", "-c", CALL], "resources": SMALL},
    "reader": {
        "image": POSTGRES,
        "kind": "worker",
        "user": 999,
        "command": ["sh", "-c", READ],
        "needs": ["database"],
        "before": [MIGRATE],
        "resources": {"cpu": "20m", "memory": "64Mi"},
    },
}
VERSIONS = {"web": "1.37", "caller": "1.37", "reader": "18.4"}


class Named(Cluster):
    """The cluster of a context that somebody else started; nothing but the stage is made in it or taken from it."""

    runtime = "kind"
    simulated = False
    binaries = ("kubectl",)

    def _converge(self, say: Any, timeout: float) -> None:
        shown = subprocess.run(
            [
                *(str(tools.path(self.root, "kubectl")), f"--context={os.environ[CONTEXT]}"),
                *("config", "view", "--raw", "--minify", "--flatten"),
            ],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        self.kubeconfig.write_text(shown.stdout)
        self.kubeconfig.chmod(0o600)

    def _remove(self) -> None:
        if self.kubeconfig.exists():
            self.kubectl("delete", "namespace", STAGE, "--ignore-not-found", "--wait=true")
            self.kubectl("delete", f"{PLURAL}.{GROUP}", STAGE, "--ignore-not-found", check=False)

    def _exists_elsewhere(self) -> str | None:
        return None

    def _ports_are_fixed(self) -> bool:
        return Record.read(self.state) is not None


def missing() -> str | None:
    """Why there is no cluster here that runs pods."""
    if CONTEXT in os.environ or probes.docker().state == "answers":
        return None
    return f"no Docker daemon answers, and {CONTEXT} names no context of a cluster with real pods"


def cluster_of(project: Project, name: str) -> Cluster:
    """The cluster of the context, or a kind cluster of the project's own."""
    if CONTEXT in os.environ:
        return Named(CHECKOUT, name, [])
    return local_cluster(project, read_stage(project, STAGE), "kind")


class RealStage:
    """Files in a folder, and what came of them in the cluster."""

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder, "pods-tier")
        (folder / "apps").mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": self.project.name, "runtime": "python"}))
        self.write()
        self.cluster = cluster_of(self.project, f"pods-tier-{os.getpid()}")

    def write(self, settings: Mapping[str, Any] | None = None, **apps: Mapping[str, Any]) -> None:
        """The files anew: fields of an app are laid over its own, ``version`` is the stage's."""
        versions = {}
        for name, app in APPS.items():
            changed = {**app, **apps.get(name, {})}
            versions[name] = {"version": changed.pop("version", VERSIONS[name])}
            (self.project.root / "apps" / f"{name}.yaml").write_text(yaml.safe_dump(changed))
        config = {"wharf:kind": "local", "wharf:database": {"storage-gib": 1}, "wharf:broker": {}, **(settings or {})}
        written = {"config": {**config, "wharf:apps": versions}}
        (self.project.root / f"Pulumi.{STAGE}.yaml").write_text(yaml.safe_dump(written))

    def up(self, timeout: float = 240) -> Outcome:
        direct = Direct(self.project, read_stage(self.project, STAGE), self.cluster, print, timeout)
        return direct.up(lambda losing: up.confirm(losing, True))

    def get(self, *arguments: str) -> Any:
        return json.loads(self.cluster.kubectl("get", *arguments, "-n", STAGE, "-o", "json").stdout)

    def pods(self, app: str) -> list[dict[str, Any]]:
        """The ready pods of an app or a part that are not on their way out."""
        found = self.get("pods", "-l", f"app.kubernetes.io/name={app}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"] and is_ready(pod)]

    def exec(self, pod: str, script: str) -> subprocess.CompletedProcess[str]:
        return self.cluster.kubectl("exec", pod, "-n", STAGE, "--", "sh", "-c", script, check=False)

    def query(self, statement: str) -> str:
        """What the database answers to its owner."""
        done = self.exec("database-0", f'psql -At -U app -d app -c "{statement}"')
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def logs(self, app: str) -> str:
        chosen = ("-l", f"app.kubernetes.io/name={app}", "--tail=-1", "-n", STAGE)
        return self.cluster.kubectl("logs", *chosen).stdout


def restarts(pods: list[dict[str, Any]]) -> int:
    return sum(one["restartCount"] for pod in pods for one in pod["status"]["containerStatuses"])
