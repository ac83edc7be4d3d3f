"""A route through Traefik, the ingress controller of local stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, ResourceOptions

from components.shared.manifest import Manifest
from components.shared.network_policy import Peer

CONTROLLER_NAMESPACE = "traefik"
CONTROLLER: Peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": CONTROLLER_NAMESPACE}}}


@dataclass(frozen=True, kw_only=True)
class TraefikRouteArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    host: str  # the full name, such as hello.localhost
    path: str
    service: Input[str]
    port: int  # the port of the Service


class TraefikRoute(ComponentResource):
    """An Ingress for one host and path."""

    def __init__(self, name: str, args: TraefikRouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:apps:TraefikRoute", name, None, opts)
        backend = {"service": {"name": args.service, "port": {"number": args.port}}}
        paths = [{"path": args.path, "pathType": "Prefix", "backend": backend}]
        spec: Manifest = {"ingressClassName": "traefik", "rules": [{"host": args.host, "http": {"paths": paths}}]}
        k8s.networking.v1.Ingress(
            f"{name}-ingress",
            metadata={"name": name, "namespace": args.namespace, "labels": dict(args.labels)},
            spec=spec,
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})
