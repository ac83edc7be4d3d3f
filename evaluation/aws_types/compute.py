"""EC2 instances and EKS clusters, with the types that run the pods of a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.aws_types.row import AwsType, table

EC2 = "arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}"
EKS = "arn:{PARTITION}:eks:{REGION}:{ACCOUNT}"
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
CREATED = "2026-11-01T00:00:00Z"
# It has the form of a certificate authority's certificate, and signs nothing.
CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K"


def _encryption_taken_away(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """Encryption of Secrets can be turned on, but never off: CustomizeDiff of eks/cluster.go."""
    return ("encryptionConfig",) if old.get("encryptionConfig") and not new.get("encryptionConfig") else ()


def _protected(properties: Mapping[str, Any]) -> str:
    return "deletion protection is on" if properties.get("deletionProtection") is True else ""


def _user_data_replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """User data changes in place (the instance is stopped), except with ``userDataReplaceOnChange``."""
    changed = old.get("userData") != new.get("userData")
    return ("userData",) if changed and new.get("userDataReplaceOnChange") else ()


COMPUTE = table(
    AwsType(
        "aws:ec2/instance:Instance",
        source="internal/service/ec2/ec2_instance.go",
        id="i-{HEX17}",
        arn=f"{EC2}:instance/{{id}}",
        computed={
            "availabilityZone": "{REGION}a",
            "instanceState": "running",
            "primaryNetworkInterfaceId": "eni-{HEX17}",
            "privateDns": "ip-10-0-0-10.{REGION}.compute.internal",
            "privateIp": "10.0.0.10",
            "publicIp": "{IP}",
        },
        defaults={"sourceDestCheck": True},
        enums={
            "metadataOptions.httpTokens": ("optional", "required"),
            "metadataOptions.httpEndpoint": ("enabled", "disabled"),
            "tenancy": ("default", "dedicated", "host"),
        },
        immutable=(
            *("ami", "availabilityZone", "subnetId", "keyName", "privateIp", "tenancy", "associatePublicIpAddress"),
            *("ebsOptimized", "placementGroup", "networkInterfaces", "primaryNetworkInterface"),
            *("launchTemplate.id", "launchTemplate.name"),
            *("rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId"),
        ),
        replaced=_user_data_replaced,
    ),
    AwsType(
        "aws:ec2/launchTemplate:LaunchTemplate",
        source="internal/service/ec2/ec2_launch_template.go",
        id="lt-{HEX17}",
        arn=f"{EC2}:launch-template/{{id}}",
        computed={"defaultVersion": 1},
        counter="latestVersion",
        auto_name="name",
        enums={
            "metadataOptions.httpTokens": ("optional", "required"),
            "metadataOptions.httpEndpoint": ("enabled", "disabled"),
        },
        immutable=("name", "namePrefix"),
    ),
    AwsType(
        "aws:eks/cluster:Cluster",
        source="internal/service/eks/cluster.go",
        id="{name}",
        arn=f"{EKS}:cluster/{{name}}",
        computed={
            "certificateAuthority": {"data": CERTIFICATE},
            "createdAt": CREATED,
            "endpoint": "https://{UPPER32}.gr7.{REGION}.eks.amazonaws.com",
            "identities": [{"oidcs": [{"issuer": "https://oidc.eks.{REGION}.amazonaws.com/id/{UPPER32}"}]}],
            "kubernetesNetworkConfig": {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"},
            "platformVersion": "eks.1",
            "status": "ACTIVE",
            "version": "1.36",
            "vpcConfig": {"clusterSecurityGroupId": "sg-{HEX17}", "vpcId": "vpc-{HEX17}"},
        },
        auto_name="name",
        required=("roleArn", "vpcConfig", "vpcConfig.subnetIds"),
        enums={
            "accessConfig.authenticationMode": ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP"),
            "enabledClusterLogTypes": LOG_TYPES,
            "encryptionConfig.resources": ("secrets",),
            "kubernetesNetworkConfig.ipFamily": ("ipv4", "ipv6"),
            "upgradePolicy.supportType": ("STANDARD", "EXTENDED"),
        },
        immutable=(
            *("name", "roleArn", "bootstrapSelfManagedAddons", "accessConfig.bootstrapClusterCreatorAdminPermissions"),
            *("kubernetesNetworkConfig.ipFamily", "kubernetesNetworkConfig.serviceIpv4Cidr", "remoteNetworkConfig"),
        ),
        replaced=_encryption_taken_away,
        holds="all that runs in it",
        undeletable=_protected,
    ),
    AwsType(
        "aws:eks/fargateProfile:FargateProfile",
        source="internal/service/eks/fargate_profile.go",
        id="{clusterName}:{fargateProfileName}",
        arn=f"{EKS}:fargateprofile/{{clusterName}}/{{fargateProfileName}}/{{UUID}}",
        computed={"status": "ACTIVE"},
        auto_name="fargateProfileName",
        required=("clusterName", "podExecutionRoleArn", "selectors", "selectors.namespace"),
        immutable=("clusterName", "fargateProfileName", "podExecutionRoleArn", "selectors", "subnetIds"),
    ),
    AwsType(
        "aws:eks/nodeGroup:NodeGroup",
        source="internal/service/eks/node_group.go",
        id="{clusterName}:{nodeGroupName}",
        arn=f"{EKS}:nodegroup/{{clusterName}}/{{nodeGroupName}}/{{UUID}}",
        computed={
            "status": "ACTIVE",
            "resources": [{"autoscalingGroups": [{"name": "eks-{nodeGroupName}-{UUID}"}]}],
        },
        auto_name="nodeGroupName",
        required=(
            *("clusterName", "nodeRoleArn", "subnetIds", "scalingConfig"),
            *("scalingConfig.desiredSize", "scalingConfig.maxSize", "scalingConfig.minSize"),
        ),
        enums={
            "capacityType": ("ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
            "taints.effect": ("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"),
        },
        immutable=(
            *("amiType", "capacityType", "clusterName", "diskSize", "instanceTypes", "nodeGroupName", "nodeRoleArn"),
            *("nodeGroupNamePrefix", "remoteAccess", "subnetIds", "launchTemplate.id", "launchTemplate.name"),
        ),
    ),
    AwsType(
        "aws:eks/addon:Addon",
        source="internal/service/eks/addon.go",
        id="{clusterName}:{addonName}",
        arn=f"{EKS}:addon/{{clusterName}}/{{addonName}}/{{UUID}}",
        computed={"addonVersion": "v1.0.0-eksbuild.1", "createdAt": CREATED, "modifiedAt": CREATED},
        required=("addonName", "clusterName"),
        enums={
            "resolveConflictsOnCreate": ("NONE", "OVERWRITE"),
            "resolveConflictsOnUpdate": ("NONE", "OVERWRITE", "PRESERVE"),
        },
        immutable=("addonName", "clusterName"),
    ),
    AwsType(
        "aws:eks/accessEntry:AccessEntry",
        source="internal/service/eks/access_entry.go",
        id="{clusterName}:{principalArn}",
        computed={
            "accessEntryArn": f"{EKS}:access-entry/{{clusterName}}/role/{{ACCOUNT}}/{{HEX8}}/{{UUID}}",
            "createdAt": CREATED,
            "modifiedAt": CREATED,
            "type": "STANDARD",
        },
        required=("clusterName", "principalArn"),
        immutable=("clusterName", "principalArn", "type"),
    ),
    AwsType(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        source="internal/service/eks/access_policy_association.go",
        id="{clusterName}#{principalArn}#{policyArn}",
        computed={"associatedAt": CREATED, "modifiedAt": CREATED},
        required=("accessScope", "accessScope.type", "clusterName", "policyArn", "principalArn"),
        enums={"accessScope.type": ("cluster", "namespace")},
        immutable=("accessScope", "clusterName", "policyArn", "principalArn"),
    ),
    AwsType(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        source="internal/service/eks/pod_identity_association.go",
        id="a-{HEX17}",
        computed={
            "associationId": "{id}",
            "associationArn": f"{EKS}:podidentityassociation/{{clusterName}}/{{id}}",
        },
        required=("clusterName", "namespace", "roleArn", "serviceAccount"),
        immutable=("clusterName", "namespace", "serviceAccount"),
    ),
)
