"""`wharf run`: runs a command in a new pod, which is deleted when the command ends.

The pod has the image, the settings, the service account and the network policy of an app.
"""

from __future__ import annotations

import json
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cli.deploy.reasons import Object, why
from cli.live import targets
from cli.live.access import Access, reach
from cli.machine.terminal import say_target
from components.shared.labels import client_of
from evaluation.project import Project, read_stage
from stacks.errors import UserError
from stacks.services.registry import SERVICES

LONGEST_SECONDS = 12 * 3600  # so that a pod does not run for ever if its `wharf run` was killed
POLL_SECONDS = 0.5
END_SECONDS = 30.0  # for the API server to report how a command ended
DELETE_SECONDS = 30
NOT_FOR_ONCE = ("args", "lifecycle", "livenessProbe", "ports", "readinessProbe", "startupProbe")
BEYOND_HOPE = ("InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull")


def run(
    project: Project, name: str, app: str, command: Sequence[str], *, interactive: bool | None, timeout: float
) -> int:
    """Runs a command and returns 0, or 1 if the command failed.

    Args:
        command: what to run. An empty one means a shell.
        interactive: connects this terminal to the command. None: connects it if there is a terminal.
        timeout: how many seconds the pod may take to start. The run itself has no such limit.
    """
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    connected = at_terminal if interactive is None else interactive
    if not command and not connected:
        raise UserError(f"name a command: `wharf run {name} {app} -- COMMAND`; without one, a terminal gets a shell")
    stage = read_stage(project, name)
    targets.require_known(stage, app)
    with reach(project, stage) as access:
        access.require_processes("run")
        say_target(project, name)
        workload = targets.workload_of(access, stage, app)
        pod = pod_of(workload, app, list(command) or ["sh"], stdin=connected, tty=connected and at_terminal)
        return run_pod(access, pod, timeout)


def pod_of(workload: Object, app: str, command: Sequence[str], *, stdin: bool = False, tty: bool = False) -> Any:
    """The manifest of a pod that runs ``command`` with the pod template of a workload.

    The pod has the labels by which network policies recognise the callers, but not those by which a Service or an
    autoscaler selects pods. If the workload is a part of the platform, that part lets the pod in as it lets in an app.
    The claims of a StatefulSet belong to its own pods, so this pod has empty folders instead.
    """
    spec = workload["spec"]
    template = spec["jobTemplate"]["spec"]["template"] if workload["kind"] == "CronJob" else spec["template"]
    labels = {**template["metadata"]["labels"], targets.COMPONENT_LABEL: "run"}
    if app in SERVICES:
        labels |= client_of(app)
    for key in ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"):
        labels.pop(key, None)
    main = {key: value for key, value in template["spec"]["containers"][0].items() if key not in NOT_FOR_ONCE}
    main |= {"command": list(command), "stdin": stdin, "stdinOnce": stdin, "tty": tty}
    kept = {k: v for k, v in template["spec"].items() if k not in ("initContainers", "topologySpreadConstraints")}
    claims = [claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])]
    volumes = [*kept.get("volumes", []), *({"name": name, "emptyDir": {}} for name in claims)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{app}-run-{secrets.token_hex(3)}",
            "labels": labels,
        },
        "spec": {
            **kept,
            "volumes": volumes,
            "containers": [main],
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LONGEST_SECONDS,
        },
    }


def run_pod(access: Access, manifest: Mapping[str, Any], timeout: float) -> int:
    """Creates the pod, shows its output, and always deletes it. Returns 0, or 1 if the command failed."""
    name = manifest["metadata"]["name"]
    container = manifest["spec"]["containers"][0]
    try:
        access.ask("create", "-f", "-", stdin=json.dumps(manifest))
        _wait_for_start(access, name, timeout)
        if container["stdin"] and not _ended(access, name):
            access.stream("logs", name)  # the output from before this terminal is attached
            access.stream("attach", name, "--stdin", "--quiet", *(["--tty"] if container["tty"] else []))
        else:
            access.stream("logs", name, "--follow")
        return _told(container["command"], _wait_for_end(access, name))
    except KeyboardInterrupt:
        raise UserError(f"stopped: the pod {name} is removed, and its command with it") from None
    finally:
        _delete(access, name)


def _wait_for_start(access: Access, name: str, timeout: float) -> None:
    deadline, told = time.monotonic() + timeout, ""
    while (pod := _pod(access, name))["status"].get("phase") in (None, "Pending"):
        reason = why([pod], access.objects("events", f"--field-selector=involvedObject.name={name}"))
        reason = reason or "the pod is being started"
        if time.monotonic() > deadline or any(hopeless in reason for hopeless in BEYOND_HOPE):
            raise UserError(f"{name} did not start: {reason}")
        if reason != told:
            print(f"waiting for {name}: {reason}", file=sys.stderr)
            told = reason
        time.sleep(POLL_SECONDS)


def _pod(access: Access, name: str) -> Object:
    answer = access.ask("get", "pod", name, "--ignore-not-found", "-o", "json").stdout
    if not answer:
        raise UserError(f"{name} was removed by someone else while its command ran")
    return json.loads(answer)


def _ended(access: Access, name: str) -> Object | None:
    """How the container ended, or None while it runs."""
    pod = _pod(access, name)
    for status in pod["status"].get("containerStatuses", []):
        if ended := status.get("state", {}).get("terminated"):
            return ended
    if pod["status"].get("phase") == "Failed":
        return {"exitCode": 1, "reason": pod["status"].get("reason", ""), "message": pod["status"].get("message", "")}
    return None


def _wait_for_end(access: Access, name: str) -> Object:
    deadline = time.monotonic() + END_SECONDS
    while (ended := _ended(access, name)) is None:
        if time.monotonic() > deadline:
            raise UserError(f"the connection to {name} was lost, and its command had not ended: the pod is removed")
        time.sleep(POLL_SECONDS)
    return ended


def _told(command: Sequence[str], ended: Object) -> int:
    """Prints how the command failed, if it did. Returns the exit status of `wharf run`."""
    code = ended.get("exitCode", 0)
    if code == 0:
        return 0
    reason = {"Error": "", "Completed": ""}.get(ended.get("reason", ""), ended.get("reason", ""))
    # Without a reason the message only repeats the output.
    message = ended.get("message", "").strip() if reason else ""
    detail = ": ".join(filter(None, [reason, message]))
    print(f"`{shlex.join(command)}` exited with {code}" + (f": {detail}" if detail else ""), file=sys.stderr)
    return 1


def _delete(access: Access, name: str) -> None:
    """Deletes the pod. kubectl runs in a session of its own, so that a second Ctrl-C does not stop it."""
    deletion = subprocess.Popen(
        [str(access.kubectl), "delete", "pod", name, "--ignore-not-found", "--now", f"--timeout={DELETE_SECONDS}s"],
        env=dict(access.environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    with suppress(KeyboardInterrupt):
        deletion.wait()
