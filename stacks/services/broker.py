"""RabbitMQ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from components.data import broker
from components.data.broker import DEFAULT_VERSION, Broker, BrokerArgs
from components.data.rabbitmq import RabbitMQ, RabbitMQArgs
from components.network.pod_network import Target
from components.shared.refusal import Refusal
from stacks.services.section import ServiceSection, Version
from stacks.services.service import AwsPlace, LocalPlace, Made, Service, Where

STORAGE_GIB = 8  # of the volume, for a broker on EC2 nodes
ON_NODES = {"eks.amazonaws.com/compute-type": "ec2"}  # other pods of the namespace run on Fargate


class BrokerSection(ServiceSection):
    """RabbitMQ: on Amazon MQ, or as a StatefulSet in the cluster."""

    kind: Literal["amazon-mq", "in-cluster"] | None = None
    size: str = "mq.m7g.medium"
    version: Version | None = None
    keep: bool = False


def _local(place: LocalPlace, section: BrokerSection) -> Made:
    args = RabbitMQArgs(
        **place.in_namespace,
        rollout_key=place.rollout_key,
        version=section.version or DEFAULT_VERSION,
        keep=section.keep,
    )
    return Made(settings=RabbitMQ("broker", args, opts=place.opts).settings)


def _aws(place: AwsPlace, section: BrokerSection) -> Made:
    return _on_nodes(place, section) if _in_cluster(section) else _on_amazon_mq(place, section)


def _on_nodes(place: AwsPlace, section: BrokerSection) -> Made:
    args = RabbitMQArgs(
        **place.in_namespace,
        rollout_key=place.rollout_key,
        version=section.version or DEFAULT_VERSION,
        storage_gib=STORAGE_GIB,
        keep=section.keep,
        pod_annotations=ON_NODES,
        after=place.compute,
    )
    return Made(settings=RabbitMQ("broker", args, opts=place.opts).settings)


def _on_amazon_mq(place: AwsPlace, section: BrokerSection) -> Made:
    args = BrokerArgs(**place.network, version=section.version or DEFAULT_VERSION, size=section.size, keep=section.keep)
    amazon_mq = Broker("broker", args, opts=place.on_aws)
    target = Target(security_group_id=amazon_mq.security_group_id, port=amazon_mq.port)
    return Made(settings=amazon_mq.settings, target=target, host=amazon_mq.host)


def _in_cluster(section: BrokerSection) -> bool:
    return section.kind == "in-cluster"


def _limits(section: BrokerSection, where: Where) -> Iterator[Refusal]:
    if where.kind == "local":
        if section.kind == "amazon-mq":
            yield Refusal("kind", "amazon-mq exists only on AWS, and this stage is local: remove it")
    elif not _in_cluster(section):
        yield from broker.limits(version=section.version or DEFAULT_VERSION, size=section.size, multi_zone=False)
    elif not where.nodes:
        yield Refusal("kind", "in-cluster needs EC2 nodes, and this cluster has none: write amazon-mq")


SERVICE = Service(
    need="broker",
    title="RabbitMQ: Amazon MQ or one pod on AWS, one pod locally",
    prefix="BROKER",
    settings=("url", "host", "port", "user", "password", "tls"),
    section=BrokerSection,
    objects=("broker",),
    local=_local,
    aws=_aws,
    limits=_limits,
    in_cluster=_in_cluster,
)
