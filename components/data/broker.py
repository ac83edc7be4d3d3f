"""RabbitMQ on Amazon MQ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi_aws as aws
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.data.offers import BROKER_SIZES, size_limits
from components.shared.refusal import Refusal, require

USERNAME = "app"
# Versions of RabbitMQ that Amazon MQ offers, and the instance families that each runs on.
FAMILIES: Mapping[str, tuple[str, ...]] = {"4.3": ("m7g",), "4.2": ("m7g",), "3.13": ("t3", "m5", "m7g")}
DEFAULT_VERSION = "4.2"
CLUSTER_NODES = 3


def limits(*, version: str, size: str, multi_zone: bool) -> Iterator[Refusal]:
    """The values that Amazon MQ would refuse, each by its key in the stage file."""
    if version not in FAMILIES:
        yield Refusal("version", f"Amazon MQ offers RabbitMQ {', '.join(FAMILIES)}, not {version!r}")
    wrong_size = list(size_limits(size, "mq", BROKER_SIZES, "Amazon MQ"))
    yield from wrong_size
    if wrong_size or version not in FAMILIES:
        return
    family = size.split(".")[1]
    if family not in FAMILIES[version]:
        families = " or ".join(f"mq.{family}" for family in FAMILIES[version])
        yield Refusal("size", f"RabbitMQ {version} runs on {families}, not on {size}")
    elif multi_zone and family == "t3":
        yield Refusal("size", f"{size} runs a single broker only: a broker in several zones needs mq.m5 or mq.m7g")


@dataclass(frozen=True, kw_only=True)
class BrokerArgs:
    """How the broker is made.

    Attributes:
        vpc_id: the VPC of the subnets.
        subnet_ids: private subnets. A single broker uses the first one, and the three nodes of a cluster use the first
            three. If these change, the broker is replaced.
        version: the version of RabbitMQ, without the patch version, which Amazon MQ keeps up to date.
        size: instance type.
        multi_zone: three nodes in several zones.
        keep: refuse to delete the broker.
        kms_key_arn: the key that encrypts the stored data. Default: a key that AWS owns. If it changes, the broker is
            replaced.

    Raises:
        RefusedError: Amazon MQ does not offer this version, or not on this instance type.
    """

    vpc_id: Input[str]
    subnet_ids: Input[Sequence[Input[str]]]
    version: str = DEFAULT_VERSION
    size: str = "mq.m7g.medium"
    multi_zone: bool = False
    keep: bool = True
    kms_key_arn: Input[str] | None = None

    def __post_init__(self) -> None:
        require(limits(version=self.version, size=self.size, multi_zone=self.multi_zone))


class Broker(ComponentResource):
    """A private RabbitMQ broker that takes TLS connections only.

    The AWS API cannot change its users, so its password never changes. To use another password, add a second user in
    RabbitMQ itself. Its security group lets nobody in: add a rule for `security_group_id` and `port` for each client.
    Amazon MQ names and keeps the log groups itself.

    Example:
        ``Broker("broker", BrokerArgs(vpc_id=network.vpc_id, subnet_ids=network.private_subnet_ids))``
    """

    host: Output[str]
    port: Output[int]
    username: Output[str]
    password: Output[str]
    url: Output[str]
    tls: bool
    security_group_id: Output[str]

    def __init__(self, name: str, args: BrokerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:Broker", name, None, opts)
        child = ResourceOptions(parent=self)
        password = random.RandomPassword(f"{name}-password", length=32, special=False, opts=child)
        access = aws.ec2.SecurityGroup(
            f"{name}-access", description=f"Who may connect to the {name}", vpc_id=args.vpc_id, opts=child
        )
        nodes = CLUSTER_NODES if args.multi_zone else 1
        instance = aws.mq.Broker(
            f"{name}-instance",
            engine_type="RabbitMQ",
            engine_version=args.version,
            host_instance_type=args.size,
            deployment_mode="CLUSTER_MULTI_AZ" if args.multi_zone else "SINGLE_INSTANCE",
            subnet_ids=Output.from_input(args.subnet_ids).apply(lambda subnets: list(subnets)[:nodes]),
            security_groups=[access.id],
            publicly_accessible=False,
            auto_minor_version_upgrade=True,  # Amazon MQ requires it from RabbitMQ 3.13 on
            apply_immediately=True,
            users=[{"username": USERNAME, "password": password.result}],
            logs={"general": True},
            encryption_options=(
                {"kms_key_id": args.kms_key_arn, "use_aws_owned_key": False} if args.kms_key_arn else None
            ),
            maintenance_window_start_time={"day_of_week": "SUNDAY", "time_of_day": "03:00", "time_zone": "UTC"},
            # The AWS API neither shows nor changes the users of a broker, so Pulumi must not compare them.
            opts=ResourceOptions(parent=self, protect=args.keep or None, ignore_changes=["users"]),
        )
        address = instance.instances.apply(lambda instances: urlsplit((instances[0].endpoints or [""])[0]))
        self.host = address.apply(lambda parts: parts.hostname or "")
        self.port = address.apply(lambda parts: parts.port or 5671)
        self.username, self.password, self.tls = Output.from_input(USERNAME), password.result, True
        self.url = Output.secret(
            Output.format("amqps://{0}:{1}@{2}:{3}/", self.username, self.password, self.host, self.port)
        )
        self.security_group_id = access.id
        self.register_outputs({"host": self.host, "port": self.port})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a broker."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "user": self.username,
            "password": self.password,
            "tls": Output.from_input("true"),
        }
