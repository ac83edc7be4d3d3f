"""How charts are installed. All are installed in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import Input, ResourceOptions

from components.shared.charts import Source

TIMEOUT_SECONDS = 600


def helm_release(
    resource_name: str,
    *,
    name: str,
    namespace: Input[str],
    source: Source,
    values: Mapping[str, Any],
    opts: ResourceOptions,
) -> k8s.helm.v3.Release:
    """A Helm release. The engine waits for it. If it fails, it is rolled back, so that the next attempt can start."""
    return k8s.helm.v3.Release(
        resource_name,
        name=name,
        namespace=namespace,
        chart=source.chart,
        version=source.version,
        repository_opts={"repo": source.repository} if source.repository else None,
        values=dict(values),
        atomic=True,
        cleanup_on_fail=True,
        max_history=3,
        timeout=TIMEOUT_SECONDS,
        opts=opts,
    )
