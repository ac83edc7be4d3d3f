"""Which calls of AWS each resource costs: when it is made, looked at, changed, deleted.

They were read in terraform-provider-aws, in the files that evaluation/aws_types names. `tests.access.guard` compares
each action and its target with the reference of AWS. A call is written as ``ACTION TARGET …``. The target is what AWS
checks the action on: the resource itself (``self``), what a property names (``subnetId``), or an ARN (``=arn:…``, in
which ``*`` stands for what does not exist yet). ``+`` after the action: the request carries tags. ``|KEY=VALUE``: what
else the request tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field

EC2 = "=arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}"
LINKED = (
    "iam:CreateServiceLinkedRole =arn:{{PARTITION}}:iam::{{ACCOUNT}}:role/aws-service-role/{0}/x|iam:AWSServiceName={0}"
)
INTERFACE = "primaryNetworkInterface.networkInterfaceId"
ROLLS_NODES = ("eks:UpdateNodegroupVersion self", "eks:DescribeUpdate clusterName self")
IMAGE = "=arn:{PARTITION}:ec2:{REGION}::image/ami-0123456789abcdef0"
PUBLIC_PARAMETER = "=arn:{PARTITION}:ssm:{REGION}::parameter/aws/service/ami-amazon-linux-latest/x"
DEFAULT_OPTIONS = "=arn:{PARTITION}:rds:{REGION}:{ACCOUNT}:og:default:postgres-18"
DEFAULT_CACHE_PARAMETERS = "=arn:{PARTITION}:elasticache:{REGION}:{ACCOUNT}:parametergroup:default.valkey8"
SNAPSHOT = "=arn:{PARTITION}:rds:{REGION}:{ACCOUNT}:snapshot:final"
BUCKET_READS = (
    *("GetAccelerateConfiguration", "GetBucketAcl", "GetBucketCORS", "GetBucketLogging"),
    *("GetBucketObjectLockConfiguration", "GetBucketPolicy", "GetBucketRequestPayment", "GetBucketTagging"),
    *("GetBucketVersioning", "GetBucketWebsite", "GetEncryptionConfiguration", "GetLifecycleConfiguration"),
    *("GetReplicationConfiguration", "ListBucket", "ListTagsForResource"),
)


@dataclass(frozen=True)
class Calls:
    """Of one type. ``update`` is by the property that changed; those of ``*`` are made for any other."""

    create: Sequence[str] = ()
    _: KW_ONLY
    read: Sequence[str] = ()
    update: Mapping[str, Sequence[str]] = field(default_factory=dict)
    delete: Sequence[str] = ()


def _linked(*services: str) -> list[str]:
    return [LINKED.format(f"{service}.amazonaws.com") for service in services]


def _described(*names: str) -> list[str]:
    return [f"ec2:Describe{name}" for name in names]


def _rule(direction: str) -> Calls:
    return Calls(
        [f"ec2:AuthorizeSecurityGroup{direction}+ self securityGroupId"],
        read=_described("SecurityGroupRules"),
        update={"*": ["ec2:ModifySecurityGroupRules self securityGroupId"]},
        delete=[f"ec2:RevokeSecurityGroup{direction} securityGroupId"],
    )


def _of_bucket(put: str, get: str, delete: str | None = None) -> Calls:
    return Calls(
        [f"s3:{put} bucket"],
        read=[f"s3:{get} bucket"],
        update={"*": [f"s3:{put} bucket"]},
        delete=[f"s3:{delete or put} bucket"],
    )


NETWORK: Mapping[str, Calls] = {
    "aws:ec2/vpc:Vpc": Calls(
        ["ec2:CreateVpc+ self", "ec2:ModifyVpcAttribute self"],
        read=[*_described("Vpcs", "NetworkAcls", "RouteTables", "SecurityGroups"), "ec2:DescribeVpcAttribute self"],
        update={"*": ["ec2:ModifyVpcAttribute self"]},
        delete=["ec2:DeleteVpc self"],
    ),
    "aws:ec2/subnet:Subnet": Calls(
        ["ec2:CreateSubnet+ self vpcId", "ec2:ModifySubnetAttribute self"],
        read=_described("Subnets"),
        update={"*": ["ec2:ModifySubnetAttribute self"]},
        delete=[*_described("NetworkInterfaces"), "ec2:DeleteSubnet self"],
    ),
    "aws:ec2/internetGateway:InternetGateway": Calls(
        ["ec2:CreateInternetGateway+ self", "ec2:AttachInternetGateway self vpcId"],
        read=_described("InternetGateways"),
        delete=["ec2:DetachInternetGateway self vpcId", "ec2:DeleteInternetGateway self"],
    ),
    "aws:ec2/natGateway:NatGateway": Calls(
        ["ec2:CreateNatGateway+ self subnetId allocationId"],
        read=_described("NatGateways"),
        delete=["ec2:DeleteNatGateway self"],
    ),
    "aws:ec2/eip:Eip": Calls(
        ["ec2:AllocateAddress+ self"],
        read=_described("Addresses", "AddressesAttribute"),
        delete=["ec2:ReleaseAddress self"],
    ),
    "aws:ec2/eipAssociation:EipAssociation": Calls(
        ["ec2:AssociateAddress allocationId networkInterfaceId"],
        read=_described("Addresses"),
        delete=["ec2:DisassociateAddress allocationId networkInterfaceId"],
    ),
    "aws:ec2/routeTable:RouteTable": Calls(
        ["ec2:CreateRouteTable+ self vpcId"],
        read=_described("RouteTables"),
        delete=["ec2:DeleteRouteTable self"],
    ),
    "aws:ec2/route:Route": Calls(
        ["ec2:CreateRoute routeTableId"],
        read=_described("RouteTables"),
        update={"*": ["ec2:ReplaceRoute routeTableId"]},
        delete=["ec2:DeleteRoute routeTableId"],
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Calls(
        ["ec2:AssociateRouteTable routeTableId subnetId"],
        read=_described("RouteTables"),
        update={"*": ["ec2:ReplaceRouteTableAssociation routeTableId subnetId"]},
        delete=["ec2:DisassociateRouteTable routeTableId subnetId"],
    ),
    "aws:ec2/securityGroup:SecurityGroup": Calls(
        ["ec2:CreateSecurityGroup+ self vpcId", "ec2:RevokeSecurityGroupEgress self"],
        read=_described("SecurityGroups", "SecurityGroupRules"),
        delete=[*_described("NetworkInterfaces"), "ec2:DeleteSecurityGroup self"],
    ),
    # It is there with the VPC, without tags.
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Calls(
        ["ec2:CreateTags+ self", "ec2:RevokeSecurityGroupIngress self", "ec2:RevokeSecurityGroupEgress self"],
        read=_described("SecurityGroups"),
        update={"*": ["ec2:RevokeSecurityGroupIngress self", "ec2:AuthorizeSecurityGroupIngress self"]},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule("Ingress"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule("Egress"),
    "aws:ec2/networkInterface:NetworkInterface": Calls(
        ["ec2:CreateNetworkInterface+ self subnetId securityGroups", "ec2:ModifyNetworkInterfaceAttribute self"],
        read=_described("NetworkInterfaces"),
        update={"*": ["ec2:ModifyNetworkInterfaceAttribute self"]},
        delete=["ec2:DeleteNetworkInterface self"],
    ),
    "aws:ec2/flowLog:FlowLog": Calls(
        ["ec2:CreateFlowLogs+ self vpcId", "iam:PassRole iamRoleArn|iam:PassedToService=vpc-flow-logs.amazonaws.com"],
        read=_described("FlowLogs"),
        delete=["ec2:DeleteFlowLogs self"],
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Calls(
        ["ec2:CreateVpcEndpoint+ self vpcId routeTableIds subnetIds securityGroupIds"],
        read=_described("VpcEndpoints", "PrefixLists"),
        update={"*": ["ec2:ModifyVpcEndpoint self routeTableIds"]},
        delete=["ec2:DeleteVpcEndpoints self"],
    ),
}
COMPUTE: Mapping[str, Calls] = {
    "aws:ec2/instance:Instance": Calls(
        [
            f"ec2:RunInstances+ self {IMAGE} {EC2}:volume/* launchTemplate.id {INTERFACE} {INTERFACE}>subnetId"
            f" {INTERFACE}>securityGroups",
            f"ssm:GetParameters {PUBLIC_PARAMETER}",
        ],
        read=[
            "ec2:DescribeInstanceAttribute self",
            *_described("Instances", "InstanceCreditSpecifications", "InstanceTypes", "LaunchTemplates"),
            *_described("LaunchTemplateVersions", "NetworkInterfaces", "Tags", "Volumes"),
        ],
        update={"*": [f"ec2:{verb} self" for verb in ("ModifyInstanceAttribute", "StopInstances", "StartInstances")]},
        delete=["ec2:TerminateInstances self"],
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Calls(
        ["ec2:CreateLaunchTemplate+ self", f"ssm:GetParameters {PUBLIC_PARAMETER}"],
        read=_described("LaunchTemplates", "LaunchTemplateVersions"),
        update={"*": ["ec2:CreateLaunchTemplateVersion self", "ec2:ModifyLaunchTemplate self"]},
        delete=["ec2:DeleteLaunchTemplate self"],
    ),
    "aws:eks/cluster:Cluster": Calls(
        [
            "eks:CreateCluster+",
            "iam:PassRole roleArn|iam:PassedToService=eks.amazonaws.com",
            "iam:GetRole roleArn",
            "kms:DescribeKey encryptionConfig.provider.keyArn",
            "kms:CreateGrant encryptionConfig.provider.keyArn",
            *_described("SecurityGroups", "Subnets", "Vpcs"),
            *_linked("eks"),
        ],
        read=["eks:DescribeCluster self", "eks:ListTagsForResource self"],
        update={
            "*": ["eks:UpdateClusterConfig self", "eks:DescribeUpdate self"],
            "version": ["eks:UpdateClusterVersion self", "eks:DescribeUpdate self"],
        },
        delete=["eks:DeleteCluster self"],
    ),
    "aws:eks/fargateProfile:FargateProfile": Calls(
        [
            "eks:CreateFargateProfile+ clusterName",
            "iam:GetRole podExecutionRoleArn",
            "iam:PassRole podExecutionRoleArn|iam:PassedToService=eks-fargate-pods.amazonaws.com",
            *_linked("eks-fargate"),
            *_described("Subnets"),
        ],
        read=["eks:DescribeFargateProfile self", "eks:ListTagsForResource self"],
        delete=["eks:DeleteFargateProfile self"],
    ),
    "aws:eks/nodeGroup:NodeGroup": Calls(
        [
            "eks:CreateNodegroup+ clusterName",
            "iam:GetRole nodeRoleArn",
            "iam:ListAttachedRolePolicies nodeRoleArn",
            "iam:PassRole nodeRoleArn|iam:PassedToService=eks.amazonaws.com",
            "iam:PassRole nodeRoleArn|iam:PassedToService=ec2.amazonaws.com",
            # EKS tries whether its caller could start such an instance itself.
            f"ec2:RunInstances {IMAGE} {EC2}:instance/* {EC2}:network-interface/* {EC2}:volume/* launchTemplate.id"
            " subnetIds",
            *_described("LaunchTemplateVersions", "SecurityGroups", "Subnets", "Vpcs"),
            *_linked("eks-nodegroup", "autoscaling"),
        ],
        read=["eks:DescribeNodegroup self", "eks:ListTagsForResource self"],
        update={
            "*": ["eks:UpdateNodegroupConfig self", "eks:DescribeUpdate clusterName self"],
            "launchTemplate": ROLLS_NODES,
            "releaseVersion": ROLLS_NODES,
            "version": ROLLS_NODES,
        },
        delete=["eks:DeleteNodegroup self"],
    ),
    "aws:eks/addon:Addon": Calls(
        ["eks:CreateAddon+ clusterName", "iam:PassRole serviceAccountRoleArn|iam:PassedToService=eks.amazonaws.com"],
        read=["eks:DescribeAddon self", "eks:ListTagsForResource self"],
        update={"*": ["eks:UpdateAddon self", "eks:DescribeUpdate clusterName self"]},
        delete=["eks:DeleteAddon self"],
    ),
    "aws:eks/accessEntry:AccessEntry": Calls(
        ["eks:CreateAccessEntry+ clusterName"],
        read=["eks:DescribeAccessEntry self", "eks:ListTagsForResource self"],
        update={"*": ["eks:UpdateAccessEntry self"]},
        delete=["eks:DeleteAccessEntry self"],
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Calls(
        ["eks:AssociateAccessPolicy principalArn"],
        read=["eks:ListAssociatedAccessPolicies principalArn"],
        delete=["eks:DisassociateAccessPolicy principalArn"],
    ),
}
IDENTITY: Mapping[str, Calls] = {
    "aws:iam/role:Role": Calls(
        ["iam:CreateRole+ self"],
        read=[f"iam:{verb} self" for verb in ("GetRole", "ListRolePolicies", "ListAttachedRolePolicies")],
        update={
            "assumeRolePolicy": ["iam:UpdateAssumeRolePolicy self"],
            "permissionsBoundary": ["iam:PutRolePermissionsBoundary self"],
            "description": ["iam:UpdateRoleDescription self"],
            "*": ["iam:UpdateRole self"],
        },
        delete=["iam:ListInstanceProfilesForRole self", "iam:DeleteRole self"],
    ),
    "aws:iam/rolePolicy:RolePolicy": Calls(
        ["iam:PutRolePolicy role"],
        read=["iam:GetRolePolicy role"],
        update={"*": ["iam:PutRolePolicy role"]},
        delete=["iam:DeleteRolePolicy role"],
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Calls(
        ["iam:AttachRolePolicy role"],
        read=["iam:ListAttachedRolePolicies role"],
        delete=["iam:DetachRolePolicy role"],
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Calls(
        ["iam:CreateOpenIDConnectProvider+ self"],
        read=["iam:GetOpenIDConnectProvider self"],
        update={
            "thumbprintLists": ["iam:UpdateOpenIDConnectProviderThumbprint self"],
            "*": [
                f"iam:{verb}ClientID{to}OpenIDConnectProvider self" for verb, to in (("Add", "To"), ("Remove", "From"))
            ],
        },
        delete=["iam:DeleteOpenIDConnectProvider self"],
    ),
    "aws:kms/key:Key": Calls(
        ["kms:CreateKey+", "kms:EnableKeyRotation self"],
        read=[
            f"kms:{verb} self" for verb in ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags")
        ],
        update={"description": ["kms:UpdateKeyDescription self"], "*": ["kms:EnableKeyRotation self"]},
        delete=["kms:ScheduleKeyDeletion self"],
    ),
}
DATA: Mapping[str, Calls] = {
    "aws:rds/instance:Instance": Calls(
        [
            f"rds:CreateDBInstance+ self dbSubnetGroupName parameterGroupName {DEFAULT_OPTIONS}",
            *(f"kms:{verb} kmsKeyId" for verb in ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")),
            *_described("SecurityGroups", "Subnets", "Vpcs"),
            *_linked("rds"),
        ],
        read=["rds:DescribeDBInstances self", "rds:ListTagsForResource self"],
        update={"*": [f"rds:ModifyDBInstance self parameterGroupName {DEFAULT_OPTIONS}", "rds:RebootDBInstance self"]},
        delete=["rds:DeleteDBInstance self", f"rds:CreateDBSnapshot self {SNAPSHOT}"],
    ),
    "aws:rds/subnetGroup:SubnetGroup": Calls(
        ["rds:CreateDBSubnetGroup+ self", *_described("Subnets", "Vpcs")],
        read=["rds:DescribeDBSubnetGroups self", "rds:ListTagsForResource self"],
        update={"*": ["rds:ModifyDBSubnetGroup self"]},
        delete=["rds:DeleteDBSubnetGroup self"],
    ),
    "aws:rds/parameterGroup:ParameterGroup": Calls(
        ["rds:CreateDBParameterGroup+ self", "rds:ModifyDBParameterGroup self"],
        read=[
            f"rds:{verb} self" for verb in ("DescribeDBParameterGroups", "DescribeDBParameters", "ListTagsForResource")
        ],
        update={"*": ["rds:ModifyDBParameterGroup self", "rds:ResetDBParameterGroup self"]},
        delete=["rds:DeleteDBParameterGroup self"],
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": Calls(
        ["elasticache:CreateCacheSubnetGroup+ self", *_described("Subnets", "Vpcs")],
        read=["elasticache:DescribeCacheSubnetGroups self", "elasticache:ListTagsForResource self"],
        update={"*": ["elasticache:ModifyCacheSubnetGroup self"]},
        delete=["elasticache:DeleteCacheSubnetGroup self"],
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Calls(
        [
            f"elasticache:CreateReplicationGroup+ self subnetGroupName {DEFAULT_CACHE_PARAMETERS}",
            *_described("NetworkInterfaces", "Subnets", "Vpcs"),
            *_linked("elasticache"),
        ],
        read=["elasticache:DescribeReplicationGroups self", "elasticache:ListTagsForResource self"],
        update={
            "*": [f"elasticache:ModifyReplicationGroup self {DEFAULT_CACHE_PARAMETERS}"],
            "numCacheClusters": [f"elasticache:{verb}ReplicaCount self" for verb in ("Decrease", "Increase")],
        },
        delete=["elasticache:DeleteReplicationGroup self"],
    ),
    "aws:mq/broker:Broker": Calls(
        [
            "mq:CreateBroker+",
            f"ec2:CreateNetworkInterface {EC2}:network-interface/* subnetIds securityGroups",
            f"ec2:CreateNetworkInterfacePermission {EC2}:network-interface/*",
            *_described("NetworkInterfaces", "SecurityGroups", "Subnets", "VpcEndpoints", "Vpcs"),
            *_linked("mq"),
        ],
        read=["mq:DescribeBroker self", "mq:ListTags self"],
        update={"*": ["mq:UpdateBroker self", "mq:RebootBroker self"]},
        delete=["mq:DeleteBroker self"],
    ),
    "aws:s3/bucket:Bucket": Calls(
        ["s3:CreateBucket self", "s3:TagResource self"],
        read=[f"s3:{verb} self" for verb in BUCKET_READS],
        update={"tagsAll": ["s3:TagResource self", "s3:UntagResource self"]},
        delete=["s3:ListBucketVersions self", "s3:DeleteObjectVersion self/x", "s3:DeleteBucket self"],
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _of_bucket("PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_bucket(
        "PutBucketPublicAccessBlock", "GetBucketPublicAccessBlock"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of_bucket(
        "PutEncryptionConfiguration", "GetEncryptionConfiguration"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_bucket(
        "PutLifecycleConfiguration", "GetLifecycleConfiguration"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Calls(
        ["logs:CreateLogGroup+ self", "logs:PutRetentionPolicy self"],
        read=["logs:DescribeLogGroups", "logs:ListTagsForResource self"],
        update={"*": ["logs:PutRetentionPolicy self"]},
        delete=["logs:DeleteLogGroup self"],
    ),
}
EDGE: Mapping[str, Calls] = {
    "aws:acm/certificate:Certificate": Calls(
        ["acm:RequestCertificate+"],
        read=["acm:DescribeCertificate self", "acm:ListTagsForCertificate self"],
        update={"*": ["acm:UpdateCertificateOptions self"]},
        delete=["acm:DeleteCertificate self"],
    ),
    "aws:acm/certificateValidation:CertificateValidation": Calls(
        ["acm:DescribeCertificate certificateArn"], read=["acm:DescribeCertificate certificateArn"]
    ),
    "aws:route53/record:Record": Calls(
        [
            "route53:GetHostedZone zoneId",
            "route53:ChangeResourceRecordSets zoneId",
            "route53:GetChange =arn:{PARTITION}:route53:::change/x",
        ],
        read=["route53:GetHostedZone zoneId", "route53:ListResourceRecordSets zoneId"],
        update={"*": ["route53:ChangeResourceRecordSets zoneId"]},
        delete=["route53:ChangeResourceRecordSets zoneId", "route53:GetChange =arn:{PARTITION}:route53:::change/x"],
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": Calls(
        ["ses:CreateEmailIdentity+ self"],
        read=["ses:GetEmailIdentity self", "ses:ListTagsForResource self"],
        update={"*": ["ses:PutEmailIdentityDkimSigningAttributes self"]},
        delete=["ses:DeleteEmailIdentity self"],
    ),
    "aws:sesv2/configurationSet:ConfigurationSet": Calls(
        ["ses:CreateConfigurationSet+ self"],
        read=["ses:GetConfigurationSet self", "ses:ListTagsForResource self"],
        update={
            "*": [f"ses:PutConfigurationSet{which}Options self" for which in ("Delivery", "Reputation", "Sending")]
        },
        delete=["ses:DeleteConfigurationSet self"],
    ),
}
CALLS: Mapping[str, Calls] = {**NETWORK, **COMPUTE, **IDENTITY, **DATA, **EDGE}
# What AWS checks as well where a request carries tags.
TAG_ACTIONS: Mapping[str, str] = {
    "acm": "acm:AddTagsToCertificate",
    "ec2": "ec2:CreateTags",
    "elasticache": "elasticache:AddTagsToResource",
    "eks": "eks:TagResource",
    "kms": "kms:TagResource",
    "logs": "logs:TagResource",
    "mq": "mq:CreateTags",
    "rds": "rds:AddTagsToResource",
    "ses": "ses:TagResource",
    "iam:CreateRole": "iam:TagRole",
    "iam:CreateOpenIDConnectProvider": "iam:TagOpenIDConnectProvider",
}
