"""Drives the Pulumi engine by plain `pulumi` commands. If an earlier command was killed, repairs what it left first."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.machine.terminal import Say
from evaluation.graph import Graph, Resource
from evaluation.loss import loses
from evaluation.project import Project, graph_of
from evaluation.urns import Urn
from stacks.errors import UserError
from stacks.reading.models import Stage

LOCAL_PASSPHRASE = "local"  # noqa: S105 a local stage is public: its salt is in the repository beside this
MARK = "WHARF_STAGE"  # in the environment of every process that we start, so that orphans can be told from others'
NOISE = ("using pulumi-", "from $PATH")
# The engine takes over objects that a killed run created. It does so by force, because the killed run was another field
# manager. Without force the API server refuses the volume claims of a StatefulSet, which are one value that includes
# the API server's own defaults.
ADOPT = {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true", "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}


class Engine:
    """One stack. A local stack keeps its state in the project's `.wharf/state`, unless PULUMI_BACKEND_URL is set."""

    def __init__(self, project: Project, stack: str, say: Say, timeout: float, *, local: bool = False) -> None:
        self.project, self.stack, self.say, self.timeout, self.local = project, stack, say, timeout, local

    @property
    def _state(self) -> Path:
        return self.project.state / "state"

    @property
    def _half_made(self) -> Path:
        """A file that exists while some objects may be in the cluster and not in the engine's state.

        It is created when a killed run is found, and deleted when an `up` succeeds.
        """
        return self._state / f"{self.stack}.half-made"

    @property
    def _keeps_state(self) -> bool:
        return self.local and "PULUMI_BACKEND_URL" not in os.environ

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The user's environment. For a local stage it also has the place of the state and its passphrase."""
        inherited = dict(os.environ)
        if self.local:
            inherited.setdefault("PULUMI_BACKEND_URL", f"file://{self._state}")
            if "PULUMI_CONFIG_PASSPHRASE_FILE" not in inherited:
                inherited.setdefault("PULUMI_CONFIG_PASSPHRASE", LOCAL_PASSPHRASE)
        inherited.setdefault("PULUMI_SKIP_UPDATE_CHECK", "true")
        return {**inherited, MARK: f"{self.project.root}:{self.stack}", **(more or {})}

    def up(
        self, *, yes: bool, program: Stage | None = None, confirm: Callable[[list[str]], None] = lambda _: None
    ) -> None:
        """`pulumi up`, after repairing what a killed run left.

        Args:
            program: the stage, if its state is on this machine. The state shows which resources would be deleted.
            confirm: is given the resources that hold data and would be deleted. It raises to stop the run.

        Raises:
            UserError: the engine failed. Its output, already printed, has the reason.
        """
        self._prepare()
        more = self._recover()
        if program is not None and (losing := self._losing(program)):
            confirm(losing)
        flags = ["--yes", "--skip-preview"] if yes else []
        self._stream("up", *flags, more=more)
        if more:
            self._half_made.unlink()
            self.say("recovered: once more, without the right to take over what is not in the state")
            self._stream("up", *flags)

    def preview(self) -> None:
        """`pulumi preview --diff`."""
        self._prepare()
        self._stream("preview", "--diff")

    def down(self, *, yes: bool) -> None:
        """`pulumi destroy`. The stack itself stays, empty."""
        self._prepare()
        self._recover()
        self._stream("destroy", *(["--yes", "--skip-preview"] if yes else []))

    def forget(self) -> None:
        """Removes the state of a local stack. Nothing else has to be deleted: its cluster is destroyed as a whole."""
        self._end_orphans()
        if "PULUMI_BACKEND_URL" in os.environ and shutil.which("pulumi"):
            self._run("stack", "rm", "--force", "--yes", "--preserve-config", check=False)
        shutil.rmtree(self._state, ignore_errors=True)

    def output(self, name: str) -> str:
        """One output of the stack, secret or not.

        Raises:
            UserError: no such stack, no such output, no access.
        """
        return self._run("stack", "output", name, "--show-secrets").stdout.strip()

    def _prepare(self) -> None:
        if self.local:
            self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        listed = self._run("stack", "ls", "--json", stack=False, check=not self._keeps_state)
        if listed.returncode != 0:
            raise UserError(
                f"pulumi cannot read {self._state}: {_last(listed.stderr)}: put back what was there, or "
                f"`wharf down {self.stack}` and start again"
            )
        stacks = json.loads(listed.stdout or "[]")
        if self.stack not in {entry["name"].rsplit("/", 1)[-1] for entry in stacks}:
            self.say(f"creating stack {self.stack}")
            self._run("stack", "init", self.stack, "--no-select", stack=False)

    def _recover(self) -> dict[str, str]:
        """Repairs what a killed run of this stack left: its processes, its lock and its pending operations.

        Returns:
            The variables that the next `up` needs, so that it takes over objects that are not in the state.
        """
        if not self.local:
            return {}
        if self._end_orphans():
            self.say("recovered: stopped processes of a run that was killed")
        if any((self._state / ".pulumi" / "locks").rglob("*.json")):
            self._run("cancel", "--yes", check=False)
            self.say("recovered: removed the lock of a run that was killed")
        pending = [operation["type"] for operation in self._deployment().get("pending_operations") or []]
        if pending:
            self.say(f"recovered: {len(pending)} operations were pending ({', '.join(sorted(set(pending)))})")
            if "creating" in pending:
                self._half_made.touch()
            self._clear_pending()
        return ADOPT if self._half_made.exists() else {}

    def _deployment(self) -> dict[str, Any]:
        exported = self._run("stack", "export", check=False)
        return json.loads(exported.stdout).get("deployment") or {} if exported.returncode == 0 else {}

    def _clear_pending(self) -> None:
        exported = json.loads(self._run("stack", "export").stdout)
        exported["deployment"]["pending_operations"] = []
        self._run("stack", "import", "--force", stdin=json.dumps(exported))

    def _losing(self, program: Stage) -> list[str]:
        """The resources in the state that hold data and that the program no longer has."""
        kept_urns = {resource.urn for resource in graph_of(program)}
        state = graph_of_state(self.project.name, self.stack, self._deployment())
        return [resource.urn for resource in state if resource.urn not in kept_urns and loses(resource, state)]

    def _end_orphans(self) -> list[int]:
        """Kills the processes of an earlier run of this stack. They are known by `MARK` in their environment."""
        ended = []
        for pid in _processes_marked(f"{MARK}={self.project.root}:{self.stack}"):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                ended.append(pid)
        return ended

    def _run(
        self, *arguments: str, check: bool = True, stack: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self._command(arguments, stack=stack), cwd=self.project.root, env=self.environment(), input=stdin,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise UserError(f"`pulumi {' '.join(arguments[:2])}` failed: {_last(done.stderr)}")
        return done

    def _stream(self, verb: str, *flags: str, more: Mapping[str, str] | None = None) -> None:
        """Runs the engine and shows its output.

        On a terminal the engine draws its own display. Elsewhere its lines are printed, without those in which it says
        where its plugins are.

        Raises:
            UserError: the engine failed. Its output, already printed, has the reason.
        """
        terminal = sys.stdout.isatty()
        process = subprocess.Popen(
            self._command((verb, *flags), stack=True, terminal=terminal),
            cwd=self.project.root,
            env=self.environment(more),
            stdout=None if terminal else subprocess.PIPE,
            stderr=None if terminal else subprocess.STDOUT,
            text=True,
        )
        try:
            for line in process.stdout or ():
                if not all(word in line for word in NOISE):
                    print(line, end="", flush=True)
            code = process.wait()
        except KeyboardInterrupt:
            with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
                process.wait(30)
            raise
        if code != 0:
            raise UserError(f"{self.stack}: pulumi {verb} did not succeed; the reason is above")

    def _command(self, arguments: Sequence[str], *, stack: bool, terminal: bool = False) -> list[str]:
        chosen = ["--stack", self.stack] if stack else []
        return ["pulumi", *arguments, *chosen, *([] if terminal else ["--non-interactive", "--color", "never"])]


def graph_of_state(project: str, stack: str, deployment: Mapping[str, Any]) -> Graph:
    """The resources in the engine's state, as a graph."""
    resources = [
        Resource(
            urn=entry["urn"],
            type=entry["type"],
            name=Urn.parse(entry["urn"]).name,
            retain_on_delete=entry.get("retainOnDelete", False),
            inputs=entry.get("inputs") or {},
        )
        for entry in deployment.get("resources") or []
    ]
    return Graph(project, stack, tuple(resources))


def _processes_marked(mark: str) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(entry.name) != os.getpid() and mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


def _last(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not all(word in line for word in NOISE)]
    return " ".join(lines[-2:]) or "it said nothing"
