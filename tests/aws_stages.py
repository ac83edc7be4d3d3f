"""A project with stages on AWS, in a temporary folder, small enough to see what a test is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from evaluation.graph import Graph, Resource
from evaluation.project import Project, evaluate_stage

DIGEST = "@sha256:" + "0" * 64
APPS: Mapping[str, Any] = {
    "web": {
        "image": "example/web",
        "kind": "web",
        "port": 8000,
        "user": 1000,
        "needs": {"database": {}, "broker": {}, "mail": {}},
        "health": {"ready": "/ready"},
        "route": {"host": "web"},
        "labels": {"team": "red"},
        "before": ["./migrate"],
        "permissions": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::files/*"]}],
    },
    "idle": {"image": "example/idle", "kind": "worker", "user": 1000},
}
NETWORK: Mapping[str, Any] = {"zones": ["eu-west-1a", "eu-west-1b"]}
OWN: Mapping[str, Any] = {
    "wharf:kind": "aws",
    "wharf:network": NETWORK,
    "wharf:cluster": {"endpoint-access": {"public": ["203.0.113.0/24"]}},
    "wharf:ingress": {"domain": "dev.example.com", "zone-id": "Z0123456789ABC"},
    "wharf:database": {},
    "wharf:broker": {},
    "wharf:mail": {"domain": "dev.example.com"},
}
SHARED: Mapping[str, Any] = {
    "wharf:kind": "cluster",
    "wharf:network": NETWORK,
    "wharf:cluster": {"endpoint-access": {"public": ["203.0.113.0/24"]}, "profiles": ["dev", "prod"]},
}
INSIDE: Mapping[str, Any] = {**OWN, "wharf:network": None, "wharf:cluster": {"stack": "shared"}}


def project(folder: Path, **stages: Mapping[str, Any]) -> Project:
    """Stages by name; a key whose value is None is left out."""
    (folder / "apps").mkdir()
    for name, app in APPS.items():
        (folder / "apps" / f"{name}.yaml").write_text(yaml.safe_dump(app))
    (folder / "Pulumi.yaml").write_text("name: wharf\nruntime: python\n")
    for stage, settings in stages.items():
        runs_apps = {"wharf:apps": {name: {"version": f"1.0{DIGEST}"} for name in APPS}}
        config = {"aws:region": "eu-west-1", **(runs_apps if settings["wharf:kind"] == "aws" else {}), **settings}
        written = {key: value for key, value in config.items() if value is not None}
        (folder / f"Pulumi.{stage}.yaml").write_text(yaml.safe_dump({"config": written}))
    return Project(folder, "wharf")


def stage(folder: Path, settings: Mapping[str, Any], name: str = "dev", **others: Mapping[str, Any]) -> Graph:
    """What a stage with these settings registers."""
    return evaluate_stage(project(folder, **{name: settings}, **others), name)


def waits_for(graph: Graph, resource: Resource) -> set[str]:
    """Names of all that is made before a resource, and so deleted after it: what it depends on, and what that does."""
    by_urn = graph.by_urn()

    def walk(urn: str) -> Iterator[str]:
        for needed in by_urn[urn].depends_on:
            if needed not in seen:
                seen.add(needed)
                yield by_urn[needed].name
                yield from walk(needed)

    seen: set[str] = set()
    return set(walk(resource.urn))
