"""The load balancer of an environment, as its Ingresses refer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

GROUP = "elbv2.k8s.aws"
CONTROLLER = "ingress.k8s.aws/alb"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"  # TLS 1.2 and 1.3
ANYWHERE = ("0.0.0.0/0",)
PORTS = "alb.ingress.kubernetes.io/listen-ports"


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """What the load balancer does.

    Attributes:
        environment: the name of the class and the group, and so of the load balancer.
        namespace: the only namespace whose Ingresses it accepts.
        log_bucket: where access logs go.
        certificate_arn: makes it HTTPS, with a redirect from HTTP; none: HTTP only.
        allow: CIDRs that may connect; none: all.
        public_subnet_ids: where it stands.
        tags: of the load balancer and of all that the controller makes for it, which the program cannot tag.
        after: the controller, which must be there to take it down as well.
    """

    environment: str
    namespace: Input[str]
    log_bucket: Input[str]
    public_subnet_ids: Input[Sequence[Input[str]]]
    tags: Mapping[str, str]
    certificate_arn: Input[str] | None = None
    allow: Sequence[str] = ()
    after: Sequence[Resource] = ()


class Ingress(ComponentResource):
    """An IngressClass of the load balancer controller. Ingresses cannot change its parameters.

    Ingresses that name `class_name` and carry `annotations` share one internet-facing ALB with IP targets.
    """

    class_name: Output[str]
    annotations: Mapping[str, str]
    ready: Sequence[Resource]

    def __init__(self, name: str, args: IngressArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:Ingress", name, None, opts)
        parameters = k8s.apiextensions.CustomResource(
            f"{name}-parameters",
            api_version=f"{GROUP}/v1beta1",
            kind="IngressClassParams",
            metadata={"name": args.environment},
            spec=_parameters(args),
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        class_ = k8s.networking.v1.IngressClass(
            f"{name}-class",
            metadata={"name": args.environment},
            spec={
                "controller": CONTROLLER,
                "parameters": {"api_group": GROUP, "kind": "IngressClassParams", "name": args.environment},
            },
            opts=ResourceOptions(parent=self, depends_on=[parameters]),
        )
        ports = [{"HTTP": 80}, {"HTTPS": 443}] if args.certificate_arn else [{"HTTP": 80}]
        self.annotations = {PORTS: json.dumps(ports)}
        self.class_name = class_.metadata.name
        self.ready = [*args.after, class_]
        self.register_outputs({"class_name": self.class_name})


def _parameters(args: IngressArgs) -> dict[str, object]:
    attributes = {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": args.log_bucket,
    }
    https = {"certificateArn": [args.certificate_arn], "sslPolicy": TLS_POLICY, "sslRedirectPort": "443"}
    return {
        "group": {"name": args.environment},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": args.namespace}},
        "scheme": "internet-facing",
        "targetType": "ip",
        "subnets": {"ids": args.public_subnet_ids},
        "inboundCIDRs": list(args.allow or ANYWHERE),
        "loadBalancerAttributes": [{"key": key, "value": value} for key, value in attributes.items()],
        "tags": [{"key": key, "value": value} for key, value in sorted(args.tags.items())],
        **(https if args.certificate_arn else {}),
    }
