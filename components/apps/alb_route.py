"""A route through the environment's load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.apps.draining import DEREGISTRATION_SECONDS

ANNOTATION = "alb.ingress.kubernetes.io/"
LONGEST_ORDER = 1000


@dataclass(frozen=True, kw_only=True)
class AlbRouteArgs:
    """The requests that are routed, and the app that gets them.

    Attributes:
        namespace, labels: the namespace and the labels of the Ingress.
        class_name, annotations: of the environment's `components.ingress.ingress.Ingress`.
        host: the full name, such as ``hello.example.com``. Without it, requests for any name are routed.
        path: the prefix of the path.
        service, port: the app's Service and its port.
        health_path: a path that answers 2xx or 3xx when the app is ready. Default: ``/``, which may also answer 4xx.
        https: whether the load balancer has a certificate.
        after: resources that must exist until the load balancer is deleted.
    """

    namespace: Input[str]
    labels: Mapping[str, str]
    class_name: Input[str]
    annotations: Mapping[str, str]
    host: str | None
    path: str
    service: Input[str]
    port: int
    health_path: str | None = None
    https: bool = False
    after: Sequence[Resource] = ()


class AlbRoute(ComponentResource):
    """An Ingress for one path, and for one host where there is a domain."""

    url: Output[str]

    def __init__(self, name: str, args: AlbRouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:apps:AlbRoute", name, None, opts)
        health = {
            f"{ANNOTATION}healthcheck-path": args.health_path or "/",
            f"{ANNOTATION}success-codes": "200-399" if args.health_path else "200-499",
            f"{ANNOTATION}target-group-attributes": f"deregistration_delay.timeout_seconds={DEREGISTRATION_SECONDS}",
        }
        # The load balancer uses the first rule that matches. The controller sorts the rules of several Ingresses by
        # this number, and then by name. A longer path gets a lower number, so `/` comes after `/api`.
        order = {f"{ANNOTATION}group.order": str(-min(depth, LONGEST_ORDER))} if (depth := len(args.path) - 1) else {}
        backend = {"service": {"name": args.service, "port": {"number": args.port}}}
        rule: Any = {"http": {"paths": [{"path": args.path, "pathType": "Prefix", "backend": backend}]}}
        if args.host:
            rule["host"] = args.host
        ingress = k8s.networking.v1.Ingress(
            f"{name}-ingress",
            metadata={
                "name": name,
                "namespace": args.namespace,
                "labels": dict(args.labels),
                "annotations": {**args.annotations, **health, **order},
            },
            spec={"ingress_class_name": args.class_name, "rules": [rule]},
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        scheme = "https" if args.https else "http"
        host = Output.from_input(args.host) if args.host else ingress.status.apply(_address)
        self.url = Output.concat(scheme, "://", host, args.path)
        self.register_outputs({"url": self.url})


def _address(status: k8s.networking.v1.outputs.IngressStatus | None) -> str:
    """The load balancer's DNS name, or an empty text as long as it has none."""
    addresses = status.load_balancer.ingress if status and status.load_balancer else None
    return (addresses[0].hostname or "") if addresses else ""
