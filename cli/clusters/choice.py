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

LONGEST_NAME = 50  # kind's limit


def cluster_name(root: Path, project: str, stage: str) -> str:
    """A name that no other checkout, project or stage on this machine has."""
    digest = hashlib.sha256(f"{root.resolve()}\0{project}\0{stage}".encode()).hexdigest()[:6]
    readable = re.sub(r"[^a-z0-9]+", "-", f"wharf-{project}-{stage}".lower()).strip("-")
    return f"{readable[: LONGEST_NAME - len(digest) - 1].rstrip('-')}-{digest}"


def made(root: Path, project: str, stage: str) -> Cluster | None:
    """The cluster that exists for a stage, whatever its stage file says now. None if there is none."""
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
    """The cluster of a stage.

    If the stage has a cluster, it is that one. If not, it is the requested runtime. If none is requested, it is kind if
    Docker answers, and kwok otherwise.

    Raises:
        UserError: the stage has a cluster of the other runtime, kind is requested without Docker, or Docker hangs.
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
