"""What a service is: what it needs to be created, and what it gives back."""

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
    """The place in which a service is created: the stage and its namespace.

    Attributes:
        rollout_key: the key of the fingerprints. When a fingerprint changes, pods are replaced.
        compute: the resources that must exist before a pod can start.
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
    """A cluster on this machine. ``controller`` is the ingress controller, ``machine`` any client outside the pods."""

    controller: Sequence[Peer]
    machine: Sequence[Peer]


@dataclass(frozen=True, kw_only=True)
class AwsPlace(Place):
    """An environment on EKS.

    Attributes:
        on_aws: the provider of AWS alone, for resources that do not wait for the cluster.
        identity: arguments by which IAM knows the cluster's service accounts.
        log_days: how long logs are kept.
        domain, zone_id: the settings of the stage's ingress.
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
    """What an environment needs to know about a service that it has created.

    Attributes:
        settings: values of ``${url}``, ``${host}`` and so on.
        target: the security group and port to open to the pods of apps. None if no security group guards the service.
        host: the host name that the stack exports. None if nobody needs to reach it.
        records: DNS records that somebody has to create by hand.
    """

    settings: Mapping[str, Output[str]]
    target: Target | None = None
    host: Output[str] | None = None
    records: Output[Sequence[Mapping[str, str]]] | None = None


@dataclass(frozen=True)
class Where:
    """The kind of stage that a section belongs to. ``nodes`` is the number of EC2 nodes in its cluster."""

    kind: Literal["local", "aws"]
    nodes: int = 0


@dataclass(frozen=True)
class MachinePort:
    """A port of this machine that leads to a local service. ``port`` is the default. It leads to ``node_port``."""

    port: int
    node_port: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something that apps can need. It is created in one way on this machine, and in another on AWS.

    Attributes:
        need: its name everywhere: ``needs: [database]``, ``wharf:database``, ``wharf logs local database``.
        title: what it is, for the docs: ``PostgreSQL: RDS on AWS, a StatefulSet locally``.
        prefix: the beginning of the default variables, such as ``DATABASE`` in ``DATABASE_HOST``.
        settings: the names that templates can use, such as ``host`` in ``${host}``.
        section: the model of ``wharf:<need>``.
        objects: the names of its objects in the namespace. No app can have one of these names.
        local, aws: the functions that create it.
        limits: the settings that a kind of stage does not accept. The keys are relative to the section.
        in_cluster: whether its pods run in the stage's namespace on AWS too.
        machine_port: the port of this machine that leads to it. None if there is none.
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
        """The variables of an app that names the need without templates: ``DATABASE_HOST`` holds ``${host}``."""
        return {f"{self.prefix}_{setting.upper()}": f"${{{setting}}}" for setting in self.settings}
