"""Rules about access inside the cluster: the network, RBAC, and the places where secrets may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from evaluation.graph import Resource, Secret
from evaluation.inputs import at, items
from evaluation.workloads import SERVING, WORKLOADS, containers, labels, name, namespace, selects
from policies.rule import Context, Rule
from policies.samples import deployment, example, kubernetes

ROLES = ("rbac.authorization.k8s.io/v1:Role", "rbac.authorization.k8s.io/v1:ClusterRole")
BINDINGS = ("rbac.authorization.k8s.io/v1:RoleBinding", "rbac.authorization.k8s.io/v1:ClusterRoleBinding")
ESCALATING = ("bind", "escalate", "impersonate")
SECRET_NAME = re.compile(r"PASSW|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)
NOT_A_VALUE = re.compile(r"/|^\d*$|^(true|false)$", re.IGNORECASE)  # a path, a number of seconds, a switch
WITHIN = "(within)"  # a key that marks a value in which some leaf is secret, and nobody knows which
IN_APP_FILE = "put the value into wharf:secrets, and use it with `secrets:` or `files:` in the app file"


def _reads_everything(resource: Resource, context: Context) -> Iterator[str]:
    for rule in items(resource.inputs, "rules"):
        for part in ("verbs", "resources", "apiGroups"):
            if "*" in list(items(rule, part)):
                yield f"its {part} are *"


def _escalates(resource: Resource, context: Context) -> Iterator[str]:
    for rule in items(resource.inputs, "rules"):
        for verb in sorted(set(items(rule, "verbs")) & set(ESCALATING)):
            yield f"it may {verb}, and so can give itself every other right"


def _reads_secrets(resource: Resource, context: Context) -> Iterator[str]:
    for rule in items(resource.inputs, "rules"):
        if "secrets" in list(items(rule, "resources")) and not items(rule, "resourceNames"):
            yield f"it may {', '.join(items(rule, 'verbs'))} every Secret{_where(resource)}"


def _where(resource: Resource) -> str:
    return " of the cluster" if resource.type.endswith("ClusterRole") else f" of {namespace(resource)}"


def _is_admin(resource: Resource, context: Context) -> Iterator[str]:
    role = at(resource.inputs, "roleRef.name")
    if role in ("cluster-admin", "admin") or role == "system:masters":
        yield f"it gives {role}"


def _shown_secret(resource: Resource, context: Context) -> Iterator[str]:
    for container in containers(resource):
        for variable in items(container, "env"):
            value = variable.get("value")
            if (
                isinstance(value, str)
                and SECRET_NAME.search(variable.get("name", ""))
                and not NOT_A_VALUE.search(value)
            ):
                yield f"container {container.get('name')}: {variable.get('name')} looks like a secret in plain text"


def _secret_where_all_read(resource: Resource, context: Context) -> Iterator[str]:
    for path, value in _leaves(resource.inputs, ""):
        if isinstance(value, Secret):
            shown = path.removesuffix(f".{WITHIN}")
            yield f"{shown} is or contains a secret, and everybody who can read the object can read it"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(value, "items"):
        for key in value:
            yield from _leaves(value[key], f"{path}.{key}" if path else key)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _open_namespace(resource: Resource, context: Context) -> Iterator[str]:
    objects = context.by_namespace.get(name(resource), ())
    if any(other.type.endswith(WORKLOADS) for other in objects) and not any(map(_denies_all, objects)):
        yield "every pod of the cluster can call every pod in it"


def _denies_all(resource: Resource) -> bool:
    return (
        resource.type.endswith(":NetworkPolicy")
        and "Ingress" in list(items(resource.inputs, "spec.policyTypes"))
        and not at(resource.inputs, "spec.podSelector.matchLabels", {})
        and not items(resource.inputs, "spec.ingress")
    )


def _unguarded(resource: Resource, context: Context) -> Iterator[str]:
    listens = any(items(container, "ports") for container in containers(resource))
    objects = context.by_namespace.get(namespace(resource), ())
    policies = [other for other in objects if other.type.endswith(":NetworkPolicy")]
    selectors = [at(policy.inputs, "spec.podSelector.matchLabels", {}) for policy in policies]
    if listens and not any(selects(selector, labels(resource)) for selector in selectors):
        yield "no NetworkPolicy says who may call it"


def _open_to_all(resource: Resource, context: Context) -> Iterator[str]:
    for index, rule in enumerate(items(resource.inputs, "spec.ingress")):
        if not items(rule, "from"):
            yield f"rule {index} lets everybody in"


POLICY = "networking.k8s.io/v1:NetworkPolicy"
NAMESPACE = kubernetes("core/v1:Namespace", {}, named="prod", namespace=None)
DENY_ALL = kubernetes(POLICY, {"spec": {"podSelector": {"matchLabels": {}}, "policyTypes": ["Ingress"], "ingress": []}})
GUARD = kubernetes(
    POLICY,
    {
        "spec": {
            "podSelector": {"matchLabels": {"app": "shop"}},
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "curator"}}}]}],
        }
    },
)
OPEN_GUARD = kubernetes(POLICY, {"spec": {"podSelector": {"matchLabels": {"app": "shop"}}, "ingress": [{}]}})
READER = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}


def _role(**rule: Any) -> Resource:
    return kubernetes(ROLES[0], {"rules": [{**READER, **rule}]})


def _binding(role: str) -> Resource:
    return kubernetes(BINDINGS[0], {"roleRef": {"kind": "ClusterRole", "name": role}})


RULES = (
    Rule(
        id="role-names-what-it-may",
        severity="high",
        why="A `*` also allows what is added to the cluster later.",
        remedy="list only the verbs, resources and API groups that are needed",
        types=ROLES,
        check=_reads_everything,
        passes=example(_role()),
        fails=example(_role(verbs=["*"])),
    ),
    Rule(
        id="role-cannot-escalate",
        severity="critical",
        why="Whoever can use bind, escalate or impersonate can give themselves every right.",
        remedy="remove these verbs",
        types=ROLES,
        check=_escalates,
        passes=example(_role()),
        fails=example(_role(verbs=["get", "impersonate"])),
    ),
    Rule(
        id="role-reads-named-secrets",
        severity="high",
        why="Whoever can read every Secret can use every password.",
        remedy="list the Secrets in `resourceNames`",
        types=ROLES,
        check=_reads_secrets,
        passes=example(_role(resources=["secrets"], resourceNames=["shop"])),
        fails=example(_role(resources=["secrets"])),
    ),
    Rule(
        id="binding-is-not-admin",
        severity="critical",
        why="Whoever breaks into a pod with this binding is an administrator.",
        remedy="bind a role with only the rights that are needed; people get access with wharf:cluster.admins",
        types=BINDINGS,
        check=_is_admin,
        passes=example(_binding("view")),
        fails=example(_binding("cluster-admin")),
    ),
    Rule(
        id="variable-holds-no-secret",
        severity="critical",
        why="Everybody who can read pods can read a plain value in a pod, and logs can contain it.",
        remedy=IN_APP_FILE,
        types=WORKLOADS,
        check=_shown_secret,
        passes=example(
            deployment(container={"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "shop"}}}]})
        ),
        fails=example(deployment(container={"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]})),
    ),
    Rule(
        id="secret-is-in-a-secret",
        severity="critical",
        why="Kubernetes and Helm do not protect what is in pods, ConfigMaps, Helm values and annotations.",
        remedy=IN_APP_FILE,
        types=("core/v1:ConfigMap", "helm.sh/v3:Release", *WORKLOADS),
        check=_secret_where_all_read,
        passes=example(kubernetes("core/v1:ConfigMap", {"data": {"LEVEL": "info"}})),
        fails=example(kubernetes("core/v1:ConfigMap", {"data": {"TOKEN": Secret("x")}})),
    ),
    Rule(
        id="namespace-denies-by-default",
        severity="high",
        why="With this policy, a pod can be called only by those that `from:` and `route:` in its app file allow.",
        remedy="components/apps/environment.py creates the policy that denies everything: create it there again",
        types=("core/v1:Namespace",),
        check=_open_namespace,
        whole_stack=True,
        passes=example(NAMESPACE, deployment(), DENY_ALL),
        fails=example(NAMESPACE, deployment()),
    ),
    Rule(
        id="workload-says-who-calls",
        severity="medium",
        why="A pod that listens but has no policy of its own cannot be called, or somebody forgot the policy.",
        remedy="list the callers in `from:` in the app file",
        types=SERVING,
        check=_unguarded,
        whole_stack=True,
        passes=example(deployment(), GUARD),
        fails=example(deployment()),
    ),
    Rule(
        id="policy-names-callers",
        severity="medium",
        why="A policy that lets everybody in does not protect anything.",
        remedy="list the callers in `from:` in the app file",
        types=(POLICY,),
        check=_open_to_all,
        passes=example(GUARD),
        fails=example(OPEN_GUARD),
    ),
)
