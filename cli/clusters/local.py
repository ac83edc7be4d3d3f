"""The cluster of a local stage, and the kubeconfig by which the program reaches it."""

from __future__ import annotations

import json
from pathlib import Path

from cli.clusters.base import Cluster, Port, Runtime
from cli.clusters.choice import find
from cli.machine.files import write_private
from evaluation.project import CHECKOUT, Project
from stacks.reading.models import LocalConfig, Stage

INGRESS_PORT, DATABASE_PORT = 3300, 3002


def local_cluster(project: Project, stage: Stage, requested: Runtime | None = None) -> Cluster:
    """The cluster of a local stage, as it is or as it would be made."""
    config: LocalConfig = stage.config  # type: ignore[assignment]
    ingress, database = config.ingress.port, config.database.port if config.database else None
    ports = [
        Port(name="ingress", wanted=ingress or INGRESS_PORT, chosen_by_user=ingress is not None),
        Port(name="database", wanted=database or DATABASE_PORT, chosen_by_user=database is not None),
    ]
    return find(CHECKOUT, project.name, stage.name, requested, ports)


def write_kubeconfig(project: Project, stage: str, cluster: Cluster) -> None:
    """The kubeconfig that the program names, with one context, `wharf`, whatever the cluster calls its own."""
    project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = kubeconfig_file(project, stage)
    shown = cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json")
    written = json.loads(shown.stdout)
    written["contexts"][0]["name"] = written["current-context"] = "wharf"
    write_private(target, json.dumps(written, indent=1))


def kubeconfig_file(project: Project, stage: str) -> Path:
    return project.state / f"{stage}.kubeconfig"
