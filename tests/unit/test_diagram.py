"""The diagram of a stage: few boxes, arrows that are not implied by others, text that Mermaid takes."""

from __future__ import annotations

import re
from dataclasses import replace

from evaluation.diagram import mermaid
from evaluation.graph import Graph, Resource
from evaluation.project import evaluate_stage
from tests import graphs as g
from tests.fixture import PROJECT


def component(type_: str, name: str, *needs: Resource, child: str = g.DEPLOYMENT) -> tuple[Resource, Resource]:
    parent = replace(g.resource(type_, name), custom=False)
    made = g.resource(child, f"{name}-child", parent=parent.urn, depends_on=tuple(need.urn for need in needs))
    return parent, made


def test_arrows_lead_between_components_and_past_nothing():
    network, vpc = component("wharf:network:Network", "network", child=g.VPC)
    cluster, control = component("wharf:eks:Cluster", "cluster", vpc, child="aws:eks/addon:Addon")
    app, pods = component("wharf:apps:App", "shop", control, vpc)
    text = mermaid(Graph("shop", "dev", (network, vpc, cluster, control, app, pods)))
    assert re.findall(r"(\w+) --> (\w+)", text) == [
        ("App_shop", "Cluster_cluster"),
        ("Cluster_cluster", "Network_network"),
    ]


def test_what_holds_data_is_drawn_as_such():
    text = mermaid(Graph("shop", "dev", component("wharf:data:Database", "database", child=g.RDS)))
    assert '[("<b>database</b><br/>Database: Instance")]' in text


def test_callers_and_routes_are_dotted():
    text = mermaid(evaluate_stage(PROJECT, "local"))
    assert "App_hello -.-> App_backend" in text
    assert "TraefikRoute_hello -.-> App_hello" in text


def test_a_stage_is_far_fewer_boxes_than_resources_and_each_line_is_mermaid():
    graph = evaluate_stage(PROJECT, "local")
    text = mermaid(graph)
    boxes = re.findall(r'^    (\w+)[\[(]+"', text, re.MULTILINE)
    assert len(boxes) == len(set(boxes))
    assert 3 <= len(boxes) <= len(graph.resources) / 4
    for line in text.splitlines()[2:]:
        assert re.fullmatch(r'  subgraph \w+\[".*"\]|    \w+\[\(?".*"\)?\]|  \w+ (-->|-\.->) \w+|  end', line), line
