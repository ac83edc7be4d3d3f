"""A namespace with safe defaults for the apps in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ComponentResource, Output, ResourceOptions

from components.shared.labels import standard
from components.shared.manifest import Manifest
from components.shared.network_policy import allow

DEFAULT_QUOTA: Mapping[str, str] = {
    "pods": "200",
    "requests.cpu": "100",
    "requests.memory": "200Gi",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
}


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """``quota`` has the keys of a ResourceQuota and overrides `DEFAULT_QUOTA`.

    ``labels`` are added to the namespace, for controllers that select namespaces by labels. With ``keep``, Pulumi
    refuses to delete the namespace.
    """

    namespace: str
    project: str
    quota: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    keep: bool = False


class Environment(ComponentResource):
    """The namespace of a stage: with Pod Security `restricted`, a quota, and small default resources.

    A NetworkPolicy refuses all callers by default. Policies work only where the network enforces them. Fargate's does
    not.
    """

    namespace: Output[str]
    rollout_key: Output[str]  # the key for the fingerprints of secrets in the annotations of pods

    def __init__(self, name: str, args: EnvironmentArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:apps:Environment", name, None, opts)
        labels = standard(args.namespace, project=args.project, environment=args.namespace, component="environment")
        enforced = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={"name": args.namespace, "labels": {**labels, **enforced, **args.labels}},
            opts=ResourceOptions(parent=self, protect=args.keep or None),
        )
        self.namespace = namespace.metadata.name
        child = ResourceOptions(parent=self)

        def metadata(object_name: str) -> Manifest:
            return {"name": object_name, "namespace": self.namespace, "labels": labels}

        k8s.core.v1.ResourceQuota(
            f"{name}-quota",
            metadata=metadata("quota"),
            spec={"hard": {**DEFAULT_QUOTA, **args.quota}},
            opts=child,
        )
        k8s.core.v1.LimitRange(
            f"{name}-limits",
            metadata=metadata("limits"),
            spec=_default_resources(),
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-default-deny",
            metadata=metadata("default-deny"),
            spec=allow({}, [], []),
            opts=child,
        )
        key = random.RandomPassword(f"{name}-rollout-key", length=32, special=False, opts=child)
        self.rollout_key = Output.secret(key.result)
        self.register_outputs({"namespace": self.namespace})


def _default_resources() -> Manifest:
    """The resources of a container that states none, such as one that somebody runs by hand."""
    modest = {"memory": "128Mi"}
    return {"limits": [{"type": "Container", "defaultRequest": {**modest, "cpu": "100m"}, "default": modest}]}
