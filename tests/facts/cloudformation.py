"""CloudFormation's resource schemas, as cfn-lint ships them: read as data, since its code lacks its packages.

A Pulumi property is found in a schema by its name, whatever its case; names that differ are written down. None:
CloudFormation has no such property.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REGION = "eu-west-1"

TYPES: Mapping[str, tuple[str, Mapping[str, str | None]]] = {
    "aws:acm/certificate:Certificate": (
        "AWS::CertificateManager::Certificate",
        {"validationOptions": "DomainValidationOptions", "options": None},
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("AWS::Logs::ResourcePolicy", {}),
    "aws:ec2/eip:Eip": ("AWS::EC2::EIP", {"instance": "InstanceId"}),
    "aws:ec2/eipAssociation:EipAssociation": ("AWS::EC2::EIPAssociation", {"publicIp": "EIP"}),
    "aws:ec2/flowLog:FlowLog": (
        "AWS::EC2::FlowLog",
        {
            "vpcId": "ResourceId",
            "subnetId": "ResourceId",
            "eniId": "ResourceId",
            "transitGatewayId": "ResourceId",
            "transitGatewayAttachmentId": "ResourceId",
            "regionalNatGatewayId": "ResourceId",
            "iamRoleArn": "DeliverLogsPermissionArn",
        },
    ),
    "aws:ec2/instance:Instance": (
        "AWS::EC2::Instance",
        {
            "ami": "ImageId",
            "placementGroup": "PlacementGroupName",
            "privateIp": "PrivateIpAddress",
            "secondaryPrivateIps": None,
            "vpcSecurityGroupIds": "SecurityGroupIds",
            "rootBlockDevice": "BlockDeviceMappings",
            "ebsBlockDevices": "BlockDeviceMappings",
            "ephemeralBlockDevices": "BlockDeviceMappings",
            "primaryNetworkInterface": "NetworkInterfaces",
            "associatePublicIpAddress": "NetworkInterfaces",
        },
    ),
    "aws:ec2/internetGateway:InternetGateway": ("AWS::EC2::InternetGateway", {"vpcId": None}),
    "aws:ec2/launchTemplate:LaunchTemplate": (
        "AWS::EC2::LaunchTemplate",
        {
            "name": "LaunchTemplateName",
            "*": "LaunchTemplateData",
            "tags": None,
            "vpcSecurityGroupIds": "LaunchTemplateData",
            "description": "VersionDescription",
            "updateDefaultVersion": None,
            "defaultVersion": None,
        },
    ),
    "aws:ec2/natGateway:NatGateway": ("AWS::EC2::NatGateway", {"privateIp": "PrivateIpAddress"}),
    "aws:ec2/networkInterface:NetworkInterface": (
        "AWS::EC2::NetworkInterface",
        {
            "securityGroups": "GroupSet",
            "privateIp": "PrivateIpAddress",
            "privateIps": "PrivateIpAddresses",
            "privateIpsCount": "SecondaryPrivateIpAddressCount",
            "attachments": None,
        },
    ),
    "aws:ec2/route:Route": ("AWS::EC2::Route", {}),
    "aws:ec2/routeTable:RouteTable": ("AWS::EC2::RouteTable", {}),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (
        "AWS::EC2::SubnetRouteTableAssociation",
        {"gatewayId": None},
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "AWS::EC2::SecurityGroup",
        {
            "name": "GroupName",
            "description": "GroupDescription",
            "ingress": "SecurityGroupIngress",
            "egress": "SecurityGroupEgress",
        },
    ),
    "aws:ec2/subnet:Subnet": ("AWS::EC2::Subnet", {}),
    "aws:ec2/vpc:Vpc": ("AWS::EC2::VPC", {}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("AWS::EC2::VPCEndpoint", {"policy": "PolicyDocument"}),
    "aws:eks/accessEntry:AccessEntry": ("AWS::EKS::AccessEntry", {}),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "AWS::EKS::AccessEntry",
        {"accessScope": "AccessPolicies", "policyArn": "AccessPolicies"},
    ),
    "aws:eks/addon:Addon": (
        "AWS::EKS::Addon",
        {
            "resolveConflictsOnCreate": "ResolveConflicts",
            "resolveConflictsOnUpdate": None,
            "preserve": "PreserveOnDelete",
        },
    ),
    "aws:eks/cluster:Cluster": (
        "AWS::EKS::Cluster",
        {"vpcConfig": "ResourcesVpcConfig", "enabledClusterLogTypes": "Logging"},
    ),
    "aws:eks/fargateProfile:FargateProfile": ("AWS::EKS::FargateProfile", {"subnetIds": "Subnets"}),
    "aws:eks/nodeGroup:NodeGroup": (
        "AWS::EKS::Nodegroup",
        {"subnetIds": "Subnets", "nodeRoleArn": "NodeRole", "forceUpdateVersion": "ForceUpdateEnabled"},
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("AWS::EKS::PodIdentityAssociation", {}),
    "aws:iam/instanceProfile:InstanceProfile": (
        "AWS::IAM::InstanceProfile",
        {"name": "InstanceProfileName", "role": "Roles"},
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        "AWS::IAM::OIDCProvider",
        {"clientIdLists": "ClientIdList", "thumbprintLists": "ThumbprintList"},
    ),
    "aws:iam/policy:Policy": ("AWS::IAM::ManagedPolicy", {"name": "ManagedPolicyName", "policy": "PolicyDocument"}),
    "aws:iam/role:Role": (
        "AWS::IAM::Role",
        {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "inlinePolicies": "Policies"},
    ),
    "aws:iam/rolePolicy:RolePolicy": (
        "AWS::IAM::RolePolicy",
        {"name": "PolicyName", "policy": "PolicyDocument", "role": "RoleName"},
    ),
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:kms/key:Key": (
        "AWS::KMS::Key",
        {
            "deletionWindowInDays": "PendingWindowInDays",
            "isEnabled": "Enabled",
            "policy": "KeyPolicy",
            "customerMasterKeySpec": "KeySpec",
            "customKeyStoreId": None,
            "xksKeyId": None,
        },
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": (
        "AWS::ElastiCache::SubnetGroup",
        {"name": "CacheSubnetGroupName", "description": "Description"},
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "AWS::ElastiCache::ReplicationGroup",
        {
            "description": "ReplicationGroupDescription",
            "nodeType": "CacheNodeType",
            "multiAzEnabled": "MultiAZEnabled",
            "subnetGroupName": "CacheSubnetGroupName",
            "securityGroupNames": "CacheSecurityGroupNames",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "dataTieringEnabled": "DataTieringEnabled",
            "authTokenUpdateStrategy": None,
            "applyImmediately": None,
        },
    ),
    "aws:mq/broker:Broker": ("AWS::AmazonMQ::Broker", {}),
    "aws:rds/instance:Instance": (
        "AWS::RDS::DBInstance",
        {
            "identifier": "DBInstanceIdentifier",
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "password": "MasterUserPassword",
            "parameterGroupName": "DBParameterGroupName",
            "vpcSecurityGroupIds": "VPCSecurityGroups",
            "backupWindow": "PreferredBackupWindow",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "snapshotIdentifier": "DBSnapshotIdentifier",
            "replicateSourceDb": "SourceDBInstanceIdentifier",
            "restoreToPointInTime": "RestoreTime",
            "caCertIdentifier": "CACertificateIdentifier",
            "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
            "skipFinalSnapshot": None,
            "finalSnapshotIdentifier": None,
            "upgradeStorageConfig": None,
            "blueGreenUpdate": None,
            "s3Import": None,
        },
    ),
    "aws:rds/parameterGroup:ParameterGroup": ("AWS::RDS::DBParameterGroup", {"name": "DBParameterGroupName"}),
    "aws:rds/subnetGroup:SubnetGroup": (
        "AWS::RDS::DBSubnetGroup",
        {"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    ),
    "aws:route53/record:Record": (
        "AWS::Route53::RecordSet",
        {
            "zoneId": "HostedZoneId",
            "records": "ResourceRecords",
            "aliases": "AliasTarget",
            "multivalueAnswerRoutingPolicy": "MultiValueAnswer",
        },
    ),
    "aws:s3/bucket:Bucket": (
        "AWS::S3::Bucket",
        {"bucket": "BucketName", "forceDestroy": None, "acl": None, "policy": None},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ("AWS::S3::BucketPolicy", {"policy": "PolicyDocument"}),
    "aws:sesv2/configurationSet:ConfigurationSet": ("AWS::SES::ConfigurationSet", {"configurationSetName": "Name"}),
    "aws:sesv2/emailIdentity:EmailIdentity": (
        "AWS::SES::EmailIdentity",
        {"configurationSetName": "ConfigurationSetAttributes"},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "AWS::EC2::SecurityGroupEgress",
        {
            "securityGroupId": "GroupId",
            "cidrIpv4": "CidrIp",
            "referencedSecurityGroupId": "DestinationSecurityGroupId",
            "prefixListId": "DestinationPrefixListId",
        },
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "AWS::EC2::SecurityGroupIngress",
        {
            "securityGroupId": "GroupId",
            "cidrIpv4": "CidrIp",
            "referencedSecurityGroupId": "SourceSecurityGroupId",
            "prefixListId": "SourcePrefixListId",
        },
    ),
}
# Rows of the table that CloudFormation has no type for, or only as a part of another.
WITHOUT_TYPE = {
    "aws:acm/certificateValidation:CertificateValidation": "CloudFormation waits by itself",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "CloudFormation cannot take it over",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "one of two types, by its type",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "a property of the role",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "a property of the bucket",
    "aws:s3/bucketLogging:BucketLogging": "a property of the bucket",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "a property of the bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a property of the bucket",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "also of the bucket",
    "aws:s3/bucketVersioning:BucketVersioning": "a property of the bucket",
    "eks:index:Cluster": "a component of pulumi-eks; aws:eks/cluster:Cluster is compared",
    "eks:index:ManagedNodeGroup": "a component of pulumi-eks; aws:eks/nodeGroup:NodeGroup is compared",
}


@functools.cache
def folder() -> Path:
    found = importlib.util.find_spec("cfnlint")
    assert found is not None, "pip install --no-deps -r requirements-facts.txt"
    assert found.origin is not None
    return Path(found.origin).parent / "data/schemas"


def read(path: str) -> Any:
    return json.loads((folder() / path).read_text())


@functools.cache
def schema(type_: str) -> Any:
    """The schema of a CloudFormation type."""
    return read(f"resources/{read(f'providers/{REGION}.json')[type_]}.json")


def create_only(type_: str, kind: str = "createOnlyProperties") -> set[str]:
    """The top-level properties that CloudFormation cannot change in place."""
    return {path.removeprefix("/properties/").split("/")[0] for path in schema(type_).get(kind, [])}


def property_of(token: str, name: str) -> str | None:
    """CloudFormation's name of a Pulumi property."""
    type_, renames = TYPES[token]
    wanted = renames.get(name, renames.get("*", name))
    if wanted is None:
        return None
    return next((found for found in schema(type_)["properties"] if found.lower() == wanted.lower()), None)
