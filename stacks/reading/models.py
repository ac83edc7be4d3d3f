"""The models that a stage file is read into, one for each kind of stage; and the stage that the program builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import pulumi
from pydantic import ConfigDict, SecretStr, create_model

from components.apps.spec import AppSpec
from stacks.reading import sections
from stacks.services.registry import SERVICES
from stacks.services.section import ServiceSection


class Common(sections.Section):
    """The keys that every kind of stage may have."""

    model_config = ConfigDict(hide_input_in_errors=True)
    production: bool = False
    owner: sections.Owner | None = None
    exemptions: list[sections.Exemption] = []


if TYPE_CHECKING:

    class _WithServices(Common):
        """`Common`, and a field for each service."""
else:
    _WithServices = create_model(
        "_WithServices", __base__=Common, **{name: (one.section | None, None) for name, one in SERVICES.items()}
    )


class Environment(_WithServices):
    """A stage that runs apps."""

    apps_dir: str = "apps"
    apps: sections.AppOverrides = {}
    ingress: sections.Ingress = sections.Ingress()
    pull_secrets: dict[str, sections.PullSecret] = {}
    secrets: dict[str, SecretStr] = {}

    @property
    def services(self) -> dict[str, ServiceSection]:
        """The sections of the services that the stage has, by the name of the need."""
        sections_ = {need: getattr(self, need) for need in SERVICES}
        return {need: section for need, section in sections_.items() if section is not None}


class LocalConfig(Environment):
    kind: Literal["local"]
    charts: str | None = None


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


ConfigT_co = TypeVar("ConfigT_co", bound=Common, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Stage(Generic[ConfigT_co]):
    """A stage that was checked: its name, its settings, its apps, and the provider settings of ``aws:``.

    ``Stage[LocalConfig]`` is a stage of kind local.

    ``is_bounded``: an account file names it, so that its IAM roles carry the permissions boundary made there.
    """

    name: str
    project: str
    root: Path  # the folder of Pulumi.yaml and of the stage files
    config: ConfigT_co
    apps: Mapping[str, AppSpec]
    aws: Mapping[str, Any]
    is_bounded: bool = False

    @property
    def file(self) -> str:
        return f"Pulumi.{self.name}.yaml"

    @property
    def owner(self) -> str:
        return self.config.owner or self.project

    def secret(self: Stage[Environment], name: str) -> pulumi.Output[str]:
        """The value of ``wharf:secrets.<name>``. An earlier check made sure that it exists."""
        return pulumi.Output.secret(self.config.secrets[name].get_secret_value())


ClusterStage = Stage[AwsConfig | ClusterConfig]  # a stage that can own a cluster
