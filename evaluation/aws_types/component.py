"""The resource types of the remote component pulumi-eks, and what they return.

Source: pulumi/pulumi-eks, nodejs/eks/cluster/cluster.ts and nodejs/eks/nodes/nodegroup.ts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evaluation.aws_types.compute import CERTIFICATE
from evaluation.aws_types.row import AwsType, Facts, table

ENDPOINT = "https://{UPPER32}.gr7.{REGION}.eks.amazonaws.com"
OIDC = "oidc.eks.{REGION}.amazonaws.com/id/{UPPER32}"


def cluster_name(facts: Facts) -> str:
    return facts.get("name") or facts.fill("{LOGICAL}-eksCluster-{HEX7}")


def kubeconfig(facts: Facts) -> dict[str, Any]:
    """The kubeconfig as pulumi-eks writes it. When the file is used, the `aws` command gets a token."""
    name = cluster_name(facts)
    arguments = ["--region", facts["REGION"], "eks", "get-token", "--cluster-name", name, "--output", "json"]
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
        "env": [{"name": "KUBERNETES_EXEC_INFO", "value": '{"apiVersion": "client.authentication.k8s.io/v1beta1"}'}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws",
        "preferences": {},
        "clusters": [
            {
                "name": "kubernetes",
                "cluster": {"server": facts.fill(ENDPOINT), "certificate-authority-data": CERTIFICATE},
            }
        ],
        "contexts": [{"name": "aws", "context": {"cluster": "kubernetes", "user": "aws"}}],
        "users": [{"name": "aws", "user": {"exec": login}}],
    }


def oidc_provider_arn(facts: Facts) -> str:
    creates_provider = facts.get("createOidcProvider")
    return facts.fill(f"arn:{{PARTITION}}:iam::{{ACCOUNT}}:oidc-provider/{OIDC}") if creates_provider else ""


def encryption_taken_away(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """A key for Secrets can be added later, but never removed: CustomizeDiff of the provider's eks/cluster.go."""
    key = "encryptionConfigKeyArn"
    return (key,) if old.get(key) and not new.get(key) else ()


COMPONENT = table(
    AwsType(
        "eks:index:Cluster",
        source="pulumi/pulumi-eks nodejs/eks/cluster/cluster.ts",
        id="",
        computed={
            "clusterIngressRuleId": "",
            "clusterSecurityGroupId": "sg-{HEX17}",
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "kubeconfig": kubeconfig,
            "kubeconfigJson": lambda facts: json.dumps(kubeconfig(facts)),
            "nodeSecurityGroupId": "sg-{HEX17}",
            "oidcIssuer": OIDC,
            "oidcProviderArn": oidc_provider_arn,
            "oidcProviderUrl": f"https://{OIDC}",
        },
        # The component passes these to properties of aws:eks/cluster:Cluster that cannot change.
        immutable=("name", "serviceRole", "ipFamily", "kubernetesServiceIpAddressRange", "bootstrapSelfManagedAddons"),
        replaced=encryption_taken_away,
        holds="all that runs in it",
    ),
    AwsType(
        "eks:index:ManagedNodeGroup",
        source="pulumi/pulumi-eks nodejs/eks/nodes/nodegroup.ts",
        id="",
        computed={"placementGroupName": ""},
    ),
)
