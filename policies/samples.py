"""Resources that the examples of rules are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.graph import Resource
from policies.rule import Example


@dataclass(frozen=True)
class Sample:
    """Makes resources for examples."""

    type: str
    inputs: Mapping[str, Any] = field(default_factory=dict)

    def named(self, name: str = "example", **options: Any) -> Resource:
        urn = f"urn:pulumi:example::example::{self.type}::{name}"
        return Resource(urn=urn, type=self.type, name=name, inputs=self.inputs, **options)


def example(*resources: Resource, production: bool = True) -> Example:
    return Example(resources=resources, production=production)


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
    """A Deployment that follows every rule. ``container`` and ``spec`` change its container and its pod's spec."""
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
