"""The cluster: what EKS is told, and what runs pods on it."""

from __future__ import annotations

import json
from itertools import pairwise

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions

from components.eks.cluster import Cluster, ClusterArgs, principal_slug
from components.eks.eks_versions import EKS_VERSIONS
from components.eks.fargate_logs import LONGEST, router_config
from components.eks.system_nodes import image_type
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from tests.aws_stages import waits_for

ADMIN = "arn:aws:iam::123456789012:role/aws-reserved/sso/Admin_1"


def args(**changes: object) -> ClusterArgs:
    settings = {
        "cluster_name": "wharf-dev",
        "region": "eu-west-1",
        "account_id": "123456789012",
        "vpc_id": "vpc-1",
        "public_subnet_ids": ["subnet-1", "subnet-2"],
        "private_subnet_ids": ["subnet-3", "subnet-4"],
        "namespaces": ["dev"],
    }
    return ClusterArgs(**{**settings, **changes})


def made(**changes: object) -> Graph:
    def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1")
        way_out = aws.ec2.Vpc("way-out", cidr_block="10.0.0.0/16", opts=ResourceOptions(provider=provider))
        cluster = Cluster("cluster", args(egress=[way_out], **changes), ResourceOptions(providers=[provider]))
        for list_ in ("system", "compute"):
            pulumi.export(list_, [resource.urn for resource in getattr(cluster, list_)])
        pulumi.export("identity", [cluster.name, cluster.oidc_issuer, cluster.oidc_provider_arn])

    return evaluate(program)


def control_plane(**changes: object):
    return made(**changes).one("eks:index:Cluster").inputs


def names(urns: list[str]) -> set[str]:
    return {urn.rsplit("::", 1)[-1] for urn in urns}


def test_the_control_plane_is_what_was_decided():
    inputs = control_plane()
    assert inputs["authenticationMode"] == "API"
    assert inputs["upgradePolicy"] == {"supportType": "STANDARD"}
    assert set(inputs["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    assert inputs["encryptionConfigKeyArn"].startswith("arn:aws:kms:")
    assert inputs["skipDefaultNodeGroup"] is True
    assert inputs["createOidcProvider"] is False
    assert inputs["bootstrapSelfManagedAddons"] is False
    assert inputs["kubernetesServiceIpAddressRange"] == "172.20.0.0/16"


@pytest.mark.parametrize("cidrs", [[], ["203.0.113.0/24"]])
def test_the_api_is_public_only_for_ranges_that_are_named(cidrs):
    inputs = control_plane(public_access=cidrs)
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is bool(cidrs)
    assert inputs.get("publicAccessCidrs", []) == cidrs


@pytest.mark.parametrize("keep", [True, False])
def test_only_a_cluster_that_is_kept_refuses_deletion(keep):
    graph = made(keep=keep)
    cluster = graph.one("eks:index:Cluster")
    assert cluster.inputs["deletionProtection"] is keep
    assert cluster.protect is keep
    assert graph.one("aws:kms/key:Key").protect is keep


def test_its_logs_end_and_its_key_rotates():
    graph = made(log_retention_days=7)
    group = graph.one("LogGroup")
    assert (group.inputs["name"], group.inputs["retentionInDays"]) == ("/aws/eks/wharf-dev/cluster", 7)
    assert group.urn in graph.one("eks:index:Cluster").depends_on
    assert graph.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True


def test_the_oidc_provider_has_no_thumbprint():
    assert "thumbprintLists" not in made().one("OpenIdConnectProvider").inputs


def test_admins_have_an_entry_each():
    graph = made(admins=[ADMIN])
    entry = graph.one("AccessEntry")
    assert entry.inputs["principalArn"] == ADMIN
    association = graph.one("AccessPolicyAssociation").inputs
    assert association["policyArn"] == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    assert association["accessScope"] == {"type": "cluster"}
    assert principal_slug(ADMIN) == "123456789012-role-aws-reserved-sso-Admin-1"


def test_profiles_are_made_one_after_another_and_after_the_way_out():
    graph = made(namespaces=[f"app-{n}" for n in range(7)])
    chain = [graph.one("FargateProfile", f"cluster-fargate-{name}") for name in ("system", "apps", "apps-2")]
    for before, after in pairwise(chain):
        assert before.urn in after.depends_on
    assert all("way-out" in waits_for(graph, profile) for profile in chain)
    assert [selector["namespace"] for selector in chain[0].inputs["selectors"]] == ["kube-system"]


def test_another_namespace_is_another_profile_and_leaves_the_systems_alone():
    before, after = made(namespaces=["dev"]), made(namespaces=["dev", "staging"])
    apps = [
        graph.one("FargateProfile", "cluster-fargate-apps").inputs["fargateProfileName"] for graph in (before, after)
    ]
    assert apps[0] != apps[1]
    system = [graph.one("FargateProfile", "cluster-fargate-system").inputs for graph in (before, after)]
    assert system[0] == system[1]


def test_another_zone_is_taken_in_where_eks_lets_it():
    before = made(node_count=1)
    after = made(node_count=1, public_subnet_ids=list("ABC"), private_subnet_ids=["subnet-3", "subnet-4", "subnet-5"])
    assert after.one("eks:index:Cluster").inputs["privateSubnetIds"] == ["subnet-3", "subnet-4"]
    assert after.one("eks:index:Cluster").inputs["publicSubnetIds"] == ["A", "B"]
    profiles = [graph.one("FargateProfile").inputs for graph in (before, after)]
    assert profiles[1]["subnetIds"] == ["subnet-3", "subnet-4", "subnet-5"]
    assert profiles[0]["fargateProfileName"] != profiles[1]["fargateProfileName"]


@pytest.mark.parametrize(("count", "zones"), [(1, 1), (2, 2), (3, 2)])
def test_no_zone_of_the_nodes_is_without_one_so_that_volumes_can_be_used(count, zones):
    assert made(node_count=count).one("NodeGroup").inputs["subnetIds"] == ["subnet-3", "subnet-4"][:zones]


def test_coredns_is_on_fargate_after_its_profile_where_there_are_no_nodes():
    graph = made()
    addon = graph.one("Addon")
    assert addon.inputs["addonName"] == "coredns"
    configuration = json.loads(addon.inputs["configurationValues"])
    assert configuration["computeType"] == "Fargate"
    assert configuration["resources"]["requests"] == configuration["resources"]["limits"]
    assert "cluster-fargate-system" in waits_for(graph, addon)
    assert "cluster-fargate-apps" not in waits_for(graph, addon)
    assert names(graph.outputs["system"]) == {"cluster-fargate-system", "cluster-coredns"}
    assert names(graph.outputs["compute"]) == {"cluster-fargate-system", "cluster-coredns", "cluster-fargate-apps"}


def test_nodes_come_after_their_network_and_before_coredns():
    graph = made(node_count=1)
    addons = {addon.inputs["addonName"]: addon for addon in graph.of_type("Addon")}
    group = graph.one("NodeGroup")
    assert set(addons) == {"vpc-cni", "kube-proxy", "coredns"}
    assert {"cluster-vpc-cni", "cluster-kube-proxy", "way-out"} <= waits_for(graph, group)
    assert "cluster-nodes-group" in waits_for(graph, addons["coredns"])
    assert "configurationValues" not in addons["coredns"].inputs
    assert json.loads(addons["vpc-cni"].inputs["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert "cluster-fargate-system" not in {profile.name for profile in graph.of_type("FargateProfile")}
    attached = {policy.inputs["policyArn"].rsplit("/", 1)[-1] for policy in graph.of_type("RolePolicyAttachment")}
    assert {"AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"} < attached


def test_pods_on_nodes_cannot_read_the_metadata():
    template = made(node_count=2).one("LaunchTemplate").inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert template["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"


@pytest.mark.parametrize(
    ("type_", "image"),
    [
        ("t4g.medium", "AL2023_ARM_64_STANDARD"),
        ("m7gd.large", "AL2023_ARM_64_STANDARD"),
        ("g5g.xlarge", "AL2023_ARM_64_STANDARD"),
        ("a1.large", "AL2023_ARM_64_STANDARD"),
        ("t3.medium", "AL2023_x86_64_STANDARD"),
        ("g5.xlarge", "AL2023_x86_64_STANDARD"),
        ("m7i-flex.large", "AL2023_x86_64_STANDARD"),
    ],
)
def test_the_image_follows_the_architecture(type_, image):
    assert image_type(type_) == image


@pytest.mark.parametrize("version", EKS_VERSIONS)
def test_every_addon_is_pinned_for_every_version(version):
    graph = made(version=version, node_count=1)
    assert graph.one("eks:index:Cluster").inputs["version"] == version
    assert graph.one("NodeGroup").inputs["version"] == version
    for addon in graph.of_type("Addon"):
        assert addon.inputs["addonVersion"].startswith("v")
    assert EKS_VERSIONS[version].kube_proxy.startswith(f"v{version}.")


def test_what_uses_the_cluster_goes_before_it():
    graph = made(node_count=1, admins=[ADMIN])
    for type_ in ("FargateProfile", "NodeGroup", "Addon", "AccessEntry", "OpenIdConnectProvider"):
        for resource in graph.of_type(type_):
            assert "cluster-eks" in waits_for(graph, resource)


def test_the_pod_execution_role_does_not_wait_for_the_cluster():
    graph = made()
    assert not graph.one("aws:iam/role:Role").depends_on


def test_the_identity_is_the_clusters():
    name, issuer, arn = made().outputs["identity"]
    assert name == "wharf-dev"
    assert "://" not in issuer
    assert arn.endswith(f":oidc-provider/{issuer}")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1.29"}, "1.35 or 1.36"),
        ({"private_access": False}, "nobody could reach"),
        ({"private_access": False, "public_access": ["203.0.113.0/24"]}, "never join"),
        ({"node_count": 21}, "0 to 20"),
        ({"log_retention_days": 31}, "CloudWatch does not keep logs for 31 days"),
        ({"namespaces": ["*"], "node_count": 1}, "narrow it"),
        ({"node_count": 1, "node_type": "large"}, "not an EC2 instance type"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(RefusedError, match=message):
        args(**changes)


def test_fargates_log_router_gets_a_configuration_that_it_reads():
    config = router_config("eu-west-1", "/aws/eks/" + "x" * 100 + "/fargate")
    assert sum(map(len, config.values())) < LONGEST
    assert "region eu-west-1" in config["output.conf"]
    assert "auto_create_group false" in config["output.conf"]


@pytest.mark.parametrize("profile", ["", "team"])
def test_the_profile_of_whoever_deploys_does_not_get_into_the_state(profile, monkeypatch):
    """pulumi-eks takes AWS_PROFILE where the options are left out."""
    monkeypatch.setenv("AWS_PROFILE", "somebodys")
    assert control_plane(profile=profile)["providerCredentialOpts"] == {"profileName": profile}
