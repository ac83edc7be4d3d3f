"""Every third-party chart that Wharf installs, with its version and what it runs. Charts are listed only here.

What a chart runs is what we set its values to: components take replicas, sizes and ports from here, so that what rules
and the Fargate lint see is what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The pods of one Deployment in a chart. Each pod has one container, and runs in the release's namespace."""

    name: str
    cpu: str
    memory: str
    ports: Sequence[int]
    replicas: int = 1
    kind: str = "Deployment"

    @property
    def resources(self) -> dict[str, dict[str, str]]:
        """Requests and limits are the same. On Fargate they always are."""
        size = {"cpu": self.cpu, "memory": self.memory}
        return {"requests": size, "limits": size}


@dataclass(frozen=True)
class Source:
    """Where Helm finds a chart: by its name in a repository, or ``chart`` is a path or an ``oci://`` address."""

    chart: str
    version: str
    repository: str | None = None


@dataclass(frozen=True)
class Chart:
    """A Helm chart at one version."""

    name: str
    repository: str
    version: str
    workloads: Sequence[Workload] = ()

    @property
    def upstream(self) -> Source:
        return Source(self.name, self.version, self.repository)

    @property
    def workload(self) -> Workload:
        """The only one.

        Raises:
            ValueError: the chart runs several, or none.
        """
        (only,) = self.workloads
        return only


AWS_LOAD_BALANCER_CONTROLLER = Chart(
    "aws-load-balancer-controller",
    "https://aws.github.io/eks-charts",
    "3.5.0",
    (
        Workload(
            name="aws-load-balancer-controller",
            replicas=2,  # if none runs, no Ingress of the cluster can be changed
            cpu="200m",
            memory="256Mi",
            ports=(8080, 9443, 61779),
        ),
    ),
)
EXTERNAL_DNS = Chart(
    "external-dns",
    "https://kubernetes-sigs.github.io/external-dns/",
    "1.22.0",
    (Workload(name="external-dns", cpu="50m", memory="128Mi", ports=(7979,)),),
)
METRICS_SERVER = Chart(
    "metrics-server",
    "https://kubernetes-sigs.github.io/metrics-server/",
    "3.13.1",
    # The chart's own port, 10250, is used by the kubelet on Fargate (metrics-server#1271).
    (Workload(name="metrics-server", cpu="100m", memory="200Mi", ports=(10251,)),),
)
TRAEFIK = Chart("traefik", "https://traefik.github.io/charts", "41.2.0")

CHARTS = {chart.name: chart for chart in (AWS_LOAD_BALANCER_CONTROLLER, EXTERNAL_DNS, METRICS_SERVER, TRAEFIK)}
