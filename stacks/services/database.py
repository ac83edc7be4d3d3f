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


def _local(place: LocalPlace, wanted: DatabaseSection) -> Made:
    args = PostgresArgs(
        **place.in_namespace,
        rollout_key=place.rollout_key,
        version=wanted.engine_version or LOCALLY,
        storage_gib=wanted.storage_gib,
        keep=wanted.keep,
        rotation=wanted.rotation,
        node_port=PORT.node_port,
        outside=place.machine,
    )
    return Made(settings=Postgres("database", args, opts=place.opts).settings)


def _aws(place: AwsPlace, wanted: DatabaseSection) -> Made:
    args = DatabaseArgs(
        **place.network,
        engine_version=wanted.engine_version or ON_AWS,
        size=wanted.size,
        storage_gib=wanted.storage_gib,
        multi_zone=wanted.multi_zone,
        backup_days=wanted.backup_days,
        keep=wanted.keep,
        rotation=wanted.rotation,
        log_days=place.log_days,
    )
    made = Database("database", args, opts=place.on_aws)
    target = Target(security_group_id=made.security_group_id, port=made.port)
    return Made(settings=made.settings, target=target, host=made.host)


def _limits(wanted: DatabaseSection, where: Where) -> Iterator[Refusal]:
    if where.kind == "local":
        yield from postgres.limits(storage_gib=wanted.storage_gib, rotation=wanted.rotation)
        return
    yield from database.limits(
        engine_version=wanted.engine_version or ON_AWS,
        size=wanted.size,
        storage_gib=wanted.storage_gib,
        backup_days=wanted.backup_days,
        keep=wanted.keep,
        rotation=wanted.rotation,
    )
    if wanted.port is not None:
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
