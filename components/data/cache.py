"""Valkey on ElastiCache."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.shared.names import Longest, physical_name
from components.shared.refusal import Refusal, require

PORT = 6379
VERSIONS = ("7.2", "8.0", "8.1")
DEFAULT_VERSION = "8.1"


def limits(*, version: str, size: str, rotation: int) -> Iterator[Refusal]:
    """The values that ElastiCache would refuse, each by its key in the stage file."""
    if version not in VERSIONS:
        yield Refusal("version", f"ElastiCache offers Valkey {', '.join(VERSIONS)}, not {version!r}")
    if not re.fullmatch(r"cache\.[a-z0-9]+\.[a-z0-9]+", size):
        yield Refusal("size", f"{size!r} is not an ElastiCache node type such as cache.t4g.micro")
    if rotation < 1:
        yield Refusal("rotation", f"{rotation} is less than 1")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """How the cache is made.

    Attributes:
        vpc_id: the VPC of the subnets.
        subnet_ids: private subnets in at least two zones.
        version: the version of Valkey, without the patch version, which ElastiCache keeps up to date.
        size: node type.
        multi_zone: a replica in another zone, which takes over when the first node fails.
        rotation: raise this number to make a new token. The old token works until the next rotation.

    Raises:
        RefusedError: ElastiCache does not offer this version, or there is no such node type.
    """

    vpc_id: Input[str]
    subnet_ids: Input[Sequence[Input[str]]]
    version: str = DEFAULT_VERSION
    size: str = "cache.t4g.micro"
    multi_zone: bool = False
    rotation: int = 1

    def __post_init__(self) -> None:
        require(limits(version=self.version, size=self.size, rotation=self.rotation))


class Cache(ComponentResource):
    """A private, encrypted Valkey without cluster mode. It takes only TLS connections that have the token.

    It keeps no snapshots: the data in a cache can be made again. Its security group lets nobody in: add a rule for
    `security_group_id` and `port` for each client.

    Example:
        ``Cache("cache", CacheArgs(vpc_id=network.vpc_id, subnet_ids=network.private_subnet_ids))``
    """

    host: Output[str]
    port: Output[int]
    password: Output[str]  # secret; the token
    url: Output[str]  # secret
    security_group_id: Output[str]

    def __init__(self, name: str, args: CacheArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:Cache", name, None, opts)
        child = ResourceOptions(parent=self)
        token = random.RandomPassword(
            f"{name}-token",
            length=32,
            special=False,  # ElastiCache accepts some characters that a URL cannot contain
            keepers={"rotation": str(args.rotation)},
            opts=child,
        )
        # When one of these values changes, a new group replaces the old one. The new group needs a name of its own.
        suffix = random.RandomId(f"{name}-suffix", byte_length=4, keepers={"vpc": args.vpc_id}, opts=child)
        identifier = suffix.hex.apply(lambda hex_: physical_name(name, hex_, longest=Longest.CACHE))
        access = aws.ec2.SecurityGroup(
            f"{name}-access", description=f"Who may connect to the {name}", vpc_id=args.vpc_id, opts=child
        )
        subnets = aws.elasticache.SubnetGroup(
            f"{name}-subnets",
            name=identifier,
            description=f"Private subnets of the {name}",
            subnet_ids=args.subnet_ids,
            opts=child,
        )
        group = aws.elasticache.ReplicationGroup(
            f"{name}-group",
            replication_group_id=identifier,
            description=f"Valkey of the {name}",
            engine="valkey",
            engine_version=args.version,
            node_type=args.size,
            num_cache_clusters=2 if args.multi_zone else 1,
            automatic_failover_enabled=args.multi_zone,
            multi_az_enabled=args.multi_zone,
            port=PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[access.id],
            at_rest_encryption_enabled=True,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=token.result,
            auth_token_update_strategy="ROTATE",  # noqa: S106 the old token still works, so no pod loses its connection
            auto_minor_version_upgrade=True,
            maintenance_window="sun:03:00-sun:04:00",
            snapshot_retention_limit=0,
            apply_immediately=True,
            opts=ResourceOptions(parent=self, replace_on_changes=["replicationGroupId"]),
        )
        self.host, self.port = group.primary_endpoint_address, Output.from_input(PORT)
        self.password = token.result
        self.url = Output.secret(Output.format("rediss://:{0}@{1}:{2}/0", self.password, self.host, self.port))
        self.security_group_id = access.id
        self.register_outputs({"host": self.host, "port": self.port})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a cache."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "password": self.password,
            "tls": Output.from_input("true"),
        }
