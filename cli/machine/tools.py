"""Builds the Go tools that `tools/` pins. The results stay in the checkout's `.wharf/bin`."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cli.machine import probes
from cli.machine.locks import only_one
from cli.machine.terminal import Say
from stacks.errors import UserError

MINIMUM_GO = (1, 26)
GO_IMAGE = "golang:1.26.8"
BUILD_PATIENCE = 3600.0  # seconds to wait while another process builds
GIB = 2**30


@dataclass(frozen=True)
class Tool:
    """A Go program: the folder in `tools/` that pins its version, and its Go package."""

    module: str
    package: str


TOOLS = {
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3"),
    "helm": Tool("helm", "helm.sh/helm/v4/cmd/helm"),
    "kind": Tool("kind", "sigs.k8s.io/kind"),
    "kube-apiserver": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": Tool("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "kubectl": Tool("kubernetes", "k8s.io/kubernetes/cmd/kubectl"),
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "kwokctl": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwokctl"),
    "metrics-server": Tool("metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"),
}

# The growth of Go's caches in a build that begins with empty ones. The sizes are rounded up from what was measured
# (etcd and kube-apiserver: 2.4 GiB of build cache).
CACHE_GIB = {"etcd": 0.6, "helm": 1.3, "kind": 0.4, "kubernetes": 3.6, "kwok": 1.2, "metrics-server": 1.2}
RESULT_GIB = 1.0


def folder(root: Path) -> Path:
    """The folder in which a checkout keeps the tools that it has built."""
    return root / ".wharf" / "bin"


def path(root: Path, name: str) -> Path:
    """The file of a tool. It exists once the tool is built."""
    return folder(root) / name


def ensure(root: Path, names: Iterable[str], say: Say) -> dict[str, Path]:
    """Build the tools that are missing, or whose pinned version has changed.

    Raises:
        UserError: there is nothing to build with, the disk is too full, or the build failed.
    """
    unique = list(dict.fromkeys(names))
    if _stale(root, unique):
        builder = _builder(root)
        with only_one(folder(root), "building the tools", say, BUILD_PATIENCE):
            _build_all(root, _stale(root, unique), builder, say)
    return {name: path(root, name) for name in unique}


def _stale(root: Path, names: Iterable[str]) -> list[str]:
    go = probes.go_version()
    return [name for name in names if not _is_current(root, name, go)]


def _is_current(root: Path, name: str, go: probes.Version | None) -> bool:
    try:
        built_from, built_by = _stamp(root, name).read_text().split()
    except (OSError, ValueError):
        return False
    same_go = go is None or go < MINIMUM_GO or built_by == _dotted(go)
    return path(root, name).exists() and same_go and built_from == pins(root, name)


def _stamp(root: Path, name: str) -> Path:
    return folder(root) / f"{name}.key"


def pins(root: Path, name: str) -> str:
    """A digest of the package and the files that pin a tool."""
    digest = hashlib.sha256(TOOLS[name].package.encode())
    for file in ("go.mod", "go.sum"):
        digest.update(_module(root, name).joinpath(file).read_bytes())
    return digest.hexdigest()[:16]


def _module(root: Path, name: str) -> Path:
    return root / "tools" / TOOLS[name].module


def _dotted(version: probes.Version) -> str:
    return ".".join(map(str, version))


def _build_all(root: Path, names: Sequence[str], builder: "Builder", say: Say) -> None:
    if not names:
        return
    _require_disk(builder.caches(), folder(root), {TOOLS[name].module for name in names})
    for leftover in folder(root).glob("*.part"):
        leftover.unlink()
    for count, name in enumerate(names, 1):
        _build(root, name, builder, f"building {name} ({count}/{len(names)})", say)


class HostGo:
    """Builds with the `go` on PATH."""

    def __init__(self, version: probes.Version) -> None:
        self.version = _dotted(version)

    def caches(self) -> list[Path]:
        answer = subprocess.run(
            ["go", "env", "GOMODCACHE", "GOCACHE"], capture_output=True, text=True, check=True, cwd="/"
        )
        return [Path(line) for line in answer.stdout.split("\n") if line]

    def command(self, module: Path, output: Path, arguments: Sequence[str]) -> list[str]:
        return ["go", "build", "-C", str(module), "-o", str(output), *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, **_GO_SETTINGS, "GOTOOLCHAIN": "local"}


class ContainerGo:
    """Builds in a container, for the system and processor of this machine, with caches under `.wharf`."""

    version = GO_IMAGE.partition(":")[2]

    def __init__(self, root: Path) -> None:
        self._state = root / ".wharf"

    def caches(self) -> list[Path]:
        return [self._state]

    def command(self, module: Path, output: Path, arguments: Sequence[str]) -> list[str]:
        (self._state / "go").mkdir(parents=True, exist_ok=True)
        settings = {
            **_GO_SETTINGS,
            "GOFLAGS": f"{_GO_SETTINGS['GOFLAGS']} -modcacherw",
            "GOOS": platform.system().lower(),
            "GOARCH": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
            "GOCACHE": "/wharf/go/build",
            "GOMODCACHE": "/wharf/go/mod",
            "HOME": "/wharf/go",
        }
        return [
            *("docker", "run", "--rm", "--init", "--user", f"{os.getuid()}:{os.getgid()}"),
            *("--volume", f"{module}:/module:ro", "--volume", f"{self._state}:/wharf"),
            *(part for key, value in settings.items() for part in ("--env", f"{key}={value}")),
            *(GO_IMAGE, "go", "build", "-C", "/module", "-o", f"/wharf/bin/{output.name}", *arguments),
        ]

    def environment(self) -> dict[str, str]:
        return dict(os.environ)


Builder = HostGo | ContainerGo

_GO_SETTINGS = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off"}


def _builder(root: Path) -> Builder:
    go = probes.go_version()
    if go is not None and go >= MINIMUM_GO:
        return HostGo(go)
    docker = probes.docker()
    if docker.state == "answers":
        return ContainerGo(root)
    have = "there is no Go" if go is None else f"Go {_dotted(go)} is too old"
    raise UserError(
        f"cannot build the tools: {have} (1.26 or later is needed) and no Docker daemon to build in ({docker.detail}): "
        f"install Go with `{_install_go()}`, or start Docker"
    )


def _install_go() -> str:
    if platform.system() == "Darwin":
        return "brew install go"
    return "sudo snap install go --classic" if shutil.which("snap") else "sudo apt-get install golang-1.26-go"


def _require_disk(caches: Iterable[Path], results: Path, modules: Iterable[str]) -> None:
    needed: Counter[int] = Counter()
    places: dict[int, Path] = {}
    cache_places = {probes.existing(cache).stat().st_dev: cache for cache in caches}
    for device, place in cache_places.items():
        needed[device] += round(sum(CACHE_GIB[module] for module in modules) * GIB)
        places[device] = place
    for place in (results, Path(tempfile.gettempdir())):
        device = probes.existing(place).stat().st_dev
        needed[device] += round(RESULT_GIB * GIB)
        places.setdefault(device, place)
    for device, place in places.items():
        free = probes.free_disk(place)
        if free < needed[device]:
            raise UserError(
                f"building the tools needs {needed[device] / GIB:.1f} GiB of disk at {place}, and {free / GIB:.1f} GiB "
                "are free: make room there, for example with `go clean -cache` or `docker system prune`"
            )


def _build(root: Path, name: str, builder: Builder, label: str, say: Say) -> None:
    unfinished = folder(root) / f"{name}.{os.getpid()}.part"
    command = builder.command(_module(root, name), unfinished, [*_flags(root, name), TOOLS[name].package])
    with tempfile.TemporaryFile("w+") as output:
        code = _run(command, builder.environment(), output, lambda rest: say(f"{label}{rest}"))
        if code != 0 or not unfinished.exists():
            output.seek(0)
            raise UserError(f"building {name} failed:\n{last_lines(output.read())}")
    _stamp(root, name).unlink(missing_ok=True)
    unfinished.rename(path(root, name))
    _stamp(root, name).write_text(f"{pins(root, name)} {builder.version}\n")


def _flags(root: Path, name: str) -> list[str]:
    linker = ["-s", "-w"]
    if TOOLS[name].module == "kubernetes":
        linker += _version_settings(_module(root, name).joinpath("go.mod").read_text())
    return ["-trimpath", "-ldflags", " ".join(linker)]


def _version_settings(go_mod: str) -> list[str]:
    """Without these settings, the server reports version v0.0.0-master, which clients cannot parse."""
    release = re.search(r"k8s\.io/kubernetes (v(\d+)\.(\d+)\.\d+)", go_mod)
    if release is None:
        raise UserError("tools/kubernetes/go.mod does not name a release of k8s.io/kubernetes: restore it from git")
    values = {"gitVersion": release[1], "gitMajor": release[2], "gitMinor": release[3], "gitTreeState": "clean"}
    return [f"-X k8s.io/component-base/version.{key}={value}" for key, value in values.items()]


def _run(command: Sequence[str], environment: dict[str, str], output: IO[str], say: Say) -> int:
    started = time.monotonic()
    say(" …")
    with subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(timeout=5)
                say(f", {time.monotonic() - started:.0f} s …")
        except BaseException:
            process.terminate()
            raise


def last_lines(text: str, count: int = 15) -> str:
    """The last lines of an output. There is the reason for a failure."""
    return "\n".join(text.strip().splitlines()[-count:])
