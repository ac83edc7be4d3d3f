"""How a chart is installed, the same for all."""

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
    """A Helm release that is waited for, and taken back where it fails: the next attempt finds nothing pending."""
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
