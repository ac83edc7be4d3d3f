"""Generated values of a local stage without an engine, such as passwords. Only the owner can read their file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.machine.files import write_private
from evaluation.graph import Resource, reveal
from evaluation.placeholders import ALPHANUMERIC, Placeholders, random_outputs
from stacks.errors import UserError


class Kept(Placeholders):
    """Answers with real values for random resources.

    A value comes from the file. It is generated if the file has none, or if the inputs of the resource have changed.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._values: dict[str, dict[str, str]] = _read(file)
        self._used: set[str] = set()

    def created(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        if resource.type.startswith("random:"):
            return random_outputs(resource, lambda length: self._value(resource, length))
        return super().created(resource)

    def _value(self, resource: Resource, length: int) -> str:
        """The value of a resource. It stays the same as long as the inputs of the resource do."""
        made_from = json.dumps(reveal(dict(resource.inputs)), sort_keys=True)
        self._used.add(resource.urn)
        kept = self._values.get(resource.urn)
        if kept is None or kept["from"] != made_from:
            value = "".join(secrets.choice(ALPHANUMERIC) for _ in range(length))
            kept = self._values[resource.urn] = {"from": made_from, "value": value}
        return kept["value"]

    def save(self) -> None:
        """Writes the values that are in use. The file is written whole or not at all. Only its owner can read it."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = {urn: value for urn, value in self._values.items() if urn in self._used}
        write_private(self._file, json.dumps(kept, indent=1))


def _read(file: Path) -> dict[str, dict[str, str]]:
    if not file.is_file():
        return {}
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(values, dict) and all({"from", "value"} <= set(value) for value in values.values()):
            return values
    except (ValueError, TypeError):
        pass
    raise UserError(
        f"{file} is damaged, and it contains the local stage's passwords: restore it, or `wharf down` "
        "the stage and start again"
    )
