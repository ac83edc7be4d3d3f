"""What a service is, and what its makers are given and give back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pulumi import Input, Output, Resource, ResourceOptions

from components.network.pod_network import Target
from components.shared.network_policy import Peer
from components.shared.refusal import Refusal
from stacks.services.section import ServiceSection


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a service is made: the stage, its namespace, and who comes from outside it.

    Attributes:
        rollout_key: keys the fingerprints that roll pods.
        compute: what pods need to start.
        opts: the providers of the stage.
    """

    project: str
    environment: str
    namespace: Output[str]
    rollout_key: Output[str]
    opts: ResourceOptions
    compute: Sequence[Resource] = ()

    @property
    def in_namespace(self) -> dict[str, Any]:
        """Arguments that every component in the namespace takes."""
        return {"project": self.project, "environment": self.environment, "namespace": self.namespace}


@dataclass(frozen=True, kw_only=True)
class LocalPlace(Place):
    """A cluster on this machine: ``controller`` is the ingress controller, ``machine`` whoever is outside the pods."""

    controller: Sequence[Peer]
    machine: Sequence[Peer]


@dataclass(frozen=True, kw_only=True)
class AwsPlace(Place):
    """An environment on EKS.

    Attributes:
        on_aws: the provider of AWS alone, for what does not wait for the cluster.
        identity: arguments by which IAM knows the cluster's service accounts.
        log_days: how long logs are kept.
        domain, zone_id: of the stage's ingress.
    """

    on_aws: ResourceOptions
    region: str
    account_id: Output[str]
    vpc_id: Input[str]
    subnet_ids: Input[Sequence[Input[str]]]
    cluster_security_group_id: Input[str]
    identity: Mapping[str, Any]
    log_days: int
    domain: str | None
    zone_id: str | None

    @property
    def network(self) -> dict[str, Any]:
        """Arguments that every component in the private subnets takes."""
        return {"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids}


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an environment needs to know of a service that it has made.

    Attributes:
        settings: values of ``${url}``, ``${host}`` and so on.
        target: what to open to the pods of apps, where a security group guards the service.
        host: put out by the stack, where people may want to reach it.
        records: DNS records that somebody has to make by hand.
    """

    settings: Mapping[str, Output[str]]
    target: Target | None = None
    host: Output[str] | None = None
    records: Output[Sequence[Mapping[str, str]]] | None = None


@dataclass(frozen=True)
class Where:
    """The kind of stage that a section stands in; ``nodes`` is the number of EC2 nodes of its cluster."""

    kind: Literal["local", "aws"]
    nodes: int = 0


@dataclass(frozen=True)
class MachinePort:
    """A port of this machine that leads to a local service: by default ``port``, over the cluster's ``node_port``."""

    port: int
    node_port: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something that apps can need, made in one way on this machine and in another on AWS.

    Attributes:
        need: its name, everywhere: ``needs: [database]``, ``wharf:database``, ``wharf logs local database``.
        title: what it is, for the docs: ``PostgreSQL: RDS on AWS, a StatefulSet locally``.
        prefix: starts the default variables, such as ``DATABASE`` in ``DATABASE_HOST``.
        settings: what templates can name, such as ``host`` for ``${host}``.
        section: the model of ``wharf:<need>``.
        objects: names that it takes in the namespace, so that no app can.
        local, aws: make it.
        limits: what a kind of stage does not take; keys are relative to the section.
        in_cluster: whether its pods run in the stage's namespace on AWS too.
        machine_port: where it is reached from this machine.
    """

    need: str
    title: str
    prefix: str
    settings: tuple[str, ...]
    section: type[ServiceSection]
    objects: tuple[str, ...]
    local: Callable[[LocalPlace, Any], Made]
    aws: Callable[[AwsPlace, Any], Made]
    limits: Callable[[Any, Where], Iterable[Refusal]]
    in_cluster: Callable[[Any], bool] = lambda _: False
    machine_port: MachinePort | None = None

    @property
    def default_variables(self) -> Mapping[str, str]:
        """Variables of an app that names the need and no template: ``DATABASE_HOST`` holds ``${host}``."""
        return {f"{self.prefix}_{setting.upper()}": f"${{{setting}}}" for setting in self.settings}
