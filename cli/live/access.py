"""How kubectl reaches a stage.

A local stage is reached by the kubeconfig of its cluster. A stage on AWS is reached by the output `kubeconfig` of its
stack.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from cli.clusters.local import local_cluster
from cli.deploy.engine import Engine
from cli.deploy.rollout import Object
from cli.machine import tools
from cli.machine.terminal import say
from evaluation.project import CHECKOUT, Project
from stacks.errors import UserError
from stacks.reading.models import Stage

REACH_SECONDS = 20  # for an API server to answer that it is ready; this includes getting credentials
ASK_SECONDS = 120.0  # for one request to it
PULUMI_ERRORS = {
    "no stack named": "there is no stack {stage} in this backend: `wharf up {stage}` makes it, `pulumi login` changes "
    "the backend",
    "PULUMI_ACCESS_TOKEN": "pulumi is not logged in to the backend of {stage}: `pulumi login s3://…` first",
    "does not have output": "stack {stage} puts out no kubeconfig yet: `wharf up {stage}` first",
}


@dataclass(frozen=True, kw_only=True)
class Access:
    """kubectl for one stage: in its cluster, and in its namespace unless the arguments name another.

    Attributes:
        ports: the ports of this machine that lead into the cluster, by name. Empty if there are none.
        simulated: True if kwok simulates the pods, so that no process runs in them.
    """

    stage: str
    namespace: str
    kubectl: Path
    environment: Mapping[str, str]
    simulated: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)

    def ask(self, *arguments: str, stdin: str | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs kubectl and returns its output.

        Raises:
            UserError: kubectl failed and ``check`` is true, or the API server did not answer in time.
        """
        try:
            done = subprocess.run(
                [str(self.kubectl), *arguments], env=dict(self.environment), input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True, text=True, check=False, timeout=ASK_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise UserError(f"the API server of {self.stage} did not answer within {ASK_SECONDS:.0f} s") from None
        if check and done.returncode != 0:
            raise UserError(f"{self.stage}: {last_line(done.stderr)}")
        return done

    def objects(self, kinds: str, *arguments: str) -> list[Object]:
        """The live objects of these kinds (as in ``deployments,pods``)."""
        return json.loads(self.ask("get", kinds, *arguments, "-o", "json").stdout)["items"]

    def stream(self, *arguments: str) -> int:
        """Runs kubectl on this terminal and returns its exit status. If `wharf` is interrupted, it ends kubectl."""
        process = subprocess.Popen([str(self.kubectl), *arguments], env=dict(self.environment))
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise

    def require_processes(self, verb: str) -> None:
        """Checks that processes run in the pods.

        Raises:
            UserError: the pods are simulated, and ``verb`` needs a process in them.
        """
        if self.simulated:
            raise UserError(
                f"wharf {verb}: the pods of {self.stage} are simulated by kwok and no process runs in them; "
                f"with a Docker daemon, `wharf down {self.stage}` and `wharf up {self.stage}` run them for real"
            )


@contextmanager
def reach(project: Project, stage: Stage) -> Iterator[Access]:
    """Gives access to a stage for one `with` block. The kubeconfig is on disk only during that block.

    Raises:
        UserError: the stage has no cluster, is not up, or cannot be reached from this machine.
    """
    with _terminated_as_interrupted():
        if stage.config.kind == "local":
            with _local(project, stage) as access:
                yield access
        elif stage.config.kind == "account":
            raise UserError(f"{stage.name} is an account and has no cluster: name an environment")
        else:
            with _on_aws(project, stage) as access:
                yield access


@contextmanager
def _local(project: Project, stage: Stage) -> Iterator[Access]:
    cluster = local_cluster(project, stage)
    if not cluster.state.exists():
        raise UserError(f"{stage.name} is not up: `wharf up {stage.name}` brings it up")
    cluster.require()
    with _kubeconfig(cluster.state, cluster.kubeconfig.read_text(encoding="utf-8"), stage.name) as file:
        yield Access(
            stage=stage.name,
            namespace=stage.name,
            kubectl=tools.path(cluster.root, "kubectl"),
            environment={**cluster.environment(), "KUBECONFIG": str(file)},
            simulated=cluster.simulated,
            ports=cluster.ports,
        )


@contextmanager
def _on_aws(project: Project, stage: Stage) -> Iterator[Access]:
    text = stack_kubeconfig(project, stage)
    namespace = stage.name if stage.config.kind == "aws" else "default"
    profile = {"AWS_PROFILE": stage.aws["profile"]} if stage.aws.get("profile") else {}
    project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _kubeconfig(project.state, text, namespace) as file:
        access = Access(
            stage=stage.name,
            namespace=namespace,
            kubectl=_any_kubectl(),
            environment={**profile, **os.environ, "KUBECONFIG": str(file), "KUBECTL_KUBERC": "false"},
        )
        _require_answer(access)
        yield access


def stack_kubeconfig(project: Project, stage: Stage) -> str:
    """The output `kubeconfig` of the stage's stack. kubectl then gets its token from the `aws` command.

    Raises:
        UserError: there is no pulumi command, no such stack, no such output, or no credentials.
    """
    if shutil.which("pulumi") is None:
        raise UserError(
            f"{stage.name} is reached by the kubeconfig that its stack puts out, and there is no pulumi command to "
            "ask: curl -fsSL https://get.pulumi.com | sh"
        )
    try:
        return Engine(project, stage.name, say, ASK_SECONDS).output("kubeconfig")
    except UserError as error:
        for text, explanation in PULUMI_ERRORS.items():
            if text in str(error):
                raise UserError(explanation.format(stage=stage.name)) from None
        raise


@contextmanager
def _kubeconfig(folder: Path, text: str, namespace: str) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(dir=folder, prefix="reach-", suffix=".kubeconfig")  # mode 0600
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(in_namespace(text, namespace))
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def in_namespace(kubeconfig: str, namespace: str) -> str:
    """The kubeconfig with the namespace set in its current context.

    Raises:
        UserError: it is not a kubeconfig with a current context.
    """
    loaded = yaml.safe_load(kubeconfig)
    try:
        current = next(one for one in loaded["contexts"] if one["name"] == loaded["current-context"])
    except (KeyError, TypeError, StopIteration):
        raise UserError("the kubeconfig names no current context: `wharf up` writes it again") from None
    current["context"]["namespace"] = namespace
    return json.dumps(loaded)


def _any_kubectl() -> Path:
    """Wharf's own kubectl if it is built, otherwise the user's. If there is neither, Wharf's own is built."""
    of_wharf, on_path = tools.path(CHECKOUT, "kubectl"), shutil.which("kubectl")
    if of_wharf.exists() or on_path is None:
        return tools.ensure(CHECKOUT, ["kubectl"], say)["kubectl"]
    return Path(on_path)


def _require_answer(access: Access) -> None:
    done = access.ask("get", "--raw", "/readyz", f"--request-timeout={REACH_SECONDS}s", check=False)
    if done.returncode != 0:
        raise UserError(f"the cluster of {access.stage} refuses you: {last_line(done.stderr)}")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Handles SIGTERM and SIGHUP like Ctrl-C, so that kubectl ends with `wharf` and no file stays behind."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can handle signals
        return
    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def last_line(text: str) -> str:
    """The last line that is not empty. Commands write the reason of a failure there."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
