"""A stage of kind `local`: everything inside one cluster on this machine, kind or kwok, which it does not ask."""

from __future__ import annotations

import os

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions

from components.apps.bindings import Settings, broker_settings, database_settings, mail_settings
from components.apps.environment import Environment, EnvironmentArgs
from components.apps.labels import of_app
from components.apps.needs import Need
from components.apps.traefik_route import CONTROLLER, TraefikRoute, TraefikRouteArgs
from components.data.postgres import Postgres, PostgresArgs
from components.data.rabbitmq import RabbitMQ, RabbitMQArgs
from components.mail.mail_catcher import MailCatcher, MailCatcherArgs
from components.shared.network_policy import Peer
from stacks.apps import AppsContext, apps, pull_secrets
from stacks.reading.models import LocalConfig, Stage

DOMAIN = "localhost"
DATABASE_VERSION, BROKER_VERSION = "18.4", "4.2"
DATABASE_NODE_PORT = 30432  # cli/clusters/kind maps the machine's port to it
POD_NETWORK = "10.244.0.0/16"  # cli/clusters/kind's; whoever is outside it came from the machine
OUTSIDE: Peer = {"ipBlock": {"cidr": "0.0.0.0/0", "except": [POD_NETWORK]}}


def build(stage: Stage) -> None:
    """Registers the stage."""
    config = stage.config
    assert isinstance(config, LocalConfig)
    provider = k8s.Provider(
        "kubernetes",
        kubeconfig=Output.secret(kubeconfig_path(stage)),
        context="wharf",
        cluster_identifier=f"wharf-{stage.project}-{stage.name}",
        enable_server_side_apply=True,
    )
    into = ResourceOptions(providers=[provider])
    environment = Environment(
        "environment",
        EnvironmentArgs(namespace=stage.name, project=stage.project, quota=_quota(config)),
        opts=into,
    )
    shared = {"project": stage.project, "environment": stage.name, "namespace": environment.namespace}
    settings: dict[Need, Settings] = {}
    if config.database:
        database = Postgres(
            "database",
            PostgresArgs(
                **shared,
                rollout_key=environment.rollout_key,
                version=config.database.engine_version or DATABASE_VERSION,
                storage_gib=config.database.storage_gib,
                keep=config.database.keep,
                rotation=config.database.rotation,
                node_port=DATABASE_NODE_PORT,
                outside=[OUTSIDE],
            ),
            opts=into,
        )
        settings["database"] = database_settings(database)
    if config.broker:
        broker = RabbitMQ(
            "broker",
            RabbitMQArgs(
                **shared,
                rollout_key=environment.rollout_key,
                version=config.broker.version or BROKER_VERSION,
                keep=config.broker.keep,
            ),
            opts=into,
        )
        settings["broker"] = broker_settings(broker)
    if config.mail:
        mail = MailCatcher("mail", MailCatcherArgs(**shared, page_peers=[CONTROLLER]), opts=into)
        settings["mail"] = mail_settings(mail)
    context = AppsContext(
        stage=stage,
        environment=environment,
        settings=settings,
        pull_secrets=pull_secrets(stage, environment, into),
        route_peers=[CONTROLLER],
        opts=into,
    )
    for name in apps(context):
        if stage.apps[name].route:
            _route(stage, name, environment, into)
    pulumi.export("namespace", environment.namespace)


def kubeconfig_path(stage: Stage) -> str:
    """Where ``wharf up`` leaves the kubeconfig; a path, so that no credential gets into the state."""
    return os.path.join(stage.root, ".wharf", f"{stage.name}.kubeconfig")


def _quota(config: LocalConfig) -> dict[str, str]:
    return {"services.nodeports": "1"} if config.database else {}


def _route(stage: Stage, name: str, environment: Environment, opts: ResourceOptions) -> TraefikRoute:
    app = stage.apps[name]
    assert app.route is not None
    assert app.port is not None
    host = DOMAIN if app.route.host == "@" else f"{app.route.host}.{DOMAIN}"
    return TraefikRoute(
        name,
        TraefikRouteArgs(
            namespace=environment.namespace,
            labels=of_app(app, project=stage.project, environment=stage.name),
            host=host,
            path=app.route.path,
            service=app.service_name,
            port=app.port,
        ),
        opts=opts,
    )
