"""The team's apps, the same in every kind of stage that runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

import pulumi
from pulumi import Input, Output, Resource, ResourceOptions

from components.apps.app import App, AppArgs
from components.apps.environment import Environment
from components.apps.needs import Settings
from components.apps.pull_secret import PullSecret, PullSecretArgs
from components.shared.labels import standard
from components.shared.network_policy import Peer
from stacks.reading.models import Environment as EnvironmentConfig
from stacks.reading.models import Stage


@dataclass(frozen=True, kw_only=True)
class AppsContext:
    """What a stage gives its apps. The keys of ``role_arns`` and ``after`` are names of apps."""

    stage: Stage[EnvironmentConfig]
    environment: Environment
    settings: Mapping[str, Settings]
    pull_secrets: Sequence[Output[str]]
    route_peers: Sequence[Peer]
    opts: ResourceOptions
    role_arns: Mapping[str, Input[str]] = field(default_factory=dict)
    after: Mapping[str, Sequence[Resource]] = field(default_factory=dict)


def apps(context: AppsContext) -> dict[str, App]:
    """Registers every app of the stage, and returns them by name. An app is registered after those in its ``after``."""
    registered: dict[str, App] = {}
    for name in TopologicalSorter({name: spec.after for name, spec in context.stage.apps.items()}).static_order():
        registered[name] = App(name, _args(context, name, registered), opts=context.opts)
    return registered


def _args(context: AppsContext, name: str, registered: Mapping[str, App]) -> AppArgs:
    stage, spec = context.stage, context.stage.apps[name]
    return AppArgs(
        spec=spec,
        project=stage.project,
        environment=stage.name,
        namespace=context.environment.namespace,
        rollout_key=context.environment.rollout_key,
        settings={need: context.settings[need] for need in spec.needs},
        secrets={secret: stage.secret(secret) for secret in {*spec.secrets.values(), *spec.files.values()}},
        pull_secrets=context.pull_secrets,
        route_peers=context.route_peers,
        role_arn=context.role_arns.get(name),
        after=[*context.after.get(name, ()), *(registered[first].workload for first in spec.after)],
    )


def pull_secrets(stage: Stage[EnvironmentConfig], environment: Environment, opts: ResourceOptions) -> list[Output[str]]:
    """Registers the Secrets that images are pulled with, and returns their names."""
    config = stage.config
    labels = standard("pull-secret", project=stage.project, environment=stage.name, component="environment")
    return [
        PullSecret(
            name,
            PullSecretArgs(
                namespace=environment.namespace,
                labels=labels,
                server=login.server,
                username=login.username,
                password=pulumi.Output.secret(login.password.get_secret_value()),
            ),
            opts=opts,
        ).name
        for name, login in config.pull_secrets.items()
    ]
