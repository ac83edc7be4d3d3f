"""What needs a part of the platform is made after that part is ready, whatever it is told of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evaluation.graph import Graph, Resource
from evaluation.project import evaluate_stage
from stacks.services.registry import SERVICES
from tests.local_stages import APP, project

# What answers to the apps' connections.
SERVERS = ("StatefulSet", "Deployment", "Instance", "Broker", "ReplicationGroup")
LOCAL: Mapping[str, Any] = {f"wharf:{need}": {} for need in SERVICES}
AWS: Mapping[str, Any] = {
    "aws:region": "eu-west-1",
    "wharf:kind": "aws",
    "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]},
    "wharf:ingress": {"domain": "example.com", "zone-id": "Z0123456789ABCDEFGHIJ"},
    **LOCAL,
    "wharf:mail": {"domain": "example.com"},
}


def waited_for(resource: Resource, found: Graph) -> Iterator[Resource]:
    """What the engine makes before it makes the resource."""
    for urn in resource.depends_on:
        if (earlier := found.by_urn().get(urn)) is not None:
            yield earlier
            yield from waited_for(earlier, found)


@pytest.mark.parametrize("config", [LOCAL, AWS], ids=["local", "aws"])
def test_an_app_and_the_command_before_it_wait_for_the_server(tmp_path: Path, config: dict[str, Any]):
    """Also an app that is told one setting only, such as the port, which is known before the server is there."""
    told = {f"{part}-{setting}": (part, setting) for part, one in SERVICES.items() for setting in one.settings}
    files = {
        f"apps/{app}.yaml": json.dumps({**APP, "needs": {part: {"TOLD": f"${{{setting}}}"}}, "before": ["./migrate"]})
        for app, (part, setting) in told.items()
    }
    named = {app: {"version": "1"} for app in told}
    found = evaluate_stage(project(tmp_path, {**config, "wharf:apps": named}, files=files), "local")
    for app, (part, _) in told.items():
        for role in ("before", "deployment"):
            (made,) = [resource for resource in found if resource.name == f"{app}-{role}"]
            servers = [one for one in waited_for(made, found) if one.type.endswith(SERVERS) and f":{part}" in one.urn]
            assert servers, f"{made.name} does not wait for the {part}"
