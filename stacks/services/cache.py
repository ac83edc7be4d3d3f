"""Valkey, which speaks the protocol of Redis."""

from __future__ import annotations

from collections.abc import Iterator

from components.data import cache, valkey
from components.data.cache import DEFAULT_VERSION, Cache, CacheArgs
from components.data.valkey import Valkey, ValkeyArgs
from components.network.pod_network import Target
from components.shared.refusal import Refusal
from stacks.services.section import ServiceSection, Version
from stacks.services.service import AwsPlace, LocalPlace, Made, Service, Where


class CacheSection(ServiceSection):
    """Valkey: ElastiCache on AWS, one pod locally. Its data can be lost, so apps must be able to create it again."""

    version: Version | None = None
    size: str = "cache.t4g.micro"
    multi_zone: bool = False
    rotation: int = 1


def _local(place: LocalPlace, section: CacheSection) -> Made:
    args = ValkeyArgs(
        **place.in_namespace,
        rollout_key=place.rollout_key,
        version=section.version or DEFAULT_VERSION,
        rotation=section.rotation,
    )
    return Made(settings=Valkey("cache", args, opts=place.opts).settings)


def _aws(place: AwsPlace, section: CacheSection) -> Made:
    args = CacheArgs(
        **place.network,
        version=section.version or DEFAULT_VERSION,
        size=section.size,
        multi_zone=section.multi_zone,
        rotation=section.rotation,
    )
    elasticache = Cache("cache", args, opts=place.on_aws)
    return Made(
        settings=elasticache.settings,
        target=Target(security_group_id=elasticache.security_group_id, port=elasticache.port),
    )


def _limits(section: CacheSection, where: Where) -> Iterator[Refusal]:
    if where.kind == "local":
        yield from valkey.limits(rotation=section.rotation)
    else:
        version = section.version or DEFAULT_VERSION
        yield from cache.limits(version=version, size=section.size, rotation=section.rotation)


SERVICE = Service(
    need="cache",
    title="Valkey: ElastiCache on AWS, one pod locally",
    prefix="CACHE",
    settings=("url", "host", "port", "password", "tls"),
    section=CacheSection,
    objects=("cache",),
    local=_local,
    aws=_aws,
    limits=_limits,
)
