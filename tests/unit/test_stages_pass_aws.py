"""What every kind of stage asks AWS for, against the table of what AWS would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from evaluation.aws_types import AWS_TYPES
from evaluation.project import evaluate_stage
from tests.aws_stages import INSIDE, NETWORK, OWN, SHARED, project

NODES = {"system-nodes": {"count": 1}, "endpoint-access": {"public": ["203.0.113.0/24"]}}
STAGES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "own cluster": {"dev": OWN},
    "shared cluster": {"dev": INSIDE, "shared": SHARED},
    "nodes, NAT instance, no domain": {
        "dev": {**OWN, "wharf:cluster": NODES, "wharf:network": {**NETWORK, "nat": "instance"}, "wharf:ingress": {}}
    },
    "kept": {"dev": {**OWN, "wharf:database": {"keep": True, "multi-zone": True}, "wharf:broker": {"keep": True}}},
    "account": {
        "account": {"wharf:kind": "account", "wharf:account": {"repository": "team/wharf", "stages": ["dev", "prod"]}}
    },
}


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_aws_would_refuse_nothing(tmp_path, stages):
    shop = project(tmp_path, **stages)
    asked = [resource for stage in stages for resource in evaluate_stage(shop, stage) if resource.type[:4] == "aws:"]
    assert asked
    assert [
        (resource.urn, problem) for resource in asked for problem in AWS_TYPES[resource.type].problems(resource.inputs)
    ] == []
