"""What is found out about the machine, and one process at a time."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.machine import probes
from cli.machine.locks import only_one
from stacks.errors import UserError

needs_proc = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows who holds a port")


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_listened_on_is_not_free(taken: int):
    assert not probes.port_is_free(taken)


def test_a_port_that_was_listened_on_a_moment_ago_is_free():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert probes.port_is_free(port)


def test_the_next_free_port_is_neither_taken_nor_avoided(taken: int):
    assert probes.next_free_port(taken, [taken + 1]) > taken + 1


@needs_proc
def test_the_holder_of_a_port_is_named(taken: int):
    assert probes.port_holder(taken).endswith(f"(pid {os.getpid()})")


def test_unused_ports_are_distinct_and_free():
    ports = probes.unused_ports(8)
    assert len(set(ports)) == 8
    assert all(probes.port_is_free(port) for port in ports)


@pytest.mark.parametrize(
    ("script", "state", "detail"),
    [
        ("echo 27.0", "answers", "27.0"),
        ("echo 'permission denied' >&2; exit 1", "refuses", "permission denied"),
        ("echo; exit 0", "refuses", "`docker info` ended with 0"),
        ("exec sleep 5", "hangs", "`docker info` did not answer within 0 s"),
        (None, "absent", "there is no `docker` on PATH"),
    ],
)
def test_docker_answers_only_when_its_daemon_does(
    script: str | None, state: str, detail: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if script:
        docker = tmp_path / "docker"
        docker.write_text(f"#!/bin/sh\nPATH=/bin:/usr/bin\n{script}\n")
        docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(probes, "DOCKER_PATIENCE", 0.3)

    assert probes.docker() == probes.Docker(state, detail)  # pyright: ignore[reportArgumentType]
    assert probes.docker_answers() is (state == "answers")


def test_free_disk_is_that_of_the_nearest_folder_there_is(tmp_path: Path):
    assert probes.free_disk(tmp_path / "not" / "yet") > 0


def test_command_lines_show_this_process():
    assert probes.command_lines()[os.getpid()][0].endswith(Path(sys.executable).name)


def test_a_lock_keeps_others_out_until_it_is_released(tmp_path: Path):
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with only_one(tmp_path, "at work", said.append, timeout=10):
            order.append("second")

    with only_one(tmp_path, "at work", said.append, timeout=10):
        thread = threading.Thread(target=second)
        thread.start()
        while not said:
            time.sleep(0.01)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]
    assert said == ["waiting for another process, which is at work …"]


def test_waiting_for_a_lock_is_bounded(tmp_path: Path):
    with (
        only_one(tmp_path, "at work", print, timeout=1),
        pytest.raises(UserError, match="has been at work for 0 s"),
        only_one(tmp_path, "at work", print, timeout=0),
    ):
        pass


def test_a_killed_holder_releases_its_lock(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from cli.machine.locks import only_one\n"
        f"with only_one(Path({str(tmp_path)!r}), 'at work', print, 1): print('held', flush=True); time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()

    with only_one(tmp_path, "at work", print, timeout=0):
        pass


def test_a_lock_is_not_taken_on_a_folder_that_its_holder_removed(tmp_path: Path):
    """Two waiters: one would otherwise lock the removed folder, the other the new one of the same name."""
    folder = tmp_path / "state"
    entered: list[float] = []
    threads: list[threading.Thread] = []

    def waiter() -> None:
        with only_one(folder, "at work", lambda _: None, timeout=10):
            entered.append(time.monotonic())
            time.sleep(0.4)

    with only_one(folder, "at work", print, timeout=1):
        threads.append(threading.Thread(target=waiter))
        threads[0].start()
        time.sleep(0.1)
        folder.rmdir()
    threads.append(threading.Thread(target=waiter))
    threads[1].start()
    for thread in threads:
        thread.join()

    assert abs(entered[0] - entered[1]) >= 0.4
