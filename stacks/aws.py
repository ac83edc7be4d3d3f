"""A stage of kind `aws`: an environment on EKS, in a cluster of its own or in another stage's."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
from pulumi import Resource, ResourceOptions

from components.apps.environment import Environment, EnvironmentArgs
from components.apps.spec import AppSpec
from components.iam.documents import allow, document
from components.iam.service_account import ServiceAccountRole, ServiceAccountRoleArgs
from components.ingress.load_balancer_controller import READY_WHEN_REACHED
from components.network.pod_network import PodNetwork, PodNetworkArgs, Target
from stacks.apps import AppsContext, apps, pull_secrets
from stacks.boundary import bound_roles
from stacks.eks import ClusterHandle, export, own_cluster, shared_cluster
from stacks.front_door import front_door
from stacks.providers import account_id, aws_provider
from stacks.reading.models import AwsConfig, Stage
from stacks.services.registry import SERVICES
from stacks.surroundings import Surroundings


def build(stage: Stage[AwsConfig]) -> None:
    """Registers the stage."""
    surroundings = _surroundings(stage)
    services = {
        need: SERVICES[need].aws(surroundings.place, section) for need, section in surroundings.config.services.items()
    }
    targets = {need: service.target for need, service in services.items() if service.target}
    networks = {name: network for name, app in stage.apps.items() if (network := _network(surroundings, app, targets))}
    roles = {name: _role(surroundings, app) for name, app in stage.apps.items() if app.permissions}
    after: dict[str, list[Resource]] = {name: list(surroundings.compute) for name in stage.apps}
    for name, network in networks.items():
        after[name] += network.ready
    for name, role in roles.items():
        after[name].append(role.ready)
    apps(
        AppsContext(
            stage=stage,
            environment=surroundings.environment,
            settings={need: service.settings for need, service in services.items()},
            pull_secrets=pull_secrets(stage, surroundings.environment, surroundings.opts),
            route_peers=[{"ipBlock": {"cidr": surroundings.cluster.outputs.public_cidr}}],
            role_arns={name: role.arn for name, role in roles.items()},
            after=after,
            opts=surroundings.opts,
        )
    )
    door = front_door(surroundings)
    export(stage, surroundings.cluster.outputs)
    pulumi.export("namespace", surroundings.namespace)
    pulumi.export("urls", door.urls)
    if door.notice:
        pulumi.export("notice", door.notice)
    for need, service in services.items():
        if service.host is not None:
            pulumi.export(f"{need}-host", service.host)
        if service.records is not None:
            pulumi.export(f"{need}-records", service.records)


def _surroundings(stage: Stage[AwsConfig]) -> Surroundings:
    config = stage.config
    provider = aws_provider(stage)
    bound_roles(stage, account_id(provider))
    cluster = _cluster(stage, config, provider)
    into = ResourceOptions(providers=[provider, cluster.provider])
    environment = Environment(
        "environment",
        EnvironmentArgs(
            namespace=stage.name, project=stage.project, labels=READY_WHEN_REACHED, keep=_holds_data(config)
        ),
        opts=into,
    )
    return Surroundings(
        stage=stage,
        config=config,
        cluster=cluster,
        environment=environment,
        account_id=account_id(provider),
        opts=into,
        on_aws=ResourceOptions(providers=[provider]),
    )


def _cluster(stage: Stage[AwsConfig], config: AwsConfig, provider: aws.Provider) -> ClusterHandle:
    if config.cluster.stack:
        return shared_cluster(stage, config.cluster.stack)
    assert config.network is not None
    return own_cluster(stage, provider, config.network, config.cluster, [stage.name, *config.cluster.profiles])


def _holds_data(config: AwsConfig) -> bool:
    """Whether a service with ``keep`` runs, and so has its data, in the namespace."""
    return any(section.keeps and SERVICES[need].in_cluster(section) for need, section in config.services.items())


def _network(surroundings: Surroundings, app: AppSpec, targets: Mapping[str, Target]) -> PodNetwork | None:
    reaches = {need: targets[need] for need in app.needs if need in targets}
    if not reaches:
        return None
    args = PodNetworkArgs(
        app=app.name,
        vpc_id=surroundings.cluster.outputs.vpc_id,
        namespace=surroundings.namespace,
        cluster_security_group_id=surroundings.cluster.outputs.security_group_id,
        reaches=reaches,
    )
    return PodNetwork(f"{app.name}-network", args, opts=surroundings.opts)


def _role(surroundings: Surroundings, app: AppSpec) -> ServiceAccountRole:
    args = ServiceAccountRoleArgs(
        **surroundings.identity,
        prefix=surroundings.stage.project,
        namespace=surroundings.stage.name,
        service_account=app.name,
        policy=document(*(allow(permission.actions, permission.resources) for permission in app.permissions)),
    )
    return ServiceAccountRole(f"{app.name}-permissions", args, opts=surroundings.on_aws)
