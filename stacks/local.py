"""A stage of kind `local`: everything runs in one cluster on this machine. Kind and kwok are treated alike."""

from __future__ import annotations

import os

import pulumi
import pulumi_kubernetes as k8s
from pulumi import Output, ResourceOptions

from components.apps.environment import Environment, EnvironmentArgs
from components.apps.labels import of_app
from components.apps.traefik_route import CONTROLLER, TraefikRoute, TraefikRouteArgs
from components.shared.network_policy import Peer
from stacks.apps import AppsContext, apps, pull_secrets
from stacks.reading.models import LocalConfig, Stage
from stacks.services.registry import SERVICES
from stacks.services.service import LocalPlace

DOMAIN = "localhost"
POD_NETWORK = "10.244.0.0/16"  # set in cli/clusters/kind; other addresses belong to this machine
OUTSIDE: Peer = {"ipBlock": {"cidr": "0.0.0.0/0", "except": [POD_NETWORK]}}


def build(stage: Stage[LocalConfig]) -> None:
    """Registers the stage."""
    config = stage.config
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
    place = LocalPlace(
        project=stage.project,
        environment=stage.name,
        namespace=environment.namespace,
        rollout_key=environment.rollout_key,
        opts=into,
        controller=[CONTROLLER],
        machine=[OUTSIDE],
    )
    services = {need: SERVICES[need].local(place, section) for need, section in config.services.items()}
    context = AppsContext(
        stage=stage,
        environment=environment,
        settings={need: service.settings for need, service in services.items()},
        pull_secrets=pull_secrets(stage, environment, into),
        route_peers=[CONTROLLER],
        opts=into,
    )
    for name in apps(context):
        if stage.apps[name].route:
            _route(stage, name, environment, into)
    pulumi.export("namespace", environment.namespace)


def kubeconfig_path(stage: Stage[LocalConfig]) -> str:
    """The file to which ``wharf up`` writes the kubeconfig. The state holds only its path, and no credential."""
    return os.path.join(stage.root, ".wharf", f"{stage.name}.kubeconfig")


def _quota(config: LocalConfig) -> dict[str, str]:
    """The namespace may have one node port for each service that this machine reaches, and no more."""
    count = sum(SERVICES[need].machine_port is not None for need in config.services)
    return {"services.nodeports": str(count)} if count else {}


def _route(stage: Stage[LocalConfig], name: str, environment: Environment, opts: ResourceOptions) -> TraefikRoute:
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
