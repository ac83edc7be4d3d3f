"""A section of a stage file, and the types that several sections use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from components.apps.fields import yaml_key


@dataclass(frozen=True)
class Matching:
    """The whole text must match ``pattern``. ``refusal`` is the message if not. The JSON Schema has the pattern too."""

    pattern: str
    refusal: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}

    def _checked(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"{value!r} {self.refusal}")
        return value


Version = Annotated[str, Matching(r"[0-9]+(\.[0-9]+)*", "is not a version such as 18 or 4.2")]
HostPort = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """In the file, keys have dashes: ``wharf:cluster.endpoint-access`` is `Cluster.endpoint_access`."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=yaml_key, validate_by_name=True)


class ServiceSection(Section):
    """The section of a service.

    If the service can keep its data, the section has a field ``keep``. If it has a port of this machine, the section
    has a field ``port``.
    """

    @property
    def keeps(self) -> bool:
        """Whether the stage protects the data against deletion by mistake."""
        return bool(getattr(self, "keep", False))

    @property
    def machine_port(self) -> int | None:
        """The port of this machine that the stage file sets."""
        return getattr(self, "port", None)
