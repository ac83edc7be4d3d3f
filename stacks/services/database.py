"""PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

from components.data import database, postgres
from components.data.database import Database, DatabaseArgs
from components.data.postgres import Postgres, PostgresArgs
from components.network.pod_network import Target
from components.shared.refusal import Refusal
from stacks.services.section import HostPort, ServiceSection, Version
from stacks.services.service import AwsPlace, LocalPlace, MachinePort, Made, Service, Where

ON_AWS, LOCALLY = "18", "18.4"  # default versions
PORT = MachinePort(port=3002, node_port=30432)


class DatabaseSection(ServiceSection):
    """PostgreSQL: RDS on AWS, a StatefulSet locally."""

    engine_version: Version | None = None
    size: str = "db.t4g.micro"
    storage_gib: int = 20
    multi_zone: bool = False
    backup_days: int = 7
    keep: bool = False
    rotation: int = 1
    port: HostPort | None = None


def _local(place: LocalPlace, section: DatabaseSection) -> Made:
    args = PostgresArgs(
        **place.in_namespace,
        rollout_key=place.rollout_key,
        version=section.engine_version or LOCALLY,
        storage_gib=section.storage_gib,
        keep=section.keep,
        rotation=section.rotation,
        node_port=PORT.node_port,
        outside=place.machine,
    )
    return Made(settings=Postgres("database", args, opts=place.opts).settings)


def _aws(place: AwsPlace, section: DatabaseSection) -> Made:
    args = DatabaseArgs(
        **place.network,
        engine_version=section.engine_version or ON_AWS,
        size=section.size,
        storage_gib=section.storage_gib,
        multi_zone=section.multi_zone,
        backup_days=section.backup_days,
        keep=section.keep,
        rotation=section.rotation,
        log_days=place.log_days,
    )
    rds = Database("database", args, opts=place.on_aws)
    target = Target(security_group_id=rds.security_group_id, port=rds.port)
    return Made(settings=rds.settings, target=target, host=rds.host)


def _limits(section: DatabaseSection, where: Where) -> Iterator[Refusal]:
    if where.kind == "local":
        yield from postgres.limits(storage_gib=section.storage_gib, rotation=section.rotation)
        return
    yield from database.limits(
        engine_version=section.engine_version or ON_AWS,
        size=section.size,
        storage_gib=section.storage_gib,
        backup_days=section.backup_days,
        keep=section.keep,
        rotation=section.rotation,
    )
    if section.port is not None:
        yield Refusal("port", "works in local stages only: remove it")


SERVICE = Service(
    need="database",
    title="PostgreSQL: RDS on AWS, one pod locally",
    prefix="DATABASE",
    settings=("url", "host", "port", "name", "user", "password", "sslmode"),
    section=DatabaseSection,
    objects=("database",),
    local=_local,
    aws=_aws,
    limits=_limits,
    machine_port=PORT,
)
