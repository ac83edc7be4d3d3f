"""Converts between the protobuf structs that the Pulumi SDK sends and plain Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from evaluation.graph import Secret

_SIGNATURE = rpc._special_sig_key
_SECRET = rpc._special_secret_sig
_RESOURCE = rpc._special_resource_sig
_OUTPUT = rpc._special_output_value_sig


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties as plain values; a secret tree has a `Secret` at every leaf, so its keys stay visible."""
    return {key: _from_value(value, secret=False) for key, value in sorted(struct.fields.items())}


def _from_value(value: struct_pb2.Value, *, secret: bool) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _from_struct_value(value.struct_value, secret=secret)
    if kind == "list_value":
        return [_from_value(item, secret=secret) for item in value.list_value.values]
    leaf = None if kind in (None, "null_value") else getattr(value, kind)
    if isinstance(leaf, float) and leaf.is_integer():
        leaf = int(leaf)
    return Secret(leaf) if secret and leaf is not None else leaf


def _from_struct_value(struct: struct_pb2.Struct, *, secret: bool) -> Any:
    fields = struct.fields
    signature = fields[_SIGNATURE].string_value if _SIGNATURE in fields else ""
    if signature == _SECRET:
        return _from_value(fields["value"], secret=True)
    if signature == _OUTPUT:
        return _from_value(fields["value"], secret=secret or fields["secret"].bool_value)
    if signature == _RESOURCE:
        return fields["urn"].string_value
    return {key: _from_value(item, secret=secret) for key, item in sorted(fields.items())}


def to_struct(values: Mapping[str, Any], base: struct_pb2.Struct | None = None) -> struct_pb2.Struct:
    """``values`` over a copy of ``base``; a `Secret` is wrapped as the SDK expects it."""
    struct = struct_pb2.Struct()
    if base is not None:
        struct.CopyFrom(base)
    for key, value in values.items():
        struct.fields[key].CopyFrom(_to_value(value))
    return struct


def _to_value(value: Any) -> struct_pb2.Value:
    if isinstance(value, Secret):
        wrapped = {_SIGNATURE: _SECRET, "value": value.value}
        return struct_pb2.Value(struct_value=to_struct(wrapped))
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value))
    if isinstance(value, (list, tuple)):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    return struct_pb2.Value(string_value=str(value))
