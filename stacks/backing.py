"""What apps on AWS need from the platform: database, broker, mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi import Output

from components.apps.bindings import Settings, broker_settings, database_settings, mail_settings
from components.apps.needs import Need
from components.data.broker import DEFAULT_VERSION, Broker, BrokerArgs
from components.data.database import Database, DatabaseArgs
from components.data.rabbitmq import RabbitMQ, RabbitMQArgs
from components.mail.mail_relay import MailRelay, MailRelayArgs
from components.network.pod_network import Target
from stacks.reading import sections
from stacks.surroundings import Surroundings

DATABASE_VERSION = "18"
BROKER_STORAGE_GIB = 8
ON_NODES = {"eks.amazonaws.com/compute-type": "ec2"}  # though Fargate takes the other pods of the namespace


@dataclass(frozen=True, kw_only=True)
class Backing:
    """By need: the settings for apps, what to open to their pods (where a security group guards it), and the host.

    ``records`` are those that nobody makes, since the mail domain has no zone here: SES sends nothing before they are.
    """

    settings: dict[Need, Settings] = field(default_factory=dict)
    targets: dict[Need, Target] = field(default_factory=dict)
    hosts: dict[Need, Output[str]] = field(default_factory=dict)
    records: dict[Need, Output[Sequence[Mapping[str, str]]]] = field(default_factory=dict)


def backing(here: Surroundings) -> Backing:
    """What the stage has of the three. Database and Amazon MQ do not wait for the cluster."""
    made, config = Backing(), here.config
    if config.database:
        database = _database(here, config.database)
        made.settings["database"] = database_settings(database)
        made.targets["database"] = Target(security_group_id=database.security_group_id, port=database.port)
        made.hosts["database"] = database.host
    if config.broker and config.broker.kind == "in-cluster":
        made.settings["broker"] = broker_settings(_broker_on_nodes(here, config.broker))
    elif config.broker:
        broker = _broker(here, config.broker)
        made.settings["broker"] = broker_settings(broker)
        made.targets["broker"] = Target(security_group_id=broker.security_group_id, port=broker.port)
        made.hosts["broker"] = broker.host
    if config.mail:
        relay = _mail(here, config.mail)
        made.settings["mail"] = mail_settings(relay)
        made.targets["mail"] = Target(security_group_id=relay.security_group_id, port=relay.port)
        if config.mail.domain and not _mail_zone(here, config.mail):
            made.records["mail"] = relay.dkim_records
    return made


def _network(here: Surroundings) -> dict[str, Any]:
    outputs = here.cluster.outputs
    return {"vpc_id": outputs.vpc_id, "subnet_ids": outputs.private_subnet_ids}


def _database(here: Surroundings, wanted: sections.Database) -> Database:
    args = DatabaseArgs(
        **_network(here),
        engine_version=wanted.engine_version or DATABASE_VERSION,
        size=wanted.size,
        storage_gib=wanted.storage_gib,
        multi_zone=wanted.multi_zone,
        backup_days=wanted.backup_days,
        keep=wanted.keep,
        rotation=wanted.rotation,
        log_days=here.config.cluster.log_retention,
    )
    return Database("database", args, opts=here.on_aws)


def _broker(here: Surroundings, wanted: sections.Broker) -> Broker:
    args = BrokerArgs(**_network(here), version=wanted.version or DEFAULT_VERSION, size=wanted.size, keep=wanted.keep)
    return Broker("broker", args, opts=here.on_aws)


def _broker_on_nodes(here: Surroundings, wanted: sections.Broker) -> RabbitMQ:
    args = RabbitMQArgs(
        **here.in_namespace,
        rollout_key=here.environment.rollout_key,
        version=wanted.version or DEFAULT_VERSION,
        storage_gib=BROKER_STORAGE_GIB,
        keep=wanted.keep,
        pod_annotations=ON_NODES,
        after=here.compute,
    )
    return RabbitMQ("broker", args, opts=here.opts)


def _mail_zone(here: Surroundings, wanted: sections.Mail) -> str | None:
    return here.config.ingress.zone_id if wanted.domain == here.config.ingress.domain else None


def _mail(here: Surroundings, wanted: sections.Mail) -> MailRelay:
    args = MailRelayArgs(
        **here.in_namespace,
        **here.identity,
        region=here.region,
        account_id=here.account_id,
        vpc_id=here.cluster.outputs.vpc_id,
        cluster_security_group_id=here.cluster.outputs.security_group_id,
        domain=wanted.domain,
        addresses=wanted.addresses,
        zone_id=_mail_zone(here, wanted),
        after=here.compute,
    )
    return MailRelay("mail", args, opts=here.opts)
