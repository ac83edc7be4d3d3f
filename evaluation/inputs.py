"""Looking into the inputs of a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def at(values: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path, ``default`` where there is none; over a list, what its items have there."""
    for part in path.split("."):
        if isinstance(values, list):
            values = [item.get(part) for item in values if isinstance(item, Mapping)]
        else:
            values = values.get(part) if isinstance(values, Mapping) else None
    return default if values is None else values


def items(values: Any, path: str) -> Sequence[Any]:
    """The list at a dotted path, empty where there is none."""
    found = at(values, path, ())
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def is_true(value: Any) -> bool:
    """Some providers take booleans as texts."""
    return value is True or value == "true"
