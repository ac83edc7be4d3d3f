"""Outgoing mail."""

from __future__ import annotations

from collections.abc import Iterator

from components.mail import mail_relay
from components.mail.mail_catcher import MailCatcher, MailCatcherArgs
from components.mail.mail_relay import MailRelay, MailRelayArgs
from components.network.pod_network import Target
from components.shared.refusal import Refusal
from stacks.services.section import ServiceSection
from stacks.services.service import AwsPlace, LocalPlace, Made, Service, Where


class MailSection(ServiceSection):
    """The senders: a domain that SES signs for, or single verified addresses. Locally, a catcher receives all mail."""

    domain: str | None = None
    addresses: list[str] = []


def _local(place: LocalPlace, section: MailSection) -> Made:
    args = MailCatcherArgs(**place.in_namespace, page_peers=place.controller)
    return Made(settings=MailCatcher("mail", args, opts=place.opts).settings)


def _aws(place: AwsPlace, section: MailSection) -> Made:
    zone_id = place.zone_id if section.domain == place.domain else None
    args = MailRelayArgs(
        **place.in_namespace,
        **place.identity,
        region=place.region,
        account_id=place.account_id,
        vpc_id=place.vpc_id,
        cluster_security_group_id=place.cluster_security_group_id,
        domain=section.domain,
        addresses=section.addresses,
        zone_id=zone_id,
        after=place.compute,
    )
    relay = MailRelay("mail", args, opts=place.opts)
    target = Target(security_group_id=relay.security_group_id, port=relay.port)
    records = relay.dkim_records if section.domain and not zone_id else None
    return Made(settings=relay.settings, target=target, records=records)


def _limits(section: MailSection, where: Where) -> Iterator[Refusal]:
    if where.kind == "aws":
        yield from mail_relay.limits(domain=section.domain, addresses=section.addresses)


SERVICE = Service(
    need="mail",
    title="outgoing mail: SES on AWS, a catcher locally",
    prefix="SMTP",
    settings=("host", "port"),
    section=MailSection,
    objects=("mail", "mail-page"),
    local=_local,
    aws=_aws,
    limits=_limits,
    in_cluster=lambda _: True,
)
