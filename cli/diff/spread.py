"""Finds what else is replaced when a resource is replaced: every resource that refers to it by an immutable property.

These are followed on, since each of them may be referred to in turn.

Source: pulumi/pulumi pkg/resource/deploy/step_generator.go (providerChanged, calculateDependentReplacements).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cli.diff.properties import leaves
from cli.diff.replacement import immutable, is_deleted_first
from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource, Secret
from evaluation.inputs import at
from evaluation.placeholders import Placeholders

NAMESPACE = "kubernetes:core/v1:Namespace"
SHORTEST_OUTPUT = 6  # shorter texts occur in other texts by chance


class Spread:
    """Follows references from replaced resources through a graph."""

    def __init__(self, graph: Graph) -> None:
        self._resources = graph.by_urn()
        self._outputs: dict[str, tuple[str, ...]] = {}

    def replaced_with(self, gone: Iterable[str], candidates: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The candidates that are replaced because others are, by URN, and for each the reasons in words."""
        replaced: dict[str, tuple[str, ...]] = {}
        all_gone, left = set(gone), set(candidates)
        while True:
            fresh = {urn: why for urn in sorted(left - all_gone) if (why := self._why(self._resources[urn], all_gone))}
            if not fresh:
                return replaced
            replaced |= fresh
            all_gone |= set(fresh)

    def follows(self, urn: str, gone: set[str]) -> bool:
        """True if a value of the resource contains an output of a replaced resource."""
        resource = self._resources[urn]
        return any(
            leaf not in list(leaves(source.inputs))
            for key, urns in resource.property_depends_on.items()
            for source in self._among(gone, urns)
            if not source.is_kubernetes
            for leaf in leaves(resource.inputs.get(key))
        )

    def _why(self, resource: Resource, gone: set[str]) -> tuple[str, ...]:
        if not resource.custom and resource.type not in AWS_TYPES:
            return ()
        if resource.provider in gone:
            return (f"its provider {self._resources[resource.provider].name} is replaced",)
        return tuple(
            f"{path} refers to {_short(source)}, which is replaced"
            for key, urns in resource.property_depends_on.items()
            for source in self._among(gone, urns)
            if (path := self._moved(resource, key, source))
        )

    def _among(self, gone: set[str], urns: Iterable[str]) -> list[Resource]:
        return [self._resources[urn] for urn in sorted(gone.intersection(urns)) if urn in self._resources]

    def _moved(self, resource: Resource, key: str, source: Resource) -> str:
        """An immutable path in the property ``key`` whose value may change with ``source``; "" if there is none."""
        if key in resource.ignore_changes:
            return ""
        for path in immutable(resource):
            if path.split(".")[0] not in (key, "*"):
                continue
            if path == "metadata.namespace" and source.type == NAMESPACE:
                return path
            values = list(leaves(resource.inputs.get(key) if path == "*" else at(resource.inputs, path)))
            if any(self._moves(leaf, source, resource) for leaf in values):
                return key if path == "*" else path
        return ""

    def _moves(self, leaf: Any, source: Resource, user: Resource) -> bool:
        """True if a value may change when ``source`` is replaced.

        Kubernetes objects have few and large properties, so their values count only if they contain an output of
        ``source``. Of other resources every value counts, except one that the program itself also gives as an input of
        ``source``. If the engine deletes ``source`` before it creates the new one, even such a value counts, because
        the engine then takes everything that refers to ``source`` as unknown.
        """
        if leaf is None:
            return False
        if user.is_kubernetes:
            return isinstance(leaf, Secret) or any(output in str(leaf) for output in self._given_out(source))
        return is_deleted_first(source) or leaf not in list(leaves(source.inputs))

    def _given_out(self, source: Resource) -> tuple[str, ...]:
        """The texts in the outputs of a resource that are not in its inputs."""
        if source.urn not in self._outputs:
            self._outputs[source.urn] = _computed(source, self._region(source))
        return self._outputs[source.urn]

    def _region(self, source: Resource) -> str:
        provider = self._resources.get(source.provider)
        return str(provider.inputs.get("region", "us-east-1")) if provider else "us-east-1"


def _computed(source: Resource, region: str) -> tuple[str, ...]:
    if source.type not in AWS_TYPES and not source.type.startswith("random:"):
        return ()
    id_, outputs = Placeholders(region).created(source)
    stated = {leaf for leaf in leaves(dict(source.inputs)) if isinstance(leaf, str)}
    texts = {leaf for leaf in [id_, *leaves(dict(outputs))] if isinstance(leaf, str)}
    return tuple(sorted(text for text in texts - stated if len(text) >= SHORTEST_OUTPUT))


def _short(resource: Resource) -> str:
    return f"{resource.type.rsplit(':', 1)[-1]} {resource.name}"
