"""The real Pulumi engine over the simulated AWS, with all of its state in one folder."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.simulator import install
from tests.engine.simulator.cloud import FAULTS, LOG, ROLE, STATE, TIMES, Cloud, Thing

ROOT = Path(__file__).parents[2]
TIMEOUT = 600  # seconds, of one command
UNCHANGED = ("same", "refresh", "read")
DONE = ("resOutputsEvent", "resOpFailedEvent")


@dataclass(frozen=True)
class Outcome:
    """What one command of the engine did.

    ``changes`` is operation (create, update, create-replacement, delete, …) to names; what stays the same is left out.
    """

    ok: bool
    changes: Mapping[str, Sequence[str]]
    messages: str = field(repr=False)

    @property
    def nothing(self) -> bool:
        return self.ok and not self.changes


class Engine:
    """One stack of one program.

    Args:
        folder: where Pulumi.yaml, state, plugins and the simulated account are put.
        main: the folder of the program.
        kubeconfig: of the real cluster behind simulated EKS.
        real_eks: whether pulumi-eks is the real plugin; what can be had on PATH unless said.
        project: the name in Pulumi.yaml.
    """

    def __init__(
        self,
        folder: Path,
        main: Path,
        *,
        kubeconfig: Path | None = None,
        real_eks: bool | None = None,
        project: str = "wharf",
        stack: str = "dev",
    ) -> None:
        self.folder, self.stack = folder, stack
        (folder / "state").mkdir(parents=True)
        settings = {"name": project, "main": str(main), "runtime": {"name": "python"}}
        (folder / "Pulumi.yaml").write_text(json.dumps(settings))
        install.install(folder / "bin", real_eks=install.has_real_eks() if real_eks is None else real_eks)
        self.environ = {
            **os.environ,
            **install.environment(folder / "bin", folder / "aws.json", kubeconfig),
            FAULTS: str(folder / "faults.json"),
            LOG: str(folder / "log.jsonl"),
            TIMES: str(folder / "times.json"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "passphrase",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PYTHONPATH": str(ROOT),
            "VIRTUAL_ENV": sys.prefix,
        }
        self.environ["PATH"] = f"{folder / 'bin'}{os.pathsep}{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.pulumi("stack", "init", stack)

    def sibling(self, stack: str) -> Engine:
        """Another stack of the same project, in the same account."""
        other = copy.copy(self)
        other.stack = stack
        other.pulumi("stack", "init", stack, "--no-select")
        return other

    def takes(self, policies: Sequence[Mapping[str, Any]]) -> None:
        """From now on it calls AWS as a role that has these policies."""
        role = self.folder / f"role-{self.stack}.json"
        role.write_text(json.dumps({"policies": policies}))
        self.environ = {**self.environ, ROLE: str(role)}

    def pulumi(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, whatever that is."""
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    def configure(self, **settings: Any) -> None:
        """Sets plain values, of the program's own namespace unless the key says another."""
        for key, value in settings.items():
            done = self.pulumi("config", "set", "--stack", self.stack, key, str(value))
            assert done.returncode == 0, done.stderr

    def times(self, **times: Any) -> None:
        (self.folder / "times.json").write_text(json.dumps(times))

    def fail_once(self, **faults: str) -> None:
        """``create_database_instance="Throttling"``: the operation and the name, with ``-`` written as ``_``."""
        written = {key.replace("_", " ", 1).replace("_", "-"): message for key, message in faults.items()}
        (self.folder / "faults.json").write_text(json.dumps(written))

    def up(self, *arguments: str) -> Outcome:
        return self._outcome("up", *arguments)

    def preview(self, *arguments: str) -> Outcome:
        """What an up would do; of a refresh, what it would find."""
        ran = self.pulumi("preview", "--json", "--stack", self.stack, *arguments)
        changes = defaultdict(list)
        for step in json.loads(ran.stdout or "{}").get("steps", []):
            if step["op"] not in UNCHANGED:
                changes[step["op"]].append(step["urn"].split("::", 3)[3])
        return Outcome(ran.returncode == 0, changes, ran.stdout + ran.stderr)

    def refresh(self) -> Outcome:
        return self._outcome("refresh")

    def destroy(self) -> Outcome:
        return self._outcome("destroy")

    def outputs(self) -> dict[str, Any]:
        return json.loads(self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", self.stack).stdout)

    def things(self) -> list[Thing]:
        """What exists in the simulated account."""
        return Cloud({STATE: self.environ[STATE]}).things()

    def thing(self, name: str) -> Thing:
        return next(thing for thing in self.things() if thing.urn.endswith(f"::{name}"))

    def operations(self) -> list[dict[str, Any]]:
        """What the simulated account was asked for, in the order of ends: operation, type, urn, began, ended."""
        return [json.loads(line) for line in Path(self.environ[LOG]).read_text().splitlines()]

    def _outcome(self, verb: str, *arguments: str) -> Outcome:
        ran = self.pulumi(verb, "--yes", "--skip-preview", "--json", "--stack", self.stack, *arguments)
        changes, messages = defaultdict(list), [ran.stderr]
        for line in ran.stdout.splitlines():
            event = json.loads(line) if line.startswith("{") else {}
            metadata = next((event[kind]["metadata"] for kind in DONE if kind in event), {"op": "same"})
            if metadata["op"] not in UNCHANGED:
                changes[metadata["op"]].append(metadata["urn"].split("::", 3)[3])
            diagnostic = event.get("diagnosticEvent", {})
            if diagnostic.get("severity") in ("info#err", "error"):
                messages.append(diagnostic["message"])
        told = {operation: sorted(names) for operation, names in changes.items()}
        return Outcome(ran.returncode == 0, told, "".join(messages))
