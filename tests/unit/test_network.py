from __future__ import annotations

import base64
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import ResourceOptions

from components.network.network import Network, NetworkArgs
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Resource
from tests.aws_stages import waits_for

ZONES = ("eu-west-1a", "eu-west-1b", "eu-west-1c")


def args(**changes: object) -> NetworkArgs:
    settings = {
        "prefix": "wharf-dev",
        "region": "eu-west-1",
        "cidr": "10.0.0.0/16",
        "zones": ZONES[:2],
        "cluster": "wharf-dev",
        "account_id": "123456789012",
    }
    return NetworkArgs(**{**settings, **changes})


def made(**changes: object) -> Graph:
    def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1")
        network = Network("network", args(**changes), ResourceOptions(providers=[provider]))
        pulumi.export("egress", [resource.urn for resource in network.egress])
        pulumi.export("private", network.private_subnet_ids)
        pulumi.export("public", network.public_subnet_ids)

    return evaluate(program)


def default_route(graph: Graph, zone: str) -> Resource:
    return graph.one("aws:ec2/route:Route", f"network-private-{zone}-route")


def test_subnets_carry_what_the_controller_and_eks_look_for():
    graph = made()
    subnets = graph.of_type("Subnet")
    assert len(subnets) == 4
    for subnet in subnets:
        tags, public = subnet.inputs["tags"], "public" in subnet.name
        assert tags["kubernetes.io/cluster/wharf-dev"] == "shared"
        assert tags.get("kubernetes.io/role/elb") == ("1" if public else None)
        assert tags.get("kubernetes.io/role/internal-elb") == (None if public else "1")
        assert subnet.inputs["mapPublicIpOnLaunch"] is False
        assert IPv4Network(subnet.inputs["cidrBlock"]).subnet_of(IPv4Network("10.0.0.0/16"))


def test_another_zone_adds_and_changes_nothing_else():
    before, after = made(nat="none"), made(nat="none", zones=ZONES)
    for resource in before:
        same = after.by_urn()[resource.urn]
        if resource.type != "aws:ec2/vpcEndpoint:VpcEndpoint":  # which gets the new zone's table, in place
            assert same.inputs == resource.inputs
    added = {resource.name for resource in after} - {resource.name for resource in before}
    assert added
    assert all("eu-west-1c" in name for name in added)


def test_one_gateway_serves_all_zones():
    graph = made(nat="gateway")
    gateway = graph.one("NatGateway")
    assert "public-eu-west-1a" in str(gateway.depends_on)
    assert len({default_route(graph, zone).inputs["natGatewayId"] for zone in ZONES[:2]}) == 1
    assert "network-public-route" in waits_for(graph, gateway)


def test_a_gateway_per_zone_serves_its_own():
    graph = made(nat="gateway-per-zone", zones=ZONES)
    assert len(graph.of_type("NatGateway")) == len(graph.of_type("Eip")) == 3
    assert len({default_route(graph, zone).inputs["natGatewayId"] for zone in ZONES}) == 3


def test_routes_lead_to_the_interface_that_outlives_the_instance():
    graph = made(nat="instance")
    instance, interface = graph.one("aws:ec2/instance:Instance"), graph.one("NetworkInterface")
    assert interface.inputs["sourceDestCheck"] is False
    for zone in ZONES[:2]:
        route = default_route(graph, zone)
        assert interface.urn in route.depends_on
        assert instance.urn not in route.depends_on
    assert instance.delete_before_replace
    assert not [r for r in graph if instance.urn in r.depends_on]
    assert "network-nat-association" in waits_for(graph, instance)
    assert "network-public-route" in waits_for(graph, graph.one("EipAssociation"))


def test_the_nat_instance_is_small_current_and_keeps_its_metadata_to_itself():
    graph = made(nat="instance")
    template = graph.one("LaunchTemplate").inputs
    assert template["imageId"].startswith("resolve:ssm:/aws/service/ami-amazon-linux-latest/")
    assert template["imageId"].endswith("arm64")
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    start = base64.b64decode(template["userData"]).decode()
    assert "MASQUERADE" in start
    assert start.index("swapon") < start.index("dnf install")
    assert graph.one("aws:ec2/instance:Instance").inputs["instanceType"] == "t4g.nano"
    assert graph.one("SecurityGroupIngressRule").inputs["cidrIpv4"] == "10.0.0.0/16"


def test_without_nat_there_is_no_way_out_but_what_aws_offers_inside():
    graph = made(nat="none", endpoints=["ecr.api", "s3"])
    assert not [r for r in graph.of_type("Route") if "private" in r.name]
    assert not graph.of_type("Eip")
    endpoints = {r.name: r.inputs for r in graph.of_type("VpcEndpoint")}
    assert set(endpoints) == {f"network-endpoint-{service}" for service in ("s3", "dynamodb", "ecr.api")}
    assert endpoints["network-endpoint-s3"]["vpcEndpointType"] == "Gateway"
    inside = endpoints["network-endpoint-ecr.api"]
    assert (inside["vpcEndpointType"], inside["privateDnsEnabled"]) == ("Interface", True)
    assert len(inside["subnetIds"]) == 2
    rule = graph.one("SecurityGroupIngressRule").inputs
    assert (rule["fromPort"], rule["toPort"], rule["cidrIpv4"]) == (443, 443, "10.0.0.0/16")


def test_endpoints_cost_nothing_unless_asked_for():
    assert {r.inputs["vpcEndpointType"] for r in made().of_type("VpcEndpoint")} == {"Gateway"}


def test_the_default_security_group_lets_nobody_in_or_out():
    inputs = made().one("DefaultSecurityGroup").inputs
    assert (inputs["ingress"], inputs["egress"]) == ([], [])


def test_all_traffic_is_logged_for_a_while():
    graph = made(log_retention_days=7)
    assert graph.one("FlowLog").inputs["trafficType"] == "ALL"
    assert graph.one("LogGroup").inputs["retentionInDays"] == 7


@pytest.mark.parametrize(
    ("nat", "expected"), [("instance", "network-nat-instance"), ("gateway", "network-private-eu-west-1a-route")]
)
def test_whoever_waits_for_egress_can_fetch_an_image(nat, expected):
    egress = {urn.rsplit("::", 1)[-1] for urn in made(nat=nat).outputs["egress"]}
    assert {expected, "network-private-eu-west-1a-association", "network-endpoint-s3"} <= egress


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zones": ["us-east-1a", "eu-west-1b"]}, "us-east-1a is not in eu-west-1"),
        ({"zones": ["eu-west-1a"]}, "2 to 6"),
        ({"cidr": "10.0.0.0/24"}, "/16 to /21"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(RefusedError, match=message):
        args(**changes)


def test_the_instance_leaves_it_to_its_interface_to_forward():
    """The provider would compare the interface's false with the instance's default, and set it back to true."""
    graph = made(nat="instance")
    assert graph.one("NetworkInterface").inputs["sourceDestCheck"] is False
    assert graph.one("aws:ec2/instance:Instance").ignore_changes == ("sourceDestCheck",)
