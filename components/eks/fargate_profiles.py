"""Which pods run on Fargate, and with which role."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import partition_of, service_trust
from components.shared.names import Longest, physical_name

SERVICE = "eks-fargate-pods.amazonaws.com"
POLICY = "AmazonEKSFargatePodExecutionRolePolicy"


@dataclass(frozen=True, kw_only=True)
class FargateProfilesArgs:
    """Which profiles a cluster has.

    Attributes:
        cluster: its name, once it exists.
        cluster_name: the same, but known before the cluster exists, so that the role need not wait for it.
        region, account_id: of the cluster.
        subnet_ids: private subnets.
        profiles: namespaces, or patterns of them, by profile; see `components.eks.fargate.profiles`.
        after: what pods in those subnets need to start.
    """

    cluster: Input[str]
    cluster_name: str
    region: str
    account_id: Input[str]
    subnet_ids: Input[Sequence[Input[str]]]
    profiles: Mapping[str, Sequence[str]]
    after: Sequence[Resource] = ()


class FargateProfiles(ComponentResource):
    """Profiles. They are created one after the other, because EKS changes only one profile of a cluster at a time.

    A profile cannot change. Other namespaces or subnets need another profile, which is created before the old one is
    deleted with its pods.
    """

    profiles: Mapping[str, aws.eks.FargateProfile]
    role_name: Output[str]

    def __init__(self, name: str, args: FargateProfilesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:FargateProfiles", name, None, opts)
        child, partition = ResourceOptions(parent=self), partition_of(args.region)
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(args.cluster_name, "fargate", longest=Longest.ROLE),
            assume_role_policy=Output.from_input(args.account_id).apply(
                lambda account: trust_document(args.region, account, args.cluster_name)
            ),
            opts=child,
        )
        pulls = aws.iam.RolePolicyAttachment(
            f"{name}-pulls", role=role.name, policy_arn=f"arn:{partition}:iam::aws:policy/{POLICY}", opts=child
        )
        self.role_name, self.profiles, before = role.name, {}, [pulls, *args.after]
        for profile, namespaces in args.profiles.items():
            made = aws.eks.FargateProfile(
                f"{name}-{profile}",
                cluster_name=args.cluster,
                fargate_profile_name=Output.from_input(args.subnet_ids).apply(
                    lambda subnets, profile=profile, namespaces=namespaces: profile_name(
                        profile, [*namespaces, *map(str, subnets)]
                    )
                ),
                pod_execution_role_arn=role.arn,
                subnet_ids=args.subnet_ids,
                selectors=[{"namespace": namespace} for namespace in namespaces],
                opts=ResourceOptions(parent=self, depends_on=before),
            )
            self.profiles[profile], before = made, [*before, made]
        self.register_outputs({"role_name": self.role_name})


def profile_name(profile: str, namespaces_and_subnets: Sequence[str]) -> str:
    """A name that changes with these values, because the old profile still exists when the new one is created."""
    digest = hashlib.sha256("\n".join(namespaces_and_subnets).encode()).hexdigest()[:6]
    return physical_name(profile, digest, longest=Longest.FARGATE_PROFILE)


def trust_document(region: str, account_id: str, cluster: str) -> str:
    """Fargate can use the role only for profiles of this cluster."""
    profiles = f"arn:{partition_of(region)}:eks:{region}:{account_id}:fargateprofile/{cluster}/*"
    return service_trust(SERVICE, {"ArnLike": {"aws:SourceArn": profiles}})
