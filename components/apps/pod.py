"""The pod of an app, as a plain manifest. It meets the `restricted` profile of Pod Security by default."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from components.apps.draining import STOP_SECONDS, grace_seconds, wait_seconds
from components.apps.spec import AppSpec, file_key
from components.shared.manifest import Manifest
from components.shared.pods import container_security, empty_dirs, pod_security


def probes(spec: AppSpec) -> Manifest:
    """Startup, liveness and readiness probes. A job, a cron app and an app without a port have none."""
    if spec.port is None or not spec.runs_always:
        return {}

    def check(path: str | None) -> Manifest:
        return {"httpGet": {"path": path, "port": "app"}} if path else {"tcpSocket": {"port": "app"}}

    live, ready = check(spec.health.live), check(spec.health.ready)
    return {
        "startupProbe": {**live, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**live, "periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3},
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 3, "failureThreshold": 2},
    }


def environment_of(spec: AppSpec, secret: str, secret_variables: Sequence[str]) -> list[Manifest]:
    """Plain variables with their values, and secret ones with a reference to the Secret."""
    plain: list[Manifest] = [{"name": name, "value": value} for name, value in spec.env.items()]
    referred = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}} for name in secret_variables
    ]
    return sorted([*plain, *referred], key=lambda variable: variable["name"])


def container(
    spec: AppSpec, name: str, *, secret: str, secret_variables: Sequence[str], command: Sequence[str] | None = None
) -> Manifest:
    """The app's container. ``command`` runs another command with the same image, variables and volumes."""
    _, mounts = volumes_and_mounts(spec, secret)
    built: Manifest = {
        "name": name,
        "image": spec.image_reference,
        "imagePullPolicy": "Always" if spec.pulls_always else "IfNotPresent",
        "env": environment_of(spec, secret, secret_variables),
        "resources": {
            "requests": {"cpu": spec.resources.cpu, "memory": spec.resources.memory},
            "limits": {"memory": spec.resources.memory},
        },
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    if command is not None:
        return {**built, "command": list(command)}
    if spec.command:
        built["command"] = list(spec.command)
    if spec.args:
        built["args"] = list(spec.args)
    if spec.serves:
        built["ports"] = [{"name": "app", "containerPort": spec.port}]
        built["lifecycle"] = {"preStop": {"sleep": {"seconds": wait_seconds(spec)}}}
    return {**built, **probes(spec)}


def volumes_and_mounts(spec: AppSpec, secret: str) -> tuple[list[Manifest], list[Manifest]]:
    volumes, mounts = empty_dirs(list(dict.fromkeys(["/tmp", *spec.writable])))  # noqa: S108 the pod's own, not ours
    if spec.files:
        items = [{"key": file_key(path), "path": file_key(path)} for path in sorted(spec.files)]
        volumes.append({"name": "files", "secret": {"secretName": secret, "items": items, "defaultMode": 0o444}})
        mounts += [
            {"name": "files", "mountPath": path, "subPath": file_key(path), "readOnly": True}
            for path in sorted(spec.files)
        ]
    return volumes, mounts


def pod_spec(spec: AppSpec, *, service_account: str, secret: str, secret_variables: Sequence[str]) -> Manifest:
    """The pods of a web app, a worker, a job or a cron app."""
    main = container(spec, spec.name, secret=secret, secret_variables=secret_variables)
    return {**_surroundings(spec, service_account, secret, grace_seconds(spec)), "containers": [main]}


def before_spec(spec: AppSpec, *, service_account: str, secret: str, secret_variables: Sequence[str]) -> Manifest:
    """The pod that runs the ``before`` commands in their order, each in its own container. Wharf adds no shell."""
    containers = [
        container(spec, f"before-{n}", secret=secret, secret_variables=secret_variables, command=shlex.split(command))
        for n, command in enumerate(spec.before, start=1)
    ]
    surroundings = _surroundings(spec, service_account, secret, STOP_SECONDS)
    built = {**surroundings, "containers": containers[-1:], "restartPolicy": "Never"}
    return {**built, "initContainers": containers[:-1]} if containers[:-1] else built


def _surroundings(spec: AppSpec, service_account: str, secret: str, grace_seconds: int) -> Manifest:
    volumes, _ = volumes_and_mounts(spec, secret)
    return {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(spec.user),
        "terminationGracePeriodSeconds": grace_seconds,
        "volumes": volumes,
    }
