"""Stands in for pulumi-eks where its plugin is not to be had: the same resources by the same names.

The real one is a Node program; this is a remote component in Python. After nodejs/eks/cluster/cluster.ts,
nodejs/eks/servicerole.ts and nodejs/eks/nodes/nodegroup.ts of pulumi/pulumi-eks.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws
from pulumi import ComponentResource, Inputs, Output, ResourceOptions
from pulumi.provider import ConstructResult, Provider
from pulumi.provider.server import main as serve

CLUSTER_KEYS = {
    *("accessEntries", "authenticationMode", "clusterTags", "createOidcProvider", "deletionProtection"),
    *("enabledClusterLogTypes", "encryptionConfigKeyArn", "endpointPrivateAccess", "endpointPublicAccess", "fargate"),
    *("kubeProxyAddonOptions", "corednsAddonOptions", "kubernetesServiceIpAddressRange", "name", "privateSubnetIds"),
    *("providerCredentialOpts", "publicAccessCidrs", "publicSubnetIds", "serviceRole", "skipDefaultNodeGroup"),
    *("skipDefaultSecurityGroups", "subnetIds", "tags", "upgradePolicy", "useDefaultVpcCni", "version", "vpcId"),
    *("vpcCniOptions", "bootstrapSelfManagedAddons"),
}


class EksProvider(Provider):
    """Makes the components that Wharf uses."""

    def construct(self, name: str, resource_type: str, inputs: Inputs, options: Any = None) -> ConstructResult:
        given = dict(inputs)
        if resource_type == "eks:index:Cluster":
            cluster = Cluster(name, given, options)
            return ConstructResult(urn=cluster.urn, state=cluster.state)
        if resource_type == "eks:index:ManagedNodeGroup":
            group = ManagedNodeGroup(name, given, options)
            return ConstructResult(urn=group.urn, state={"nodeGroup": group.node_group, "placementGroupName": ""})
        raise NotImplementedError(f"the stand-in for pulumi-eks does not make {resource_type}")


class ServiceRole(ComponentResource):
    """A role for an AWS service, with managed policies."""

    def __init__(self, name: str, service: str, policies: list[str], opts: ResourceOptions) -> None:
        super().__init__("eks:index:ServiceRole", name, None, opts)
        child = ResourceOptions(parent=self)
        trust = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
        self.role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
            opts=child,
        )
        self.attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{hashlib.sha1(policy.encode()).hexdigest()[:8]}",
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                role=self.role.name,
                opts=child,
            )
            for policy in policies
        ]
        self.register_outputs({})


class Cluster(ComponentResource):
    """The control plane with its role, its groups and its access entries."""

    def __init__(self, name: str, given: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__("eks:index:Cluster", name, None, opts)
        if unknown := sorted(set(given) - CLUSTER_KEYS):
            raise NotImplementedError(f"the stand-in for pulumi-eks does not know {', '.join(unknown)}")
        self.given, self.prefix = given, name
        role = ServiceRole(f"{name}-eksRole", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"], self._child())
        group = None if given.get("skipDefaultSecurityGroups") else self._security_group()
        self.cluster = self._control_plane(role, group)
        self._add_ons()
        self._access_entries()
        oidc = self._oidc_provider() if given.get("createOidcProvider") else None
        config = Output.all(
            name=self.cluster.name,
            endpoint=self.cluster.endpoint,
            authority=self.cluster.certificate_authority.data,
            arn=self.cluster.arn,
        ).apply(kubeconfig)
        issuer = self.cluster.identities[0].oidcs[0].issuer
        managed_group = self.cluster.vpc_config.cluster_security_group_id
        self.state = {
            "autoModeNodeRoleName": "",
            "clusterIngressRuleId": "",
            "clusterSecurityGroupId": group.id if group else managed_group,
            "core": {"cluster": self.cluster, "endpoint": self.cluster.endpoint, "subnetIds": self._subnets()},
            "defaultNodeGroupAsgName": "",
            "eksCluster": self.cluster,
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "instanceRoles": [],
            "kubeconfig": config,
            "kubeconfigJson": config.apply(json.dumps),
            "nodeSecurityGroupId": managed_group,
            "oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://")),
            "oidcProviderArn": oidc.arn if oidc else "",
            "oidcProviderUrl": issuer,
        }
        self.register_outputs(self.state)

    def _child(self, **more: Any) -> ResourceOptions:
        return ResourceOptions(parent=self, **more)

    def _subnets(self) -> Any:
        if self.given.get("subnetIds") is not None:
            return self.given["subnetIds"]
        both = [self.given.get("publicSubnetIds") or [], self.given.get("privateSubnetIds") or []]
        return Output.all(*both).apply(lambda found: [*found[0], *found[1]])

    def _security_group(self) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self.prefix}-eksClusterSecurityGroup",
            vpc_id=self.given["vpcId"],
            revoke_rules_on_delete=True,
            opts=self._child(),
        )

    def _control_plane(self, role: ServiceRole, group: aws.ec2.SecurityGroup | None) -> aws.eks.Cluster:
        given = self.given
        key, mode, services = (
            given.get("encryptionConfigKeyArn"),
            given.get("authenticationMode"),
            given.get("kubernetesServiceIpAddressRange"),
        )
        return aws.eks.Cluster(
            f"{self.prefix}-eksCluster",
            name=given.get("name"),
            role_arn=role.role.arn,
            version=given.get("version"),
            bootstrap_self_managed_addons=given.get("bootstrapSelfManagedAddons", True),
            enabled_cluster_log_types=given.get("enabledClusterLogTypes"),
            deletion_protection=given.get("deletionProtection"),
            upgrade_policy=given.get("upgradePolicy"),
            encryption_config={"provider": {"key_arn": key}, "resources": ["secrets"]} if key else None,
            kubernetes_network_config={"service_ipv4_cidr": services} if services else None,
            access_config=(
                {"authentication_mode": mode, "bootstrap_cluster_creator_admin_permissions": True} if mode else None
            ),
            vpc_config={
                "security_group_ids": [group.id] if group else None,
                "subnet_ids": self._subnets(),
                "endpoint_private_access": given.get("endpointPrivateAccess"),
                "endpoint_public_access": given.get("endpointPublicAccess"),
                "public_access_cidrs": given.get("publicAccessCidrs"),
            },
            tags=given.get("clusterTags") or given.get("tags"),
            opts=self._child(
                depends_on=role.attachments,
                ignore_changes=["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
            ),
        )

    def _add_ons(self) -> None:
        for key, name in (("kubeProxyAddonOptions", "kube-proxy"), ("corednsAddonOptions", "coredns")):
            options = self.given.get(key)
            if isinstance(options, Mapping) and options.get("enabled") and options.get("version"):
                aws.eks.Addon(
                    f"{self.prefix}-{name}",
                    cluster_name=self.cluster.name,
                    addon_name=name,
                    addon_version=options["version"],
                    opts=self._child(),
                )

    def _access_entries(self) -> None:
        for key, entry in (self.given.get("accessEntries") or {}).items():
            made = aws.eks.AccessEntry(
                f"{self.prefix}-{key}",
                cluster_name=self.cluster.name,
                principal_arn=entry["principalArn"],
                kubernetes_groups=entry.get("kubernetesGroups"),
                type=entry.get("type"),
                opts=self._child(),
            )
            for association, policy in (entry.get("accessPolicies") or {}).items():
                aws.eks.AccessPolicyAssociation(
                    f"{self.prefix}-{key}-{association}",
                    cluster_name=self.cluster.name,
                    principal_arn=entry["principalArn"],
                    policy_arn=policy["policyArn"],
                    access_scope=policy["accessScope"],
                    opts=ResourceOptions(parent=made, depends_on=[made]),
                )

    def _oidc_provider(self) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            f"{self.prefix}-oidcProvider",
            client_id_lists=["sts.amazonaws.com"],
            url=self.cluster.identities[0].oidcs[0].issuer,
            opts=self._child(),
        )


class ManagedNodeGroup(ComponentResource):
    """A managed group of EC2 nodes."""

    def __init__(self, name: str, given: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__("eks:index:ManagedNodeGroup", name, None, opts)
        if unknown := sorted(set(given) - {*NODE_GROUP_KEYS, "cluster"}):
            raise NotImplementedError(f"the stand-in for pulumi-eks does not know {', '.join(unknown)}")
        self.node_group = aws.eks.NodeGroup(
            name,
            **{key: given[camel] for camel, key in NODE_GROUP_KEYS.items() if camel in given},
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({"nodeGroup": self.node_group})


NODE_GROUP_KEYS = {
    "amiType": "ami_type",
    "capacityType": "capacity_type",
    "clusterName": "cluster_name",
    "diskSize": "disk_size",
    "instanceTypes": "instance_types",
    "labels": "labels",
    "launchTemplate": "launch_template",
    "nodeGroupName": "node_group_name",
    "nodeRoleArn": "node_role_arn",
    "releaseVersion": "release_version",
    "scalingConfig": "scaling_config",
    "subnetIds": "subnet_ids",
    "tags": "tags",
    "taints": "taints",
    "version": "version",
}


def kubeconfig(known: Mapping[str, str]) -> dict[str, Any]:
    """As the real one writes it: the `aws` command gives the credentials."""
    region = known["arn"].split(":")[3]
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", known["name"], "--output", "json"]
    login = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": arguments, "env": []}
    server = {"server": known["endpoint"], "certificate-authority-data": known["authority"]}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws",
        "clusters": [{"name": "kubernetes", "cluster": server}],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "users": [{"name": "aws", "user": {"exec": login}}],
    }


if __name__ == "__main__":
    serve(EksProvider("4.4.0", json.dumps({"name": "eks", "version": "4.4.0"})), sys.argv[1:])
