"""URNs, and the URNs that a resource had before, by the engine's rules for aliases.

Source: pulumi/pulumi pkg/resource/deploy/step_generator.go, collapseAliasToUrn, inheritedChildAlias, generateAliases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.graph import Graph, Resource


@dataclass(frozen=True)
class Urn:
    """``urn:pulumi:STACK::PROJECT::TYPES::NAME``; ``types`` joins the types of parents and resource by ``$``."""

    stack: str
    project: str
    types: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Urn:
        stack, project, types, name = text.removeprefix("urn:pulumi:").split("::", 3)
        return cls(stack, project, types, name)

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.types}::{self.name}"

    @property
    def type(self) -> str:
        return self.types.rsplit("$", 1)[-1]

    def child(self, type_: str, name: str) -> Urn:
        return Urn(self.stack, self.project, f"{self.types}${type_}", name)


def renamed(base: Graph, head: Graph) -> dict[str, str]:
    """Resources that are only renamed, by the head's aliases: URN in the head to URN in the base."""
    base_urns = {resource.urn for resource in base}
    head_urns = {resource.urn for resource in head}
    old_urns: dict[str, str] = {}
    for resource in head:
        if resource.urn in base_urns:
            continue
        for old in former(resource, head, old_urns):
            if old in base_urns and old not in head_urns and old not in old_urns.values():
                old_urns[resource.urn] = old
                break
    return old_urns


def former(resource: Resource, graph: Graph, parents: Mapping[str, str]) -> list[str]:
    """The URNs that the resource may have had, in the order in which the engine tries them.

    Args:
        parents: the renamed parents that are known already, new URN to old URN.
    """
    stated = [_stated(alias, resource, graph, parents) for alias in resource.aliases]
    urns = list(stated)
    if old_parent := parents.get(resource.parent):
        new_name = Urn.parse(resource.parent).name
        aliases = [(Urn.parse(urn).type, Urn.parse(urn).name) for urn in stated]
        for type_, name in [(resource.type, resource.name), *aliases]:
            urns.append(_inherited(Urn.parse(old_parent), new_name, type_, name))
    return [urn for urn in dict.fromkeys(urns) if urn != resource.urn]


def _inherited(old_parent: Urn, new_parent_name: str, type_: str, name: str) -> str:
    """The old URN of a child. If its name starts with its parent's name, it started with the parent's old name."""
    if name.startswith(new_parent_name):
        name = old_parent.name + name.removeprefix(new_parent_name)
    return str(old_parent.child(type_, name))


def _stated(alias: str, resource: Resource, graph: Graph, parents: Mapping[str, str]) -> str:
    """The URN of an alias: a whole URN, or ``key=value`` pairs as `evaluation.evaluate` keeps them.

    For keys that the pairs do not name, the resource's present values are used.
    """
    if alias.startswith("urn:"):
        return alias
    parts = dict(pair.split("=", 1) for pair in alias.split(","))
    parent = "" if parts.get("parent") == "none" else parts.get("parent") or resource.parent
    parent = parents.get(parent, parent)
    type_, name = parts.get("type", resource.type), parts.get("name", resource.name)
    stack, project = parts.get("stack", graph.stack), parts.get("project", graph.project)
    types = f"{Urn.parse(parent).types}${type_}" if parent and "::pulumi:pulumi:Stack::" not in parent else type_
    return str(Urn(stack, project, types, name))
