"""Tells which differences a provider cannot make in place, by the tables of immutable properties.

Sources: those of the tables; pulumi/pulumi pkg/resource/deploy/step_generator.go (applyReplaceOnChanges).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation import kubernetes_types
from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Resource, reveal
from evaluation.inputs import at

AWS_PROVIDER = "pulumi:providers:aws"


def immutable(resource: Resource) -> tuple[str, ...]:
    """The dotted paths of a resource that cannot change in place. ``*`` means every path."""
    return (*_by_type(resource), *resource.replace_on_changes)


def replacing(old: Resource, new: Resource) -> tuple[str, ...]:
    """The dotted paths whose difference replaces the resource. If there is none, it is changed in place."""
    if not new.custom and new.type not in AWS_TYPES:
        return ()
    before, after = without_ignored(old.inputs, new), without_ignored(new.inputs, new)
    if new.type == kubernetes_types.PROVIDER:
        return kubernetes_types.provider_replaced(before, after)
    if new.type in AWS_TYPES:
        by_table = AWS_TYPES[new.type].replaces(reveal(before), reveal(after))
        paths: tuple[str, ...] = new.replace_on_changes
    else:
        by_table, paths = (), immutable(new)
    return tuple(dict.fromkeys([*by_table, *(path for path in paths if _differs(before, after, path))]))


def is_deleted_first(resource: Resource) -> bool:
    """True if the engine deletes before it creates, because the new resource has the name of the old one.

    Source: pulumi-terraform-bridge pkg/tfbridge/names.go, nameRequiresDeleteBeforeReplace; pulumi-kubernetes
    provider/pkg/provider/provider.go, Diff.
    """
    row = AWS_TYPES.get(resource.type)
    named = bool(row and row.auto_name and resource.inputs.get(row.auto_name))
    return resource.delete_before_replace or named or resource.is_kubernetes


def without_ignored(inputs: Mapping[str, Any], resource: Resource) -> dict[str, Any]:
    """The inputs without the properties in the resource's ``ignore_changes``."""
    kept = dict(inputs)
    for path in resource.ignore_changes:
        kept = _without(kept, path.split("."))
    return kept


def _by_type(resource: Resource) -> tuple[str, ...]:
    if resource.type in AWS_TYPES:
        return AWS_TYPES[resource.type].immutable
    if resource.type == AWS_PROVIDER:
        return ("region",)
    if resource.type.startswith("random:"):
        # hashicorp/terraform-provider-random internal/provider/resource_*.go: RequiresReplace on every input.
        return ("*",)
    return kubernetes_types.immutable(resource)


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> bool:
    return old != new if path == "*" else at(old, path) != at(new, path)


def _without(value: Any, path: list[str]) -> Any:
    if not isinstance(value, Mapping) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: item for key, item in value.items() if key != path[0]}
    return {**value, path[0]: _without(value[path[0]], path[1:])}
