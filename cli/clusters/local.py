"""The cluster of a local stage, and the kubeconfig with which the program reaches it."""

from __future__ import annotations

import json
from pathlib import Path

from cli.clusters.base import Cluster, Port, Runtime
from cli.clusters.choice import find
from cli.machine.files import write_private
from evaluation.project import CHECKOUT, Project
from stacks.reading.models import LocalConfig, Stage
from stacks.services.registry import SERVICES

INGRESS_PORT = 3300


def local_cluster(project: Project, stage: Stage[LocalConfig], requested: Runtime | None = None) -> Cluster:
    """The cluster of a local stage, whether it exists or not yet."""
    config = stage.config
    choices = {"ingress": (config.ingress.port, INGRESS_PORT)}
    for need, service in SERVICES.items():
        if service.machine_port:
            section = config.services.get(need)
            choices[need] = (section.machine_port if section else None, service.machine_port.port)
    ports = [
        Port(name=name, wanted=chosen or default, chosen_by_user=chosen is not None)
        for name, (chosen, default) in choices.items()
    ]
    return find(CHECKOUT, project.name, stage.name, requested, ports, _charts(project, config.charts))


def _charts(project: Project, place: str | None) -> str | None:
    """Where kind takes the charts of Traefik and metrics-server from: a registry, or a folder beside the stage file."""
    return str(project.root / place) if place and not place.startswith("oci://") else place


def write_kubeconfig(project: Project, stage: str, cluster: Cluster) -> None:
    """Write the kubeconfig that the program reads. Its one context is `wharf`, whatever name the cluster gives it."""
    project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = kubeconfig_file(project, stage)
    shown = cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json")
    written = json.loads(shown.stdout)
    written["contexts"][0]["name"] = written["current-context"] = "wharf"
    write_private(target, json.dumps(written, indent=1))


def kubeconfig_file(project: Project, stage: str) -> Path:
    return project.state / f"{stage}.kubeconfig"
