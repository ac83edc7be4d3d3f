"""metrics-server, which tells the autoscaler how busy pods are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Resource, ResourceOptions

from components.shared.charts import METRICS_SERVER, Source
from components.shared.helm_release import helm_release


@dataclass(frozen=True, kw_only=True)
class MetricsServerArgs:
    """``chart`` is the chart's source. ``after`` must exist before its pods can start."""

    chart: Source = METRICS_SERVER.upstream
    after: Sequence[Resource] = ()


class MetricsServer(ComponentResource):
    """metrics-server in kube-system, on nodes or on Fargate."""

    def __init__(self, name: str, args: MetricsServerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:MetricsServer", name, None, opts)
        workload = METRICS_SERVER.workload
        helm_release(
            f"{name}-release",
            name=METRICS_SERVER.name,
            namespace="kube-system",
            source=args.chart,
            values={
                "replicas": workload.replicas,
                "containerPort": workload.ports[0],
                "resources": workload.resources,
            },
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.register_outputs({})
