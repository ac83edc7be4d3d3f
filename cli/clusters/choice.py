"""The cluster of a local stage: kind where Docker answers, otherwise kwok, whose pods are simulated."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cli.clusters.base import Cluster, Port, Record, Runtime, state_folder
from cli.clusters.kind import KindCluster
from cli.clusters.kwok import KwokCluster
from cli.machine import probes
from stacks.errors import UserError

__all__ = ["Cluster", "Port", "cluster_name", "find", "made"]

LONGEST_NAME = 50  # what kind allows


def cluster_name(root: Path, project: str, stage: str) -> str:
    """A name that no other checkout, project or stage on this machine has."""
    digest = hashlib.sha256(f"{root.resolve()}\0{project}\0{stage}".encode()).hexdigest()[:6]
    readable = re.sub(r"[^a-z0-9]+", "-", f"wharf-{project}-{stage}".lower()).strip("-")
    return f"{readable[: LONGEST_NAME - len(digest) - 1].rstrip('-')}-{digest}"


def made(root: Path, project: str, stage: str) -> Cluster | None:
    """The cluster that was made for a stage, whatever its file says now, if there still is one."""
    record = Record.read(state_folder(root.resolve(), cluster_name(root, project, stage)))
    return find(root, project, stage, record.runtime, ()) if record else None


def find(
    root: Path,
    project: str,
    stage: str,
    requested: Runtime | None,
    ports: Sequence[Port],
    charts: str | None = None,
) -> Cluster:
    """The cluster of a stage: the one there is, or else the one asked for, or else the best that can be had.

    Raises:
        UserError: the stage has a cluster of the other kind, or Docker is asked for and does not answer, or hangs.
    """
    root = root.resolve()
    name = cluster_name(root, project, stage)
    record = Record.read(state_folder(root, name))
    if record and requested not in (None, record.runtime):
        raise UserError(
            f"the cluster of {stage} runs on {record.runtime}, not on {requested}: `wharf down {stage}` first, "
            f"or leave out --cluster {requested}"
        )
    runtime, note = (record.runtime, "") if record else _choose(requested)
    runtimes = {"kind": KindCluster, "kwok": KwokCluster}
    return runtimes[runtime](root, name, ports, charts=charts, note=note)


def _choose(requested: Runtime | None) -> tuple[Runtime, str]:
    if requested == "kwok":
        return "kwok", ""
    docker = probes.docker()
    if docker.state == "answers":
        return "kind", ""
    if docker.state == "hangs":
        raise UserError(f"Docker does not answer ({docker.detail}): restart it, or pass --cluster kwok")
    if requested == "kind":
        raise UserError(f"kind needs Docker ({docker.detail}): start it, or leave out --cluster kind")
    return "kwok", f"no Docker daemon answers ({docker.detail}), so the cluster is kwok, which simulates its nodes"
