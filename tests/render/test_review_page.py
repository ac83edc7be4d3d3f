"""What docs/review.md shows is what the code prints, of the stages as they are."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from textwrap import dedent
from typing import Any

import pytest
import yaml

from cli.diff import stages
from cli.diff.as_text import text
from cli.diff.compare import compare
from evaluation.diagram import mermaid
from evaluation.graph import Graph
from evaluation.project import CHECKOUT, evaluate_stage
from policies import check
from stacks.reading.sections import Exemption
from tests.fixture import PROJECT

PAGE = (CHECKOUT / "docs" / "review.md").read_text()
COMMIT = re.compile(r"[0-9a-f]{10} \(HEAD(~1)?\)")


@pytest.fixture(scope="module")
def prod() -> Graph:
    return evaluate_stage(PROJECT, "prod")


def shown(after: str, command: str) -> str:
    """What the page has as output of the first such command below a heading, commits aside."""
    start = PAGE.index(f"\n    $ {command}\n", PAGE.index(f" {after}\n")) + 1
    block = re.match(r"(?:    .*\n|\n)+", PAGE[start:])
    assert block
    return COMMIT.sub("COMMIT", dedent(block[0])).partition("\n")[2].rstrip()


def printed(base: Graph, head: Graph) -> str:
    return text(compare(base, head, base_name="COMMIT"))


def with_inputs(graph: Graph, name: str, change: Any) -> Graph:
    changed = [
        replace(resource, inputs=change(resource.inputs)) if resource.name == name else resource for resource in graph
    ]
    return replace(graph, resources=tuple(changed))


def test_a_new_version(prod: Graph):
    found = shown("One stage against a commit", "wharf diff prod --base HEAD~1")
    old, new = re.findall(r"podinfo:(\S+)", found)

    def bumped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bumped(item) for key, item in value.items()}
        if isinstance(value, list):
            return [bumped(item) for item in value]
        tags = {f"ghcr.io/stefanprodan/podinfo:{old}": f"ghcr.io/stefanprodan/podinfo:{new}"}
        return {**tags, old.split("@")[0]: new.split("@")[0]}.get(value, value)

    assert printed(prod, with_inputs(prod, "hello-deployment", bumped)) == found


def test_nothing_changed(prod: Graph):
    assert printed(prod, prod) == shown("One stage against a commit", "wharf diff prod --base HEAD")


def test_a_replaced_key(prod: Graph):
    head = with_inputs(prod, "database-key", lambda inputs: {**inputs, "multiRegion": True})
    assert printed(prod, head) == shown("Why one replacement becomes many", "wharf diff prod --base HEAD~1")


def test_two_stages():
    parts = shown("Two stages", "wharf diff dev prod").split("\n…\n")
    printed = stages.text(stages.between(PROJECT, "dev", "prod"))
    assert len(parts) == 4
    assert all(part in printed for part in parts)


def test_the_diagram():
    assert mermaid(evaluate_stage(PROJECT, "local")) in PAGE


def test_an_exemption():
    (written,) = re.findall(r"```yaml\n(config:\n  wharf:exemptions:.*?)```", PAGE, flags=re.DOTALL)
    exemption = Exemption.model_validate(yaml.safe_load(written)["config"]["wharf:exemptions"][0])
    staging = evaluate_stage(PROJECT, "staging")
    opened = with_inputs(staging, "cluster-eks", lambda inputs: {**inputs, "publicAccessCidrs": ["0.0.0.0/0"]})

    def checked(*exemptions: Exemption, today: date = date(2026, 11, 20)) -> str:
        return check.text(check.judged(opened, exemptions, production=False, today=today))

    page = dedent(re.sub(r"^(?!    ).*$", "", PAGE, flags=re.MULTILINE))
    assert checked() in page
    assert checked(exemption) in page
    ended = checked(exemption.model_copy(update={"until": "2026-03-31"})).splitlines()[1]
    assert "is past" in ended
    assert ended in page
