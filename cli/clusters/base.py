"""What all local clusters have in common: a unique name, chosen ports, and one folder for their state.

Everything that belongs to a cluster is in `.wharf/clusters/<name>`. Only a cluster with a record there is ours.
"""

import json
import os
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, get_args

from cli.machine import probes, tools
from cli.machine.locks import only_one
from cli.machine.terminal import Say
from stacks.errors import UserError

Runtime = Literal["kind", "kwok"]

PATIENCE = 600.0  # seconds for each wait


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of this machine that should lead to a cluster."""

    name: str
    wanted: int
    chosen_by_user: bool


@dataclass(frozen=True, kw_only=True)
class Record:
    """Our record of a cluster. It is written before anything else of the cluster is created."""

    runtime: Runtime
    ports: dict[str, int] = field(default_factory=dict)
    internal: dict[str, int] = field(default_factory=dict)  # ports that only the cluster's own parts use
    complete: bool = False
    settings: str = ""  # a digest of what the cluster was created from

    @classmethod
    def read(cls, state: Path) -> "Record | None":
        """The record in a cluster's folder. None if there is no record, or if it cannot be read."""
        try:
            stored = json.loads((state / "record.json").read_text())
            known = {key: value for key, value in stored.items() if key in cls.__dataclass_fields__}
            return cls(**known) if known["runtime"] in get_args(Runtime) else None
        except (OSError, ValueError, TypeError, AttributeError, KeyError):
            return None

    def write(self, state: Path) -> None:
        """Write the record, whole or not at all."""
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = state / "record.json.part"
        unfinished.write_text(json.dumps(self.__dict__))
        unfinished.rename(state / "record.json")


class Cluster(ABC):
    """A cluster of one local stage of one checkout."""

    runtime: ClassVar[Runtime]
    simulated: ClassVar[bool]
    binaries: ClassVar[Sequence[str]]
    address = probes.LOOPBACK

    def __init__(
        self, root: Path, name: str, wanted: Sequence[Port], *, charts: str | None = None, note: str = ""
    ) -> None:
        self.root = root.resolve()
        self.name = name
        self.charts = charts
        self.wanted = wanted
        self._note = note

    @property
    def state(self) -> Path:
        """The folder with everything that belongs to this cluster."""
        return state_folder(self.root, self.name)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig. It refers to no other file, and exists as soon as the cluster is up."""
        return self.state / "kubeconfig"

    @property
    def context(self) -> str:
        """The name of the context in the kubeconfig."""
        return f"{self.runtime}-{self.name}"

    @property
    def ports(self) -> dict[str, int]:
        """The chosen ports of this machine, by name. Empty before the first `up`."""
        record = Record.read(self.state)
        return record.ports if record else {}

    def up(self, say: Say, timeout: float = PATIENCE) -> None:
        """Create the cluster, or what is missing of it. A cluster that runs stays as it is.

        Raises:
            UserError: a port or the name is taken, a tool cannot be built, or a wait was too long.
        """
        self._refuse_foreign()
        if self._note:
            say(self._note)
        with self._lock(say, timeout):
            ports = self._settled_ports(say)
            tools.ensure(self.root, self.binaries, say)
            self._record(ports=ports)
            self._converge(say, timeout)
            self._record(complete=True)
        if self.simulated:
            say("this cluster is kwok: the API is real, the pods are simulated")

    def down(self, say: Say, timeout: float = PATIENCE) -> None:
        """Remove the cluster with its data, processes and files. It is no error if there is none."""
        self._refuse_foreign()
        if self.state.exists():
            say(f"removing cluster {self.name} …")
        with self._lock(say, timeout):
            self._remove()
            shutil.rmtree(self.state, ignore_errors=True)
            if self.state.exists():
                raise UserError(f"{self.state} could not be removed: check who owns the files in it, and remove it")
            with suppress(OSError):
                self.state.parent.rmdir()

    def running(self) -> bool:
        """Whether the cluster was created completely and its API server answers."""
        record = Record.read(self.state)
        return record is not None and record.complete and self.answers()

    def require(self) -> None:
        """Make sure that the cluster runs.

        Raises:
            UserError: it does not run. The text says whether its kubeconfig is out of date or does not exist.
        """
        if self.running():
            return
        if self.kubeconfig.exists():
            raise UserError(f"{self.kubeconfig} is out of date, because its cluster does not answer: run `wharf up`")
        raise UserError(f"cluster {self.name} does not exist: run `wharf up`")

    def answers(self) -> bool:
        """Whether the API server says that it is ready."""
        if not self.kubeconfig.exists() or not tools.path(self.root, "kubectl").exists():
            return False
        return self.kubectl("get", "--raw", "/readyz", "--request-timeout=5s", check=False).returncode == 0

    def kubectl(
        self, *arguments: str, check: bool = True, timeout: float = PATIENCE, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run the project's own kubectl against this cluster, and no other.

        Raises:
            UserError: it failed, and `check` is true.
        """
        command = [str(tools.path(self.root, "kubectl")), *arguments]
        return self._run(command, check=check, timeout=timeout, stdin=stdin)

    def environment(self) -> dict[str, str]:
        """The environment variables for tools that use this cluster: its kubeconfig, and its own caches."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("KWOK_", "KIND_", "HELM_"))}
        return {
            **inherited,
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.state / "cache" / "kubectl"),
            "KUBECTL_APPLYSET": "true",
            "KUBECTL_KUBERC": "false",
        }

    @abstractmethod
    def _converge(self, say: Say, timeout: float) -> None:
        """Bring the cluster from any state to one in which it runs."""

    @abstractmethod
    def _remove(self) -> None:
        """End everything of the cluster that runs."""

    @abstractmethod
    def _exists_elsewhere(self) -> str | None:
        """Describes a cluster of this name that has no record here. None if there is no such cluster."""

    def _run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        timeout: float = PATIENCE,
        stdin: str | None = None,
        extra: Mapping[str, str] | None = None,
    ) -> "subprocess.CompletedProcess[str]":
        name = Path(command[0]).name
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=timeout,
                input=stdin,
                check=False,
                env={**self.environment(), **(extra or {})},
            )
        except subprocess.TimeoutExpired:
            raise UserError(f"`{name} {command[1]}` did not end within {timeout:.0f} s: increase --timeout") from None
        if check and done.returncode != 0:
            raise UserError(f"`{name} {' '.join(command[1:4])}` failed:\n{tools.last_lines(done.stderr)}")
        return done

    def _wait(self, what: str, ready: Callable[[], bool], say: Say, timeout: float) -> None:
        say(f"waiting for {what} …")
        started = time.monotonic()
        while not ready():
            self._tend(timeout)
            if time.monotonic() - started > timeout:
                raise UserError(f"waited {timeout:.0f} s for {what} of cluster {self.name} in vain: increase --timeout")
            time.sleep(0.2)

    def _tend(self, timeout: float) -> None:  # noqa: B027 - not every cluster needs it
        """Is called again and again during a wait. Raises UserError if it is pointless to wait longer."""

    def _lock(self, say: Say, timeout: float) -> AbstractContextManager[None]:
        return only_one(self.state, f"changing cluster {self.name}", say, timeout)

    def _record(self, **changes: object) -> None:
        record = Record.read(self.state) or Record(runtime=self.runtime)
        Record(**{**record.__dict__, **changes}).write(self.state)

    def _refuse_foreign(self) -> None:
        if Record.read(self.state) is None and (foreign := self._exists_elsewhere()):
            raise UserError(
                f"{foreign} was not created by this checkout, so it is not touched: rename it, or delete it yourself"
            )

    def _settled_ports(self, say: Say) -> dict[str, int]:
        settled = dict(self.ports)
        fixed = self._ports_are_fixed()
        for port in self.wanted:
            kept = settled.get(port.name)
            overruled = port.chosen_by_user and port.wanted != kept
            if kept is not None and not overruled and (fixed or probes.port_is_free(kept)):
                continue
            if kept is not None and fixed:
                raise UserError(
                    f"port {port.wanted} ({port.name}) cannot be had as long as cluster {self.name} has {kept}: "
                    "`wharf down` it first, then `wharf up`"
                )
            settled[port.name] = _settle(port, settled, say)
        return settled

    def _ports_are_fixed(self) -> bool:
        """Whether there is a cluster whose ports cannot be changed any more."""
        return self.running()


def _settle(port: Port, others: Mapping[str, int], say: Say) -> int:
    if probes.port_is_free(port.wanted) and port.wanted not in others.values():
        return port.wanted
    holder = probes.port_holder(port.wanted)
    if port.chosen_by_user:
        raise UserError(f"port {port.wanted} ({port.name}) is used by {holder}: stop it, or set wharf:{port.name}.port")
    moved = probes.next_free_port(port.wanted, others.values())
    say(f"port {port.wanted} ({port.name}) is taken by {holder}: using {moved}")
    return moved


def state_folder(root: Path, name: str) -> Path:
    """The folder in which a checkout keeps the cluster of this name."""
    return root / ".wharf" / "clusters" / name
