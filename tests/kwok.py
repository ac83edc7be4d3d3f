"""A kwok cluster for tests: made, read and taken away."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.clusters.choice import Cluster, find
from cli.machine import probes

ROOT = Path(__file__).parents[1]


def ignore(_: str) -> None:
    """Says nothing."""


def kwok(stage: str) -> Cluster:
    """The kwok cluster of a stage that only this run of the tests has."""
    return find(ROOT, "test", f"{stage}-{os.getpid()}", "kwok", [])


@contextmanager
def running(stage: str) -> Iterator[Cluster]:
    """A kwok cluster with a namespace `work`, for as long as it is needed."""
    cluster = kwok(stage)
    try:
        cluster.up(ignore)
        cluster.kubectl("create", "namespace", "work")
        yield cluster
    finally:
        cluster.down(ignore)


def processes(cluster: Cluster) -> list[tuple[str, int]]:
    """Name and id of what runs of a cluster."""
    return [
        (Path(command[0]).name, pid)
        for pid, command in probes.command_lines().items()
        if command[0].startswith(f"{cluster.state}/")
    ]


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    """Apply objects to the namespace `work`."""
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    cluster.kubectl("apply", "--namespace", "work", "-f", "-", stdin=manifest)


def read(cluster: Cluster, kind: str, name: str = "", *, selector: str = "") -> Any:
    """An object of the namespace `work`, or those that a selector finds."""
    chosen = [name] if name else [f"--selector={selector}"]
    return json.loads(cluster.kubectl("get", kind, *chosen, "-n", "work", "-o", "json").stdout)


def until(ready: Callable[[], bool], seconds: float = 20) -> None:
    """Wait, but not for ever."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def pod_template(app: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod of one container that asks for a tenth of a processor."""
    container = {"name": "app", "image": "example/app:1", "resources": {"requests": {"cpu": "100m"}}}
    return {
        "metadata": {"labels": {"app": app}, "annotations": annotations or {}},
        "spec": {"containers": [container], **spec},
    }


def workload(kind: str, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A Deployment or StatefulSet of such pods."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, annotations),
            **spec,
        },
    }
