"""A kwok cluster: etcd, API server, controller manager and scheduler are real processes. The nodes are simulated."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from string import Template

from cli.clusters.base import Cluster, Record
from cli.machine import probes, tools
from cli.machine.files import remove, write_private
from cli.machine.terminal import Say
from stacks.errors import UserError

DATA = Path(__file__).parent / "kwok"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
COMPONENTS = ("etcd", *KUBERNETES, "kwok-controller", "metrics-server")
CHANCES = 3
PORTS = ("api", "etcd", "etcd_peer", "controller_manager", "scheduler", "kwok", "metrics_server")


class KwokCluster(Cluster):
    """Runs anywhere, without root. The checks of the API server are real, the pods are simulated."""

    runtime = "kwok"
    simulated = True
    _chances = 0
    binaries = ("etcd", *KUBERNETES, "kwok", "metrics-server", "kwokctl", "kubectl")

    def running(self) -> bool:
        """Whether every process of the cluster runs and its API server answers."""
        return {name for name, _ in self._processes()} >= set(COMPONENTS) and super().running()

    def _converge(self, say: Say, timeout: float) -> None:
        settings = _settings(self.root)
        record = Record.read(self.state)
        current = record is not None and record.settings == settings
        if current and self.running():
            return
        self._end_processes()
        self._clear(keep_data=record is not None and record.complete, say=say)
        ports = _internal_ports(record.internal if record else {})
        self._record(settings="", internal=ports)
        self._start(ports, say, timeout)
        self._install(ports, say, timeout)
        self._record(settings=settings)

    def _clear(self, *, keep_data: bool, say: Say) -> None:
        """Remove the files of an earlier run. Its process ids matter most: other processes may have them now."""
        data = {"etcd", "pki"} if keep_data else set[str]()
        if keep_data:
            say(f"cluster {self.name} had stopped or is out of date: starting it again with its data")
        for entry in self.state.iterdir():
            if entry.name not in {"record.json", *data}:
                remove(entry)

    def _start(self, ports: Mapping[str, int], say: Say, timeout: float) -> None:
        self.state.chmod(0o700)
        config = self.state / "cluster.yaml"
        config.write_text(self._config(ports))
        sources = [config, *sorted((DATA / "stages").glob("*.yaml"))]
        unflattened = self.state / "kubeconfig.kwok"
        say("starting etcd, API server, controller manager, scheduler, kwok and metrics-server …")
        create = ("create", "cluster", f"--kubeconfig={unflattened}", *(f"--config={source}" for source in sources))
        self._kwokctl(*create, timeout=timeout)
        self._chances = CHANCES
        flat = self.kubectl("config", "view", "--raw", "--flatten", "--kubeconfig", str(unflattened)).stdout
        write_private(self.kubeconfig, flat)

    def _kwokctl(self, *arguments: str, timeout: float) -> None:
        command = [str(tools.path(self.root, "kwokctl")), *arguments]
        bounds = ["--name", self.name, "--timeout", f"{timeout:.0f}s"]
        self._run([*command, *bounds], timeout=timeout + 10, extra={"KWOK_WORKDIR": str(self.root / ".wharf")})

    def _config(self, ports: Mapping[str, int]) -> str:
        numbers = {f"{name}_port": number for name, number in ports.items()}
        return Template((DATA / "cluster.yaml").read_text()).substitute(
            numbers, bin=tools.folder(self.root), state=self.state, metrics_server=DATA / "metrics-server"
        )

    def _install(self, ports: Mapping[str, int], say: Say, timeout: float) -> None:
        self._wait("the API server", self.answers, say, timeout)
        objects = str(DATA / "objects.yaml")
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", objects, timeout=timeout)
        self._point("apiservice/v1beta1.metrics.k8s.io", {"spec": {"service": {"port": ports["metrics_server"]}}})
        endpoint = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": ports["kwok"]}}}}
        self._point("node/node-a", endpoint, "--subresource=status")
        self._point("node/node-b", endpoint, "--subresource=status")
        self._wait("the simulated nodes", lambda: self._holds("Ready", "nodes"), say, timeout)
        self._wait("metrics-server", lambda: self._holds("Available", "apiservices"), say, timeout)

    def _point(self, target: str, patch: object, *options: str) -> None:
        """Write a new port into an object. It still has the port of an earlier process: kwokctl does not change it."""
        self.kubectl("patch", target, "--type=merge", f"--patch={json.dumps(patch)}", *options)

    def _holds(self, condition: str, kind: str) -> bool:
        """Whether a condition is true for every object of a kind."""
        wait = ("wait", "--timeout=0", f"--for=condition={condition}", kind, "--all")
        return self.kubectl(*wait, check=False).returncode == 0

    def _remove(self) -> None:
        self._end_processes()

    def _exists_elsewhere(self) -> str | None:
        entries = {entry.name for entry in self.state.iterdir()} if self.state.exists() else set[str]()
        return f"folder {self.state}" if entries - {"record.json.part"} else None

    def _tend(self, timeout: float) -> None:
        """On a busy machine, a component may end before the API server is ready. Start it again, a few times."""
        ended = set(COMPONENTS) - {name for name, _ in self._processes()}
        if not ended:
            return
        logs = {name: self.state / "logs" / f"{name}.log" for name in ended}
        if self._chances == 0:
            ends = "\n".join(tools.last_lines(log.read_text(errors="replace")) for log in logs.values() if log.exists())
            raise UserError(f"{', '.join(sorted(ended))} of cluster {self.name} cannot be kept running:\n{ends}")
        self._chances -= 1
        for name, log in logs.items():
            log.unlink(missing_ok=True)  # kwokctl would overwrite only its beginning
            (self.state / "pids" / f"{name}.pid").unlink(missing_ok=True)  # kwokctl takes a zombie for running
        self._kwokctl("start", "cluster", timeout=timeout)

    def _processes(self) -> list[tuple[str, int]]:
        """The processes whose program is in this cluster's folder, whatever a file says about their ids.

        A kwokctl that still runs for this cluster is one too: it would start other processes again.
        """
        state, kwokctl = f"{self.state}/", str(tools.path(self.root, "kwokctl"))
        return [
            (Path(command[0]).name, pid)
            for pid, command in probes.command_lines().items()
            if command[0].startswith(state) or (command[0] == kwokctl and self.name in command)
        ]

    def _end_processes(self) -> None:
        deadline = time.monotonic() + 10
        while left := self._processes():
            if time.monotonic() > deadline:
                raise UserError(f"processes {left} of cluster {self.name} do not stop: stop them, and run this again")
            for _, pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def _internal_ports(before: Mapping[str, int]) -> dict[str, int]:
    """The ports that the cluster had before, so that its address stays. A port that is now taken is replaced."""
    fresh = dict(zip(PORTS, probes.unused_ports(len(PORTS)), strict=True))
    return fresh | {name: port for name, port in before.items() if probes.port_is_free(port)}


def _settings(root: Path) -> str:
    """A digest of everything that a cluster is created from. If it differs, a running cluster is out of date."""
    digest = hashlib.sha256()
    for source in sorted(DATA.rglob("*.yaml")):
        digest.update(source.read_bytes())
    for name in KwokCluster.binaries:
        digest.update(tools.pins(root, name).encode())
    return digest.hexdigest()[:16]
