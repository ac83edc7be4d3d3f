"""A kind cluster, with scripts in place of Docker, kind, Helm and kubectl."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.clusters.choice import Cluster, Port, find
from cli.machine import probes
from components.shared.charts import METRICS_SERVER, TRAEFIK
from stacks.errors import UserError
from tests.checkout import Checkout

PORTS = [
    Port(name="ingress", wanted=3300, chosen_by_user=False),
    Port(name="database", wanted=3002, chosen_by_user=False),
]

# The node is a file that kind and Docker make and remove; that it runs is another.
DOCKER = """#!/bin/sh
echo "docker $*" >> {log}
case "$1" in
  info) echo 27.0 ;;
  ps) [ -e {node} ] && echo node1; exit 0 ;;
  rm) rm -f {node} {node}.runs ;;
  start) touch {node}.runs ;;
esac
"""
KIND = """#!/bin/sh
echo "kind $*" >> {log}
touch {node}
[ -e {node}.fails ] && {{ echo "ERROR: no space left on device" >&2; exit 1; }}
touch {node}.runs
while [ "$1" != --kubeconfig ]; do shift; done
echo kubeconfig > "$2"
"""
KUBECTL = """#!/bin/sh
case "$*" in *readyz*) [ -e {node}.runs ]; exit $?;; esac
echo "kubectl $*" >> {log}
"""
HELM = """#!/bin/sh
case "$1 $2" in
  "status traefik") [ -e {node}.pending ] && echo '{pending}' && exit 0; exit 1 ;;
  status*) exit 1 ;;
  uninstall*) rm {node}.pending ;;
esac
echo "helm $*" >> {log}
"""


class Machine(Checkout):
    """A machine where Docker answers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.node = folder / "node"
        monkeypatch.setattr(probes, "port_is_free", lambda port: port != 3300)  # pyright: ignore[reportUnknownLambdaType]
        values = {"log": self.log, "node": self.node, "pending": json.dumps({"info": {"status": "pending-install"}})}
        self.install("docker", DOCKER.format(**values))
        for name, script in {"kind": KIND, "kubectl": KUBECTL, "helm": HELM}.items():
            self.install_tool(name, script.format(**values))

    def cluster(self, ports: Sequence[Port] = PORTS, charts: str | None = None) -> Cluster:
        return find(self.root, "wharf", "local", None, ports, charts)

    def calls_of(self, start: str) -> list[str]:
        return [call for call in self.calls() if call.startswith(start)]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def ignore(_: str) -> None:
    pass


def test_where_docker_answers_the_cluster_is_real(host: Machine):
    cluster = host.cluster()
    assert (cluster.runtime, cluster.simulated, cluster.context) == ("kind", False, f"kind-{cluster.name}")


def test_up_makes_the_cluster_then_what_belongs_to_it(host: Machine):
    cluster = host.cluster()

    cluster.up(ignore, timeout=60)

    assert cluster.running()
    (created,) = host.calls_of("kind create")
    assert f"--name {cluster.name} --config {cluster.state}/cluster.yaml --kubeconfig {cluster.kubeconfig}" in created
    assert [call.split()[1:4] for call in host.calls_of("helm")] == [
        ["upgrade", "--install", "traefik"],
        ["upgrade", "--install", "metrics-server"],
    ]
    assert all("--wait --timeout 60s" in call for call in host.calls_of("helm"))


def test_its_ports_are_of_this_machine_only_and_move_where_they_are_taken(host: Machine):
    said: list[str] = []
    cluster = host.cluster()

    cluster.up(said.append)

    assert cluster.ports == {"ingress": 3301, "database": 3002}
    assert "port 3300 (ingress) is taken by another process: using 3301" in said
    config = cluster.state.joinpath("cluster.yaml").read_text()
    assert "{listenAddress: 127.0.0.1, hostPort: 3301, containerPort: 80}" in config
    assert "{listenAddress: 127.0.0.1, hostPort: 3002, containerPort: 30432}" in config


def test_its_files_are_private(host: Machine):
    cluster = host.cluster()
    cluster.up(ignore)
    assert (cluster.state.stat().st_mode & 0o777, cluster.kubeconfig.stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_second_up_changes_nothing(host: Machine):
    host.cluster().up(ignore)
    ports = host.cluster().ports
    host.forget_calls()

    host.cluster().up(ignore)

    assert {call.split()[1] for call in host.calls()} <= {"info", "ps"}
    assert host.cluster().ports == ports


def test_a_stopped_cluster_is_started_with_its_data(host: Machine):
    host.cluster().up(ignore)
    host.node.with_suffix(".runs").unlink()
    host.forget_calls()

    host.cluster().up(ignore)

    assert host.calls_of("docker start") == ["docker start node1"]
    assert not host.calls_of("kind")


def test_a_cluster_that_is_gone_is_made_anew_and_its_kubeconfig_called_stale(host: Machine):
    said: list[str] = []
    cluster = host.cluster()
    cluster.up(ignore)
    host.node.unlink()
    host.node.with_suffix(".runs").unlink()
    with pytest.raises(UserError, match=r"kubeconfig is out of date.*`wharf up`"):
        cluster.require()

    host.cluster().up(said.append)

    assert len(host.calls_of("kind create")) == 2
    assert any("was out of date" in line for line in said)


def test_an_interrupted_up_is_made_up_for(host: Machine):
    fails = host.node.with_suffix(".fails")
    fails.touch()
    with pytest.raises(UserError, match=r"(?s)`kind create cluster.*` failed:.*no space left on device"):
        host.cluster().up(ignore)
    fails.unlink()

    host.cluster().up(ignore)

    assert host.calls_of("docker rm") == ["docker rm --force --volumes node1"]
    assert host.cluster().running()


def test_a_half_installed_chart_is_removed_first(host: Machine):
    host.node.with_suffix(".pending").touch()

    host.cluster().up(ignore)

    assert [call.split()[1] for call in host.calls_of("helm")] == ["uninstall", "upgrade", "upgrade"]


@pytest.mark.parametrize(
    ("charts", "expected"),
    [
        (None, f"traefik --repo {TRAEFIK.repository} --version {TRAEFIK.version}"),
        ("oci://127.0.0.1/mirror/", f"oci://127.0.0.1/mirror/traefik --version {TRAEFIK.version}"),
        ("mirror", f"{{root}}/mirror/traefik-{TRAEFIK.version}.tgz"),
    ],
)
def test_charts_come_from_upstream_or_from_a_mirror(host: Machine, charts: str | None, expected: str):
    folder = host.root / "mirror"
    (folder / "metrics-server").mkdir(parents=True)
    (folder / f"traefik-{TRAEFIK.version}.tgz").touch()

    host.cluster(charts=charts).up(ignore)

    assert f"--install traefik {expected.format(root=host.root)} " in host.calls_of("helm")[0]


def test_a_chart_that_a_mirror_lacks_is_named(host: Machine):
    with pytest.raises(UserError, match=rf"^wharf:charts: neither .*/traefik-{TRAEFIK.version}\.tgz nor .* exists"):
        host.cluster(charts="mirror").up(ignore)


def test_another_version_of_a_chart_is_installed_over_the_old(host: Machine, monkeypatch: pytest.MonkeyPatch):
    host.cluster().up(ignore)
    host.forget_calls()
    other = type(METRICS_SERVER)("metrics-server", "https://charts", "9.9.9")
    monkeypatch.setattr("cli.clusters.kind.METRICS_SERVER", other)

    host.cluster().up(ignore)

    assert any("--version 9.9.9" in call for call in host.calls_of("helm"))
    assert not host.calls_of("kind")


def test_down_leaves_no_container_and_no_file(host: Machine):
    cluster = host.cluster()
    cluster.up(ignore)

    cluster.down(ignore)

    assert not host.node.exists()
    assert [entry.name for entry in host.root.joinpath(".wharf").iterdir()] == ["bin"]


def test_down_twice_is_fine(host: Machine):
    host.cluster().down(ignore)
    assert not host.calls_of("docker rm")


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_cluster_of_that_name_that_is_not_ours_is_left_alone(host: Machine, verb: str):
    host.node.touch()

    with pytest.raises(UserError, match=r"kind cluster .* was not created by this checkout, so it is not touched"):
        getattr(host.cluster(), verb)(ignore)

    assert host.node.exists()
    assert not host.calls_of("docker rm")


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_cluster_whose_docker_has_stopped_says_so(host: Machine, verb: str):
    host.cluster().up(ignore)
    host.install("docker", "#!/bin/sh\necho 'Is the docker daemon running?' >&2; exit 1\n")

    with pytest.raises(UserError, match=r"without Docker \(Is the docker daemon running\?\): start Docker"):
        getattr(host.cluster(), verb)(ignore)

    assert host.cluster().kubeconfig.exists()


def test_a_port_of_a_cluster_that_exists_cannot_be_moved(host: Machine):
    host.cluster().up(ignore)
    moved = [Port(name="ingress", wanted=4400, chosen_by_user=True)]

    with pytest.raises(
        UserError, match=r"port 4400 \(ingress\) cannot be had as long as cluster .* has 3301: `wharf down`"
    ):
        host.cluster(moved).up(ignore)
