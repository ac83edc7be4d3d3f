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
    """From where to where.

    Attributes:
        namespace, labels: of the Ingress.
        class_name, annotations: of the environment's `components.ingress.ingress.Ingress`.
        host: whole, such as ``hello.example.com``; none: whatever name is asked for.
        path: prefix.
        service, port: of the app.
        health_path: answers 2xx or 3xx where the app is ready; none: ``/``, where 4xx will do.
        https: whether the load balancer has a certificate.
        after: what must be there to take the load balancer down as well.
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
        # The load balancer takes the first rule that fits, and the controller orders those of several Ingresses by this
        # and then by name: the whole of a host comes after what is under it.
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
    """The load balancer's own name, once it has one."""
    found = status.load_balancer.ingress if status and status.load_balancer else None
    return (found[0].hostname or "") if found else ""
