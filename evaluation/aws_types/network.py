"""VPCs, and the resources in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.aws_types.row import AwsType, Facts, table

EC2 = "arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}"
RULE_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _another_kind_of_source(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The source of a rule can change, but not its kind: ModifyPlan of vpc_security_group_ingress_rule.go."""
    kinds = [next((kind for kind in RULE_SOURCES if rule.get(kind) is not None), "") for rule in (old, new)]
    return tuple(filter(None, kinds)) if kinds[0] != kinds[1] else ()


def _security_group_rule(direction: str) -> AwsType:
    return AwsType(
        f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
        source=f"internal/service/ec2/vpc_security_group_{direction.lower()}_rule.go",
        id="sgr-{HEX17}",
        arn=f"{EC2}:security-group-rule/{{id}}",
        computed={"securityGroupRuleId": "{id}"},
        required=("ipProtocol", "securityGroupId"),
        one_of=(RULE_SOURCES,),
        immutable=("securityGroupId",),
        replaced=_another_kind_of_source,
    )


def _zone(facts: Facts) -> str:
    return facts.get("availabilityZone") or facts["REGION"] + "a"


NETWORK = table(
    AwsType(
        "aws:ec2/vpc:Vpc",
        source="internal/service/ec2/vpc_.go",
        id="vpc-{HEX17}",
        arn=f"{EC2}:vpc/{{id}}",
        computed={
            "defaultNetworkAclId": "acl-{HEX17}",
            "defaultRouteTableId": "rtb-{HEX17}",
            "defaultSecurityGroupId": "sg-{HEX17}",
            "dhcpOptionsId": "dopt-{HEX17}",
            "mainRouteTableId": "rtb-{HEX17}",
            "ownerId": "{ACCOUNT}",
        },
        enums={"instanceTenancy": ("default", "dedicated")},
        immutable=("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength"),
    ),
    AwsType(
        "aws:ec2/subnet:Subnet",
        source="internal/service/ec2/vpc_subnet.go",
        id="subnet-{HEX17}",
        arn=f"{EC2}:subnet/{{id}}",
        computed={"availabilityZone": _zone, "availabilityZoneId": "{REGION}-az1", "ownerId": "{ACCOUNT}"},
        required=("vpcId",),
        immutable=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"),
    ),
    AwsType(
        "aws:ec2/internetGateway:InternetGateway",
        source="internal/service/ec2/vpc_internet_gateway.go",
        id="igw-{HEX17}",
        arn=f"{EC2}:internet-gateway/{{id}}",
        computed={"ownerId": "{ACCOUNT}"},
    ),
    AwsType(
        "aws:ec2/natGateway:NatGateway",
        source="internal/service/ec2/vpc_nat_gateway.go",
        id="nat-{HEX17}",
        computed={
            "associationId": "eipassoc-{HEX17}",
            "networkInterfaceId": "eni-{HEX17}",
            "privateIp": "10.0.0.10",
            "publicIp": "{IP}",
        },
        enums={"connectivityType": ("private", "public"), "availabilityMode": ("zonal", "regional")},
        immutable=("allocationId", "subnetId", "connectivityType", "privateIp"),
    ),
    AwsType(
        "aws:ec2/eip:Eip",
        source="internal/service/ec2/ec2_eip.go",
        id="eipalloc-{HEX17}",
        arn=f"{EC2}:elastic-ip/{{id}}",
        computed={
            "allocationId": "{id}",
            "publicIp": "{IP}",
            "publicDns": "ec2-{HEX8}.{REGION}.compute.amazonaws.com",
        },
        enums={"domain": ("vpc", "standard")},
        immutable=("domain", "address", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
    ),
    AwsType(
        "aws:ec2/eipAssociation:EipAssociation",
        source="internal/service/ec2/ec2_eip_association.go",
        id="eipassoc-{HEX17}",
        computed={"publicIp": "{IP}"},
        immutable=(
            "allocationId",
            "allowReassociation",
            "instanceId",
            "networkInterfaceId",
            "privateIpAddress",
            "publicIp",
        ),
    ),
    AwsType(
        "aws:ec2/routeTable:RouteTable",
        source="internal/service/ec2/vpc_route_table.go",
        id="rtb-{HEX17}",
        arn=f"{EC2}:route-table/{{id}}",
        computed={"ownerId": "{ACCOUNT}"},
        required=("vpcId",),
        immutable=("vpcId",),
    ),
    AwsType(
        "aws:ec2/route:Route",
        source="internal/service/ec2/vpc_route.go",
        id="r-{routeTableId}{HEX10}",
        computed={"origin": "CreateRoute", "state": "active"},
        required=("routeTableId",),
        one_of=(("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),),
        immutable=("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
    ),
    AwsType(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        source="internal/service/ec2/vpc_route_table_association.go",
        id="rtbassoc-{HEX17}",
        required=("routeTableId",),
        one_of=(("subnetId", "gatewayId"),),
        immutable=("subnetId", "gatewayId"),
    ),
    AwsType(
        "aws:ec2/securityGroup:SecurityGroup",
        source="internal/service/ec2/vpc_security_group.go",
        id="sg-{HEX17}",
        arn=f"{EC2}:security-group/{{id}}",
        computed={"ownerId": "{ACCOUNT}"},
        auto_name="name",
        immutable=("name", "namePrefix", "description", "vpcId"),
    ),
    AwsType(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        source="internal/service/ec2/vpc_default_security_group.go",
        id="sg-{HEX17}",
        arn=f"{EC2}:security-group/{{id}}",
        computed={"ownerId": "{ACCOUNT}", "name": "default"},
        immutable=("vpcId",),
    ),
    AwsType(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        source="internal/service/ec2/vpc_security_group_rule.go",
        id="sgrule-{DIGITS10}",
        computed={"securityGroupRuleId": "sgr-{HEX17}"},
        required=("type", "fromPort", "toPort", "protocol", "securityGroupId"),
        enums={"type": ("ingress", "egress")},
        immutable=(
            *("type", "fromPort", "toPort", "protocol", "securityGroupId"),
            *("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId", "self"),
        ),
    ),
    _security_group_rule("Ingress"),
    _security_group_rule("Egress"),
    AwsType(
        "aws:ec2/networkInterface:NetworkInterface",
        source="internal/service/ec2/vpc_network_interface.go",
        id="eni-{HEX17}",
        arn=f"{EC2}:network-interface/{{id}}",
        computed={"macAddress": "02:00:00:00:00:01", "ownerId": "{ACCOUNT}", "privateIp": "10.0.0.10"},
        required=("subnetId",),
        immutable=("subnetId", "interfaceType"),
    ),
    AwsType(
        "aws:ec2/flowLog:FlowLog",
        source="internal/service/ec2/vpc_flow_log.go",
        id="fl-{HEX17}",
        arn=f"{EC2}:vpc-flow-log/{{id}}",
        one_of=(
            ("eniId", "regionalNatGatewayId", "subnetId", "transitGatewayId", "transitGatewayAttachmentId", "vpcId"),
        ),
        enums={
            "trafficType": ("ACCEPT", "REJECT", "ALL"),
            "logDestinationType": ("cloud-watch-logs", "s3", "kinesis-data-firehose"),
            "maxAggregationInterval": (60, 600),
        },
        immutable=(
            *("vpcId", "subnetId", "eniId", "trafficType", "logDestination", "logDestinationType"),
            *("iamRoleArn", "logFormat", "maxAggregationInterval", "destinationOptions", "deliverCrossAccountRole"),
            *("regionalNatGatewayId", "transitGatewayId", "transitGatewayAttachmentId"),
        ),
    ),
    AwsType(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        source="internal/service/ec2/vpc_endpoint.go",
        id="vpce-{HEX17}",
        arn=f"{EC2}:vpc-endpoint/{{id}}",
        computed={
            "state": "available",
            "ownerId": "{ACCOUNT}",
            "prefixListId": "pl-{HEX8}",
            "cidrBlocks": ["52.216.0.0/15"],
            "networkInterfaceIds": ["eni-{HEX17}"],
            "dnsEntries": [{"dnsName": "{id}-{HEX8}.{REGION}.vpce.amazonaws.com", "hostedZoneId": "Z{UPPER13}"}],
        },
        required=("vpcId",),
        enums={
            "vpcEndpointType": (*("Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),),
        },
        immutable=("vpcId", "serviceName", "vpcEndpointType", "serviceRegion"),
    ),
)
