"""What a stage makes of AWS, and who deploys it, by its graph alone: no engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource
from evaluation.placeholders import ACCOUNT
from tests.access.evaluation import Document, Principal

CLUSTER, ROLE = "aws:eks/cluster:Cluster", "aws:iam/role:Role"


@dataclass(frozen=True)
class Made:
    """A resource as it is once it exists."""

    type: str
    id: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


def made_by(graph: Graph, region: str) -> list[Made]:
    """All of it, in an order in which it can be made; what pulumi-eks makes is written here by hand."""
    tags = json.loads(graph.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]
    return [made for resource in graph for made in _made(resource, region, tags)]


def _made(resource: Resource, region: str, tags: Mapping[str, str]) -> Iterator[Made]:
    if resource.type == "eks:index:Cluster":
        name = f"{resource.name}-eksRole-role"
        boundary = f"arn:aws:iam::{ACCOUNT}:policy/wharf/boundary/wharf-{tags['stack']}"
        role = _one(ROLE, name, {"name": f"{name}-0123abc", "permissionsBoundary": boundary}, region, tags)
        yield role
        policy = {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", "role": role.outputs["name"]}
        yield _one("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{name}-policy", policy, region, tags)
        key = {"provider": {"keyArn": resource.inputs["encryptionConfigKeyArn"]}}
        cluster = {"name": resource.inputs["name"], "roleArn": role.outputs["arn"], "encryptionConfig": key}
        yield _one(CLUSTER, resource.name, cluster, region, tags)
    elif resource.type.startswith("aws:"):
        yield _one(resource.type, resource.name, resource.inputs, region, tags, resource.urn)


def _one(type_: str, name: str, inputs: Mapping[str, Any], region: str, tags: Mapping[str, str], urn: str = "") -> Made:
    all_tags = {**tags, **(inputs.get("tags") or {})}
    outputs = AWS_TYPES[type_].outputs(urn or name, name, inputs, region, ACCOUNT)
    return Made(type_, str(outputs["id"]), name, {**inputs, "tagsAll": all_tags}, {**outputs, "tagsAll": all_tags})


def deployer(account: Graph, stage: str) -> Principal:
    """The role that the account has for deployments of ``stage``."""
    documents = {resource.name: resource.inputs["policy"] for resource in account if "policy" in resource.inputs}
    return Principal(
        [_document(documents[f"github-deploy-{stage}-{part}"]) for part in ("policy", "resources")],
    )


def previewer(account: Graph) -> Principal:
    """The role that the account has for previews."""
    return Principal([_document(next(r for r in account if r.name == "github-preview-policy").inputs["policy"])])


def boundary(account: Graph, stage: str) -> Document:
    return _document(next(r for r in account if r.name == f"github-boundary-{stage}").inputs["policy"])


def _document(text: Any) -> Document:
    return json.loads(text) if isinstance(text, str) else text
