"""Databases and brokers, a copy for each case, in which one property of one resource is another if so configured."""

import json
import re

import pulumi
import pulumi_aws as aws
import pulumi_random as random
from pulumi import ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from components.data.broker import Broker, BrokerArgs
from components.data.database import Database, DatabaseArgs

config = pulumi.Config()
cases: dict[str, dict] = json.loads(config.require("cases"))  # prefix of the copy to {"name", "property", "value"}


def mutated(args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
    case = cases.get(args.name.split("-")[0])
    if not case or not config.get_bool("mutate") or args.name != case["name"]:
        return None
    python_name = re.sub(r"(?<!^)(?=[A-Z])", "_", case["property"]).lower()
    return ResourceTransformationResult({**args.props, python_name: case["value"]}, args.opts)


pulumi.runtime.register_stack_transformation(mutated)
provider = aws.Provider("aws", region="eu-west-1")
into, by = ResourceOptions(providers=[provider]), ResourceOptions(provider=provider)


def network(prefix: str) -> tuple[aws.kms.Key, aws.ec2.Vpc, list[pulumi.Output[str]]]:
    key = aws.kms.Key(f"{prefix}-key", description="storage", opts=by)
    vpc = aws.ec2.Vpc(f"{prefix}-vpc", cidr_block="10.0.0.0/16", opts=by)
    zones = {"a": "10.0.0.0/24", "b": "10.0.1.0/24"}
    subnets = [
        aws.ec2.Subnet(
            f"{prefix}-subnet-{zone}", vpc_id=vpc.id, cidr_block=cidr, availability_zone=f"eu-west-1{zone}", opts=by
        )
        for zone, cidr in zones.items()
    ]
    return key, vpc, [subnet.id for subnet in subnets]


def bare(prefix: str) -> None:
    """What holds data and what it refers to, and nothing else."""
    key, _, subnet_ids = network(prefix)
    group = aws.rds.SubnetGroup(f"{prefix}-group", subnet_ids=subnet_ids, opts=by)
    suffix = random.RandomId(f"{prefix}-suffix", byte_length=4, keepers={"key": key.arn})
    aws.rds.Instance(
        f"{prefix}-database",
        instance_class="db.t4g.micro",
        engine="postgres",
        username="app",
        password="password",
        identifier=suffix.hex.apply(lambda hex_: f"db-{hex_}"),
        db_subnet_group_name=group.name,
        kms_key_id=key.arn,
        storage_encrypted=True,
        skip_final_snapshot=True,
        opts=ResourceOptions.merge(by, ResourceOptions(replace_on_changes=["identifier"])),
    )
    aws.mq.Broker(
        f"{prefix}-broker",
        engine_type="RabbitMQ",
        engine_version="4.2",
        host_instance_type="mq.m7g.medium",
        users=[{"username": "app", "password": "password"}],
        subnet_ids=subnet_ids[:1],
        opts=by,
    )


def whole(prefix: str) -> None:
    """The components as stages use them."""
    key, vpc, subnet_ids = network(prefix)
    place = {"vpc_id": vpc.id, "subnet_ids": subnet_ids}
    Database(f"{prefix}-database", DatabaseArgs(**place, kms_key_arn=key.arn, keep=False), opts=into)
    Broker(f"{prefix}-broker", BrokerArgs(**place, keep=False), opts=into)


for prefix in cases:
    whole(prefix) if prefix.startswith("w") else bare(prefix)
