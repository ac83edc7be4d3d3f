"""The security group of an app's pods on Fargate. Database, broker and mail relay let in this group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that listens, and lets in only what it is told to."""

    security_group_id: Input[str]
    port: Input[int]


@dataclass(frozen=True, kw_only=True)
class PodNetworkArgs:
    """Whose pods these are, and what they may reach.

    Attributes:
        app: names the policy and selects its pods.
        vpc_id: of the group.
        namespace: of the pods.
        cluster_security_group_id: which pods need too, for DNS and the API, and which carries the cluster's tag; the
            app's own must not, or the load balancer controller would not know which to open.
        reaches: by name.
    """

    app: str
    vpc_id: Input[str]
    namespace: Input[str]
    cluster_security_group_id: Input[str]
    reaches: Mapping[str, Target] = field(default_factory=dict)


class PodNetwork(ComponentResource):
    """A security group for the pods of one app, and rules that let it in elsewhere.

    The group and the rules do not wait for the cluster. Fargate gives a pod its groups when it starts, so pods wait for
    `ready`. Pods keep the cluster's group as well, whose members reach each other: between apps this isolates nothing.
    On nodes it has no effect.
    """

    security_group_id: Output[str]
    ready: Sequence[Resource]

    def __init__(self, name: str, args: PodNetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:network:PodNetwork", name, None, opts)
        child = ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-pods",
            description=f"Pods of {args.app}",
            vpc_id=args.vpc_id,
            revoke_rules_on_delete=True,
            opts=child,
        )
        rules = [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-to-{target}",
                security_group_id=reached.security_group_id,
                referenced_security_group_id=group.id,
                description=f"{args.app} to {target}",
                ip_protocol="tcp",
                from_port=reached.port,
                to_port=reached.port,
                opts=child,
            )
            for target, reached in args.reaches.items()
        ]
        policy = security_group_policy(
            f"{name}-policy",
            metadata={"name": args.app, "namespace": args.namespace},
            selector={"app.kubernetes.io/name": args.app},
            group_ids=[args.cluster_security_group_id, group.id],
            opts=child,
        )
        self.security_group_id, self.ready = group.id, [*rules, policy]
        self.register_outputs({"security_group_id": self.security_group_id})


def security_group_policy(
    resource_name: str,
    *,
    metadata: Mapping[str, Any],
    selector: Mapping[str, str],
    group_ids: Sequence[Input[str]],
    opts: ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """Gives these security groups to pods on Fargate that have these labels."""
    return k8s.apiextensions.CustomResource(
        resource_name,
        api_version="vpcresources.k8s.aws/v1beta1",
        kind="SecurityGroupPolicy",
        metadata=dict(metadata),
        spec={"podSelector": {"matchLabels": dict(selector)}, "securityGroups": {"groupIds": list(group_ids)}},
        opts=opts,
    )
