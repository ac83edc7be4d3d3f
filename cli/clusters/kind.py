"""A kind cluster: its node is a container. Traefik and metrics-server are part of the cluster."""

import hashlib
import json
from pathlib import Path
from string import Template

from cli.clusters.base import Cluster, Record
from cli.machine import probes, tools
from cli.machine.terminal import Say
from components.shared.charts import METRICS_SERVER, TRAEFIK, Chart
from stacks.errors import UserError

DATA = Path(__file__).parent / "kind"
DOCKER_TIMEOUT = 60.0  # seconds; it takes a few to remove a node


class KindCluster(Cluster):
    """Runs the apps for real. It needs a Docker daemon."""

    runtime = "kind"
    simulated = False
    binaries = ("kind", "helm", "kubectl")

    def _converge(self, say: Say, timeout: float) -> None:
        self._require_docker("started")
        settings = _settings()
        nodes = self._nodes()
        record = Record.read(self.state)
        if nodes and record and record.complete:
            if not self.answers():
                say(f"cluster {self.name} had stopped: starting it again with its data")
                self._docker("start", *nodes)
        else:
            if record and record.complete:
                say(f"{self.kubeconfig} was out of date, its cluster is gone: creating cluster {self.name} again")
            self._delete(nodes)
            record = None
            self._record(complete=False)
            self._create(say, timeout)
        self._wait("the API server", self.answers, say, timeout)
        if record and record.complete and record.settings == settings:
            return
        self.kubectl("apply", "--server-side", "-f", str(DATA / "traefik-namespace.yaml"), timeout=timeout)
        self._install(TRAEFIK, "traefik", say, timeout)
        self._install(METRICS_SERVER, "kube-system", say, timeout)
        self._record(settings=settings)

    def _create(self, say: Say, timeout: float) -> None:
        say(f"creating cluster {self.name} with kind; the first time, its image must be pulled …")
        config = self.state / "cluster.yaml"
        config.write_text(Template((DATA / "cluster.yaml").read_text()).substitute(self.ports))
        command = ["create", "cluster", "--name", self.name, "--config", str(config)]
        bounds = ["--kubeconfig", str(self.kubeconfig), "--wait", f"{timeout:.0f}s"]
        self._run([str(tools.path(self.root, "kind")), *command, *bounds], timeout=timeout + 60)
        self.kubeconfig.chmod(0o600)

    def _install(self, chart: Chart, namespace: str, say: Say, timeout: float) -> None:
        """Installs a chart. Helm itself waits until it runs.

        If Helm was killed, its unfinished release blocks the next one. It is removed first: it holds no data.
        """
        helm = str(tools.path(self.root, "helm"))
        status = self._run(
            [helm, "status", chart.name, "-n", namespace, "-o", "json"], check=False, extra=self._homes()
        )
        if status.returncode == 0 and json.loads(status.stdout)["info"]["status"].startswith("pending"):
            say(f"removing {chart.name}, whose installation was interrupted")
            uninstall = [helm, "uninstall", chart.name, "-n", namespace, "--wait"]
            self._run(uninstall, timeout=timeout, extra=self._homes())
        say(f"installing {chart.name} {chart.version} and waiting for it …")
        command = [
            *(helm, "upgrade", "--install", chart.name, *self._source(chart)),
            *("--namespace", namespace, "--values", str(DATA / f"{chart.name}.yaml")),
            *("--wait", "--timeout", f"{timeout:.0f}s"),
        ]
        self._run(command, timeout=timeout + 10, extra=self._homes())

    def _source(self, chart: Chart) -> list[str]:
        version = ["--version", chart.version]
        if self.charts is None:
            return [chart.name, "--repo", chart.repository, *version]
        if self.charts.startswith("oci://"):
            return [f"{self.charts.rstrip('/')}/{chart.name}", *version]
        folder = self.root / self.charts
        archive, unpacked = folder / f"{chart.name}-{chart.version}.tgz", folder / chart.name
        for candidate in (archive, unpacked):
            if candidate.exists():
                return [str(candidate), *version]
        raise UserError(f"wharf:charts: neither {archive} nor {unpacked} exists: put chart {chart.name} there")

    def _homes(self) -> dict[str, str]:
        """Helm's own folders, so that it writes nothing outside the cluster's folder."""
        return {f"HELM_{kind}_HOME": str(self.state / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}

    def _nodes(self) -> list[str]:
        """The containers of this cluster. Kind itself finds them by the same label."""
        label = f"label=io.x-k8s.kind.cluster={self.name}"
        return self._docker("ps", "--all", "--quiet", "--filter", label).split()

    def _docker(self, *arguments: str) -> str:
        return self._run(["docker", *arguments], timeout=DOCKER_TIMEOUT).stdout

    def _delete(self, nodes: list[str]) -> None:
        if nodes:
            self._docker("rm", "--force", "--volumes", *nodes)

    def _require_docker(self, what: str) -> None:
        docker = probes.docker()
        if docker.state != "answers":
            raise UserError(f"kind cluster {self.name} cannot be {what} without Docker ({docker.detail}): start Docker")

    def _remove(self) -> None:
        if Record.read(self.state) is None or probes.docker().state == "absent":
            return  # without Docker, there is no container
        self._require_docker("removed")
        self._delete(self._nodes())

    def _ports_are_fixed(self) -> bool:
        """A node's ports cannot change once its container exists, whether it runs or not."""
        record = Record.read(self.state)
        return record is not None and record.complete and probes.docker_answers() and bool(self._nodes())

    def _exists_elsewhere(self) -> str | None:
        return f"kind cluster {self.name}" if probes.docker_answers() and self._nodes() else None


def _settings() -> str:
    """A digest of what is installed. Only if it differs, the cluster's parts are installed again."""
    digest = hashlib.sha256(repr((TRAEFIK, METRICS_SERVER)).encode())
    for source in sorted(DATA.glob("*.yaml")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
