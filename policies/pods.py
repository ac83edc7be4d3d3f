"""Rules about what a pod may do. They check more than Pod Security's ``restricted``, and before a deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evaluation.graph import Resource
from evaluation.inputs import at, is_true, items
from evaluation.workloads import WORKLOADS, containers, namespace, pod
from policies.rule import Check, Context, Rule
from policies.samples import deployment, example, kubernetes

SEALED = ("RuntimeDefault", "Localhost")
HARMLESS_CAPABILITIES = {"NET_BIND_SERVICE"}
IN_COMPONENT = "components/apps/pod.py creates every pod: set it there again"


def _each_container(wrong: Callable[[Mapping[str, Any], Mapping[str, Any]], str]) -> Check:
    """A check of every container. ``wrong`` gets the container and its pod's spec, and says what is wrong, or ""."""

    def check(resource: Resource, context: Context) -> Iterator[str]:
        for container in containers(resource):
            if problem := wrong(container, pod(resource)):
                yield f"container {container.get('name')}: {problem}"

    return check


def _as_root(container: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    of_container, of_pod = at(container, "securityContext", {}), at(spec, "securityContext", {})
    if of_container.get("runAsUser", of_pod.get("runAsUser")) == 0:
        return "runs as user 0, which is root"
    if not is_true(of_container.get("runAsNonRoot", of_pod.get("runAsNonRoot"))):
        return "may run as root: runAsNonRoot is not set"
    return ""


def _unsealed(container: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    path = "securityContext.seccompProfile.type"
    return "" if at(container, path, at(spec, path)) in SEALED else "has no seccomp profile"


def _capable(container: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    capabilities = at(container, "securityContext.capabilities", {})
    if "ALL" not in list(items(capabilities, "drop")):
        return "keeps the capabilities that it starts with"
    added = sorted(set(items(capabilities, "add")) - HARMLESS_CAPABILITIES)
    return f"is given {', '.join(added)}" if added else ""


def _host_namespaces(resource: Resource, context: Context) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if is_true(pod(resource).get(key)):
            yield f"{key} is on"


def _host_paths(resource: Resource, context: Context) -> Iterator[str]:
    for volume in items(pod(resource), "volumes"):
        if volume.get("hostPath") is not None:
            yield f"volume {volume.get('name')} is {at(volume, 'hostPath.path')} of the node"


def _token(resource: Resource, context: Context) -> Iterator[str]:
    if pod(resource).get("automountServiceAccountToken") is not False:
        yield "a token of its service account is mounted"


def _account(resource: Resource, context: Context) -> Iterator[str]:
    if pod(resource).get("serviceAccountName", "default") == "default":
        yield "it uses the service account `default`, which all pods of the namespace can use"


def _default_namespace(resource: Resource, context: Context) -> Iterator[str]:
    if namespace(resource) == "default":
        yield "it is in the namespace `default`, which has no limits and no policies"


def _not_restricted(resource: Resource, context: Context) -> Iterator[str]:
    level = at(resource.inputs, "metadata.labels", {}).get("pod-security.kubernetes.io/enforce")
    if level != "restricted":
        yield f"Pod Security enforces {level or 'nothing'}"


def _rule(id_: str, why: str, check: Check, fails: Resource, *, remedy: str = IN_COMPONENT, **more: Any) -> Rule:
    more = {"severity": "high", "types": WORKLOADS, **more}
    return Rule(id=id_, why=why, remedy=remedy, check=check, passes=example(deployment()), fails=example(fails), **more)


def _security(**context: Any) -> Resource:
    return deployment(container={"securityContext": context})


RULES = (
    _rule(
        "pod-runs-as-user",
        "If a process that runs as root breaks out of its container, it is root on the node.",
        _each_container(_as_root),
        deployment(securityContext={"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}}),
        remedy="write the number of the image's user into `user:` in the app file",
    ),
    _rule(
        "pod-gains-no-privileges",
        "A setuid file in the image can give a process more rights than it started with.",
        _each_container(
            lambda container, _: (
                ""
                if at(container, "securityContext.allowPrivilegeEscalation") is False
                else "may gain privileges: allowPrivilegeEscalation is not false"
            )
        ),
        _security(capabilities={"drop": ["ALL"]}, readOnlyRootFilesystem=True),
    ),
    _rule(
        "pod-drops-capabilities",
        "Each capability gives a process a part of root's rights.",
        _each_container(_capable),
        _security(allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
    ),
    _rule(
        "pod-has-seccomp",
        "Without a seccomp profile, a process can try every system call of the kernel.",
        _each_container(_unsealed),
        deployment(securityContext={"runAsNonRoot": True}),
    ),
    _rule(
        "pod-root-is-read-only",
        "An attacker cannot leave files behind, and the app file shows where the app writes.",
        _each_container(
            lambda container, _: (
                ""
                if is_true(at(container, "securityContext.readOnlyRootFilesystem"))
                else "writes to its own file system"
            )
        ),
        _security(allowPrivilegeEscalation=False, capabilities={"drop": ["ALL"]}),
        remedy="list the folders into which the app writes in `writable:` in the app file",
        severity="medium",
    ),
    _rule(
        "pod-is-not-privileged",
        "A privileged container has all rights on its node.",
        _each_container(
            lambda container, _: "is privileged" if is_true(at(container, "securityContext.privileged")) else ""
        ),
        _security(privileged=True),
        severity="critical",
    ),
    _rule(
        "pod-shares-nothing-with-node",
        "A pod that shares them can see and disturb everything on the node. Fargate refuses such a pod.",
        _host_namespaces,
        deployment(hostNetwork=True),
        severity="critical",
    ),
    _rule(
        "pod-takes-no-port-of-node",
        "NetworkPolicies do not protect a port of the node, and only one pod can have it. Fargate has no such ports.",
        _each_container(
            lambda container, _: (
                "takes a port of the node" if any(port.get("hostPort") for port in items(container, "ports")) else ""
            )
        ),
        deployment(container={"ports": [{"containerPort": 80, "hostPort": 80}]}),
    ),
    _rule(
        "pod-mounts-nothing-of-node",
        "A mounted path gives a pod the node's files, such as the kubelet's key. Fargate has no such paths.",
        _host_paths,
        deployment(volumes=[{"name": "all", "hostPath": {"path": "/"}}]),
        severity="critical",
    ),
    _rule(
        "pod-has-no-token",
        "Apps do not need a token for the Kubernetes API, but an attacker could use one.",
        _token,
        deployment(automountServiceAccountToken=True),
        severity="medium",
    ),
    _rule(
        "pod-has-own-account",
        "Apps that share a service account share its rights.",
        _account,
        deployment(serviceAccountName="default"),
        severity="medium",
    ),
    _rule(
        "pod-is-not-in-default",
        "The namespace `default` has no quota, no policy and no owner.",
        _default_namespace,
        deployment(namespace="default"),
        remedy="use the namespace of its environment",
        severity="medium",
    ),
    Rule(
        id="namespace-is-restricted",
        severity="high",
        why="With this label, the API server refuses unsafe pods, whoever creates them.",
        remedy="label it `pod-security.kubernetes.io/enforce: restricted`, as components/apps/environment.py does",
        types=("core/v1:Namespace",),
        check=_not_restricted,
        passes=example(
            kubernetes(
                "core/v1:Namespace",
                {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
                namespace=None,
            )
        ),
        fails=example(kubernetes("core/v1:Namespace", {}, namespace=None)),
    ),
)
