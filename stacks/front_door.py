"""How users reach an environment on AWS: one load balancer, its certificate and its DNS names."""

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
    """``urls`` has an entry for each app with a route. ``notice`` warns the user if the stage has no domain."""

    urls: Mapping[str, Output[str]] = field(default_factory=dict)
    notice: str | None = None


def front_door(surroundings: Surroundings) -> FrontDoor:
    """The load balancer, and a route for each app that has one. If no app has a route, there is no load balancer."""
    routed = {name: app for name, app in surroundings.stage.apps.items() if app.route}
    if not routed:
        return FrontDoor()
    domain, certificate = surroundings.config.ingress.domain, _certificate(surroundings)
    ingress = _ingress(surroundings, certificate)
    after = [*ingress.ready, *_names(surroundings)]
    urls = {
        name: AlbRoute(
            name, _route(surroundings, app, ingress, after, https=certificate is not None), opts=surroundings.opts
        ).url
        for name, app in routed.items()
    }
    return FrontDoor(urls=urls, notice=None if domain else WITHOUT_DOMAIN)


def _certificate(surroundings: Surroundings) -> Input[str] | None:
    settings = surroundings.config.ingress
    if settings.certificate or not settings.domain:
        return settings.certificate
    assert settings.zone_id is not None
    args = CertificateArgs(domain=settings.domain, zone_id=settings.zone_id)
    return Certificate("certificate", args, opts=surroundings.on_aws).arn


def _ingress(surroundings: Surroundings, certificate_arn: Input[str] | None) -> Ingress:
    logs = AccessLogs(
        "ingress-logs",
        AccessLogsArgs(account_id=surroundings.account_id, keep=surroundings.config.production),
        opts=surroundings.on_aws,
    )
    args = IngressArgs(
        environment=surroundings.stage.name,
        namespace=surroundings.namespace,
        log_bucket=logs.bucket,
        public_subnet_ids=surroundings.cluster.outputs.public_subnet_ids,
        tags=tags(surroundings.stage),
        certificate_arn=certificate_arn,
        allow=surroundings.config.ingress.allow,
        after=[*logs.ready, *surroundings.cluster.controller],
    )
    return Ingress("ingress", args, opts=surroundings.opts)


def _names(surroundings: Surroundings) -> list[Resource]:
    settings = surroundings.config.ingress
    if not (settings.domain and settings.zone_id):
        return []
    args = ExternalDnsArgs(
        prefix=surroundings.stage.project,
        environment=surroundings.stage.name,
        namespace=surroundings.namespace,
        region=surroundings.region,
        domain=settings.domain,
        zone_id=settings.zone_id,
        **surroundings.identity,
        chart=chart_source(surroundings.stage, EXTERNAL_DNS),
        after=surroundings.compute,
    )
    return [ExternalDns("names", args, opts=surroundings.opts).release]


def _route(
    surroundings: Surroundings, app: AppSpec, ingress: Ingress, after: list[Resource], *, https: bool
) -> AlbRouteArgs:
    assert app.route is not None
    assert app.port is not None
    domain, stage = surroundings.config.ingress.domain, surroundings.stage
    return AlbRouteArgs(
        namespace=surroundings.namespace,
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
