"""Which cluster a stage gets, what it is called, and which ports."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.clusters.base import Record, Runtime, state_folder
from cli.clusters.choice import Port, cluster_name, find
from cli.machine import probes
from cli.machine.probes import Docker
from stacks.errors import UserError

SILENT = Docker("refuses", "Is the docker daemon running?")


def answer(monkeypatch: pytest.MonkeyPatch, docker: Docker) -> None:
    monkeypatch.setattr(probes, "docker", lambda: docker)


@pytest.mark.parametrize(
    ("docker", "requested", "runtime"),
    [
        (Docker("answers", "27.0"), None, "kind"),
        (Docker("answers", "27.0"), "kwok", "kwok"),
        (Docker("absent"), None, "kwok"),
        (SILENT, None, "kwok"),
        (Docker("hangs"), "kwok", "kwok"),
    ],
)
def test_docker_decides_unless_the_user_does(
    docker: Docker, requested: Runtime | None, runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answer(monkeypatch, docker)
    assert find(tmp_path, "wharf", "local", requested, []).runtime == runtime


@pytest.mark.parametrize(
    ("docker", "requested", "words"),
    [
        (Docker("hangs", "silent"), None, r"Docker does not answer \(silent\): restart it, or pass --cluster kwok"),
        (
            SILENT,
            "kind",
            r"kind needs Docker \(Is the docker daemon running\?\): start it, or leave out --cluster kind",
        ),
    ],
)
def test_what_docker_cannot_give_is_told(
    docker: Docker, requested: Runtime | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answer(monkeypatch, docker)
    with pytest.raises(UserError, match=f"^{words}"):
        find(tmp_path, "wharf", "local", requested, [])
    assert not list(tmp_path.iterdir())


def test_a_cluster_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Record(runtime="kwok").write(state_folder(tmp_path, cluster_name(tmp_path, "wharf", "local")))
    answer(monkeypatch, Docker("answers", "27.0"))

    assert find(tmp_path, "wharf", "local", None, []).runtime == "kwok"
    with pytest.raises(UserError, match=r"the cluster of local runs on kwok, not on kind: `wharf down local` first"):
        find(tmp_path, "wharf", "local", "kind", [])


def test_names_differ_by_checkout_project_and_stage(tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    names = {cluster_name(root, project, stage) for root in (tmp_path, other) for project in "ab" for stage in "cd"}
    assert len(names) == 8


@pytest.mark.parametrize("project", ["wharf", "Über_Projekt", "x" * 80, "a-" * 40])
def test_a_name_is_one_that_kind_takes(project: str, tmp_path: Path):
    name = cluster_name(tmp_path, project, "local")
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 50
    assert name.startswith("wharf-")


def test_a_link_to_a_checkout_is_that_checkout(tmp_path: Path):
    checkout, link = tmp_path / "checkout", tmp_path / "link"
    checkout.mkdir()
    link.symlink_to(checkout)
    assert cluster_name(link, "wharf", "local") == cluster_name(checkout, "wharf", "local")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("requested", ["kind", "kwok"])
def test_a_taken_port_that_the_user_set_is_an_error_that_changes_nothing(
    requested: Runtime, taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answer(monkeypatch, Docker("answers", "27.0"))
    monkeypatch.setattr("cli.clusters.kind.KindCluster._nodes", lambda _: [])  # pyright: ignore[reportUnknownLambdaType]
    port = Port(name="ingress", wanted=taken, chosen_by_user=True)

    with pytest.raises(
        UserError, match=rf"^port {taken} \(ingress\) is used by .*: stop it, or set wharf:ingress\.port$"
    ):
        find(tmp_path, "wharf", "local", requested, [port]).up(lambda _: None)

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_folder_without_a_record_is_not_ours(tmp_path: Path):
    cluster = find(tmp_path, "wharf", "local", "kwok", [])
    precious = cluster.state / "etcd"
    precious.mkdir(parents=True)

    for change in (cluster.up, cluster.down):
        with pytest.raises(UserError, match="was not created by this checkout, so it is not touched"):
            change(lambda _: None)

    assert precious.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"runtime": "vagrant"}', '{"runtime": ["kwok"]}'])
def test_what_is_no_record_is_none(tmp_path: Path, text: str):
    (tmp_path / "record.json").write_text(text)
    assert Record.read(tmp_path) is None


def test_what_a_kill_leaves_of_the_first_record_is_ours(tmp_path: Path):
    cluster = find(tmp_path, "wharf", "local", "kwok", [])
    cluster.state.mkdir(parents=True)
    cluster.state.joinpath("record.json.part").touch()

    cluster.down(lambda _: None)

    assert not cluster.state.exists()


def test_a_cluster_that_was_never_up_is_told_from_one_that_stopped(tmp_path: Path):
    cluster = find(tmp_path, "wharf", "local", "kwok", [])
    with pytest.raises(UserError, match=r"cluster .* does not exist: run `wharf up`"):
        cluster.require()
