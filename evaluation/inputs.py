"""Looking into the inputs of a resource."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def at(values: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path, or ``default`` if there is none.

    If the path goes through a list, it is the list of the values that the items have at the rest of the path.
    """
    for part in path.split("."):
        if isinstance(values, list):
            values = [item.get(part) for item in values if isinstance(item, Mapping)]
        else:
            values = values.get(part) if isinstance(values, Mapping) else None
    return default if values is None else values


def items(values: Any, path: str) -> Sequence[Any]:
    """The list at a dotted path. It is empty if there is none."""
    value = at(values, path, ())
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def is_true(value: Any) -> bool:
    """True for True and for the text ``true``, because some providers take booleans as texts."""
    return value is True or value == "true"
