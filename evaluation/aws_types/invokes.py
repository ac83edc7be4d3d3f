"""What AWS's data sources answer, in the form that the program reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.aws_types.row import Facts

ZONES = ("a", "b", "c")

INVOKES: Mapping[str, Any] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": "{ACCOUNT}",
        "arn": "arn:{PARTITION}:iam::{ACCOUNT}:user/nobody",
        "id": "{ACCOUNT}",
        "userId": "AIDA{UPPER17}",
    },
    "aws:index/getPartition:getPartition": {
        "dnsSuffix": "amazonaws.com",
        "id": "{PARTITION}",
        "partition": "{PARTITION}",
        "reverseDnsPrefix": "com.amazonaws",
    },
    "aws:index/getRegion:getRegion": {
        "description": "{REGION}",
        "endpoint": "ec2.{REGION}.amazonaws.com",
        "id": "{REGION}",
        "name": "{REGION}",
        "region": "{REGION}",
    },
    "aws:index/getAvailabilityZones:getAvailabilityZones": {
        "groupNames": ["{REGION}-zg-1"],
        "id": "{REGION}",
        "names": ["{REGION}" + zone for zone in ZONES],
        "region": "{REGION}",
        "zoneIds": [f"{{REGION}}-az{number}" for number, _ in enumerate(ZONES, start=1)],
    },
    "aws:ssm/getParameter:getParameter": {
        "arn": "arn:{PARTITION}:ssm:{REGION}::parameter{name}",
        "id": "{name}",
        "insecureValue": "ami-{HEX17}",
        "name": "{name}",
        "region": "{REGION}",
        "type": "String",
        "value": "ami-{HEX17}",
        "version": 1,
    },
    "aws:ec2/getPrefixList:getPrefixList": {
        "cidrBlocks": ["52.216.0.0/15"],
        "id": "pl-{HEX8}",
        "name": "com.amazonaws.{REGION}.s3",
        "region": "{REGION}",
    },
    "aws:ec2/getSubnet:getSubnet": {
        "arn": "arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:subnet/{id}",
        "availabilityZone": "{REGION}a",
        "cidrBlock": "10.0.0.0/24",
        "id": "{id}",
        "mapPublicIpOnLaunch": False,
        "region": "{REGION}",
        "state": "available",
        "vpcId": "vpc-{HEX17}",
    },
    "aws:ec2/getRouteTable:getRouteTable": {
        "id": "rtb-{HEX17}",
        "region": "{REGION}",
        "routeTableId": "rtb-{HEX17}",
        "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": "", "natGatewayId": "nat-{HEX17}"}],
    },
    "aws:eks/getAddonVersion:getAddonVersion": {
        "addonName": "{addonName}",
        "id": "{addonName}",
        "kubernetesVersion": "{kubernetesVersion}",
        "region": "{REGION}",
        "version": "v1.0.0-eksbuild.1",
    },
    "aws:ec2/getInstanceType:getInstanceType": {
        "id": "{instanceType}",
        "instanceType": "{instanceType}",
        "region": "{REGION}",
        "supportedArchitectures": lambda facts: ["arm64" if "g." in facts["instanceType"] else "x86_64"],
    },
}


def invoked(token: str, args: Mapping[str, Any], region: str, account: str) -> dict[str, Any]:
    """The answer of a data source, its arguments included.

    Raises:
        LookupError: Wharf does not use this data source.
    """
    if token not in INVOKES:
        raise LookupError(f"no answer is known for {token}: add it to evaluation/aws_types/invokes.py")
    seed = f"{token}:{sorted(args.items())!r}"
    facts = Facts(seed, token, args, args.get("region") or region, account)
    return {**args, **facts.fill(INVOKES[token])}
