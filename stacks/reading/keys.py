"""Which keys are valid at which place of a stage file or an app file. They follow from the types of the models."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pydantic

from components.apps.fields import yaml_key


def known_keys(type_: Any, path: Sequence[int | str]) -> list[str]:
    """The keys that are valid at a path. The list is empty if every key is valid."""
    types_ = list(_structures(type_))
    for part in path:
        types_ = [inner for outer in types_ for inner in _structures(_members(outer).get(str(part), _item(outer)))]
    return sorted({key for structure in types_ for key in _members(structure)})


def _structures(type_: Any) -> Iterator[Any]:
    """The types that a value may have: the ones inside Optional, a union or Annotated."""
    origin = typing.get_origin(type_)
    if origin is typing.Annotated:
        yield from _structures(typing.get_args(type_)[0])
    elif origin in (typing.Union, types.UnionType):
        for member in typing.get_args(type_):
            yield from _structures(member)
    elif type_ is not None:
        yield type_


def _members(type_: Any) -> Mapping[str, Any]:
    """The keys of a model or a dataclass, with their types."""
    if isinstance(type_, type) and issubclass(type_, pydantic.BaseModel):
        return {yaml_key(name): field.annotation for name, field in type_.model_fields.items()}
    if isinstance(type_, type) and is_dataclass(type_):
        hints = typing.get_type_hints(type_)
        return {yaml_key(field.name): hints[field.name] for field in fields(type_)}
    return {}


def _item(type_: Any) -> Any:
    """The type of a list's items or of a map's values."""
    arguments = typing.get_args(type_)
    return arguments[-1] if arguments else None
