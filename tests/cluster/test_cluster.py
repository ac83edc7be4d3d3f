"""The cluster itself: what it listens on and writes, how it is left and found again."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.clusters.base import Record
from cli.clusters.choice import Cluster, Port, find
from cli.clusters.kind import KindCluster
from cli.clusters.kwok import COMPONENTS
from cli.machine import probes, tools
from components.shared.charts import Chart
from stacks.errors import UserError
from tests.kwok import ROOT, apply, ignore, kwok, processes, read, running, until, workload

PORTS = {"ingress": 3300, "database": 3002}
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}

DOCKER_WITHOUT_NODES = """#!/bin/sh
echo "$*" >> {log}
case "$1 $2" in
  "info -f") echo overlay2 ;;
  info*) echo '{{"CgroupVersion": "2", "MemoryLimit": true, "PidsLimit": true, "CPUShares": true}}' ;;
  "network ls") echo kind ;;
  run*) echo "no nodes today" >&2; exit 1 ;;
esac
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home that nothing may be written to."""
    tools.ensure(ROOT, tools.TOOLS, print)
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.delenv("KUBECONFIG", raising=False)
        yield folder


@pytest.fixture(scope="module")
def cluster(home: Path) -> Iterator[Cluster]:
    with running("itself") as cluster:
        yield cluster


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows who listens where")
def test_every_process_listens_on_the_loopback_address_only(cluster: Cluster):
    sockets: dict[str, set[str]] = {name: set() for name in COMPONENTS}
    for name, pid in processes(cluster):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            if handle.is_symlink():
                sockets[name].add(os.readlink(handle))
    listening = [
        line.split() for table in ("tcp", "tcp6") for line in Path("/proc/net", table).read_text().splitlines()
    ]
    addresses = {
        name: {fields[1].split(":")[0] for fields in listening if fields[3] == "0A" and f"socket:[{fields[9]}]" in held}
        for name, held in sockets.items()
    }

    assert all(addresses[name] and addresses[name] <= LOOPBACK for name in COMPONENTS), addresses


def test_its_files_are_private_and_its_kubeconfig_complete(cluster: Cluster):
    assert (cluster.state.stat().st_mode & 0o777, cluster.kubeconfig.stat().st_mode & 0o777) == (0o700, 0o600)
    assert str(cluster.state) not in cluster.kubeconfig.read_text()
    assert cluster.kubectl("config", "current-context").stdout.strip() == cluster.context


def test_a_second_up_changes_nothing(cluster: Cluster):
    before = processes(cluster)
    node = cluster.kubectl("get", "node", "node-a", "-o", "jsonpath={.metadata.resourceVersion}").stdout

    kwok("itself").up(ignore)

    assert sorted(processes(cluster)) == sorted(before)
    assert cluster.kubectl("get", "node", "node-a", "-o", "jsonpath={.metadata.resourceVersion}").stdout == node


def test_helm_installs_and_makes_up_for_an_interrupted_installation(cluster: Cluster, tmp_path: Path):
    """What the kind cluster does with Helm, on the API server that there is."""

    class Borrowed(KindCluster):
        @property
        def kubeconfig(self) -> Path:
            return cluster.kubeconfig

        def install(self) -> None:
            self._install(Chart("traefik", "", "1.0.0"), "work", ignore, 60)

    write_chart(tmp_path / "charts" / "traefik")
    borrowed = Borrowed(ROOT, cluster.name, [], charts=str(tmp_path / "charts"))
    borrowed.install()
    release = cluster.kubectl("get", "secret", "-n", "work", "-l", "owner=helm", "-o", "name").stdout.strip()
    cluster.kubectl("label", release, "-n", "work", "--overwrite", "status=pending-install")
    cluster.kubectl("delete", "configmap", "from-chart", "-n", "work")

    borrowed.install()

    assert read(cluster, "configmap", "from-chart")["data"] == {"replicas": "1"}


def write_chart(folder: Path) -> None:
    (folder / "templates").mkdir(parents=True)
    folder.joinpath("Chart.yaml").write_text("apiVersion: v2\nname: traefik\nversion: 1.0.0\n")
    folder.joinpath("templates", "configmap.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-chart}\n"
        'data: {replicas: "{{ .Values.deployment.replicas }}"}\n'
    )


def test_after_a_crash_up_starts_it_again_with_its_data_and_spares_strangers(cluster: Cluster):
    """As after a reboot: the process ids in kwokctl's files may be those of others by now."""
    apply(cluster, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "b"}})
    apply(cluster, workload("Deployment", "measured"))
    for _, pid in processes(cluster):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes(cluster))
    with pytest.raises(UserError, match="kubeconfig is out of date"):
        cluster.require()
    said: list[str] = []
    address = cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").stdout
    record = Record.read(cluster.state)
    assert record
    moved = ("127.0.0.1", record.internal["metrics_server"])
    with subprocess.Popen(["sleep", "60"]) as stranger, socket.create_server(moved):
        for file in (cluster.state / "pids").iterdir():
            file.write_text(str(stranger.pid))

        cluster.up(said.append)

        assert stranger.poll() is None
        stranger.kill()
    assert any("starting it again with its data" in line for line in said)
    assert cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").stdout == address
    assert read(cluster, "configmap", "kept")["data"] == {"a": "b"}
    until(lambda: "measured-" in cluster.kubectl("top", "pods", "-n", "work", check=False).stdout, seconds=120)


def test_a_component_that_gave_up_is_started_again(cluster: Cluster):
    end(cluster, "kube-scheduler")

    cluster._wait("the scheduler", lambda: "kube-scheduler" in running_components(cluster), ignore, 30)  # pyright: ignore[reportPrivateUsage]

    kwok("itself").up(ignore)
    assert cluster.running()


def test_a_component_that_cannot_start_is_named_with_its_last_lines(cluster: Cluster):
    end(cluster, "kube-scheduler")
    program = cluster.state / "bin" / "kube-scheduler"
    program.unlink()
    program.write_text("#!/bin/sh\necho no schedule today\nexit 1\n")
    program.chmod(0o755)

    with pytest.raises(
        UserError, match=r"kube-scheduler of cluster .* cannot be kept running:\n(?s:.*)no schedule today"
    ):
        cluster._wait("the scheduler", lambda: False, ignore, 30)  # pyright: ignore[reportPrivateUsage]


def running_components(cluster: Cluster) -> set[str]:
    return {name for name, _ in processes(cluster)}


def end(cluster: Cluster, component: str) -> None:
    for name, pid in processes(cluster):
        if name == component:
            os.kill(pid, signal.SIGKILL)
    until(lambda: component not in running_components(cluster))


@pytest.mark.parametrize("seconds", [0.5, 2.5])
def test_an_up_that_was_killed_is_made_up_for_and_down_leaves_nothing(home: Path, seconds: float):
    cluster = kwok("killed")
    program = (
        "from pathlib import Path; from cli.clusters.kwok import KwokCluster\n"
        f"KwokCluster(Path({str(ROOT)!r}), {cluster.name!r}, []).up(print)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()

    cluster.up(ignore)
    assert cluster.running()
    cluster.down(ignore)

    assert not any(cluster.name in argument for line in probes.command_lines().values() for argument in line)
    assert not cluster.state.exists()


def test_down_ends_processes_whose_folder_was_removed_by_hand(home: Path):
    cluster = kwok("removed")
    cluster.up(ignore)
    subprocess.run(["rm", "-rf", str(cluster.state)], check=True)

    cluster.down(ignore)

    assert not processes(cluster)
    assert not cluster.state.exists()


def test_kind_takes_the_configuration_and_publishes_on_the_loopback_address_only(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The real kind, up to the container of the node, which a script refuses."""
    log, docker = tmp_path / "log", tmp_path / "docker"
    docker.write_text(DOCKER_WITHOUT_NODES.format(log=log))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    ports = [Port(name=name, wanted=port, chosen_by_user=False) for name, port in PORTS.items()]
    cluster = find(ROOT, "test", f"kind-{os.getpid()}", None, ports)

    with pytest.raises(UserError, match=r"(?s)`kind create cluster.*` failed:.*no nodes today"):
        cluster.up(ignore)

    (run,) = re.findall(r"^run (.*)$", log.read_text(), re.MULTILINE)
    published = re.findall(r"--publish=(\S+):(\d+):(\d+)/TCP", run)
    assert [address for address, *_ in published] == ["127.0.0.1"] * 3
    assert {(str(cluster.ports["ingress"]), "80"), (str(cluster.ports["database"]), "30432")} <= {
        (host, node) for _, host, node in published
    }
    assert run.endswith("kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5")
    cluster.down(ignore)


def test_nothing_was_written_to_the_home_folder_but_what_go_counts(cluster: Cluster, home: Path):
    written = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert {path for path in written if not path.startswith(".config/go/")} == set()
