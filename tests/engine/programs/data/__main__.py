"""A database and a broker in a network of their own."""

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from components.data.broker import Broker, BrokerArgs
from components.data.database import Database, DatabaseArgs

config = pulumi.Config()
provider = aws.Provider("aws", region="eu-west-1", default_tags={"tags": {"stack": pulumi.get_stack()}})
into, by = ResourceOptions(providers=[provider]), ResourceOptions(provider=provider)

vpc = aws.ec2.Vpc("vpc", cidr_block=config.get("cidr") or "10.0.0.0/16", opts=by)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=f"eu-west-1{zone}", opts=by
    )
    for n, zone in enumerate("ab")
]
place = {"vpc_id": vpc.id, "subnet_ids": [subnet.id for subnet in subnets]}
database = Database(
    "database",
    DatabaseArgs(
        **place,
        size=config.get("size") or "db.t4g.micro",
        rotation=config.get_int("rotation") or 1,
        keep=config.get_bool("keep") or False,
    ),
    opts=into,
)
broker = Broker("broker", BrokerArgs(**place, keep=False), opts=into)
aws.vpc.SecurityGroupIngressRule(
    "rule",
    security_group_id=database.security_group_id,
    cidr_ipv4="10.0.0.0/16",
    ip_protocol="tcp",
    from_port=5432,
    to_port=5432,
    opts=by,
)
pulumi.export("database", {"url": database.url, "host": database.host})
pulumi.export("broker", {"url": broker.url})
