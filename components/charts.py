"""Every third-party chart that is installed, with its version: here and nowhere else."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A Helm chart at one version."""

    name: str
    repository: str
    version: str


METRICS_SERVER = Chart("metrics-server", "https://kubernetes-sigs.github.io/metrics-server/", "3.13.1")
TRAEFIK = Chart("traefik", "https://traefik.github.io/charts", "41.2.0")
