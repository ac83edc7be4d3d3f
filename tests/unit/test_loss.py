"""What holds data is decided once: whoever asks about a resource gets the same answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cli.deploy.direct import lost_data
from cli.deploy.engine import graph_of_state
from cli.deploy.up import kept_data
from cli.diff.compare import compare
from evaluation.aws_types import AWS_TYPES
from evaluation.diagram import mermaid
from evaluation.graph import Graph, Resource
from evaluation.loss import holds, holds_only_logs, loses
from evaluation.project import evaluate_stage
from policies import all_rules
from policies.rule import Context, judge
from tests import graphs as g
from tests.fixture import PROJECT

HOLDING = [
    *(g.resource(token, "it") for token, row in AWS_TYPES.items() if row.holds),
    g.kubernetes(g.CLAIM, "it", "shop"),
    g.stateful_set("it", "shop", when_deleted="Delete"),
]
HOLDING_NOTHING = [
    g.resource(g.VPC, "it"),
    g.kubernetes(g.DEPLOYMENT, "it", "shop"),
    g.kubernetes(g.STATEFUL_SET, "it", "shop", spec={}),
    g.kubernetes(g.NAMESPACE, "it"),
]


def broken_rules(graph: Graph) -> set[str]:
    rules = [rule for id_, rule in all_rules().items() if id_ in ("data-is-protected", "volume-is-protected")]
    context = Context(graph=graph, production=True)
    return {verdict.resource.urn for rule in rules for verdict in judge(rule, context) if verdict.findings}


@pytest.mark.parametrize("resource", [*HOLDING, *HOLDING_NOTHING], ids=lambda r: r.type)
def test_diff_up_rules_and_diagram_agree(resource: Resource):
    graph, held = g.graph(resource), resource in HOLDING
    assert bool(loses(resource, graph)) is held
    assert bool(compare(graph, g.graph()).losing) is held
    entry = {"urn": resource.urn, "type": resource.type, "inputs": resource.inputs}
    (stated,) = graph_of_state("shop", "dev", {"resources": [entry]})
    assert bool(loses(stated, graph)) is held
    if resource.is_kubernetes:
        assert bool(lost_data([], [resource.inputs])) is held
    protected = g.graph(replace(resource, protect=True))
    assert bool(kept_data(protected)) is held
    if not holds_only_logs(resource):
        assert bool(broken_rules(graph)) is held
        assert not broken_rules(protected)
        box = replace(g.resource("wharf:data:Box", "box"), custom=False)
        assert ('[("' in mermaid(g.graph(box, replace(resource, parent=box.urn)))) is held


def test_what_is_left_where_it_is_is_not_lost():
    database = g.resource(g.RDS, "db")
    kept = replace(database, retain_on_delete=True)
    assert loses(database, g.graph())
    assert not loses(kept, g.graph())
    assert holds(kept, g.graph())
    (stated,) = graph_of_state(
        "shop", "dev", {"resources": [{"urn": kept.urn, "type": kept.type, "retainOnDelete": True}]}
    )
    assert not loses(stated, g.graph())


def test_volumes_that_outlive_their_set_are_lost_with_the_namespace():
    broker = g.stateful_set("broker", "shop", when_deleted="Retain")
    namespace = g.kubernetes(g.NAMESPACE, "shop")
    graph = g.graph(namespace, broker)
    assert not loses(broker, graph)
    assert holds(broker, graph) == "its volumes"
    assert "StatefulSet broker" in loses(namespace, graph)


def test_logs_need_no_protection():
    bucket = replace(
        g.resource(g.BUCKET, "logs"), urn="urn:pulumi:dev::shop::wharf:ingress:AccessLogs$aws:s3/bucket:Bucket::l"
    )
    assert broken_rules(g.graph(g.resource(g.BUCKET, "files")))
    assert not broken_rules(g.graph(bucket))
    assert not broken_rules(g.graph(g.resource("aws:cloudwatch/logGroup:LogGroup", "logs")))


def test_down_asks_for_what_the_stage_keeps():
    graph = evaluate_stage(PROJECT, "local")
    assert kept_data(graph) == []
    kept = Graph(
        graph.project, graph.stack, tuple(replace(r, protect=r.name == "database-server") for r in graph.resources)
    )
    assert kept_data(kept) == ["StatefulSet database-server, which local keeps: its volumes"]
