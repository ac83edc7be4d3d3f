"""What this machine offers: Docker, Go, disk, ports, limits. Nothing here changes anything."""

import contextlib
import errno
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

LOOPBACK = "127.0.0.1"
DOCKER_PATIENCE = 5.0  # seconds; a healthy daemon answers in a tenth of one
LISTENING = "0A"  # the state column of /proc/net/tcp

Version = tuple[int, ...]


@dataclass(frozen=True)
class Docker:
    """The state of the Docker daemon. ``detail`` is its version, or the reason why it does not answer."""

    state: Literal["answers", "refuses", "hangs", "absent"]
    detail: str = ""


def docker() -> Docker:
    """Ask the Docker daemon, not only the client, and do not wait long."""
    if shutil.which("docker") is None:
        return Docker("absent", "there is no `docker` on PATH")
    command = ["docker", "info", "--format", "{{.ServerVersion}}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=DOCKER_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return Docker("hangs", f"`docker info` did not answer within {DOCKER_PATIENCE:.0f} s")
    except OSError as error:
        return Docker("refuses", f"`docker` cannot be started: {error.strerror}")
    if answer.returncode == 0 and answer.stdout.strip():
        return Docker("answers", answer.stdout.strip())
    lines = answer.stderr.strip().splitlines()
    return Docker("refuses", lines[-1] if lines else f"`docker info` ended with {answer.returncode}")


def docker_answers() -> bool:
    """Whether a Docker daemon can be used."""
    return docker().state == "answers"


def go_version() -> Version | None:
    """The version of `go` on PATH, such as (1, 26, 8). None if there is no `go`, or if it does not start."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            ["go", "version"], capture_output=True, text=True, timeout=30, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bgo(\d+(?:\.\d+)+)", answer.stdout)
    return tuple(int(part) for part in match[1].split(".")) if match else None


def free_disk(path: Path) -> int:
    """The free bytes of the disk at a path, or at its nearest ancestor that exists."""
    return shutil.disk_usage(existing(path)).free


def existing(path: Path) -> Path:
    """The path itself, or its nearest ancestor that exists."""
    path = path.absolute()
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())


def inotify_limits() -> dict[str, int]:
    """Linux's limits on file watches. A kind node needs many. Empty on other systems."""
    limits: dict[str, int] = {}
    for name in ("max_user_instances", "max_user_watches"):
        with contextlib.suppress(OSError, ValueError):
            limits[name] = int(Path("/proc/sys/fs/inotify", name).read_text())
    return limits


def port_is_free(port: int) -> bool:
    """Whether a program could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
        return True


def next_free_port(wanted: int, avoid: Iterable[int] = ()) -> int:
    """The first free port that is not lower than ``wanted``."""
    avoided = set(avoid)
    return next(port for port in range(wanted, 65_536) if port not in avoided and port_is_free(port))


def unused_ports(count: int) -> list[int]:
    """Distinct ports that the system has just handed out as free."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def port_holder(port: int) -> str:
    """The program that listens on a port: "nginx (pid 312)", or "another process" if the system does not say."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for pid in process_ids() if sockets else ():
        with contextlib.suppress(OSError):
            if any(os.readlink(handle) in sockets for handle in Path(f"/proc/{pid}/fd").iterdir()):
                return f"{Path(f'/proc/{pid}/comm').read_text().strip()} (pid {pid})"
    return "another process"


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def process_ids() -> list[int]:
    """The ids of the processes that /proc shows. Empty if there is no /proc."""
    if not Path("/proc/self").exists():
        return []
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def command_lines() -> dict[int, list[str]]:
    """The command line of every process that we can see, by process id."""
    if not Path("/proc/self").exists():
        listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
        return {int(pid): command.split(" ") for pid, command in re.findall(r"^\s*(\d+) (.*)$", listing.stdout, re.M)}
    commands: dict[int, list[str]] = {}
    for pid in process_ids():
        with contextlib.suppress(OSError):
            commands[pid] = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    return commands
