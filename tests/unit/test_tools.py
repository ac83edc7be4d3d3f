"""The build of the pinned tools, with scripts in place of Go and Docker."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.machine import probes, tools
from stacks.errors import UserError
from tests.checkout import Checkout

CHECKOUT = Path(__file__).parents[2]

DOCKER = """#!/bin/sh
case "$1" in
  info) echo 27.0 ;;
  run) echo "$*" >> {log}
    for word; do
      case "$word" in *:/wharf) state="${{word%:/wharf}}" ;; /wharf/bin/*) made="${{word#/wharf}}" ;; esac
    done
    echo "made in a container" > "$state$made" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    return Checkout(tmp_path, monkeypatch)


def ignore(_: str) -> None:
    pass


def test_a_tool_is_built_once(checkout: Checkout):
    checkout.install_go()

    tools.ensure(checkout.root, ["kind", "kwok"], ignore)
    built = tools.ensure(checkout.root, ["kind", "kwok"], ignore)

    assert len(checkout.calls()) == 2
    assert built["kwok"].read_text() == "made by go1.26.8\n"


@pytest.mark.parametrize("pin", ["go.mod", "go.sum"])
def test_a_changed_pin_builds_that_module_again(checkout: Checkout, pin: str):
    checkout.install_go()
    tools.ensure(checkout.root, ["kind", "kwok"], ignore)
    checkout.root.joinpath("tools", "kwok", pin).write_text("second")

    tools.ensure(checkout.root, ["kind", "kwok"], ignore)

    assert [line.split()[-1] for line in checkout.calls()[2:]] == ["sigs.k8s.io/kwok/cmd/kwok"]


def test_another_go_builds_again(checkout: Checkout):
    checkout.install_go("1.26.8")
    tools.ensure(checkout.root, ["kind"], ignore)
    checkout.install_go("1.27.0")

    built = tools.ensure(checkout.root, ["kind"], ignore)

    assert built["kind"].read_text() == "made by go1.27.0\n"


def test_what_was_built_is_used_without_go(checkout: Checkout):
    checkout.install_go()
    tools.ensure(checkout.root, ["kind"], ignore)
    checkout.install("go", "#!/bin/sh\nexit 1\n")

    assert tools.ensure(checkout.root, ["kind"], ignore)["kind"].exists()


def test_progress_names_the_tool_and_the_count(checkout: Checkout):
    checkout.install_go()
    said: list[str] = []

    tools.ensure(checkout.root, ["kind", "etcd"], said.append)

    assert said == ["building kind (1/2) …", "building etcd (2/2) …"]


def test_kubernetes_is_linked_with_its_pinned_version(checkout: Checkout):
    checkout.install_go()

    tools.ensure(checkout.root, ["kubectl"], ignore)

    assert "-X k8s.io/component-base/version.gitVersion=v1.2.3 " in checkout.calls()[0]


def test_a_failed_build_tells_why_and_keeps_what_there_was(checkout: Checkout):
    checkout.install_go()
    tools.ensure(checkout.root, ["kind"], ignore)
    checkout.install_go("1.27.0", behaviour="echo 'proxy: 403 Forbidden' >&2; exit 1")

    with pytest.raises(UserError, match=r"(?s)building kind failed:.*403 Forbidden"):
        tools.ensure(checkout.root, ["kind"], ignore)

    assert tools.path(checkout.root, "kind").read_text() == "made by go1.26.8\n"
    assert not list(tools.folder(checkout.root).glob("*.part"))


def test_two_processes_at_once_build_once(checkout: Checkout):
    checkout.install_go(behaviour="sleep 1;")
    processes = [start(checkout) for _ in range(2)]

    assert [process.wait(timeout=30) for process in processes] == [0, 0]
    assert len(checkout.calls()) == 1


def test_a_killed_build_is_made_up_for(checkout: Checkout):
    checkout.install_go(behaviour=f"echo half > {checkout.root}/.wharf/bin/kind.1.part; sleep 5;")
    process = start(checkout)
    until(lambda: bool(checkout.calls()))
    process.send_signal(signal.SIGKILL)
    process.wait()
    checkout.install_go()

    built = tools.ensure(checkout.root, ["kind"], ignore)

    assert built["kind"].read_text() == "made by go1.26.8\n"
    assert not list(tools.folder(checkout.root).glob("*.part"))


@pytest.mark.parametrize("go", [None, "1.25.3"])
def test_without_a_recent_go_a_container_builds(checkout: Checkout, go: str | None, monkeypatch: pytest.MonkeyPatch):
    checkout.install("docker", DOCKER.format(log=checkout.log))
    if go:
        checkout.install_go(go)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")

    built = tools.ensure(checkout.root, ["kind"], ignore)

    assert built["kind"].read_text() == "made in a container\n"
    (command,) = checkout.calls()
    assert f"--user {os.getuid()}:{os.getgid()} " in command
    assert f"{checkout.root}/tools/kind:/module:ro " in command
    assert "GOOS=darwin" in command
    assert "GOARCH=arm64" in command
    assert f" {tools.GO_IMAGE} go build " in command


def test_with_neither_go_nor_docker_both_are_named_with_a_remedy(checkout: Checkout):
    with pytest.raises(
        UserError, match=r"^cannot build the tools: there is no Go .*`docker`.*install Go with `.*`"
    ) as raised:
        tools.ensure(checkout.root, ["kind"], ignore)
    assert "\n" not in str(raised.value)


def test_an_old_go_is_named(checkout: Checkout):
    checkout.install_go("1.25.3")
    with pytest.raises(UserError, match=r"Go 1\.25\.3 is too old \(1\.26"):
        tools.ensure(checkout.root, ["kind"], ignore)


def test_too_little_disk_is_told_before_anything_is_built(checkout: Checkout, monkeypatch: pytest.MonkeyPatch):
    checkout.install_go()
    monkeypatch.setattr(probes, "free_disk", lambda _: 2**29)  # pyright: ignore[reportUnknownLambdaType]

    with pytest.raises(UserError, match=r"needs \d+\.\d GiB of disk at .* and 0\.5 GiB are free"):
        tools.ensure(checkout.root, ["kubectl"], ignore)
    assert checkout.calls() == []


@pytest.mark.parametrize("name", tools.TOOLS)
def test_every_tool_is_declared_by_the_module_that_pins_it(name: str):
    tool = tools.TOOLS[name]
    assert re.search(rf"^(tool |\t){re.escape(tool.package)}$", go_mod(tool.module), re.MULTILINE)


def test_the_parts_of_kubernetes_are_of_one_release():
    text = go_mod("kubernetes")
    release = re.search(r"k8s\.io/kubernetes v1\.(\S+)", text)
    assert release
    assert set(re.findall(r"=> k8s\.io/\S+ v0\.(\S+)", text)) == {release[1]}


def go_mod(module: str) -> str:
    return CHECKOUT.joinpath("tools", module, "go.mod").read_text()


def start(checkout: Checkout) -> "subprocess.Popen[bytes]":
    program = (
        "from cli.machine import tools; from pathlib import Path; "
        f"tools.ensure(Path({str(checkout.root)!r}), ['kind'], print)"
    )
    return subprocess.Popen([sys.executable, "-c", program], cwd=CHECKOUT, stdout=subprocess.DEVNULL)


def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)
