"""The fields of an app file that have fields of their own: resources, replicas, health, route and permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from components.shared.refusal import Refusal, require

HOST = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|@")
URL_PATH = re.compile(r"/|(/[-A-Za-z0-9._~]+)+/?")
ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+\*?")
QUANTITY_CPU = re.compile(r"[1-9][0-9]*m?|[0-9]+\.[0-9]{1,3}")
QUANTITY_MEMORY = re.compile(r"[1-9][0-9]*(Ki|Mi|Gi)")
REPLICAS_MAX = 2**31 - 1  # Kubernetes counts replicas in 32 bits


def yaml_key(name: str) -> str:
    """The name of a field in YAML: ``from_`` is ``from``, ``storage_gib`` is ``storage-gib``."""
    return name.rstrip("_").replace("_", "-")


class Fields:
    """Fields of an app file. Pydantic reads them: it refuses unknown keys, and keys are kebab-case."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "alias_generator": yaml_key}

    def __post_init__(self) -> None:
        require(self.limits())

    def limits(self) -> Iterator[Refusal]:
        """What is wrong with the values. Their types are checked before."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class Resources(Fields):
    """``memory`` is both the request and the limit. ``cpu`` is only a request, so that an app can use idle CPU."""

    cpu: str = "250m"
    memory: str = "512Mi"

    def limits(self) -> Iterator[Refusal]:
        if not QUANTITY_CPU.fullmatch(self.cpu) or self.millicores == 0:
            yield Refusal("cpu", f"{self.cpu!r} is not a Kubernetes quantity: write millicores such as 250m, or cores")
        if not QUANTITY_MEMORY.fullmatch(self.memory):
            yield Refusal("memory", f"{self.memory!r} is not a Kubernetes quantity: write it such as 512Mi or 2Gi")

    @property
    def millicores(self) -> int:
        return int(self.cpu[:-1]) if self.cpu.endswith("m") else round(float(self.cpu) * 1000)

    @property
    def mebibytes(self) -> int:
        number, unit = int(self.memory[:-2]), self.memory[-2:]
        return {"Ki": -(-number // 1024), "Mi": number, "Gi": number * 1024}[unit]


@dataclass(frozen=True, kw_only=True)
class Replicas(Fields):
    """``min`` pods. With ``max``, more pods when the average CPU use is over ``cpu`` per cent of the request."""

    min: int = 1
    max: int | None = None
    cpu: int = 70

    def limits(self) -> Iterator[Refusal]:
        if self.min < 1:
            yield Refusal("min", f"{self.min} is less than 1: to stop an app, remove it from wharf:apps")
        if self.max is not None and self.max < self.min:
            yield Refusal("max", f"{self.max} is less than min {self.min}")
        for key, value in (("min", self.min), ("max", self.max)):
            if value is not None and value > REPLICAS_MAX:
                yield Refusal(key, f"{value} is more than {REPLICAS_MAX}, the most that Kubernetes allows")
        if not 1 <= self.cpu <= 100:
            yield Refusal("cpu", f"{self.cpu} is not a percentage from 1 to 100")

    @property
    def autoscaled(self) -> bool:
        return self.max is not None and self.max > self.min


@dataclass(frozen=True, kw_only=True)
class Health(Fields):
    """Paths that answer 2xx or 3xx. If one is left out, its probe opens a TCP connection to the port."""

    live: str | None = None
    ready: str | None = None

    def limits(self) -> Iterator[Refusal]:
        for key, path in (("live", self.live), ("ready", self.ready)):
            if path is not None and not path.startswith("/"):
                yield Refusal(key, f"{path!r} is not a path: it starts with /")


@dataclass(frozen=True, kw_only=True)
class Route(Fields):
    """Where the app is reached from outside: ``host`` under the stage's domain, and a path prefix."""

    host: str
    path: str = "/"

    def limits(self) -> Iterator[Refusal]:
        if not HOST.fullmatch(self.host):
            yield Refusal(
                "host",
                f"{self.host!r} is not one DNS label: write what comes before the stage's domain, or @ for the domain",
            )
        if not URL_PATH.fullmatch(self.path):
            yield Refusal("path", f"{self.path!r} is not a path such as / or /api: letters, digits and . _ ~ - only")

    @property
    def address(self) -> str:
        """The host and the path prefix, which no two apps may share. ``/api`` and ``/api/`` are the same prefix."""
        return f"{self.host}{self.path.rstrip('/')}/"


@dataclass(frozen=True, kw_only=True)
class Permission(Fields):
    """One statement of the app's IAM role."""

    actions: Sequence[str]
    resources: Sequence[str]

    def limits(self) -> Iterator[Refusal]:
        for action in self.actions:
            if not ACTION.fullmatch(action):
                yield Refusal(
                    "actions", f"{action!r} is not service:Action, such as s3:GetObject; an app cannot have a bare *"
                )
        if not self.actions or not self.resources:
            yield Refusal("actions", "a permission needs at least one action and one resource")
