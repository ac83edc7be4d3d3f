"""One AWS resource type: its id, ARN and outputs, and which of its properties can change in place."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from components.iam.documents import partition_of
from evaluation.inputs import at

Template = Any  # a string with {names}, any tree of them, or a function of Facts


class Facts(dict[str, Any]):
    """The names that a template may use: properties of the resource, and names in capitals.

    REGION, ACCOUNT and PARTITION say where the resource is. LOGICAL is its name in the program. UUID, IP, HEX1 to
    HEX64, DIGITS1 to DIGITS19 and UPPER1 to UPPER32 are made from the URN.
    """

    def __init__(self, urn: str, logical: str, properties: Mapping[str, Any], region: str, account: str) -> None:
        super().__init__(properties)
        self.hex = hashlib.sha256(urn.encode()).hexdigest()
        self.update(REGION=region, ACCOUNT=account, PARTITION=partition_of(region), LOGICAL=logical)
        digits = str(int(self.hex, 16))
        self["UUID"] = "-".join(
            (self.hex[:8], self.hex[8:12], "4" + self.hex[13:16], "8" + self.hex[17:20], self.hex[20:32])
        )
        self["IP"] = ".".join(str(1 + int(self.hex[i : i + 2], 16) % 254) for i in (0, 2, 4))
        alphabet = string.ascii_uppercase + "234567"
        self._of = {
            "HEX": self.hex,
            "DIGITS": digits.lstrip("0"),
            "UPPER": "".join(alphabet[byte % 32] for byte in hashlib.sha256(urn.encode()).digest()),
        }

    def __missing__(self, key: str) -> str:
        kind, length = key.rstrip(string.digits), key.lstrip(string.ascii_uppercase)
        if kind in self._of and length:
            return self._of[kind][: int(length)]
        raise LookupError(f"{self['LOGICAL']}: its outputs need {key}, which is not known")

    def fill(self, template: Any) -> Any:
        """``template`` with every ``{name}`` in it filled in, at any depth."""
        if callable(template):
            return template(self)
        if isinstance(template, str):
            return template.format_map(self)
        if isinstance(template, Mapping):
            return {key: self.fill(value) for key, value in template.items()}
        if isinstance(template, (list, tuple)):
            return [self.fill(item) for item in template]
        return template


def _merged(computed: Any, inputs: Any) -> Any:
    """``computed``, with the values of ``inputs`` in place of its own, at any depth."""
    if isinstance(computed, Mapping) and isinstance(inputs, Mapping):
        return {**computed, **{key: _merged(computed.get(key), value) for key, value in inputs.items()}}
    return computed if inputs is None else inputs


def _canonical(value: Any) -> Any:
    """The value with its lists sorted, for a comparison. The order of AWS's immutable lists has no meaning."""
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return sorted(
            (_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=repr)
        )
    return value


@dataclass(frozen=True)
class AwsType:
    """One row of the table.

    Attributes:
        token: Pulumi's name, such as ``aws:rds/instance:Instance``.
        source: the file of terraform-provider-aws (or the repository named in it) that the row is taken from.
        id: template of the resource's id (see `Facts`).
        arn: template of its ARN, "" where it has none.
        computed: templates of the other outputs. A value in the inputs replaces them.
        counter: the output that counts the resource's versions, "" for none. Its value is made from the inputs, so that
            it changes whenever they do.
        defaults: values that the provider adds if the program does not set them, and compares with what AWS has.
        auto_name: the property that Pulumi fills in if the program does not name the resource, "" for none.
        required: properties that must be set. A dotted path is required only if its block is set.
        one_of: groups of properties; exactly one of each group must be set.
        enums: the allowed values by dotted path. If the property is a list, they are those of its items.
        immutable: dotted paths of properties that cannot change in place.
        replaced: returns further paths that cannot change in place, from the old inputs to the new ones.
        holds: the data that is lost if the resource is deleted, "" for none.
        undeletable: returns why AWS would refuse to delete the resource, "" if it would not.
    """

    token: str
    _: KW_ONLY
    source: str
    id: Template
    arn: Template = ""
    computed: Mapping[str, Any] = field(default_factory=dict)
    counter: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    auto_name: str = ""
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    enums: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    immutable: tuple[str, ...] = ()
    replaced: Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[str, ...]] = lambda old, new: ()
    holds: str = ""
    undeletable: Callable[[Mapping[str, Any]], str] = lambda properties: ""

    @property
    def holds_data(self) -> bool:
        return bool(self.holds)

    def outputs(self, urn: str, name: str, inputs: Mapping[str, Any], region: str, account: str) -> dict[str, Any]:
        """All properties of the resource once it exists, ``id`` included; the same for the same arguments."""
        facts = Facts(urn, name, inputs, inputs.get("region") or region, account)
        if self.auto_name and not inputs.get(self.auto_name):
            prefix = inputs.get(f"{self.auto_name}Prefix") or f"{name}-"
            facts[self.auto_name] = prefix + facts["HEX7"]
        named = {self.auto_name: facts[self.auto_name]} if self.auto_name else {}
        facts["id"] = facts.fill(self.id)
        if self.arn:
            named["arn"] = facts["arn"] = facts.fill(self.arn)
        tags = {"tagsAll": inputs["tags"]} if "tags" in inputs else {}
        count = {self.counter: _version_of(inputs)} if self.counter else {}
        computed = {**tags, **count, **facts.fill(self.computed)}
        return {**_merged(computed, inputs), **named, "id": facts["id"]}

    def problems(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What AWS would refuse, as (property, reason). A value that is not known yet passes."""
        missing = [(path, "is required") for path in self.required if self._is_missing(inputs, path)]
        for group in self.one_of:
            set_paths = [path for path in group if at(inputs, path) is not None]
            if len(set_paths) != 1:
                missing.append(
                    (set_paths[-1] if set_paths else group[0], f"exactly one of {', '.join(group)} must be given")
                )
        return missing + [
            (path, f"{value!r} is none of {', '.join(map(str, allowed))}")
            for path, allowed in self.enums.items()
            for value in _flat(at(inputs, path))
            if isinstance(value, (str, int)) and value not in allowed
        ]

    @staticmethod
    def _is_missing(inputs: Mapping[str, Any], path: str) -> bool:
        block, _, last = path.rpartition(".")
        holder = at(inputs, block) if block else inputs
        if isinstance(holder, list):
            return any(isinstance(item, Mapping) and item.get(last) is None for item in holder)
        return isinstance(holder, Mapping) and holder.get(last) is None

    def replaces(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
        """The paths whose change replaces the resource. If there are none, the resource stays."""
        changed = [path for path in self.immutable if _canonical(at(old, path)) != _canonical(at(new, path))]
        return tuple(dict.fromkeys([*changed, *self.replaced(old, new)]))


def _version_of(inputs: Mapping[str, Any]) -> int:
    """A number that changes with the inputs. A change of the resource's own tags makes no new version."""
    content = {key: value for key, value in inputs.items() if key not in ("tags", "tagsAll")}
    text = json.dumps(content, sort_keys=True, default=repr)
    return 1 + int(hashlib.sha256(text.encode()).hexdigest()[:5], 16)


def _flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flat(item)] if isinstance(value, list) else [value]


def table(*rows: AwsType) -> dict[str, AwsType]:
    """Rows by their token.

    Raises:
        ValueError: a type has two rows.
    """
    by_token = {row.token: row for row in rows}
    if len(by_token) != len(rows):
        raise ValueError("a type has two rows")
    return by_token
