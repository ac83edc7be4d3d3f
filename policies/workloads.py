"""Where the pods of a Kubernetes object are, and the object that the examples of rules are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ops.graph import Resource
from policies.rule import Sample, at, items

TEMPLATE: Mapping[str, str] = {
    "apps/v1:Deployment": "spec.template",
    "apps/v1:StatefulSet": "spec.template",
    "apps/v1:DaemonSet": "spec.template",
    "batch/v1:Job": "spec.template",
    "batch/v1:CronJob": "spec.jobTemplate.spec.template",
}
WORKLOADS = (*TEMPLATE, "core/v1:Pod")
SERVING = ("apps/v1:Deployment", "apps/v1:StatefulSet")


def template(resource: Resource) -> Mapping[str, Any]:
    """Metadata and spec of the pods that an object makes; a Pod itself."""
    path = TEMPLATE.get(resource.type.removeprefix("kubernetes:"))
    return at(resource.inputs, path, {}) if path else resource.inputs


def pod(resource: Resource) -> Mapping[str, Any]:
    """The pod's spec."""
    return at(template(resource), "spec", {})


def containers(resource: Resource) -> Sequence[Mapping[str, Any]]:
    """Containers and init containers."""
    return [*items(pod(resource), "initContainers"), *items(pod(resource), "containers")]


def namespace(resource: Resource) -> str:
    """``default`` where none is given, as Kubernetes has it."""
    return at(resource.inputs, "metadata.namespace", "default")


def name(resource: Resource) -> str:
    return at(resource.inputs, "metadata.name", resource.name)


def labels(resource: Resource) -> Mapping[str, str]:
    """Labels of the pods that an object makes."""
    return at(template(resource), "metadata.labels", {})


def selects(selector: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether all of ``selector`` is among the labels; an empty selector selects nothing here."""
    return bool(selector) and all(found.get(key) == value for key, value in selector.items())


GOOD_CONTAINER: Mapping[str, Any] = {
    "name": "shop",
    "image": "registry.example.com/shop:1.4.2",
    "ports": [{"name": "app", "containerPort": 8080}],
    "livenessProbe": {"tcpSocket": {"port": "app"}},
    "readinessProbe": {"tcpSocket": {"port": "app"}},
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
}
GOOD_POD: Mapping[str, Any] = {
    "automountServiceAccountToken": False,
    "serviceAccountName": "shop",
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
    "topologySpreadConstraints": [{"topologyKey": "topology.kubernetes.io/zone"}],
}


def deployment(*, container: Mapping[str, Any] | None = None, namespace: str = "prod", **spec: Any) -> Resource:
    """A Deployment that holds every rule, but for what is given of its container and its pod's spec."""
    pod_spec = {**GOOD_POD, "containers": [{**GOOD_CONTAINER, **(container or {})}], **spec}
    return Sample(
        "kubernetes:apps/v1:Deployment",
        {
            "metadata": {"name": "shop", "namespace": namespace},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": {"app": "shop"}},
                "template": {"metadata": {"labels": {"app": "shop"}}, "spec": pod_spec},
            },
        },
    ).named("shop")


def kubernetes(
    kind: str, inputs: Mapping[str, Any], *, named: str = "shop", namespace: str | None = "prod"
) -> Resource:
    """An object of a kind such as ``core/v1:Service``."""
    metadata = {"name": named, **({"namespace": namespace} if namespace else {}), **inputs.get("metadata", {})}
    return Sample(f"kubernetes:{kind}", {**inputs, "metadata": metadata}).named(named)
