"""From a Pulumi type to the call of AWS's API that makes it, as botocore describes it.

A property is found by its name, whatever its case. Only names that differ are written down: to a dotted path of the
same call, to `Of` another call, or to None where AWS has no such thing. ``*`` is for all properties that have no entry.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session

SESSION = botocore.session.Session()
RULE = {
    "securityGroupId": "GroupId",
    "*": "IpPermissions",
    "cidrIpv4": "IpPermissions.IpRanges.CidrIp",
    "cidrIpv6": "IpPermissions.Ipv6Ranges.CidrIpv6",
    "referencedSecurityGroupId": "IpPermissions.UserIdGroupPairs.GroupId",
    "prefixListId": "IpPermissions.PrefixListIds.PrefixListId",
    "description": "IpPermissions.IpRanges.Description",
}


@dataclass(frozen=True)
class Of:
    """A property that another call sets, by its path there."""

    service: str
    operation: str
    path: str


@dataclass(frozen=True)
class Call:
    service: str
    operation: str
    renames: Mapping[str, str | Of | None] = field(default_factory=dict)

    @property
    def shape(self) -> Any:
        return _operation(self.service, self.operation)


@dataclass(frozen=True)
class Member:
    """A property of a call: where, and what botocore says of its values."""

    call: str
    path: str
    shape: Any


CALLS: Mapping[str, Call] = {
    "aws:acm/certificate:Certificate": Call("acm", "RequestCertificate"),
    "aws:cloudwatch/logGroup:LogGroup": Call(
        "logs",
        "CreateLogGroup",
        {"name": "logGroupName", "retentionInDays": Of("logs", "PutRetentionPolicy", "retentionInDays")},
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": Call("logs", "PutResourcePolicy"),
    "aws:ec2/eip:Eip": Call("ec2", "AllocateAddress"),
    "aws:ec2/eipAssociation:EipAssociation": Call("ec2", "AssociateAddress"),
    "aws:ec2/flowLog:FlowLog": Call(
        "ec2", "CreateFlowLogs", {"vpcId": "ResourceIds", "iamRoleArn": "DeliverLogsPermissionArn"}
    ),
    "aws:ec2/instance:Instance": Call(
        "ec2",
        "RunInstances",
        {
            "ami": "ImageId",
            "tenancy": "Placement.Tenancy",
            "launchTemplate.id": "LaunchTemplate.LaunchTemplateId",
            "launchTemplate.name": "LaunchTemplate.LaunchTemplateName",
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": Call("ec2", "CreateInternetGateway"),
    "aws:ec2/launchTemplate:LaunchTemplate": Call(
        "ec2", "CreateLaunchTemplate", {"name": "LaunchTemplateName", "*": "LaunchTemplateData"}
    ),
    "aws:ec2/natGateway:NatGateway": Call("ec2", "CreateNatGateway", {"privateIp": "PrivateIpAddress"}),
    "aws:ec2/networkInterface:NetworkInterface": Call(
        "ec2",
        "CreateNetworkInterface",
        {
            "securityGroups": "Groups",
            "privateIp": "PrivateIpAddress",
            "sourceDestCheck": Of("ec2", "ModifyNetworkInterfaceAttribute", "SourceDestCheck"),
        },
    ),
    "aws:ec2/route:Route": Call("ec2", "CreateRoute"),
    "aws:ec2/routeTable:RouteTable": Call("ec2", "CreateRouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Call("ec2", "AssociateRouteTable"),
    "aws:ec2/securityGroup:SecurityGroup": Call("ec2", "CreateSecurityGroup", {"name": "GroupName"}),
    "aws:ec2/subnet:Subnet": Call("ec2", "CreateSubnet", {"mapPublicIpOnLaunch": None}),
    "aws:ec2/vpc:Vpc": Call("ec2", "CreateVpc", {"enableDnsHostnames": None, "enableDnsSupport": None}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Call("ec2", "CreateVpcEndpoint", {"policy": "PolicyDocument"}),
    "aws:eks/accessEntry:AccessEntry": Call("eks", "CreateAccessEntry", {"userName": "username"}),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Call("eks", "AssociateAccessPolicy"),
    "aws:eks/addon:Addon": Call(
        "eks",
        "CreateAddon",
        {
            "resolveConflictsOnCreate": "resolveConflicts",
            "resolveConflictsOnUpdate": Of("eks", "UpdateAddon", "resolveConflicts"),
        },
    ),
    "aws:eks/cluster:Cluster": Call(
        "eks",
        "CreateCluster",
        {"vpcConfig": "resourcesVpcConfig", "enabledClusterLogTypes": "logging.clusterLogging.types"},
    ),
    "eks:index:Cluster": Call(
        "eks",
        "CreateCluster",
        {
            "authenticationMode": "accessConfig.authenticationMode",
            "enabledClusterLogTypes": "logging.clusterLogging.types",
            "encryptionConfigKeyArn": "encryptionConfig.provider.keyArn",
            "endpointPrivateAccess": "resourcesVpcConfig.endpointPrivateAccess",
            "endpointPublicAccess": "resourcesVpcConfig.endpointPublicAccess",
            "kubernetesServiceIpAddressRange": "kubernetesNetworkConfig.serviceIpv4Cidr",
            "publicAccessCidrs": "resourcesVpcConfig.publicAccessCidrs",
        },
    ),
    "aws:eks/fargateProfile:FargateProfile": Call("eks", "CreateFargateProfile", {"subnetIds": "subnets"}),
    "aws:eks/nodeGroup:NodeGroup": Call("eks", "CreateNodegroup", {"subnetIds": "subnets", "nodeRoleArn": "nodeRole"}),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": Call("eks", "CreatePodIdentityAssociation"),
    "aws:iam/instanceProfile:InstanceProfile": Call("iam", "CreateInstanceProfile", {"name": "InstanceProfileName"}),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Call(
        "iam", "CreateOpenIDConnectProvider", {"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"}
    ),
    "aws:iam/policy:Policy": Call("iam", "CreatePolicy", {"name": "PolicyName", "policy": "PolicyDocument"}),
    "aws:iam/role:Role": Call(
        "iam", "CreateRole", {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    ),
    "aws:iam/rolePolicy:RolePolicy": Call(
        "iam", "PutRolePolicy", {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"}
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Call("iam", "AttachRolePolicy", {"role": "RoleName"}),
    "aws:kms/alias:Alias": Call("kms", "CreateAlias", {"name": "AliasName"}),
    "aws:kms/key:Key": Call(
        "kms",
        "CreateKey",
        {
            "deletionWindowInDays": Of("kms", "ScheduleKeyDeletion", "PendingWindowInDays"),
            "customerMasterKeySpec": "KeySpec",
            "enableKeyRotation": None,
        },
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": Call(
        "elasticache",
        "CreateCacheSubnetGroup",
        {"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": Call(
        "elasticache",
        "CreateReplicationGroup",
        {
            "description": "ReplicationGroupDescription",
            "nodeType": "CacheNodeType",
            "multiAzEnabled": "MultiAZEnabled",
            "subnetGroupName": "CacheSubnetGroupName",
            "securityGroupNames": "CacheSecurityGroupNames",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "authTokenUpdateStrategy": None,
            "applyImmediately": None,
        },
    ),
    "aws:mq/broker:Broker": Call("mq", "CreateBroker", {"applyImmediately": None}),
    "aws:rds/instance:Instance": Call(
        "rds",
        "CreateDBInstance",
        {
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "password": "MasterUserPassword",
            "parameterGroupName": "DBParameterGroupName",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "applyImmediately": None,
            "allowMajorVersionUpgrade": None,
            "deleteAutomatedBackups": None,
        },
    ),
    "aws:rds/parameterGroup:ParameterGroup": Call(
        "rds",
        "CreateDBParameterGroup",
        {
            "name": "DBParameterGroupName",
            "family": "DBParameterGroupFamily",
            "parameters": Of("rds", "ModifyDBParameterGroup", "Parameters"),
            "parameters.name": Of("rds", "ModifyDBParameterGroup", "Parameters.ParameterName"),
            "parameters.value": Of("rds", "ModifyDBParameterGroup", "Parameters.ParameterValue"),
            "parameters.applyMethod": Of("rds", "ModifyDBParameterGroup", "Parameters.ApplyMethod"),
        },
    ),
    "aws:rds/subnetGroup:SubnetGroup": Call(
        "rds", "CreateDBSubnetGroup", {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"}
    ),
    "aws:route53/record:Record": Call(
        "route53",
        "ChangeResourceRecordSets",
        {
            "*": "ChangeBatch.Changes.ResourceRecordSet",
            "zoneId": "HostedZoneId",
            "records": "ChangeBatch.Changes.ResourceRecordSet.ResourceRecords",
            "aliases": "ChangeBatch.Changes.ResourceRecordSet.AliasTarget",
            "allowOverwrite": None,
        },
    ),
    "aws:s3/bucket:Bucket": Call("s3", "CreateBucket", {"forceDestroy": None}),
    "aws:s3/bucketVersioning:BucketVersioning": Call("s3", "PutBucketVersioning"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Call(
        "s3", "PutBucketEncryption", {"rules": "ServerSideEncryptionConfiguration.Rules"}
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Call(
        "s3", "PutPublicAccessBlock", {"*": "PublicAccessBlockConfiguration", "bucket": "Bucket"}
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Call("s3", "PutBucketPolicy"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Call(
        "s3", "PutBucketOwnershipControls", {"rule": "OwnershipControls.Rules"}
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Call(
        "s3", "PutBucketLifecycleConfiguration", {"rules": "LifecycleConfiguration.Rules"}
    ),
    "aws:s3/bucketLogging:BucketLogging": Call("s3", "PutBucketLogging", {"*": "BucketLoggingStatus.LoggingEnabled"}),
    "aws:sesv2/configurationSet:ConfigurationSet": Call("sesv2", "CreateConfigurationSet"),
    "aws:sesv2/emailIdentity:EmailIdentity": Call("sesv2", "CreateEmailIdentity"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Call("ec2", "AuthorizeSecurityGroupEgress", RULE),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Call("ec2", "AuthorizeSecurityGroupIngress", RULE),
}
# Rows of the table that no single call makes.
WITHOUT_CALL = {
    "aws:acm/certificateValidation:CertificateValidation": "the provider waits; nothing is made",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "AWS makes it with the VPC; the provider takes it over",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "one of two calls, by its type",
    "eks:index:ManagedNodeGroup": "a component of pulumi-eks; aws:eks/nodeGroup:NodeGroup is compared",
}


@functools.cache
def _operation(service: str, name: str) -> Any:
    return SESSION.get_service_model(service).operation_model(name).input_shape


def items_of(shape: Any) -> Any:
    while shape.type_name == "list":
        shape = shape.member
    return shape


def child(shape: Any, key: str) -> tuple[str, Any] | None:
    """A member of a structure, or of a list's items, by its name whatever the case."""
    shape = items_of(shape)
    if shape.type_name != "structure":
        return None
    return next(((name, member) for name, member in shape.members.items() if name.lower() == key.lower()), None)


def locate(token: str, path: str) -> Member | None:
    """What a dotted Pulumi path is in AWS's API; None where AWS has no such thing."""
    call = CALLS[token]
    service, operation, target = call.service, call.operation, _renamed(call, path)
    if isinstance(target, Of):
        service, operation, target = target.service, target.operation, target.path
    if target is None:
        return None
    shape, found = _operation(service, operation), []
    for part in target.split("."):
        member = child(shape, part)
        if member is None:
            return None
        found.append(member[0])
        shape = member[1]
    return Member(f"{service}:{operation}", ".".join(found), shape)


def _renamed(call: Call, path: str) -> str | Of | None:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        head, rest = ".".join(parts[:length]), parts[length:]
        if head not in call.renames:
            continue
        target = call.renames[head]
        if isinstance(target, Of):
            return Of(target.service, target.operation, ".".join([target.path, *rest]))
        return None if target is None else ".".join([target, *rest])
    everything = call.renames.get("*")
    return f"{everything}.{path}" if isinstance(everything, str) else path
