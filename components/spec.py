"""What an app is: the fields of an app file, typed. In YAML ``from_`` is ``from``; underscores are dashes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import ClassVar, Literal

Kind = Literal["web", "worker", "job", "cron"]
Need = Literal["database", "broker", "mail"]

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NAME_MAX = 30  # leaves room in the names made of it: stage, role and hash
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
QUANTITY_CPU = re.compile(r"[1-9]\d*m|[1-9]\d*|\d+\.\d+")
QUANTITY_MEMORY = re.compile(r"[1-9]\d*(Ki|Mi|Gi)")
SCHEDULE = re.compile(r"@(hourly|daily|midnight|weekly|monthly|yearly|annually)|\S+( \S+){4}")

# What `${…}` may stand for in the templates of `needs`, and the default variables made of it.
SETTINGS: Mapping[Need, tuple[str, ...]] = {
    "database": ("url", "host", "port", "name", "user", "password", "sslmode"),
    "broker": ("url", "host", "port", "user", "password", "tls"),
    "mail": ("host", "port"),
}
PREFIXES: Mapping[Need, str] = {"database": "DATABASE", "broker": "BROKER", "mail": "SMTP"}


def yaml_key(name: str) -> str:
    """How a field is written in YAML: ``from_`` is ``from``, ``storage_gib`` is ``storage-gib``."""
    return name.rstrip("_").replace("_", "-")


class Strict:
    """Read by pydantic from these plain dataclasses: unknown keys are refused, keys are kebab-case."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "alias_generator": yaml_key, "validate_by_name": True}


@dataclass(frozen=True, kw_only=True)
class Resources(Strict):
    """Memory is request and limit at once; CPU is a request only, so that idle CPU can be used."""

    cpu: str = "250m"
    memory: str = "512Mi"

    def __post_init__(self) -> None:
        if not QUANTITY_CPU.fullmatch(self.cpu):
            raise ValueError(f"cpu: {self.cpu!r} is not a Kubernetes quantity: write millicores such as 250m, or cores")
        if not QUANTITY_MEMORY.fullmatch(self.memory):
            raise ValueError(f"memory: {self.memory!r} is not a Kubernetes quantity: write it such as 512Mi or 2Gi")

    @property
    def millicores(self) -> int:
        return int(self.cpu[:-1]) if self.cpu.endswith("m") else round(float(self.cpu) * 1000)

    @property
    def mebibytes(self) -> int:
        number, unit = int(self.memory[:-2]), self.memory[-2:]
        return {"Ki": -(-number // 1024), "Mi": number, "Gi": number * 1024}[unit]


@dataclass(frozen=True, kw_only=True)
class Replicas(Strict):
    """``min`` pods, or as many up to ``max`` as keep the average CPU at ``cpu`` per cent of what is requested."""

    min: int = 1
    max: int | None = None
    cpu: int = 70

    def __post_init__(self) -> None:
        if self.min < 1:
            raise ValueError(f"min: {self.min} is less than 1: to stop an app, take it out of wharf:apps")
        if self.max is not None and self.max < self.min:
            raise ValueError(f"max: {self.max} is less than min {self.min}")
        if not 1 <= self.cpu <= 100:
            raise ValueError(f"cpu: {self.cpu} is not a percentage from 1 to 100")

    @property
    def autoscaled(self) -> bool:
        return self.max is not None and self.max > self.min


@dataclass(frozen=True, kw_only=True)
class Health(Strict):
    """Paths that answer 2xx or 3xx; where one is left out, a TCP connection to the port is the probe."""

    live: str | None = None
    ready: str | None = None

    def __post_init__(self) -> None:
        for key, path in (("live", self.live), ("ready", self.ready)):
            if path is not None and not path.startswith("/"):
                raise ValueError(f"{key}: {path!r} is not a path: it starts with /")


@dataclass(frozen=True, kw_only=True)
class Route(Strict):
    """Where the app is reached from outside: ``host`` under the stage's domain, and a path prefix."""

    host: str
    path: str = "/"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|@", self.host):
            raise ValueError(
                f"host: {self.host!r} is not one DNS label: the stage's domain is added, and @ is the domain itself"
            )
        if not self.path.startswith("/"):
            raise ValueError(f"path: {self.path!r} does not start with /")


@dataclass(frozen=True, kw_only=True)
class Permission(Strict):
    """One statement of the app's IAM role."""

    actions: Sequence[str]
    resources: Sequence[str]

    def __post_init__(self) -> None:
        for action in self.actions:
            if not re.fullmatch(r"[a-z0-9-]+:[A-Za-z]+\*?", action):
                raise ValueError(f"actions: {action!r} is not service:Action; a bare * is not given to apps")
        if not self.actions or not self.resources:
            raise ValueError("actions: a permission names at least one action and one resource")


Needs = Mapping[Need, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class AppSpec(Strict):
    """An app as its file and its stage describe it; see ``docs/apps.md`` for each field."""

    name: str
    image: str
    version: str
    kind: Kind
    schedule: str | None = None
    command: Sequence[str] = ()
    args: Sequence[str] = ()
    port: int | None = None
    service: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    writable: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    replicas: Replicas = field(default_factory=Replicas)
    health: Health = field(default_factory=Health)
    route: Route | None = None
    from_: Sequence[str] = ()
    permissions: Sequence[Permission] = ()
    before: Sequence[str] = ()

    def __post_init__(self) -> None:
        if problems := [*_shape_problems(self), *_variable_problems(self), *_template_problems(self)]:
            raise ValueError("\n".join(problems))

    @property
    def serves(self) -> bool:
        """True where other apps or a route reach it by a Service."""
        return self.port is not None and self.kind in ("web", "worker")

    @property
    def runs_always(self) -> bool:
        return self.kind in ("web", "worker")

    @property
    def service_name(self) -> str:
        return self.service or self.name

    @property
    def image_reference(self) -> str:
        """``repository:tag``, ``repository:tag@sha256:…`` or ``repository@sha256:…``."""
        separator = "" if self.version.startswith("@") else ":"
        return f"{self.image}{separator}{self.version}"

    @property
    def version_label(self) -> str:
        """The version as a label value: the tag, or the start of the digest."""
        tag, _, digest = self.version.partition("@")
        return re.sub(r"[^A-Za-z0-9._-]", "-", tag or digest.removeprefix("sha256:"))[:63].strip("-._")

    @property
    def pulls_always(self) -> bool:
        """A tag that moves is fetched at every start; a version is not."""
        return "@sha256:" not in self.version and self.version in ("latest", "main", "master", "dev")


def _shape_problems(app: AppSpec) -> list[str]:
    problems = []
    if not NAME.fullmatch(app.name) or len(app.name) > NAME_MAX:
        problems.append(f"name: {app.name!r} is not a DNS label of at most {NAME_MAX} characters")
    if app.service and (not NAME.fullmatch(app.service) or len(app.service) > 63):
        problems.append(f"service: {app.service!r} is not a DNS label of at most 63 characters")
    if ":" in app.image.rsplit("/", 1)[-1] or "@" in app.image:
        problems.append(
            f"image: {app.image!r} carries a version: that is the stage's, in wharf:apps.{app.name}.version"
        )
    if app.kind == "web" and app.port is None:
        problems.append("port: a web app needs one")
    if app.port is not None and not 1 <= app.port <= 65535:
        problems.append(f"port: {app.port} is not from 1 to 65535")
    if app.route and not app.serves:
        problems.append("route: only an app with a port can have one")
    if app.from_ and not app.serves:
        problems.append("from: only an app with a port can be called")
    if (app.kind == "cron") != (app.schedule is not None):
        problems.append("schedule: a cron app has one, and only a cron app")
    if app.schedule is not None and not SCHEDULE.fullmatch(app.schedule):
        problems.append(f"schedule: {app.schedule!r} is not five fields of cron, or @daily and the like")
    if app.kind in ("job", "cron") and (app.replicas.min > 1 or app.replicas.autoscaled):
        problems.append(f"replicas: a {app.kind} runs once")
    if app.user is not None and app.user < 1:
        problems.append("user: 0 is root, which no app runs as; name the image's numeric user")
    problems += [f"writable: {path!r} is not an absolute path" for path in app.writable if not path.startswith("/")]
    problems += [f"files: {path!r} is not an absolute path" for path in app.files if not path.startswith("/")]
    return problems


def _variable_problems(app: AppSpec) -> list[str]:
    problems = []
    bound = [name for need in app.needs for name in variables(need, app.needs[need])]
    for name in [*app.env, *app.secrets, *bound]:
        if not VARIABLE.fullmatch(name):
            problems.append(f"env: {name!r} is not the name of an environment variable")
    seen: set[str] = set()
    for name in [*app.env, *app.secrets, *bound]:
        if name in seen:
            problems.append(f"env: {name} is set twice, by env, secrets or needs")
        seen.add(name)
    return problems


def _template_problems(app: AppSpec) -> list[str]:
    problems = []
    for need, templates in app.needs.items():
        for variable, template in templates.items():
            if not Template(template).is_valid():
                problems.append(f"needs.{need}.{variable}: a $ stands before ${{name}} only; write $$ for a plain one")
                continue
            for unknown in sorted(set(Template(template).get_identifiers()) - set(SETTINGS[need])):
                known = ", ".join(f"${{{name}}}" for name in SETTINGS[need])
                problems.append(f"needs.{need}.{variable}: ${{{unknown}}} is not known: there are {known}")
    return problems


def variables(need: Need, templates: Mapping[str, str]) -> Mapping[str, str]:
    """Environment variables to templates: those that the app states, or the default ones, such as DATABASE_HOST."""
    return templates or {f"{PREFIXES[need]}_{setting.upper()}": f"${{{setting}}}" for setting in SETTINGS[need]}
