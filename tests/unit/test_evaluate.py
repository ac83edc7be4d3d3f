"""The offline evaluation: every registration is kept whole, and what nobody can answer is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import Alias, ComponentResource, InvokeOptions, Output, ResourceOptions
from pulumi.runtime import resource as pulumi_resource

from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Resource, Secret, mask, reveal
from evaluation.placeholders import Placeholders
from evaluation.wire import from_struct, to_struct

LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5)
TREES = st.recursive(
    LEAVES | LEAVES.filter(lambda leaf: leaf is not None).map(Secret),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


class Group(ComponentResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("test:index:Group", name, None, opts)
        self.map = k8s.core.v1.ConfigMap(f"{name}-map", opts=ResourceOptions(parent=self))
        self.register_outputs({"it": "x"})


def settings(name: str, data: Any = None, **options: Any) -> k8s.core.v1.ConfigMap:
    return k8s.core.v1.ConfigMap(name, data=data or {}, opts=ResourceOptions(**options))


def test_options_are_kept_as_the_engine_would_get_them():
    def program() -> None:
        first = settings("first")
        settings(
            "second",
            depends_on=[first],
            protect=True,
            retain_on_delete=True,
            delete_before_replace=True,
            ignore_changes=["data"],
            replace_on_changes=["immutable"],
            aliases=[Alias(name="old"), "urn:pulumi:dev::wharf::x:y:z::older"],
        )

    second = evaluate(program).one("ConfigMap", "second")
    assert second.protect
    assert second.retain_on_delete
    assert second.delete_before_replace
    assert second.ignore_changes == ("data",)
    assert second.replace_on_changes == ("immutable",)
    assert [urn.rsplit("::", 1)[-1] for urn in second.depends_on] == ["first"]
    assert any("name=old" in alias for alias in second.aliases)
    assert "urn:pulumi:dev::wharf::x:y:z::older" in second.aliases


def test_urns_are_those_that_the_engine_makes():
    found = evaluate(lambda: Group("a"), project="shop", stack="prod").one("ConfigMap")
    assert found.urn == "urn:pulumi:prod::shop::test:index:Group$kubernetes:core/v1:ConfigMap::a-map"
    assert found.parent == "urn:pulumi:prod::shop::test:index:Group::a"


def test_two_resources_with_one_urn_are_refused_as_the_engine_does():
    def program() -> None:
        settings("same")
        settings("same")

    with pytest.raises(pulumi.RunError, match=r"two resources have the URN .*::same"):
        evaluate(program)


def test_the_provider_is_the_one_that_was_given():
    def program() -> None:
        provider = k8s.Provider("mine", kubeconfig="x")
        Group("a", ResourceOptions(providers=[provider]))
        settings("b")

    graph = evaluate(program)
    assert graph.one("ConfigMap", "a-map").provider.endswith("pulumi:providers:kubernetes::mine")
    assert not graph.one("ConfigMap", "b").provider


def test_references_are_seen_property_by_property():
    def program() -> None:
        first = k8s.core.v1.ConfigMap("first", metadata={"name": "first"})
        k8s.core.v1.Secret("second", metadata={"name": first.metadata.name}, string_data={"a": "b"})

    second = evaluate(program).one("Secret")
    assert [name for name, urns in second.property_depends_on.items() if urns] == ["metadata"]


def test_secrets_stay_secret_through_resources_and_outputs():
    def program() -> None:
        password = random.RandomPassword("password", length=8)
        found = settings("it", {"plain": "x", "secret": password.result, "both": Output.concat("a", password.result)})
        pulumi.export("it", found.data)
        pulumi.export("mine", Output.secret({"a": ["b"]}))

    graph = evaluate(program)
    data = graph.one("ConfigMap").inputs["data"]
    assert isinstance(data["secret"], Secret)
    assert isinstance(data["both"], Secret)
    assert reveal(data)["both"] == "a" + reveal(data)["secret"]
    assert graph.outputs["mine"] == {"a": [Secret("b")]}
    assert mask(dict(graph.outputs))["it"]["secret"] == "<secret>"


def test_configuration_reaches_the_program_as_from_the_engine():
    def program() -> None:
        config = pulumi.Config("wharf")
        pulumi.export("found", [config.get("text"), config.get_object("object"), config.get_bool("yes")])

    values = {"wharf:text": "a", "wharf:object": {"a": [1]}, "wharf:yes": True}
    assert evaluate(program, config=values).outputs["found"] == ["a", {"a": [1]}, True]


def test_one_evaluation_leaves_nothing_to_the_next():
    def program() -> None:
        pulumi.export("found", [pulumi.Config("wharf").get("text"), pulumi.get_stack(), pulumi.get_project()])

    evaluate(program, config={"wharf:text": "a"}, stack="one", project="first")
    assert evaluate(program, stack="two", project="second").outputs["found"] == [None, "two", "second"]


def test_an_evaluation_may_run_inside_another(tmp_path: Path):
    def inner() -> None:
        settings("inner")
        pulumi.export("where", str(pulumi.get_root_directory()))

    def outer() -> None:
        reference = pulumi.StackReference("organization/wharf/shared")
        settings("outer", {"where": reference.get_output("where")})

    answers = Placeholders(other_stack=lambda name: evaluate(inner, stack=name, root=tmp_path).outputs)
    graph = evaluate(outer, answers=answers)
    assert graph.one("ConfigMap").inputs["data"] == {"where": str(tmp_path)}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: random.RandomShuffle("x", inputs=["a"]), "RandomShuffle"),
        (lambda: k8s.yaml.ConfigGroup("x", yaml=["kind: Pod"]), "yaml"),
        (lambda: pulumi.CustomResource("aws:no/such:Thing", "x", {}), "aws:no/such:Thing"),
        (lambda: pulumi.runtime.invoke("aws:no/such:getThing", {}), "aws:no/such:getThing"),
        (lambda: pulumi.StackReference("elsewhere"), "elsewhere"),
        (lambda: k8s.core.v1.ConfigMap.get("x", "default/x"), "cannot be read offline"),
    ],
    ids=["random", "yaml", "aws", "invoke", "stack", "read"],
)
def test_what_has_no_answer_offline_is_refused_by_its_name(make: Any, told: str):
    def program() -> None:
        made = make()
        if isinstance(made, Output):
            pulumi.export("made", made)

    with pytest.raises(Exception, match=told):
        evaluate(program)


def test_an_error_of_the_program_comes_out_as_it_is():
    def program() -> None:
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        evaluate(program)


def test_an_error_of_what_only_becomes_known_later_comes_out_too():
    def program() -> None:
        settings("first").id.apply(lambda known: settings("second").id.apply(lambda _: int(known)))

    with pytest.raises(ValueError, match="invalid literal"):
        evaluate(program)


def test_where_the_program_registers_is_not_looked_up_but_only_while_it_is_evaluated():
    look_up = pulumi_resource._get_stack_trace
    used = []

    evaluate(lambda: used.append(pulumi_resource._get_stack_trace))
    assert used != [look_up]
    assert pulumi_resource._get_stack_trace is look_up


def test_invokes_are_answered_for_their_provider_too():
    import pulumi_aws as aws

    def program() -> None:
        provider = aws.Provider("aws", region="eu-west-1")
        pulumi.export("id", aws.get_caller_identity_output(opts=InvokeOptions(provider=provider)).account_id)

    assert evaluate(program).outputs["id"] == "123456789012"


@given(st.dictionaries(st.text("abc", min_size=1), TREES, max_size=4))
def test_values_come_back_from_the_wire_as_they_went(values: dict[str, Any]):
    assert from_struct(to_struct(values)) == values


@given(st.dictionaries(st.text("abc", min_size=1), TREES, max_size=4))
def test_no_secret_is_left_in_a_masked_tree_and_none_is_hidden_in_a_revealed_one(values: dict[str, Any]):
    assert "Secret" not in {type(leaf).__name__ for leaf in leaves(mask(values))}
    assert [leaf.value if isinstance(leaf, Secret) else leaf for leaf in leaves(values)] == list(leaves(reveal(values)))
    assert list(keys(values)) == list(keys(mask(values))) == list(keys(reveal(values)))


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves(item)]
    return [leaf for item in tree for leaf in leaves(item)] if isinstance(tree, list) else [tree]


def keys(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [*tree, *(key for item in tree.values() for key in keys(item))]
    return [key for item in tree for key in keys(item)] if isinstance(tree, list) else []


def test_nobody_can_print_a_secret_by_accident():
    assert f"{Secret('x')} {[Secret('x')]}" == "<secret> [<secret>]"


def test_the_only_resource_of_a_type_is_found_and_any_other_number_is_told():
    graph = Graph("p", "s", (Resource(urn="a", type="x:y:Z", name="a"), Resource(urn="b", type="x:y:Z", name="b")))
    assert graph.one("Z", "a").urn == "a"
    with pytest.raises(LookupError, match=r"2 of Z .*\['a', 'b'\]"):
        graph.one("Z")
    with pytest.raises(LookupError, match="0 of Q"):
        graph.one("Q")
