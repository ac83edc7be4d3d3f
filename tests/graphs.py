"""Small graphs for the tests of what reads graphs, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from evaluation.graph import Graph, Resource

KMS, ROLE = "aws:kms/key:Key", "aws:iam/role:Role"
SUBNET, VPC = "aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc"
RDS, SUBNET_GROUP = "aws:rds/instance:Instance", "aws:rds/subnetGroup:SubnetGroup"
DEPLOYMENT, STATEFUL_SET = "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"
NAMESPACE, SECRET = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Secret"
CLAIM, BUCKET = "kubernetes:core/v1:PersistentVolumeClaim", "aws:s3/bucket:Bucket"


def urn(type_: str, name: str, stack: str = "dev") -> str:
    return f"urn:pulumi:{stack}::shop::{type_}::{name}"


def resource(type_: str, name: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Resource:
    """``uses={"kmsKeyId": [key]}`` says which property refers to which resources."""
    uses = more.pop("uses", {})
    return Resource(
        **{
            "urn": urn(type_, name),
            "type": type_,
            "name": name,
            "inputs": dict(inputs or {}),
            "property_depends_on": {key: tuple(user.urn for user in users) for key, users in uses.items()},
            "depends_on": tuple(sorted({user.urn for users in uses.values() for user in users})),
            **more,
        }
    )


def graph(*resources: Resource, outputs: Mapping[str, Any] | None = None, stack: str = "dev") -> Graph:
    return Graph("shop", stack, tuple(resources), dict(outputs or {}))


def kubernetes(type_: str, name: str, namespace: str | None = None, **inputs: Any) -> Resource:
    """An object with that name; ``uses`` as in `resource`."""
    more = {key: inputs.pop(key) for key in ("uses", "protect", "aliases", "parent") if key in inputs}
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    version, kind = type_.removeprefix("kubernetes:").removeprefix("core/").split(":")
    return resource(type_, name, {"apiVersion": version, "kind": kind, "metadata": metadata, **inputs}, **more)


def stateful_set(name: str, namespace: str, *, when_deleted: str) -> Resource:
    spec = {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": when_deleted},
    }
    return kubernetes(STATEFUL_SET, name, namespace, spec=spec)


names = st.text("abcdefgh-", min_size=1, max_size=6)
scalars = st.one_of(st.text(max_size=6), st.integers(-9, 9), st.booleans())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=4,
)
inputs = st.dictionaries(names, values, min_size=1, max_size=4)
TYPES = (KMS, ROLE, SUBNET, VPC, RDS, SUBNET_GROUP, DEPLOYMENT, SECRET, "random:index/randomId:RandomId")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs whose resources refer to earlier ones."""
    made: list[Resource] = []
    for type_, name in draw(st.lists(st.tuples(st.sampled_from(TYPES), names), unique=True, max_size=6)):
        properties = draw(inputs)
        uses = {
            key: draw(st.lists(st.sampled_from(made), max_size=2, unique_by=lambda user: user.urn))
            for key in properties
            if made and draw(st.booleans())
        }
        made.append(resource(type_, name, properties, uses=uses, protect=draw(st.booleans())))
    return graph(*made, outputs=draw(inputs))
