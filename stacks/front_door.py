"""How the world reaches an environment on AWS: one load balancer, its certificate, its names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import Input, Output, Resource

from components.apps.alb_route import AlbRoute, AlbRouteArgs
from components.apps.labels import of_app
from components.apps.spec import AppSpec
from components.ingress.access_logs import AccessLogs, AccessLogsArgs
from components.ingress.certificate import Certificate, CertificateArgs
from components.ingress.external_dns import ExternalDns, ExternalDnsArgs
from components.ingress.ingress import Ingress, IngressArgs
from components.shared.charts import EXTERNAL_DNS
from stacks.chart_sources import chart_source
from stacks.providers import tags
from stacks.surroundings import Surroundings

WITHOUT_DOMAIN = (
    "wharf:ingress.domain is not set: apps are reached at the load balancer's own name, by HTTP, unencrypted"
)


@dataclass(frozen=True, kw_only=True)
class FrontDoor:
    """``urls`` are those of apps with a route; ``notice`` says what is less than it should be."""

    urls: Mapping[str, Output[str]] = field(default_factory=dict)
    notice: str | None = None


def front_door(here: Surroundings) -> FrontDoor:
    """The load balancer and a route for each app that has one; nothing where none has."""
    routed = {name: app for name, app in here.stage.apps.items() if app.route}
    if not routed:
        return FrontDoor()
    domain, certificate = here.config.ingress.domain, _certificate(here)
    ingress = _ingress(here, certificate)
    after = [*ingress.ready, *_names(here)]
    urls = {
        name: AlbRoute(name, _route(here, app, ingress, after, https=certificate is not None), opts=here.opts).url
        for name, app in routed.items()
    }
    return FrontDoor(urls=urls, notice=None if domain else WITHOUT_DOMAIN)


def _certificate(here: Surroundings) -> Input[str] | None:
    wanted = here.config.ingress
    if wanted.certificate or not wanted.domain:
        return wanted.certificate
    assert wanted.zone_id is not None
    args = CertificateArgs(domain=wanted.domain, zone_id=wanted.zone_id)
    return Certificate("certificate", args, opts=here.on_aws).arn


def _ingress(here: Surroundings, certificate_arn: Input[str] | None) -> Ingress:
    logs = AccessLogs(
        "ingress-logs", AccessLogsArgs(account_id=here.account_id, keep=here.config.production), opts=here.on_aws
    )
    args = IngressArgs(
        environment=here.stage.name,
        namespace=here.namespace,
        log_bucket=logs.bucket,
        public_subnet_ids=here.cluster.outputs.public_subnet_ids,
        tags=tags(here.stage),
        certificate_arn=certificate_arn,
        allow=here.config.ingress.allow,
        after=[*logs.ready, *here.cluster.controller],
    )
    return Ingress("ingress", args, opts=here.opts)


def _names(here: Surroundings) -> list[Resource]:
    wanted = here.config.ingress
    if not (wanted.domain and wanted.zone_id):
        return []
    args = ExternalDnsArgs(
        prefix=here.stage.project,
        environment=here.stage.name,
        namespace=here.namespace,
        region=here.region,
        domain=wanted.domain,
        zone_id=wanted.zone_id,
        **here.identity,
        chart=chart_source(here.stage, EXTERNAL_DNS),
        after=here.compute,
    )
    return [ExternalDns("names", args, opts=here.opts).release]


def _route(here: Surroundings, app: AppSpec, ingress: Ingress, after: list[Resource], *, https: bool) -> AlbRouteArgs:
    assert app.route is not None
    assert app.port is not None
    domain, stage = here.config.ingress.domain, here.stage
    return AlbRouteArgs(
        namespace=here.namespace,
        labels=of_app(app, project=stage.project, environment=stage.name),
        class_name=ingress.class_name,
        annotations=ingress.annotations,
        host=_host(app.route.host, domain) if domain else None,
        path=app.route.path,
        service=app.service_name,
        port=app.port,
        health_path=app.health.ready,
        https=https,
        after=after,
    )


def _host(label: str, domain: str) -> str:
    return domain if label == "@" else f"{label}.{domain}"
