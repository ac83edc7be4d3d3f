"""The verbs that call kubectl with the right arguments: logs, shell, forward, restart and k. `run` is in one_off.py."""

from __future__ import annotations

import sys

from cli.deploy import rollout
from cli.deploy.rollout import Object
from cli.live import targets
from cli.live.access import Access, last_line, reach
from cli.machine import probes
from cli.machine.terminal import say_target
from evaluation.project import Project, read_stage
from stacks.errors import UserError
from stacks.reading.models import Stage

MOST_STREAMS = 50  # the pods whose logs can be followed at once
FIRST_CHOICE = ("app", "page")  # the ports of a Service to choose by default; without either, its first port
NO_SHELL = ("executable file not found", "no such file or directory")


def logs(project: Project, name: str, app: str, *, follow: bool, tail: int, since: str | None) -> int:
    """Prints the logs of all pods of an app. Each line begins with the name of its pod."""
    stage = _stage_with(project, name, app)
    with reach(project, stage) as access:
        access.require_processes("logs")
        if not access.objects("pods", "-l", targets.selector(app)):
            targets.workload_of(access, stage, app)
            raise UserError(f"{app} has no pod in {name}: `wharf status {name}` shows why")
        bounds = [f"--tail={tail}", f"--max-log-requests={MOST_STREAMS}", *([f"--since={since}"] if since else [])]
        chosen = ["-l", targets.selector(app), "--prefix", "--all-containers", "--ignore-errors"]
        try:
            return access.stream("logs", *chosen, *bounds, *(["--follow"] if follow else []))
        except KeyboardInterrupt:
            return 0  # how following ends


def shell(project: Project, name: str, app: str) -> int:
    """Opens a shell in a running pod of an app."""
    stage = _stage_with(project, name, app)
    with reach(project, stage) as access:
        access.require_processes("shell")
        workload = targets.workload_of(access, stage, app)
        pod = _running_pod(access, stage, workload, app)
        container = pod["spec"]["containers"][0]["name"]
        where = ["exec", pod["metadata"]["name"], "--container", container]
        probe = access.ask(*where, "--", "sh", "-c", ":", check=False)
        if any(text in probe.stderr for text in NO_SHELL):
            raise UserError(
                f"the image of {app} has no shell: `wharf k {name} -- debug -it {pod['metadata']['name']} "
                f"--image=busybox --profile=restricted --target={container}` starts one beside it"
            )
        if probe.returncode != 0:
            raise UserError(f"no shell in {pod['metadata']['name']}: {last_line(probe.stderr)}")
        terminal = ["--stdin", "--tty"] if sys.stdin.isatty() else ["--stdin"]
        return access.stream(*where, *terminal, "--", "sh")


def forward(project: Project, name: str, app: str, port: str | None) -> int:
    """Forwards a port of this machine to an app or a part of the platform, until Ctrl-C.

    Args:
        port: for example ``8080``, or ``8080:80`` to name the port of the app too.
    """
    stage = _stage_with(project, name, app)
    local, remote = ports_asked(port)
    with reach(project, stage) as access:
        access.require_processes("forward")
        targets.workload_of(access, stage, app)
        services = access.objects("services", "-l", targets.selector(app))
        if not services:
            raise UserError(f"{app} listens on no port, so there is nothing to forward to")
        remote_port = pick_port(services[0], remote, app)
        local_port = _free_port(local, remote_port)
        service = services[0]["metadata"]["name"]
        print(
            f"{app} of {name}: 127.0.0.1:{local_port} leads to {service}:{remote_port}, until Ctrl-C", file=sys.stderr
        )
        try:
            return access.stream(
                "port-forward", "--address=127.0.0.1", f"service/{service}", f"{local_port}:{remote_port}"
            )
        except KeyboardInterrupt:
            return 0  # how forwarding ends


def restart(project: Project, name: str, app: str, *, timeout: float) -> int:
    """Replaces the pods of an app one after another, and waits until the new ones are ready."""
    stage = _stage_with(project, name, app)
    with reach(project, stage) as access:
        say_target(project, name)
        workload = targets.workload_of(access, stage, app)
        if workload["kind"] not in ("Deployment", "StatefulSet"):
            raise UserError(
                f"{app} is a {workload['kind']} and does not run all the time: "
                f"`wharf run {name} {app} -- COMMAND` runs its image once"
            )
        access.ask("rollout", "restart", targets.shown(workload))
        code = access.stream("rollout", "status", targets.shown(workload), f"--timeout={timeout:.0f}s")
        if code != 0:
            raise UserError(f"{app} did not come up again within {timeout:.0f} s: {_late(access, workload)}")
        print(f"{app} was restarted" + (" (its pods are simulated)" if access.simulated else ""))
        return 0


def kubectl(project: Project, name: str, arguments: list[str]) -> int:
    """Runs kubectl with any arguments, in the stage's cluster and namespace."""
    with reach(project, read_stage(project, name)) as access:
        return min(access.stream(*arguments), 1)


def _stage_with(project: Project, name: str, app: str) -> Stage:
    stage = read_stage(project, name)
    targets.require_known(stage, app)
    return stage


def _running_pod(access: Access, stage: Stage, workload: Object, app: str) -> Object:
    """The newest pod that is ready, otherwise the newest that runs."""
    pods = access.objects("pods", "-l", targets.selector(app), "--field-selector=status.phase=Running")
    if workload["kind"] in ("Deployment", "StatefulSet"):
        selected = workload["spec"]["selector"]["matchLabels"].items()
        pods = [pod for pod in pods if selected <= pod["metadata"]["labels"].items()]
    if not pods:
        raise UserError(
            f"{app} has no pod that runs in {stage.name}: `wharf run {stage.name} {app}` opens a shell in a new one"
        )
    return max(pods, key=lambda pod: (targets.is_ready(pod), pod["metadata"]["creationTimestamp"]))


def ports_asked(port: str | None) -> tuple[int | None, int | None]:
    """The port of this machine and the port of the app. ``8080`` names only the first, ``8080:80`` names both.

    Raises:
        UserError: the text is neither.
    """
    if port is None:
        return None, None
    local, colon, remote = port.partition(":")
    if not local.isdecimal() or (colon and not remote.isdecimal()) or not 0 < int(local) < 65_536:
        raise UserError(f"port {port!r}: write a port of this machine such as 8080, or 8080:80 to name the app's too")
    return int(local), int(remote) if colon else None


def pick_port(service: Object, requested: int | None, app: str) -> int:
    """The requested port of a Service, or without a request one of `FIRST_CHOICE` or its first.

    Raises:
        UserError: the Service has no such port. The message lists its ports.
    """
    ports = {one.get("name", ""): one["port"] for one in service["spec"]["ports"]}
    if requested is None:
        return next((ports[name] for name in FIRST_CHOICE if name in ports), next(iter(ports.values())))
    if requested not in ports.values():
        known = ", ".join(f"{port} ({name})" for name, port in ports.items())
        raise UserError(f"{app} does not listen on {requested}: its ports are {known}")
    return requested


def _free_port(requested: int | None, remote: int) -> int:
    """The requested port of this machine, if it is free.

    Without a request it is the first free port from the remote port on. If the remote port is below 1024, which only
    root can open, the search begins 8000 higher.
    """
    if requested is None:
        return probes.next_free_port(remote if remote >= 1024 else remote + 8000)
    if not probes.port_is_free(requested):
        raise UserError(f"port {requested} is taken by {probes.port_holder(requested)}: end it, or name another port")
    return requested


def _late(access: Access, workload: Object) -> str:
    objects = access.objects("deployments,statefulsets,replicasets,pods,events")
    late = rollout.pending([workload], objects)
    return late[0].reason if late else "it is ready now"
