"""A checkout in a temporary folder, on a machine that has only the commands that a test puts there."""

import shutil
from pathlib import Path

import pytest

from cli.machine import probes, tools

GO = """#!/bin/sh
case "$1" in
  version) echo "go version go{version} linux/amd64" ;;
  env) printf '%s\\n%s\\n' "$PWD" "$PWD" ;;
  build) echo "$*" >> {log}; {behaviour}
    while [ $# -gt 0 ]; do [ "$1" = -o ] && echo "made by go{version}" > "$2"; shift; done ;;
esac
"""


class Checkout:
    """Has pins for every tool; what its commands are called with is in its log."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "checkout"
        self._log = folder / "log"
        self._path = folder / "path"
        self._path.mkdir()
        for command in ("sh", "sleep", "cat", "rm", "touch"):
            (self._path / command).symlink_to(str(shutil.which(command)))
        monkeypatch.setenv("PATH", str(self._path))
        for tool in tools.TOOLS.values():
            module = self.root / "tools" / tool.module
            module.mkdir(parents=True, exist_ok=True)
            (module / "go.mod").write_text("require k8s.io/kubernetes v1.2.3 // indirect\n")
            (module / "go.sum").write_text("first")

    @property
    def log(self) -> Path:
        """Where a script of a test should append how it was called."""
        return self._log

    def calls(self) -> list[str]:
        """How the scripts were called, in order."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def forget_calls(self) -> None:
        """Start a new log."""
        self._log.unlink(missing_ok=True)

    def install(self, name: str, script: str) -> None:
        """Put a command on PATH."""
        _write_script(self._path / name, script)

    def install_go(self, version: str = "1.26.8", behaviour: str = "") -> None:
        """Put a `go` on PATH that makes a text file of every program, after what it should do before."""
        self.install("go", GO.format(version=version, log=self._log, behaviour=behaviour))

    def install_tool(self, name: str, script: str) -> None:
        """Put a script where a built tool would be, as if it had been built from the pins there are."""
        tools.folder(self.root).mkdir(parents=True, exist_ok=True)
        _write_script(tools.path(self.root, name), script)
        version = ".".join(map(str, probes.go_version() or (1, 26)))
        tools.folder(self.root).joinpath(f"{name}.key").write_text(f"{tools.pins(self.root, name)} {version}\n")


def _write_script(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)
