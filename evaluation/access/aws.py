"""Who reaches what in a VPC and in an account. What policies allow is in `documents`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.access.model import Access
from evaluation.graph import Graph, Resource
from evaluation.inputs import is_true, items

GROUPS = ("securityGroups", "securityGroupIds", "vpcSecurityGroupIds")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
RANGES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId", "sourceSecurityGroupId")
RANGE_LISTS = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups")
PUBLIC = "*"


def granted(resource: Resource, graph: Graph) -> Iterator[Access]:
    """The access that an AWS resource gives by its own properties."""
    names = _Names(resource, graph)
    for who, does, what in _granted(resource, names):
        yield Access(who, does, what, urn=resource.urn)


def bounds(resource: Resource, graph: Graph) -> Iterator[tuple[str, str]]:
    """Limits on access: the URN of the limited resource, and the limit in words."""
    inputs = resource.inputs
    if resource.type.endswith(":BucketPublicAccessBlock"):
        for bucket in resource.property_depends_on.get("bucket", ()):
            yield from ((bucket, f"{flag} keeps it from the public") for flag in BLOCKS if is_true(inputs.get(flag)))
    if boundary := inputs.get("permissionsBoundary"):
        yield resource.urn, f"{boundary} bounds its permissions"


class _Names:
    """Turns the ids of other resources into names that a reader knows."""

    def __init__(self, resource: Resource, graph: Graph) -> None:
        self._resource, self._resources = resource, graph.by_urn()

    def of(self, key: str, value: Any) -> str:
        urns = self._resource.property_depends_on.get(key, ())
        if len(urns) == 1 and urns[0] in self._resources:
            return _title(self._resources[urns[0]])
        return str(value)

    @property
    def own(self) -> str:
        return _title(self._resource)


def _granted(resource: Resource, names: _Names) -> Iterator[tuple[str, str, str]]:
    inputs, kind = resource.inputs, resource.type.rsplit(":", 1)[-1]
    if kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule", "SecurityGroupRule"):
        outward = kind == "SecurityGroupEgressRule" or inputs.get("type") == "egress"
        group = names.of("securityGroupId", inputs.get("securityGroupId"))
        yield from _through(group, inputs, names, outward=outward)
    for way in ("ingress", "egress"):
        for rule in items(inputs, way) if kind in ("SecurityGroup", "DefaultSecurityGroup") else ():
            yield from _through(names.own, rule, names, outward=way == "egress")
    for key in GROUPS:
        if "ecurityGroup" not in kind:
            for group in items(inputs, key):
                yield names.own, "pass for a member of", names.of(key, group)
    if is_true(inputs.get("publiclyAccessible")):
        yield PUBLIC, "reach (by a public address)", names.own
    if is_true(inputs.get("mapPublicIpOnLaunch")) or is_true(inputs.get("associatePublicIpAddress")):
        yield PUBLIC, "reach (by public addresses) what is in", names.own
    yield from _to_the_cluster(kind, inputs, names)
    yield from _to_the_account(kind, inputs, names)
    if kind == "Route":
        targets = [names.of(key, inputs[key]) for key in inputs if key.endswith("Id") and key != "routeTableId"]
        where = inputs.get("destinationCidrBlock") or inputs.get("destinationIpv6CidrBlock")
        yield names.of("routeTableId", inputs.get("routeTableId")), "send to", f"{where} by {', '.join(targets)}"


def _to_the_account(kind: str, inputs: Mapping[str, Any], names: _Names) -> Iterator[tuple[str, str, str]]:
    if kind == "RolePolicyAttachment":
        yield f"role {inputs.get('role')}", "do all of", str(inputs.get("policyArn"))
    for arn in items(inputs, "managedPolicyArns"):
        yield f"role {inputs.get('name') or names.own}", "do all of", str(arn)
    if kind == "OpenIdConnectProvider":
        audiences = ", ".join(map(str, items(inputs, "clientIdLists")))
        yield str(inputs.get("url")), "sign for", f"the account, as {audiences}"
    if kind == "BucketAcl" or "acl" in inputs:
        yield PUBLIC, "do what is allowed by", f"{inputs.get('acl') or 'the access control list'} of {names.own}"


def _to_the_cluster(kind: str, inputs: Mapping[str, Any], names: _Names) -> Iterator[tuple[str, str, str]]:
    if kind == "Cluster" and is_true(inputs.get("endpointPublicAccess")):
        for cidr in items(inputs, "publicAccessCidrs") or ["0.0.0.0/0"]:
            yield str(cidr), "reach", f"the Kubernetes API of {names.own}"
    entries = inputs.get("accessEntries") if kind == "Cluster" else None
    for entry in entries.values() if isinstance(entries, Mapping) else ():
        policies = entry.get("accessPolicies") or {}
        scoped_policies = [f"{policy.get('policyArn')} {policy.get('accessScope')}" for policy in policies.values()]
        for what in [*scoped_policies, *map(str, items(entry, "kubernetesGroups"))]:
            yield str(entry.get("principalArn")), "enter the cluster with", what
    if kind == "AccessEntry":
        for group in items(inputs, "kubernetesGroups") or ["no group of its own"]:
            yield names.of("principalArn", inputs.get("principalArn")), "enter the cluster with", str(group)
    if kind == "AccessPolicyAssociation":
        what = f"{inputs.get('policyArn')} {inputs.get('accessScope')}"
        yield names.of("principalArn", inputs.get("principalArn")), "enter the cluster with", what
    if kind == "PodIdentityAssociation":
        who = f"pods of ServiceAccount {inputs.get('namespace')}/{inputs.get('serviceAccount')}"
        yield who, "act as", names.of("roleArn", inputs.get("roleArn"))


def _through(group: str, rule: Mapping[str, Any], names: _Names, *, outward: bool) -> Iterator[tuple[str, str, str]]:
    ports = _ports(rule)
    others = [names.of(key, rule[key]) for key in RANGES if rule.get(key)]
    others += [str(value) for key in RANGE_LISTS for value in items(rule, key)]
    others += [group] if is_true(rule.get("self")) else []
    for other in others:
        yield (group, "reach", f"{other} on {ports}") if outward else (other, "reach", f"{group} on {ports}")


def _ports(rule: Mapping[str, Any]) -> str:
    protocol = rule.get("ipProtocol", rule.get("protocol"))
    if str(protocol) in ("-1", "all"):
        return "*"
    first, last = rule.get("fromPort"), rule.get("toPort")
    return f"{protocol} port {first}" if first == last else f"{protocol} ports {first} to {last}"


def _title(resource: Resource) -> str:
    return f"{resource.type.rsplit(':', 1)[-1]} {resource.name}"
