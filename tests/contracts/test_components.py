"""What every component keeps to, found over the whole of components/."""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest
from pulumi import ComponentResource, ResourceOptions

import components
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Resource
from tests.contracts.examples import EXAMPLES, STAGE

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(components.__path__, "components.")
    if not found.ispkg
]


def _of(module: ModuleType) -> list[type[ComponentResource]]:
    return [
        found
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, ComponentResource) and found.__module__ == module.__name__
    ]


COMPONENTS = [component for module in MODULES for component in _of(module)]
every_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def args_type(component: type[ComponentResource]) -> type:
    return vars(inspect.getmodule(component))[component.__init__.__annotations__["args"]]


def made(component: type[ComponentResource], *names: str) -> Graph:
    """What instances of these names register; of the last, which of its attributes are missing."""

    def program() -> None:
        providers = [
            aws.Provider("aws", region="eu-west-1", default_tags={"tags": {"stack": "x"}}),
            k8s.Provider("kubernetes", kubeconfig="x"),
        ]
        make: Any = component
        for name in names:
            args = args_type(component)(**EXAMPLES[component.__name__]())
            instance = make(name, args, ResourceOptions(providers=providers))
            declared = inspect.get_annotations(component)
            pulumi.export("missing", [key for key in declared if not hasattr(instance, key)])

    return evaluate(program, stack=STAGE)


@functools.cache
def one(component: type[ComponentResource]) -> Graph:
    return made(component, "thing")


def children(graph: Graph) -> list[Resource]:
    return [r for r in graph if not r.type.startswith(("pulumi:providers:", "wharf:")) or r.parent]


@every_component
def test_there_is_an_example(component: type[ComponentResource]):
    assert component.__name__ in EXAMPLES


@every_component
def test_a_component_stands_in_the_folder_of_its_group(component: type[ComponentResource]):
    (token,) = {r.type for r in one(component) if r.type.startswith("wharf:") and r.type.endswith(component.__name__)}
    assert component.__module__.split(".")[1] == token.split(":")[1]


def test_there_is_no_example_of_what_is_gone():
    assert set(EXAMPLES) == {component.__name__ for component in COMPONENTS}


@every_module
def test_a_module_has_one_component_at_most_and_is_named_after_it(module: ModuleType):
    names = [component.__name__ for component in _of(module)]
    assert len(names) <= 1
    for name in names:
        squeezed = module.__name__.rpartition(".")[2].replace("_", "")
        assert name.lower().startswith(squeezed)


@every_component
def test_the_type_token_is_wharf_group_class(component: type[ComponentResource]):
    (root,) = [r for r in one(component) if r.name == "thing"]
    assert re.fullmatch(rf"wharf:[a-z]+:{component.__name__}", root.type)


@every_component
def test_it_is_made_by_name_args_and_options(component: type[ComponentResource]):
    parameters = list(inspect.signature(component.__init__).parameters.values())
    assert [parameter.name for parameter in parameters] == ["self", "name", "args", "opts"]
    assert parameters[3].default is None


@every_component
def test_its_arguments_are_frozen_and_by_keyword(component: type[ComponentResource]):
    arguments: Any = args_type(component)
    assert arguments.__name__ == f"{component.__name__}Args"
    assert arguments.__module__ == component.__module__
    assert arguments.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(arguments))


@every_component
def test_every_child_is_below_it(component: type[ComponentResource]):
    graph = one(component)
    by_urn = graph.by_urn()
    for resource in children(graph):
        above = resource
        while above.parent:
            above = by_urn[above.parent]
        assert above.name == "thing"


@every_component
def test_every_child_has_the_provider_that_was_given(component: type[ComponentResource]):
    for resource in children(one(component)):
        package = resource.type.split(":")[0]
        if resource.custom and package in ("aws", "kubernetes"):
            assert resource.provider.endswith(f"::{package}"), resource.urn


@every_component
def test_every_child_is_named_after_it_and_none_after_the_stage(component: type[ComponentResource]):
    for resource in children(one(component)):
        assert resource.name == "thing" or resource.name.startswith("thing-")
        assert STAGE not in resource.name


@every_component
def test_two_of_it_do_not_collide(component: type[ComponentResource]):
    both = [resource.urn for resource in children(made(component, "one", "two"))]
    assert len(set(both)) == len(both) == 2 * len(children(one(component)))


@every_component
def test_every_object_in_a_cluster_is_labelled(component: type[ComponentResource]):
    for resource in one(component):
        if resource.is_kubernetes and resource.type.rsplit(":", 1)[-1] not in NOT_A_TEAMS:
            assert resource.inputs["metadata"].get("labels"), resource.urn


OUTSIDE = ("stacks", "cli", "evaluation", "policies", "tests", "os", "subprocess", "socket", "requests", "boto3")
NOT_A_TEAMS = ("StorageClass", "IngressClass", "IngressClassParams", "SecurityGroupPolicy")


@every_component
def test_every_declared_attribute_is_there(component: type[ComponentResource]):
    assert one(component).outputs["missing"] == []


@every_component
def test_outputs_are_registered_last(component: type[ComponentResource]):
    (definition,) = ast.parse(inspect.getsource(component)).body
    assert isinstance(definition, ast.ClassDef)
    (init,) = [n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    assert ast.unparse(init.body[-1]).startswith("self.register_outputs(")


@every_module
def test_a_component_knows_nothing_of_stages_of_commands_or_of_the_world(module: ModuleType):
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imported if name.split(".")[0] in OUTSIDE or name == "urllib.request"}
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & {"Config", "get_stack", "get_project", "get_organization"}
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "open" not in called


def test_no_two_components_have_one_token():
    tokens = [next(r.type for r in one(component) if r.name == "thing") for component in COMPONENTS]
    assert len(set(tokens)) == len(tokens)
