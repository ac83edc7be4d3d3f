"""What the program registers: resources, their order, and the outputs of the stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MASK = "<secret>"


@dataclass(frozen=True)
class Secret:
    """A secret value in a tree. Printing it shows a mask."""

    value: Any

    def __repr__(self) -> str:
        return MASK


def mask(value: Any) -> Any:
    """The same tree with every secret leaf as ``<secret>``; the keys stay."""
    return _map_secrets(value, lambda _: MASK)


def reveal(value: Any) -> Any:
    """The same tree with every secret leaf in plain text, for applying it and for nothing else."""
    return _map_secrets(value, lambda secret: secret.value)


def _map_secrets(value: Any, leaf: Callable[[Secret], Any]) -> Any:
    if isinstance(value, Secret):
        return leaf(value)
    if isinstance(value, dict):
        return {key: _map_secrets(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_secrets(item, leaf) for item in value]
    return value


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration, as the engine would see it.

    Attributes:
        provider: the URN of the provider.
        depends_on: the URNs of its dependencies, sorted: those that the program states, and those of its inputs.
        inputs: plain values, with a `Secret` at each secret leaf.
    """

    urn: str
    type: str
    name: str
    parent: str = ""
    provider: str = ""
    custom: bool = True
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool = False
    depends_on: tuple[str, ...] = ()
    property_depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_kubernetes(self) -> bool:
        """True if the resource is one object in the API server. A Helm release is not: it creates many."""
        return self.type.startswith("kubernetes:") and not self.type.startswith(("kubernetes:helm", "kubernetes:yaml"))

    @property
    def is_chart(self) -> bool:
        return self.type.startswith("kubernetes:helm")


def outermost(resource: Resource, resources: Mapping[str, Resource]) -> Resource | None:
    """The outermost component that a resource belongs to, or None."""
    component, current = None, resource
    while True:
        if not current.custom:
            component = current
        if current.parent not in resources:
            return component
        current = resources[current.parent]


@dataclass(frozen=True)
class Graph:
    """All that one stage registers, in the order of registration."""

    project: str
    stack: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self.resources)

    def by_urn(self) -> dict[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    def of_type(self, type_: str) -> list[Resource]:
        """Resources whose type token is, or ends in, ``type_``: ``Deployment`` or the whole token."""
        return [r for r in self.resources if r.type == type_ or r.type.rsplit(":", 1)[-1] == type_]

    def one(self, type_: str, name: str | None = None) -> Resource:
        """The only resource of that type (and name).

        Raises:
            LookupError: there is none, or more than one. The message lists the names of that type.
        """
        matches = [r for r in self.of_type(type_) if name in (None, r.name)]
        if len(matches) != 1:
            raise LookupError(
                f"{len(matches)} of {type_} {name or ''}, of {sorted(r.name for r in self.of_type(type_))}"
            )
        return matches[0]
