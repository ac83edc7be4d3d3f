"""What pods may do to the node that they run on, and which secrets they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.graph import Resource
from evaluation.inputs import at, is_true, items
from evaluation.workloads import containers, namespace, pod

SHARED = {"hostNetwork": "the node's network", "hostPID": "the node's processes", "hostIPC": "the node's memory"}


def granted(workload: Resource) -> Iterator[tuple[str, str]]:
    """What the pods of a workload may do, as verb and object."""
    spec = pod(workload)
    for key, what in SHARED.items():
        if is_true(spec.get(key)):
            yield "use", what
    if is_true(spec.get("automountServiceAccountToken")):
        yield "use", f"the API server's token of ServiceAccount {spec.get('serviceAccountName', 'default')}"
    for volume in items(spec, "volumes"):
        yield from _volume(volume, namespace(workload))
    for container in containers(workload):
        for what in _raised(container, at(spec, "securityContext", {})):
            yield "run", f"container {container.get('name')} {what}"
        yield from _environment(container, namespace(workload))


def _raised(container: Mapping[str, Any], pods: Mapping[str, Any]) -> Iterator[str]:
    """The rights of a container that the Pod Security profile `restricted` would refuse or limit, in words."""
    security = at(container, "securityContext", {})
    if is_true(security.get("privileged")):
        yield "privileged"
    if security.get("allowPrivilegeEscalation") is not False:
        yield "with privilege escalation"
    if added := items(security, "capabilities.add"):
        yield f"with {', '.join(map(str, added))}"
    if "ALL" not in list(items(security, "capabilities.drop")):
        yield "with the runtime's default capabilities"
    both = {**pods, **security}
    if not is_true(both.get("runAsNonRoot")) or both.get("runAsUser") == 0:
        yield "as root"
    if at(both, "seccompProfile.type") not in ("RuntimeDefault", "Localhost"):
        yield "with every system call"
    for port in items(container, "ports"):
        if port.get("hostPort"):
            yield f"on port {port['hostPort']} of the node"


def _volume(volume: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    if path := at(volume, "hostPath.path"):
        yield "read and write", f"{path} of the node"
    secrets = [volume.get("secret") or {}, *(at(source, "secret", {}) for source in items(volume, "projected.sources"))]
    for secret in secrets:
        if name := secret.get("secretName") or secret.get("name"):
            keys = [item.get("key") for item in items(secret, "items")] or ["*"]
            yield from (("read", f"{key} of Secret {where}/{name}") for key in keys)
    for source in items(volume, "projected.sources"):
        if token := source.get("serviceAccountToken"):
            yield "use", f"a token of its ServiceAccount for {token.get('audience', 'the API server')}"


def _environment(container: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for variable in items(container, "env"):
        if secret := at(variable, "valueFrom.secretKeyRef"):
            yield "read", f"{secret.get('key')} of Secret {where}/{secret.get('name')}"
    for source in items(container, "envFrom"):
        if secret := source.get("secretRef"):
            yield "read", f"* of Secret {where}/{secret.get('name')}"
