"""EC2 nodes for what Fargate cannot run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import partition_of, service_trust
from components.shared.names import Longest, physical_name
from components.shared.refusal import Refusal, RefusedError, require

# The network add-on uses the node's rights, because it runs before any pod can have its own role.
POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
ARM = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
DISK_GIB = 30


@dataclass(frozen=True, kw_only=True)
class SystemNodesArgs:
    """Which nodes.

    Attributes:
        cluster: the cluster's name, once it exists.
        cluster_name: the same, but known before the cluster exists.
        region: of the cluster.
        version: of Kubernetes; nodes follow the control plane.
        subnet_ids: private subnets, one a zone. Nodes stand in as many of the first as there are nodes, so that none of
            these zones is ever without one: a volume is of one zone, and its pod starts nowhere else.
        count: how many, at least 1.
        instance_type: of EC2; the image follows its architecture.
        after: what nodes need to become ready.

    Raises:
        RefusedError: the instance type is none.
    """

    cluster: Input[str]
    cluster_name: str
    region: str
    version: str
    subnet_ids: Input[Sequence[Input[str]]]
    count: int = 1
    instance_type: str = "t4g.medium"
    after: Sequence[Resource] = ()

    def __post_init__(self) -> None:
        require(type_limits(self.instance_type))
        if self.count < 1:
            raise RefusedError([Refusal("system-nodes.count", f"{self.count} nodes are no group")])


class SystemNodes(ComponentResource):
    """A managed node group. Its pods cannot read the instance metadata, so they cannot use the node's role."""

    group: aws.eks.NodeGroup

    def __init__(self, name: str, args: SystemNodesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:SystemNodes", name, None, opts)
        child = ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(args.cluster_name, "node", longest=Longest.ROLE),
            assume_role_policy=service_trust("ec2.amazonaws.com"),
            opts=child,
        )
        policies = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=f"arn:{partition_of(args.region)}:iam::aws:policy/{policy}",
                opts=child,
            )
            for policy in POLICIES
        ]
        template = aws.ec2.LaunchTemplate(
            f"{name}-template",
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "volume_size": DISK_GIB,
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[{"resource_type": "instance", "tags": {"Name": f"{args.cluster_name}-node"}}],
            opts=child,
        )
        self.group = aws.eks.NodeGroup(
            f"{name}-group",
            cluster_name=args.cluster,
            node_role_arn=role.arn,
            subnet_ids=first(args.count, args.subnet_ids),
            version=args.version,
            ami_type=image_type(args.instance_type),
            instance_types=[args.instance_type],
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={"min_size": args.count, "desired_size": args.count, "max_size": args.count + 1},
            update_config={"max_unavailable": 1},
            opts=ResourceOptions(parent=self, depends_on=[*policies, *args.after]),
        )
        self.register_outputs({})


def first(count: int, subnet_ids: Input[Sequence[Input[str]]]) -> Output[list[Input[str]]]:
    """Those of the first ``count`` zones."""
    return Output.from_input(subnet_ids).apply(lambda found: list(found)[:count])


def type_limits(instance_type: str) -> Iterator[Refusal]:
    """What an EC2 instance type looks like."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", instance_type):
        yield Refusal("system-nodes.type", f"{instance_type!r} is not an EC2 instance type, such as t4g.medium")


def image_type(instance_type: str) -> str:
    """The Amazon Linux 2023 image for the architecture of an instance type."""
    return "AL2023_ARM_64_STANDARD" if ARM.match(instance_type) else "AL2023_x86_64_STANDARD"
