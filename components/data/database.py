"""PostgreSQL on RDS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi_aws as aws
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.data.offers import DATABASE_SIZES, postgres_limits, size_limits
from components.shared.log_retention import retention_limits
from components.shared.names import Longest, physical_name
from components.shared.refusal import Refusal, require

PORT = 5432
LOGS = ("postgresql", "upgrade")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
FINAL = "-final"  # the end of the last snapshot's name
INSIGHTS_DAYS = 7  # RDS keeps these without charge
# From this size on, RDS stripes gp3 storage, and these are its lowest values. If they are left out when an instance
# grows to this size, the provider sends the old values, and RDS refuses them as too low. Below this size, RDS accepts
# no such values. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
STRIPED_GIB, STRIPED = 400, {"iops": 12_000, "storage_throughput": 500}


def limits(
    *, engine_version: str, size: str, storage_gib: int, backup_days: int, keep: bool, rotation: int
) -> Iterator[Refusal]:
    """The values that RDS would refuse, each by its key in the stage file."""
    yield from postgres_limits(engine_version)
    yield from size_limits(size, "db", DATABASE_SIZES, "RDS")
    if not 20 <= storage_gib <= 65_536:
        yield Refusal("storage-gib", f"RDS takes 20 to 65536 GiB, not {storage_gib}")
    if not 0 <= backup_days <= 35:
        yield Refusal("backup-days", f"RDS keeps backups for 0 to 35 days, not {backup_days}")
    if keep and backup_days == 0:
        yield Refusal("backup-days", "0 means no backups, but keep is true: write at least 1")
    if rotation < 1:
        yield Refusal("rotation", f"{rotation} is less than 1")


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """How the instance is made.

    Attributes:
        vpc_id: the VPC of the subnets.
        subnet_ids: private subnets in at least two zones.
        engine_version: with ``18``, RDS updates the minor version. With ``18.4``, the minor version stays the same.
        size: instance class.
        storage_gib: GiB; it can grow later and never shrink.
        multi_zone: a standby in another zone.
        backup_days: how many days automatic backups are kept; 0 means no backups.
        keep: refuse to delete the instance. If it is deleted by force, take a snapshot first.
        rotation: raise this number to make a new password for the same instance.
        database: the database's name.
        username: the user who owns the database.
        kms_key_arn: the key that encrypts storage and insights. Default: a new key for this database.
        log_days: how many days logs are kept.

    Raises:
        RefusedError: RDS would refuse a value.
    """

    vpc_id: Input[str]
    subnet_ids: Input[Sequence[Input[str]]]
    engine_version: str = "18"
    size: str = "db.t4g.micro"
    storage_gib: int = 20
    multi_zone: bool = False
    backup_days: int = 7
    keep: bool = True
    rotation: int = 1
    database: str = "app"
    username: str = "app"
    kms_key_arn: Input[str] | None = None
    log_days: int = 30

    def __post_init__(self) -> None:
        require(
            limits(
                engine_version=self.engine_version,
                size=self.size,
                storage_gib=self.storage_gib,
                backup_days=self.backup_days,
                keep=self.keep,
                rotation=self.rotation,
            )
        )
        require(retention_limits(self.log_days))
        for key, value in (("database", self.database), ("username", self.username)):
            if not NAME.fullmatch(value):
                text = f"{value!r} is not lowercase letters, digits and _ that start with a letter"
                require([Refusal(key, text)])

    @property
    def family(self) -> str:
        """The parameter group family, such as ``postgres18``."""
        return "postgres" + self.engine_version.split(".", maxsplit=1)[0]

    @property
    def minor_is_pinned(self) -> bool:
        return "." in self.engine_version


class Database(ComponentResource):
    """A private, encrypted PostgreSQL instance that takes TLS connections only.

    Its security group lets nobody in: add a rule for `security_group_id` and `port` for each client.

    Example:
        ``Database("database", DatabaseArgs(vpc_id=network.vpc_id, subnet_ids=network.private_subnet_ids))``
    """

    host: Output[str]
    port: Output[int]
    name: Output[str]
    username: Output[str]
    password: Output[str]
    url: Output[str]
    tls: bool
    security_group_id: Output[str]
    identifier: Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:Database", name, None, opts)
        self._prefix, self._args = name, args
        kept = ResourceOptions(parent=self, protect=args.keep or None)
        password = random.RandomPassword(
            f"{name}-password",
            length=32,
            special=False,  # RDS accepts some characters that a URL cannot contain
            keepers={"rotation": str(args.rotation)},
            opts=ResourceOptions(parent=self),
        )
        key_arn = Output.from_input(args.kms_key_arn) if args.kms_key_arn else self._key(kept)
        suffix = random.RandomId(
            f"{name}-suffix",
            byte_length=4,
            # When one of these values changes, a new instance replaces the old one, and needs a name of its own.
            keepers={"database": args.database, "username": args.username, "key": key_arn, "vpc": args.vpc_id},
            opts=ResourceOptions(parent=self),
        )
        self.identifier = suffix.hex.apply(lambda hex_: _identifier(name, hex_))
        self.security_group_id = self._security_group().id
        instance = aws.rds.Instance(
            f"{name}-instance",
            **self._inputs(),
            password=password.result,
            kms_key_id=key_arn,
            performance_insights_kms_key_id=key_arn,
            final_snapshot_identifier=self.identifier.apply(lambda text: text + FINAL) if args.keep else None,
            opts=ResourceOptions.merge(
                kept, ResourceOptions(depends_on=self._log_groups(), replace_on_changes=["identifier"])
            ),
        )
        self.host, self.port, self.name = instance.address, instance.port, Output.from_input(args.database)
        self.username, self.password, self.tls = Output.from_input(args.username), password.result, True
        self.url = Output.secret(
            Output.format(
                "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode=require",
                *(self.username, self.password, self.host, self.port, self.name),
            )
        )
        self.register_outputs({"host": self.host, "port": self.port, "name": self.name})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a database."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "name": self.name,
            "user": self.username,
            "password": self.password,
            "sslmode": Output.from_input("require"),
        }

    def _inputs(self) -> dict[str, Any]:
        args = self._args
        return {
            "identifier": self.identifier,
            "engine": "postgres",
            "engine_version": args.engine_version,
            "auto_minor_version_upgrade": not args.minor_is_pinned,
            "allow_major_version_upgrade": True,  # the stage file names the version; RDS refuses what it cannot upgrade
            "instance_class": args.size,
            "allocated_storage": args.storage_gib,
            "storage_type": "gp3",
            **(STRIPED if args.storage_gib >= STRIPED_GIB else {}),
            "storage_encrypted": True,
            "db_name": args.database,
            "username": args.username,
            "port": PORT,
            "db_subnet_group_name": self._subnet_group().name,
            "vpc_security_group_ids": [self.security_group_id],
            "parameter_group_name": self._parameter_group().name,
            "publicly_accessible": False,
            "multi_az": args.multi_zone,
            "backup_retention_period": args.backup_days,
            "backup_window": "01:00-02:00",
            "maintenance_window": "sun:03:00-sun:04:00",
            "copy_tags_to_snapshot": True,
            "delete_automated_backups": not args.keep,
            "skip_final_snapshot": not args.keep,
            "deletion_protection": args.keep,
            "performance_insights_enabled": True,
            "performance_insights_retention_period": INSIGHTS_DAYS,
            "enabled_cloudwatch_logs_exports": list(LOGS),
            "apply_immediately": True,
        }

    def _key(self, opts: ResourceOptions) -> Output[str]:
        key = aws.kms.Key(
            f"{self._prefix}-key",
            description=f"Storage of the {self._prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=30 if self._args.keep else 7,
            opts=opts,
        )
        return key.arn

    def _subnet_group(self) -> aws.rds.SubnetGroup:
        return aws.rds.SubnetGroup(
            f"{self._prefix}-subnets",
            name=self.identifier,
            description=f"Private subnets of the {self._prefix}",
            subnet_ids=self._args.subnet_ids,
            opts=ResourceOptions(parent=self),
        )

    def _parameter_group(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            f"{self._prefix}-parameters",
            description=f"Settings of the {self._prefix}",
            family=self._args.family,
            parameters=[{"name": "rds.force_ssl", "value": "1"}],
            opts=ResourceOptions(parent=self),
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self._prefix}-access",
            description=f"Who may connect to the {self._prefix}",
            vpc_id=self._args.vpc_id,
            opts=ResourceOptions(parent=self),
        )

    def _log_groups(self) -> list[aws.cloudwatch.LogGroup]:
        """Log groups that exist before RDS makes its own, which never expire and stay when the instance is deleted."""
        return [
            aws.cloudwatch.LogGroup(
                f"{self._prefix}-{log}-logs",
                name=self.identifier.apply(lambda text, log=log: f"/aws/rds/instance/{text}/{log}"),
                retention_in_days=self._args.log_days,
                opts=ResourceOptions(parent=self),
            )
            for log in LOGS
        ]


def _identifier(name: str, suffix: str) -> str:
    return physical_name(name, suffix, longest=Longest.DATABASE - len(FINAL))
