"""What the role that deploys a stage may do: make, change and delete what is in that stage, and nothing else.

What it makes must carry the stage's tags, and what it changes must carry them already. AWS lets nobody read with a
condition on tags without refusing what is gone, so descriptions can be read of everything; they hold no secrets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.account.stage_access import ISSUER, OWN_PATH, StageAccess, boundary_arn
from components.iam.documents import Statement, allow, deny, document

READS = (
    *("acm:DescribeCertificate", "acm:ListTagsForCertificate", "ec2:Describe*", "eks:Describe*", "eks:List*"),
    *("elasticache:Describe*", "elasticache:ListTagsForResource"),
    *("iam:GetOpenIDConnectProvider", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"),
    *("iam:ListInstanceProfilesForRole", "iam:ListRolePolicies"),
    *("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"),
    *("kms:ListResourceTags", "logs:DescribeLogGroups", "logs:ListTagsForResource", "mq:Describe*", "mq:ListTags"),
    *("rds:Describe*", "rds:ListTagsForResource", "ses:GetConfigurationSet", "ses:GetEmailIdentity"),
    "ses:ListTagsForResource",
)
ZONE_READS = ("route53:GetHostedZone", "route53:ListResourceRecordSets")
LOG_BUCKETS = "*-access-logs-*"
BUCKET_READS = (
    *("s3:GetAccelerateConfiguration", "s3:GetBucket*", "s3:GetEncryptionConfiguration"),
    *("s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket*", "s3:ListTagsForResource"),
)
BUCKET_CHANGES = (
    *("s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutEncryptionConfiguration"),
    *("s3:PutLifecycleConfiguration", "s3:TagResource", "s3:UntagResource"),
)
# With the tags of the stage in the request.
CREATES = (
    *("acm:RequestCertificate", "ec2:AllocateAddress", "ec2:AuthorizeSecurityGroupEgress"),
    *("ec2:AuthorizeSecurityGroupIngress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway"),
    *("ec2:CreateLaunchTemplate", "ec2:CreateNatGateway", "ec2:CreateNetworkInterface", "ec2:CreateRouteTable"),
    *("ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint", "eks:CreateCluster"),
    *("elasticache:CreateCacheSubnetGroup", "elasticache:CreateReplicationGroup"),
    *("iam:CreateOpenIDConnectProvider", "kms:CreateKey", "logs:CreateLogGroup", "mq:CreateBroker"),
    *("rds:CreateDBInstance", "rds:CreateDBParameterGroup", "rds:CreateDBSnapshot", "rds:CreateDBSubnetGroup"),
    *("ses:CreateConfigurationSet", "ses:CreateEmailIdentity"),
)
# What AWS checks beside a creation with tags. Not on what carries another stage's.
TAGS = (
    *(
        "acm:AddTagsToCertificate",
        "eks:TagResource",
        "elasticache:AddTagsToResource",
        "iam:TagOpenIDConnectProvider",
        "kms:TagResource",
    ),
    *("logs:TagResource", "mq:CreateTags", "rds:AddTagsToResource", "ses:TagResource"),
)
# Of what carries the tags of the stage.
CHANGES = (
    *("acm:DeleteCertificate", "acm:RemoveTagsFromCertificate", "acm:UpdateCertificateOptions"),
    *("ec2:AssociateAddress", "ec2:AssociateRouteTable", "ec2:Attach*", "ec2:Authorize*"),
    *("ec2:CreateFlowLogs", "ec2:CreateLaunchTemplateVersion", "ec2:CreateNatGateway", "ec2:CreateNetworkInterface"),
    *("ec2:CreateRoute", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateTags"),
    *("ec2:CreateVpcEndpoint", "ec2:Delete*", "ec2:Detach*", "ec2:DisassociateAddress"),
    *("ec2:DisassociateRouteTable", "ec2:Modify*", "ec2:ReleaseAddress", "ec2:ReplaceRoute"),
    *("ec2:ReplaceRouteTableAssociation", "ec2:Revoke*", "ec2:RunInstances", "ec2:StartInstances"),
    *("ec2:StopInstances", "ec2:TerminateInstances"),
    *("eks:AssociateAccessPolicy", "eks:Create*", "eks:Delete*", "eks:DisassociateAccessPolicy"),
    *("eks:UntagResource", "eks:Update*"),
    *("elasticache:Create*", "elasticache:Decrease*", "elasticache:Delete*", "elasticache:Increase*"),
    *("elasticache:Modify*", "elasticache:RemoveTagsFromResource"),
    *("iam:AddClientIDToOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider"),
    *("iam:RemoveClientIDFromOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"),
    "iam:UpdateOpenIDConnectProviderThumbprint",
    *("kms:CreateGrant", "kms:Decrypt", "kms:EnableKeyRotation", "kms:GenerateDataKey*"),
    *("kms:ScheduleKeyDeletion", "kms:UntagResource", "kms:UpdateKeyDescription"),
    *("logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:UntagResource"),
    *("mq:DeleteBroker", "mq:DeleteTags", "mq:RebootBroker", "mq:UpdateBroker"),
    *("rds:Create*", "rds:Delete*", "rds:Modify*", "rds:RebootDBInstance", "rds:RemoveTagsFromResource"),
    *("rds:ResetDBParameterGroup", "rds:RestoreDBInstance*"),
    *("ses:DeleteConfigurationSet", "ses:DeleteEmailIdentity", "ses:PutConfigurationSet*"),
    *("ses:PutEmailIdentity*", "ses:UntagResource"),
)
PASSED_TO = ("ec2.amazonaws.com", "eks-fargate-pods.amazonaws.com", "eks.amazonaws.com", "vpc-flow-logs.amazonaws.com")
SERVICE_LINKED = tuple(
    f"{service}.amazonaws.com"
    for service in (
        "autoscaling",
        "eks",
        "eks-fargate",
        "eks-nodegroup",
        "elasticache",
        "elasticloadbalancing",
        "mq",
        "rds",
    )
)
# AWS's own policies that the platform attaches. Everything else a role is given is written into it.
ATTACHED = (
    *("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSClusterPolicy", "AmazonEKSFargatePodExecutionRolePolicy"),
    *("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEBSCSIDriverPolicyV2"),
)
IN_CLUSTER = ("ec2:CreateNetworkInterface", "ec2:CreateSecurityGroup")
BOUNDED_CHANGES = ("iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy")
OTHER_CHANGES = (
    *("iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:UntagRole", "iam:UpdateRole"),
    "iam:UpdateRoleDescription",
)
STARTED = ("instance", "network-interface", "volume")
UNTAGGED = {"Null": {"aws:ResourceTag/stack": "true"}}


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The account that a stage is deployed to.

    Attributes:
        state_bucket_arn, state_key_arn: where the state is.
        secrets_key_arns: by stage, what its secrets are encrypted with.
    """

    account_id: str
    partition: str
    state_bucket_arn: str
    state_key_arn: str
    secrets_key_arns: dict[str, str]

    @property
    def iam(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}"

    @property
    def github(self) -> str:
        return f"{self.iam}:oidc-provider/{ISSUER}"


def resources_policy(stage: StageAccess) -> str:
    """What is made, and what carries tags. A policy of its own, since IAM limits the length of each."""
    made, own = stage.tagged("aws:RequestTag"), stage.tagged()
    return document(
        allow(READS, ["*"]),
        allow(CREATES, ["*"], {**made, "StringEqualsIfExists": own["StringEquals"]}),
        allow(TAGS, ["*"], {**made, **UNTAGGED}),
        allow(["ec2:CreateTags"], ["*"], {**made, "Null": {"ec2:CreateAction": "false"}}),
        allow([*CHANGES, *TAGS], ["*"], own),
        # An environment has its database and its apps in the network of its cluster.
        *([allow(IN_CLUSTER, ["*"], stage.tagged(stack=stage.cluster_stage))] if stage.cluster_stage else []),
    )


def deploy_policy(stage: StageAccess, ground: Ground) -> str:
    """What goes by names: roles, state, buckets, DNS. And nothing of what decides who may deploy."""
    return document(
        *_without_tags(stage, ground.partition),
        *_roles(stage, ground),
        *_state(stage, ground),
        *_log_buckets(ground.partition),
        *_names(stage, ground.partition),
        deny(["iam:*"], [*(f"{ground.iam}:{kind}{OWN_PATH}*" for kind in ("policy", "role")), ground.github]),
    )


def _without_tags(stage: StageAccess, partition: str) -> list[Statement]:
    """What a request names beside the stage's own, and what AWS makes without tags."""
    ec2, rds = f"arn:{partition}:ec2:*:*", f"arn:{partition}:rds:*:*"
    nobody_elses = {"StringEqualsIfExists": stage.tagged()["StringEquals"]}
    untagged = {"aws:ResourceTag/stack": "true", "aws:ResourceTag/aws:eks:cluster-name": "true"}
    return [
        # Where an instance starts, and from which template, is the stage's own: the statement on tags.
        allow(
            ["ec2:RunInstances"],
            [f"arn:{partition}:ec2:*::image/*", *(f"{ec2}:{kind}/*" for kind in STARTED)],
            nobody_elses,
        ),
        # A broker's interfaces, and the group that a VPC begins with; the group of a cluster has a tag of EKS.
        allow(
            ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"],
            [f"{ec2}:network-interface/*"],
            nobody_elses,
        ),
        allow(["ec2:CreateTags"], [f"{ec2}:security-group/*"], {**stage.tagged("aws:RequestTag"), "Null": untagged}),
        allow(
            ["rds:CreateDBInstance", "rds:ModifyDBInstance", "rds:RestoreDBInstance*"],
            [f"{rds}:og:default*", f"{rds}:pg:default*"],
        ),
        allow(
            ["elasticache:CreateReplicationGroup", "elasticache:ModifyReplicationGroup"],
            [f"arn:{partition}:elasticache:*:*:parametergroup:default.*"],
        ),
        allow(["rds:CreateDBSnapshot"], [f"{rds}:snapshot:*"], nobody_elses),
        # What it is restored from is the stage's own.
        allow(["rds:RestoreDBInstance*"], [f"{rds}:db:*"], {**stage.tagged("aws:RequestTag"), **nobody_elses}),
    ]


def _roles(stage: StageAccess, ground: Ground) -> list[Statement]:
    """Its own roles, which carry the boundary from the first moment and never lose it."""
    roles = [f"{ground.iam}:role/{name}" for name in stage.role_names]
    of_aws = [f"arn:{ground.partition}:iam::aws:policy/{policy}" for policy in ATTACHED]
    bounded = {"iam:PermissionsBoundary": boundary_arn(ground.partition, ground.account_id, stage.name)}
    own, made = stage.tagged()["StringEquals"], stage.tagged("aws:RequestTag")["StringEquals"]
    return [
        allow(["iam:CreateRole"], roles, {"StringEquals": {**made, **bounded}}),
        allow(["iam:TagRole"], roles, {"StringEquals": made, "StringEqualsIfExists": own}),
        allow(BOUNDED_CHANGES, roles, {"StringEquals": {**bounded, **own}}),
        allow(
            ["iam:AttachRolePolicy"],
            roles,
            {"StringEquals": {**bounded, **own}, "ArnLike": {"iam:PolicyARN": of_aws}},
        ),
        allow(OTHER_CHANGES, roles, {"StringEquals": own}),
        allow(
            ["iam:PassRole"],
            [f"{ground.iam}:role/{name}" for name in stage.passed_role_names],
            {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        ),
        allow(
            ["iam:CreateServiceLinkedRole"],
            [f"{ground.iam}:role/aws-service-role/*"],
            {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
        ),
    ]


def _state(stage: StageAccess, ground: Ground) -> list[Statement]:
    """Its own state; of the stage whose cluster it lives in, the outputs, which are read with that one's key."""
    bucket, key = ground.state_bucket_arn, ground.secrets_key_arns
    home = stage.cluster_stage
    own = [f"{bucket}/{path}" for path in state_paths(stage.project, stage.name)]
    others = [
        f"{bucket}/.pulumi/meta.yaml",
        *([f"{bucket}/.pulumi/stacks/{stage.project}/{home}.json"] if home else []),
    ]
    return [
        allow(["s3:GetBucketLocation", "s3:ListBucket"], [bucket]),
        allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], own),
        allow(["s3:GetObject"], others),
        allow(["kms:Decrypt", "kms:GenerateDataKey*"], [ground.state_key_arn]),
        allow(["kms:Decrypt", "kms:Encrypt"], [key[stage.name]]),
        *([allow(["kms:Decrypt"], [key[home]])] if home and home in key else []),
    ]


def state_paths(project: str, stage: str) -> Sequence[str]:
    """Where Pulumi keeps a stack in a bucket, with its history, backups and locks."""
    folders = [f".pulumi/{kind}/{project}/{stage}/*" for kind in ("backups", "history", "locks/organization")]
    return [f".pulumi/stacks/{project}/{stage}.json*", *folders]


def _log_buckets(partition: str) -> list[Statement]:
    """Access logs of load balancers: the one kind of bucket that a stage makes. S3 does not go by a bucket's tags."""
    buckets = f"arn:{partition}:s3:::{LOG_BUCKETS}"
    return [
        allow([*BUCKET_READS, *BUCKET_CHANGES], [buckets]),
        allow(["s3:DeleteObject", "s3:DeleteObjectVersion"], [f"{buckets}/*"]),
    ]


def _names(stage: StageAccess, partition: str) -> list[Statement]:
    zone, changes = f"arn:{partition}:route53:::hostedzone/{stage.zone_id}", ["route53:ChangeResourceRecordSets"]
    return [
        *([allow([*ZONE_READS, *changes], [zone])] if stage.zone_id else []),
        allow(["route53:GetChange"], [f"arn:{partition}:route53:::change/*"]),
        # GetParameters: whoever starts an instance whose launch template names its image by a parameter.
        allow(["ssm:GetParameter", "ssm:GetParameters"], [f"arn:{partition}:ssm:*:*:parameter/aws/service/*"]),
    ]
