"""What a stage is, by its kind: the models that its file is read into, and the stage that the program builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pulumi
from pydantic import ConfigDict, SecretStr

from components.apps.spec import AppSpec
from stacks.reading import sections


class Common(sections.Section):
    """What every kind of stage may say."""

    model_config = ConfigDict(hide_input_in_errors=True)
    production: bool = False
    owner: sections.Owner | None = None
    exemptions: list[sections.Exemption] = []


class Environment(Common):
    """What runs apps."""

    apps_dir: str = "apps"
    apps: sections.AppOverrides = {}
    ingress: sections.Ingress = sections.Ingress()
    database: sections.Database | None = None
    broker: sections.Broker | None = None
    mail: sections.Mail | None = None
    pull_secrets: dict[str, sections.PullSecret] = {}
    secrets: dict[str, SecretStr] = {}


class LocalConfig(Environment):
    kind: Literal["local"]


class AwsConfig(Environment):
    kind: Literal["aws"]
    network: sections.Network | None = None
    cluster: sections.Cluster = sections.Cluster()
    charts: str | None = None


class ClusterConfig(Common):
    kind: Literal["cluster"]
    network: sections.Network
    cluster: sections.Cluster = sections.Cluster()
    ingress: sections.Ingress = sections.Ingress()
    charts: str | None = None


class AccountConfig(Common):
    kind: Literal["account"]
    account: sections.Account


Config = LocalConfig | AwsConfig | ClusterConfig | AccountConfig


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage, checked: its name, its settings, its apps, and the provider settings of ``aws:``."""

    name: str
    project: str
    root: Path  # the folder of Pulumi.yaml and of the stage files
    config: Config
    apps: Mapping[str, AppSpec]
    aws: Mapping[str, Any]

    @property
    def file(self) -> str:
        return f"Pulumi.{self.name}.yaml"

    @property
    def owner(self) -> str:
        return self.config.owner or self.project

    def secret(self, name: str) -> pulumi.Output[str]:
        """The value of ``wharf:secrets.<name>``; that it exists was checked."""
        assert isinstance(self.config, Environment)
        return pulumi.Output.secret(self.config.secrets[name].get_secret_value())
