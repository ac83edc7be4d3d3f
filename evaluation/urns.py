"""URNs, and under which one a resource was known before: the engine's rules for aliases.

Source: pulumi/pulumi pkg/resource/deploy/step_generator.go, collapseAliasToUrn, inheritedChildAlias, generateAliases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evaluation.graph import Graph, Resource


@dataclass(frozen=True)
class Urn:
    """``urn:pulumi:STACK::PROJECT::TYPES::NAME``; ``types`` are those of the parents and the own one, by ``$``."""

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
    """What only has another name: URN in the head to URN in the base, by the head's aliases."""
    there = {resource.urn for resource in base}
    wanted = {resource.urn for resource in head}
    found: dict[str, str] = {}
    for resource in head:
        if resource.urn in there:
            continue
        for old in former(resource, head, found):
            if old in there and old not in wanted and old not in found.values():
                found[resource.urn] = old
                break
    return found


def former(resource: Resource, graph: Graph, parents: Mapping[str, str]) -> list[str]:
    """The URNs that the resource may have had, in the order in which the engine tries them.

    Args:
        parents: what is known already of renamed parents, new URN to old.
    """
    own = [_stated(alias, resource, graph, parents) for alias in resource.aliases]
    urns = list(own)
    if old_parent := parents.get(resource.parent):
        new_name = Urn.parse(resource.parent).name
        for type_, name in [(resource.type, resource.name), *((Urn.parse(u).type, Urn.parse(u).name) for u in own)]:
            urns.append(_inherited(Urn.parse(old_parent), new_name, type_, name))
    return [urn for urn in dict.fromkeys(urns) if urn != resource.urn]


def _inherited(old_parent: Urn, new_parent_name: str, type_: str, name: str) -> str:
    """A child whose name starts with its parent's had one that starts with the parent's old name."""
    if name.startswith(new_parent_name):
        name = old_parent.name + name.removeprefix(new_parent_name)
    return str(old_parent.child(type_, name))


def _stated(alias: str, resource: Resource, graph: Graph, parents: Mapping[str, str]) -> str:
    """``alias`` is a whole URN, or ``key=value`` pairs as `evaluation.evaluate` keeps them.

    Pairs stand over what the resource has now.
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
