"""The problems that only stages on AWS can have. The limits themselves are defined by the components."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pydantic

from components.apps.fields import yaml_key
from components.apps.spec import AppSpec
from components.eks import fargate
from components.eks.cluster import limits as cluster_limits
from components.eks.eks_versions import DEFAULT_VERSION as DEFAULT_KUBERNETES
from components.mail.mail_relay import DOMAIN
from components.network.network import limits as network_limits
from components.shared.refusal import Refusal, under
from stacks.reading import checks, sections
from stacks.reading.accounts import account_of
from stacks.reading.models import AccountConfig, AwsConfig, ClusterConfig
from stacks.reading.stage_file import read_stage
from stacks.services.service import Where


def stage(
    config: AwsConfig | ClusterConfig | AccountConfig, aws: Mapping[str, Any], root: Path, name: str
) -> Iterator[Refusal]:
    """Every setting that AWS does not offer, or that does not fit another setting."""
    region = aws.get("region")
    yield from _region(region)
    yield from _account(aws)
    if config.kind == "account" or not isinstance(region, str) or not region:
        return
    yield from _ingress(config.ingress)
    if config.kind == "aws":
        yield from _home(config, root, name)
        yield from checks.service_refusals(config, Where("aws", nodes=_node_count(config, root)))
    elif not config.cluster.profiles:
        yield Refusal("wharf:cluster.profiles", "is missing: list the stages whose pods run on Fargate")
    network, shared = config.network, config.cluster.stack
    if network is not None:
        yield from under("wharf:network", network_limits(network.cidr, network.zones, region))
    elif not shared:
        yield Refusal("wharf:network", "is missing: a stage with its own cluster needs a network with zones")
    if not shared:
        yield from under("wharf:cluster", _cluster(config.cluster))


def _region(region: Any) -> Iterator[Refusal]:
    known = {entry.value for entry in pulumi_aws.Region}
    if not region:
        yield Refusal("aws:region", "is missing: write the region, such as eu-west-1")
    elif not isinstance(region, str):
        yield Refusal("aws:region", "is not text: write the region, such as eu-west-1")
    elif region not in known:
        near = ", ".join(sorted(name for name in known if name.split("-")[0] == region.split("-")[0]))
        yield Refusal(
            "aws:region", f"{region!r} is not a region of AWS: {f'there are {near}' if near else 'write eu-west-1'}"
        )


def _account(aws: Mapping[str, Any]) -> Iterator[Refusal]:
    if not isinstance(aws.get("profile", ""), str):
        yield Refusal("aws:profile", "is not text: write the name of a profile of the AWS command line")
    allowed = aws.get("allowedAccountIds", [])
    if not isinstance(allowed, list) or not all(re.fullmatch("[0-9]{12}", str(account)) for account in allowed):
        yield Refusal("aws:allowedAccountIds", 'is not a list of account numbers, such as ["123456789012"]')


def _cluster(cluster: sections.Cluster) -> Iterator[Refusal]:
    return cluster_limits(
        version=cluster.version or DEFAULT_KUBERNETES,
        public_access=cluster.endpoint_access.public,
        private_access=cluster.endpoint_access.private,
        namespaces=cluster.profiles,
        node_count=cluster.system_nodes.count,
        node_type=cluster.system_nodes.type,
        log_retention_days=cluster.log_retention,
    )


def routes(config: AwsConfig, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    """Without a domain, all apps share one host: the load balancer's own. Each app then needs a different path."""
    taken: dict[str, str] = {}
    for name, app in apps.items() if not config.ingress.domain else ():
        if app.route and (other := taken.setdefault(app.route.path, name)) != name:
            yield Refusal(
                f"wharf:apps.{name}.route.path",
                f"{app.route.path} is {other}'s too, and without wharf:ingress.domain both have one host: give one "
                "another path, or the stage a domain",
            )


def permissions(apps: Mapping[str, AppSpec], root: Path, name: str) -> Iterator[Refusal]:
    """What the boundary of the stage's roles would refuse while an app runs."""
    found = account_of(root, name)
    if found is None:
        return
    file, account = found
    for app, spec in apps.items():
        services = {action.split(":")[0] for permission in spec.permissions for action in permission.actions}
        for service in sorted(services - {*account.app_services}):
            yield Refusal(
                f"wharf:apps.{app}.permissions",
                f"names actions of {service}, which no role of {name} can use: add {service} to "
                f"wharf:account.app-services in {file}, and run `pulumi up` of that stage first",
            )


def _ingress(ingress: sections.Ingress) -> Iterator[Refusal]:
    if ingress.domain and not DOMAIN.fullmatch(ingress.domain):
        yield Refusal("wharf:ingress.domain", f"{ingress.domain!r} is not a domain name such as example.com")
    if ingress.domain and not ingress.zone_id:
        yield Refusal(
            "wharf:ingress.zone-id", "is missing: its domain needs the id of its Route 53 zone, such as Z0123456789ABC"
        )
    if ingress.zone_id and not ingress.domain:
        yield Refusal("wharf:ingress.domain", "is missing: zone-id is the id of its zone")
    if ingress.port is not None:
        yield Refusal("wharf:ingress.port", "works in local stages only: remove it")


def _home(config: AwsConfig, root: Path, name: str) -> Iterator[Refusal]:
    """The problems of an environment that runs in another stage's cluster."""
    stack = config.cluster.stack
    if stack is None:
        return
    file = f"Pulumi.{stack}.yaml"
    if not (root / file).is_file():
        stage_names = ", ".join(sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml")))
        yield Refusal("wharf:cluster.stack", f"there is no {file}; the stages are {stage_names}")
    elif (kind := (read_stage(root / file, file).get("config") or {}).get("wharf:kind")) != "cluster":
        yield Refusal(
            "wharf:cluster.stack", f"{stack} is of kind {kind}, and a cluster is owned by a stage of kind cluster"
        )
    elif not fargate.runs(name, {stack: _settings_of(root, stack).profiles}):
        yield Refusal(
            "wharf:cluster.stack", f"wharf:cluster.profiles in {file} does not name {name}: Fargate ran no pod of it"
        )
    foreign = sorted(set(config.cluster.model_fields_set) - {"stack"})
    for key in foreign:
        yield Refusal(f"wharf:cluster.{yaml_key(key)}", f"belongs to {stack}, which owns the cluster: remove it here")
    if config.network is not None:
        yield Refusal("wharf:network", f"belongs to {stack}, which owns the cluster: remove it here")


def _node_count(config: AwsConfig, root: Path) -> int:
    """The number of EC2 nodes in the cluster that the environment runs in, its own or another stage's."""
    stack = config.cluster.stack
    if stack is None or not (root / f"Pulumi.{stack}.yaml").is_file():
        return config.cluster.system_nodes.count
    return _settings_of(root, stack).system_nodes.count


def _settings_of(root: Path, stack: str) -> sections.Cluster:
    """The cluster section of another stage.

    If it is wrong, the defaults are used. The problem is reported when that other stage is read.
    """
    path = root / f"Pulumi.{stack}.yaml"
    written = (read_stage(path, path.name).get("config") or {}).get("wharf:cluster") or {}
    try:
        return sections.Cluster.model_validate(written)
    except pydantic.ValidationError:
        return sections.Cluster()
