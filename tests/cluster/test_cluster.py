"""The kwok cluster itself: what it runs, what it refuses, how it is left and found again."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.charts import Chart
from ops import machine, tools
from ops.basecluster import Record
from ops.cluster import Cluster, Port, find
from ops.errors import UserError
from ops.kind import KindCluster
from ops.kwok import COMPONENTS

ROOT = Path(__file__).parents[2]
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


def ignore(_: str) -> None:
    pass


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
    cluster = find(ROOT, "test", f"kwok-{os.getpid()}", "kwok", [])
    cluster.up(ignore)
    cluster.kubectl("create", "namespace", "work")
    yield cluster
    cluster.down(ignore)


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    cluster.kubectl("apply", "--namespace", "work", "-f", "-", stdin=manifest)


def read(cluster: Cluster, kind: str, name: str = "", *, selector: str = "") -> Any:
    chosen = [name] if name else [f"--selector={selector}"]
    return json.loads(cluster.kubectl("get", kind, *chosen, "-n", "work", "-o", "json").stdout)


def until(ready: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def pod_template(app: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "app", "image": "example/app:1", "resources": {"requests": {"cpu": "100m"}}}
    return {
        "metadata": {"labels": {"app": app}, "annotations": annotations or {}},
        "spec": {"containers": [container], **spec},
    }


def workload(kind: str, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
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


def job(name: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    template = pod_template(name, annotations, restartPolicy="Never")
    spec = {"template": template, "backoffLimit": 0}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def test_pods_are_ready_at_once_and_spread_over_both_zones(cluster: Cluster):
    deployment = workload("Deployment", "spread", replicas=4)
    deployment["spec"]["template"]["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "spread"}},
        }
    ]
    apply(cluster, deployment)

    until(lambda: read(cluster, "deployment", "spread")["status"].get("readyReplicas") == 4, seconds=10)

    nodes = [pod["spec"]["nodeName"] for pod in read(cluster, "pods", selector="app=spread")["items"]]
    zones = cluster.kubectl("get", "nodes", "-L", "topology.kubernetes.io/zone", "--no-headers").stdout
    assert sorted(nodes) == ["node-a", "node-a", "node-b", "node-b"]
    assert re.findall(r"^(\S+) .*(local-\w)$", zones, re.MULTILINE) == [("node-a", "local-a"), ("node-b", "local-b")]


def test_services_ingresses_claims_and_budgets_come_to_life(cluster: Cluster):
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    service = {"selector": {"app": "store"}, "ports": [{"port": 80}], "type": "LoadBalancer"}
    backend = {"service": {"name": "store", "port": {"number": 80}}}
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "store"}}}
    apply(
        cluster,
        workload("StatefulSet", "store", serviceName="store", volumeClaimTemplates=[claim]),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store"}, "spec": service},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "store"},
            "spec": {"ingressClassName": "traefik", "defaultBackend": backend},
        },
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "store"}, "spec": budget},
    )

    until(lambda: read(cluster, "statefulset", "store")["status"].get("readyReplicas") == 1)
    until(lambda: read(cluster, "poddisruptionbudget", "store").get("status", {}).get("currentHealthy") == 1)
    for kind in ("service", "ingress"):
        until(lambda kind=kind: read(cluster, kind, "store")["status"]["loadBalancer"] != {})
    assert read(cluster, "pvc", "data-store-0")["status"]["phase"] == "Bound"
    (endpoints,) = read(cluster, "endpointslices", selector="kubernetes.io/service-name=store")["items"]
    assert endpoints["endpoints"][0]["conditions"]["ready"]


def test_a_job_completes(cluster: Cluster):
    apply(cluster, job("good"))
    until(lambda: read(cluster, "job", "good")["status"].get("succeeded") == 1, seconds=10)


def test_a_job_fails_when_asked_and_leaves_its_message(cluster: Cluster):
    apply(cluster, job("bad", {"wharf.dev/simulate": "fail", "wharf.dev/simulate-message": "migration 7 failed"}))

    until(lambda: read(cluster, "job", "bad")["status"].get("failed") == 1)

    (pod,) = read(cluster, "pods", selector="app=bad")["items"]
    terminated = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (terminated["exitCode"], terminated["message"]) == (1, "migration 7 failed")


@pytest.mark.parametrize(
    ("way", "phase", "state"),
    [
        ("crash-loop", "Running", {"waiting": "CrashLoopBackOff"}),
        ("image-pull", "Pending", {"waiting": "ImagePullBackOff"}),
        ("not-ready", "Running", {"running": None}),
    ],
)
def test_pods_fail_when_asked_and_heal_when_asked(cluster: Cluster, way: str, phase: str, state: dict[str, str | None]):
    apply(cluster, workload("Deployment", way, {"wharf.dev/simulate": way, "wharf.dev/simulate-heal-after": "3s"}))

    until(lambda: any("containerStatuses" in pod["status"] for pod in pods_of(cluster, way)))
    (pod,) = pods_of(cluster, way)
    (container,) = pod["status"]["containerStatuses"]
    assert pod["status"]["phase"] == phase
    assert {key: value.get("reason") for key, value in container["state"].items()} == state
    assert not container["ready"]

    until(lambda: read(cluster, "deployment", way)["status"].get("readyReplicas") == 1)


def pods_of(cluster: Cluster, app: str) -> list[dict[str, Any]]:
    return read(cluster, "pods", selector=f"app={app}")["items"]


def test_a_crash_loop_goes_on_crashing(cluster: Cluster):
    apply(cluster, workload("Deployment", "looping", {"wharf.dev/simulate": "crash-loop"}))

    def restarts() -> int:
        return sum(
            s["restartCount"] for p in pods_of(cluster, "looping") for s in p["status"].get("containerStatuses", [])
        )

    until(lambda: restarts() == 1)
    until(lambda: restarts() == 2, seconds=20)


def test_an_autoscaler_follows_the_usage_of_its_pods(cluster: Cluster):
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"}
    autoscaler = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 6, "metrics": [cpu]}
    apply(
        cluster,
        workload("Deployment", "busy", {"kwok.x-k8s.io/usage-cpu": "180m"}),
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "busy"},
            "spec": autoscaler,
        },
    )
    until(lambda: read(cluster, "deployment", "busy")["status"].get("readyReplicas") == 6, seconds=90)


def test_what_is_forbidden_is_refused(cluster: Cluster):
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("create", "namespace", "strict")
    cluster.kubectl("label", "namespace", "strict", label)
    with pytest.raises(UserError, match="violates PodSecurity"):
        cluster.kubectl("run", "careless", "--image=example/app:1", "-n", "strict")
    with pytest.raises(UserError, match="Forbidden"):
        cluster.kubectl("get", "secrets", "-n", "work", "--as=system:serviceaccount:work:default")


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


def processes(cluster: Cluster) -> list[tuple[str, int]]:
    return [
        (Path(command[0]).name, pid)
        for pid, command in machine.command_lines().items()
        if command[0].startswith(str(cluster.state))
    ]


def test_its_files_are_private_and_its_kubeconfig_complete(cluster: Cluster):
    assert (cluster.state.stat().st_mode & 0o777, cluster.kubeconfig.stat().st_mode & 0o777) == (0o700, 0o600)
    assert str(cluster.state) not in cluster.kubeconfig.read_text()
    assert cluster.kubectl("config", "current-context").stdout.strip() == cluster.context


def test_a_second_up_changes_nothing(cluster: Cluster):
    before = processes(cluster)
    node = cluster.kubectl("get", "node", "node-a", "-o", "jsonpath={.metadata.resourceVersion}").stdout

    find(ROOT, "test", f"kwok-{os.getpid()}", None, []).up(ignore)

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
    for _, pid in processes(cluster):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not processes(cluster))
    with pytest.raises(UserError, match="kubeconfig is stale"):
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
    until(lambda: read(cluster, "deployment", "spread")["status"].get("readyReplicas") == 4)
    until(lambda: cluster.kubectl("top", "pods", "-n", "work", check=False).returncode == 0, seconds=60)


def test_a_component_that_cannot_start_is_named_with_its_last_lines(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    (scheduler,) = [pid for name, pid in processes(cluster) if name == "kube-scheduler"]
    os.kill(scheduler, signal.SIGKILL)
    until(lambda: "kube-scheduler" not in {name for name, _ in processes(cluster)})

    with pytest.raises(UserError, match=r"kube-scheduler of cluster .* has ended, see .*kube-scheduler\.log:\n"):
        cluster._wait("nothing", lambda: False, ignore, 5)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("seconds", [0.5, 2.5])
def test_an_up_that_was_killed_is_made_up_for_and_down_leaves_nothing(home: Path, seconds: float):
    stage = f"killed-{os.getpid()}"
    program = (
        "from pathlib import Path; from ops.cluster import find\n"
        f"find(Path({str(ROOT)!r}), 'test', {stage!r}, 'kwok', []).up(print)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()
    cluster = find(ROOT, "test", stage, "kwok", [])

    cluster.up(ignore)
    assert cluster.running()
    cluster.down(ignore)

    assert not any(cluster.name in argument for line in machine.command_lines().values() for argument in line)
    assert not cluster.state.exists()


def test_down_ends_processes_whose_folder_was_removed_by_hand(home: Path):
    cluster = find(ROOT, "test", f"removed-{os.getpid()}", "kwok", [])
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
