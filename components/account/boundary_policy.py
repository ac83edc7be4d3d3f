"""The permissions boundary of a stage's roles: the most that any of them can do, whatever is attached to it."""

from __future__ import annotations

from collections.abc import Sequence

from components.account.stage_access import StageAccess
from components.iam.documents import Statement, allow, deny, document

# What the platform's own roles are given: control plane, nodes, Fargate, flow logs, volumes, load balancers, DNS, mail.
PLATFORM = (
    *("autoscaling:Describe*", "autoscaling:UpdateAutoScalingGroup"),
    *("ec2:AssignIpv6Addresses", "ec2:AssignPrivateIpAddresses", "ec2:AttachNetworkInterface", "ec2:AttachVolume"),
    *("ec2:AuthorizeSecurityGroupIngress", "ec2:CreateNetworkInterface", "ec2:CreateRoute", "ec2:CreateSecurityGroup"),
    *("ec2:CreateSnapshot", "ec2:CreateTags", "ec2:CreateVolume", "ec2:DeleteNetworkInterface", "ec2:DeleteRoute"),
    *("ec2:DeleteSecurityGroup", "ec2:DeleteSnapshot", "ec2:DeleteTags", "ec2:DeleteVolume", "ec2:Describe*"),
    *("ec2:DetachNetworkInterface", "ec2:DetachVolume", "ec2:EnableFastSnapshotRestores", "ec2:Get*"),
    *("ec2:ModifyInstanceAttribute", "ec2:ModifyNetworkInterfaceAttribute", "ec2:ModifyVolume"),
    *("ec2:RevokeSecurityGroupIngress", "ec2:UnassignIpv6Addresses", "ec2:UnassignPrivateIpAddresses"),
    *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:BatchImportUpstreamImage"),
    *("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"),
    *("eks:DescribeCluster", "eks-auth:AssumeRoleForPodIdentity", "elasticloadbalancing:*"),
    *("logs:CreateLogGroup", "logs:CreateLogStream", "logs:Describe*", "logs:PutLogEvents"),
    *("route53:List*", "ses:SendEmail", "ses:SendRawEmail"),
)
KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
NEVER_FOR_APPS = ("account", "iam", "organizations", "sts")


def boundary_policy(
    stage: StageAccess, *, account_id: str, partition: str, state_bucket_arn: str, app_services: Sequence[str]
) -> str:
    """Nothing of IAM, of the state, or of another stage.

    Args:
        app_services: the services that apps' own permissions may name, such as ``s3``.
    """
    linked = f"arn:{partition}:iam::{account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
    zone = f"arn:{partition}:route53:::hostedzone/{stage.zone_id}"
    return document(
        allow([*PLATFORM, *(f"{service}:*" for service in app_services)], ["*"]),
        allow(KEY_USE, ["*"], stage.tagged()),
        # The volumes of nodes may be encrypted with a key of the stage.
        allow(["kms:CreateGrant"], ["*"], {**stage.tagged(), "Bool": {"kms:GrantIsForAWSResource": "true"}}),
        allow(["iam:CreateServiceLinkedRole"], [linked]),
        *([allow(["route53:ChangeResourceRecordSets"], [zone])] if stage.zone_id else []),
        deny(["s3:*"], [state_bucket_arn, f"{state_bucket_arn}/*"]),
        *_of_others(stage),
    )


def _of_others(stage: StageAccess) -> list[Statement]:
    """The controllers of a cluster also work for the environments in it."""
    ours = {"aws:ResourceTag/managed-by": "wharf"}
    stacks = [stage.name, *stage.environments]
    return [
        deny(["*"], ["*"], {"StringEquals": ours, "StringNotEquals": {"aws:ResourceTag/stack": stacks}}),
        deny(["*"], ["*"], {"StringEquals": ours, "StringNotEquals": {"aws:ResourceTag/project": stage.project}}),
    ]
