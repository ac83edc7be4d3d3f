"""What two graphs of one stage differ in, which of it is replaced, and what takes data with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cli.diff import as_json
from cli.diff.as_markdown import markdown
from cli.diff.as_text import text
from cli.diff.compare import compare
from cli.diff.model import Change, Diff, Kind
from cli.diff.properties import compare as compare_values
from cli.diff.properties import join
from evaluation.graph import Graph, Resource, Secret
from tests import graphs as g


def the(diff: Diff, name: str) -> Change:
    (found,) = [change for change in diff.changes if change.name == name]
    return found


def with_inputs(resource: Resource, **inputs: object) -> Resource:
    return replace(resource, inputs={**resource.inputs, **inputs})


@given(g.graphs())
def test_nothing_differs_from_itself(graph: Graph):
    diff = compare(graph, graph)
    assert diff.is_empty
    assert diff.exit_code == 0
    assert diff.followers == ()


@given(g.graphs(), g.graphs())
def test_what_is_found_is_the_same_from_both_sides(one: Graph, other: Graph):
    there, back = compare(one, other), compare(other, one)
    opposite = {Kind.CREATED: Kind.DELETED, Kind.DELETED: Kind.CREATED}
    itself = {c.urn: opposite.get(c.kind, "kept") for c in there.changes if not c.because}
    others = {c.urn: c.kind if c.kind in opposite else "kept" for c in back.changes if not c.because}
    spread = {c.urn for diff in (there, back) for c in diff.changes if c.because}
    assert {k: v for k, v in itself.items() if k not in spread} == {k: v for k, v in others.items() if k not in spread}
    paths = [
        {(c.urn, p.path) for c in diff.changes if c.kind not in opposite for p in c.properties}
        for diff in (there, back)
    ]
    assert paths[0] == paths[1]
    assert {p.path for p in there.outputs} == {p.path for p in back.outputs}


@given(g.inputs, st.data())
def test_a_mutated_leaf_is_reported_at_its_path_and_nowhere_else(inputs, data):
    paths = list(leaf_paths(inputs))
    assume(paths)
    path = data.draw(st.sampled_from(paths))
    mutated = json.loads(json.dumps(inputs))
    holder = mutated
    for step in path[:-1]:
        holder = holder[step]
    new = data.draw(
        g.scalars.filter(lambda value: value != holder[path[-1]] or type(value) is not type(holder[path[-1]]))
    )
    holder[path[-1]] = new
    (change,) = compare_values(inputs, mutated)
    assert change.path == shown(path)
    assert change.new == new


def leaf_paths(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from leaf_paths(item, (*path, key))
    if path and not isinstance(value, (dict, list)):
        yield path


def shown(path):
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step[0] == "-":
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


@given(g.graphs(), st.data())
def test_a_mutation_touches_its_resource_and_beyond_it_only_what_refers_to_it(graph: Graph, data):
    assume(graph.resources)
    victim = data.draw(st.sampled_from(graph.resources))
    key = data.draw(st.sampled_from(sorted(victim.inputs)))
    mutated = with_inputs(victim, **{key: "another value"})
    head = Graph("shop", "dev", tuple(mutated if r is victim else r for r in graph), graph.outputs)
    diff = compare(graph, head)
    reached = {victim.urn}
    for resource in graph:  # in the order of registration, so that one pass is enough
        if reached & set(resource.depends_on):
            reached.add(resource.urn)
    assert victim.urn in {change.urn for change in diff.changes}
    assert {change.urn for change in diff.changes} | set(diff.followers) <= reached
    assert all(change.kind is Kind.REPLACED for change in diff.changes if change.urn != victim.urn)


def test_named_items_are_told_by_their_names():
    old = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    new = {"env": [{"name": "Z", "value": "0"}, {"name": "A", "value": "1"}, {"name": "B", "value": "3"}]}
    assert [(c.path, c.old, c.new) for c in compare_values(old, new)] == [
        ("env[B].value", "2", "3"),
        ("env[Z]", None, {"name": "Z", "value": "0"}),
    ]


def test_an_item_in_the_middle_is_one_change():
    assert [(c.path, c.old, c.new) for c in compare_values({"a": [1, 2, 3]}, {"a": [1, 9, 2, 3]})] == [
        ("a[1]", None, 9)
    ]


def test_documents_in_a_text_are_compared_as_what_they_say():
    old, new = ('{"Statement": [{"Action": "s3:GetObject"}]}', '{"Statement": [{"Action": "s3:*"}]}')
    (change,) = compare_values({"policy": old}, {"policy": new})
    assert (change.path, change.old, change.new) == ("policy.Statement[0].Action", "s3:GetObject", "s3:*")


def test_an_immutable_property_replaces_and_another_does_not():
    base = g.resource(g.RDS, "db", {"instanceClass": "db.t4g.micro", "username": "app"})
    resized = compare(g.graph(base), g.graph(with_inputs(base, instanceClass="db.m7g.large")))
    assert the(resized, "db").kind is Kind.CHANGED
    assert resized.exit_code == 2
    renamed = compare(g.graph(base), g.graph(with_inputs(base, username="root")))
    assert the(renamed, "db").kind is Kind.REPLACED
    assert the(renamed, "db").loses
    assert renamed.exit_code == 3


def test_a_replaced_key_takes_the_database_with_it_through_what_stands_between():
    key = g.resource(g.KMS, "key", {"multiRegion": False})
    suffix = g.resource(
        "random:index/randomId:RandomId",
        "suffix",
        {"byteLength": 4, "keepers": {"key": "arn:1"}},
        uses={"keepers": [key]},
    )
    database = g.resource(
        g.RDS, "db", {"identifier": "db-1"}, uses={"identifier": [suffix]}, replace_on_changes=("identifier",)
    )
    diff = compare(g.graph(key, suffix, database), g.graph(with_inputs(key, multiRegion=True), suffix, database))
    assert [change.kind for change in diff.changes] == [Kind.REPLACED] * 3
    assert the(diff, "db").because == ("identifier refers to RandomId suffix, which is replaced",)
    assert diff.exit_code == 3


def test_what_refers_to_a_replaced_thing_by_something_mutable_only_follows():
    role = g.resource(g.ROLE, "role", {"path": "/a/"})
    relay = g.resource("aws:lb/listener:Listener", "user", {"other": "arn:of-the-role"}, uses={"other": [role]})
    diff = compare(g.graph(role, relay), g.graph(with_inputs(role, path="/b/"), relay))
    assert [change.name for change in diff.changes] == ["role"]
    assert diff.followers == (relay.urn,)


def test_what_is_known_of_a_replaced_thing_does_not_move_unless_it_is_deleted_first():
    def after(vpc: Resource) -> list[str]:
        subnet = g.resource(g.SUBNET, "subnet", {"cidrBlock": "10.0.0.0/16"}, uses={"cidrBlock": [vpc]})
        changed = with_inputs(vpc, ipv4NetmaskLength=16)
        return [change.name for change in compare(g.graph(vpc, subnet), g.graph(changed, subnet)).changes]

    vpc = g.resource(g.VPC, "vpc", {"cidrBlock": "10.0.0.0/16"})
    assert after(vpc) == ["vpc"]
    assert sorted(after(replace(vpc, delete_before_replace=True))) == ["subnet", "vpc"]


def test_an_ignored_change_is_none():
    base = g.resource(g.RDS, "db", {"username": "app", "tags": {"a": "1", "b": "2"}})
    head = replace(
        base, inputs={"username": "root", "tags": {"a": "2", "b": "2"}}, ignore_changes=("username", "tags.a")
    )
    assert compare(g.graph(base), g.graph(head)).is_empty


def test_an_alias_is_a_rename_and_children_inherit_it():
    def database(name: str, aliases: tuple[str, ...] = ()) -> Graph:
        parent = replace(g.resource("wharf:data:Database", name), custom=False, aliases=aliases)
        child_urn = f"urn:pulumi:dev::shop::wharf:data:Database${g.RDS}::{name}-instance"
        child = replace(g.resource(g.RDS, f"{name}-instance", {"username": "app"}), urn=child_urn, parent=parent.urn)
        return g.graph(parent, child)

    without = compare(database("old"), database("new"))
    assert without.exit_code == 3
    assert (
        "if it is new-instance under its new name: give that, or its component, an alias"
        in the(without, "old-instance").notes
    )
    aliased = compare(database("old"), database("new", ("name=old",)))
    assert {change.kind for change in aliased.changes} == {Kind.RENAMED}
    assert aliased.exit_code == 2


@pytest.mark.parametrize(("when_deleted", "loses"), [("Delete", True), ("Retain", False)])
def test_a_stateful_sets_volumes_are_lost_where_they_go_with_it(when_deleted, loses):
    broker = g.stateful_set("broker", "dev", when_deleted=when_deleted)
    assert bool(compare(g.graph(broker), g.graph()).losing) is loses


def test_a_namespace_is_lost_with_what_is_in_it():
    namespace = g.kubernetes(g.NAMESPACE, "dev")
    broker = g.stateful_set("broker", "dev", when_deleted="Retain")
    assert "StatefulSet broker" in the(compare(g.graph(namespace, broker), g.graph(broker)), "dev").loses
    assert not compare(g.graph(namespace), g.graph()).losing


def test_what_is_left_where_it_is_is_not_lost():
    bucket = g.resource("aws:s3/bucket:Bucket", "logs", retain_on_delete=True)
    diff = compare(g.graph(bucket), g.graph())
    assert diff.exit_code == 2
    assert "retain_on_delete" in the(diff, "logs").notes[0]


def test_another_cluster_identifier_replaces_all_that_the_provider_made():
    provider = g.resource("pulumi:providers:kubernetes", "k", {"clusterIdentifier": "a", "kubeconfig": "1"})
    claim = g.kubernetes("kubernetes:core/v1:PersistentVolumeClaim", "data", "dev")
    claim = replace(claim, provider=provider.urn)
    rotated = compare(g.graph(provider, claim), g.graph(with_inputs(provider, kubeconfig="2"), claim))
    assert rotated.exit_code == 2
    moved = compare(g.graph(provider, claim), g.graph(with_inputs(provider, clusterIdentifier="b"), claim))
    assert moved.exit_code == 3
    assert the(moved, "data").because == ("its provider k is replaced",)


@given(st.text("abcdef", min_size=8), st.text("uvwxyz", min_size=8))
def test_secrets_are_never_shown(old: str, new: str):
    def base(value: str) -> Graph:
        nested = {"data": {"TOKEN": Secret(value)}, "list": [Secret(value)], "whole": {"new": Secret(value)}}
        return g.graph(g.kubernetes(g.SECRET, "s", "dev", **nested), outputs={"url": Secret(value)})

    for diff in (compare(base(old), base(new)), compare(g.graph(), base(new)), compare(base(old), g.graph())):
        for output in (text(diff), markdown(diff), json.dumps(as_json.to_json(diff))):
            assert old not in output
            assert new not in output
    assert "data.TOKEN: <secret> changed" in text(compare(base(old), base(new)))


@given(g.graphs(), g.graphs())
def test_json_keeps_all_of_a_diff(one: Graph, other: Graph):
    diff = compare(one, other)
    assert as_json.from_json(json.loads(json.dumps(as_json.to_json(diff)))) == diff


@given(g.graphs(), st.data())
def test_a_mutated_property_is_reported_there_and_elsewhere_only_where_it_spreads(graph: Graph, data: st.DataObject):
    assume(graph.resources)
    victim = data.draw(st.sampled_from(list(graph)))
    key = data.draw(st.sampled_from(sorted(victim.inputs)))
    mutant = with_inputs(victim, **{key: {"mutated": "here"}})
    diff = compare(graph, replace(graph, resources=tuple(mutant if r == victim else r for r in graph)))
    reached = {victim.urn}
    for resource in graph:  # each refers to earlier ones only
        if reached.intersection(resource.depends_on):
            reached.add(resource.urn)
    for change in diff.changes:
        assert change.urn in reached
        assert bool(change.properties) == (change.urn == victim.urn)
        assert bool(change.because) or change.urn == victim.urn
    (there,) = [change for change in diff.changes if change.urn == victim.urn]
    assert all(change.path.startswith(join("", key)) for change in there.properties)
    assert set(diff.followers) <= reached
