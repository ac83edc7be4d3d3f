"""What an app is: the fields of an app file, typed. In YAML ``from_`` is ``from``; underscores are dashes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from components.apps.needs import Needs, template_problems, variables
from components.apps.schedule import schedule_problem

Kind = Literal["web", "worker", "job", "cron"]

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NAME_MAX = 30  # leaves room in the names made of it: stage, role and hash
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?(?=.){LABEL_VALUE.pattern}")
LABELS_OF_OURS = re.compile(r"environment|(app\.kubernetes\.io|wharf\.dev|applyset\.kubernetes\.io)/.*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[-A-Za-z0-9._@+]+)+")
URL_PATH = re.compile(r"/|(/[-A-Za-z0-9._~]+)+/?")
IMAGE = re.compile(r"[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+|[a-z0-9]+([._-]+[a-z0-9]+)*")
VERSION = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?")
USER_MAX = 2**31 - 1
REPLICAS_MAX = 2**31 - 1  # what Kubernetes counts them with
VARIABLE_MAX = 128 * 1024 - 1  # bytes of NAME=value with which Linux starts a process: MAX_ARG_STRLEN, less its NUL
QUANTITY_CPU = re.compile(r"[1-9][0-9]*m?|[0-9]+\.[0-9]{1,3}")
QUANTITY_MEMORY = re.compile(r"[1-9][0-9]*(Ki|Mi|Gi)")
MOVING_TAGS = ("latest", "main", "master", "dev")


def yaml_key(name: str) -> str:
    """How a field is written in YAML: ``from_`` is ``from``, ``storage_gib`` is ``storage-gib``."""
    return name.rstrip("_").replace("_", "-")


class Strict:
    """Read by pydantic from these plain dataclasses: unknown keys are refused, keys are kebab-case."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "alias_generator": yaml_key}


@dataclass(frozen=True, kw_only=True)
class Resources(Strict):
    """Memory is request and limit at once; CPU is a request only, so that idle CPU can be used."""

    cpu: str = "250m"
    memory: str = "512Mi"

    def __post_init__(self) -> None:
        if not QUANTITY_CPU.fullmatch(self.cpu) or self.millicores == 0:
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
        for key, value in (("min", self.min), ("max", self.max)):
            if value is not None and value > REPLICAS_MAX:
                raise ValueError(f"{key}: {value} is more than {REPLICAS_MAX}, which is as far as Kubernetes counts")
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
        if not URL_PATH.fullmatch(self.path):
            raise ValueError(f"path: {self.path!r} is not a path such as / or /api: letters, digits and . _ ~ - only")

    @property
    def address(self) -> str:
        """What no two apps may share; a slash at the end makes no other prefix."""
        return f"{self.host}{self.path.rstrip('/')}/"


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
    after: Sequence[str] = ()

    def __post_init__(self) -> None:
        problems = [
            *_image_problems(self),
            *_kind_problems(self),
            *_path_problems(self),
            *_label_problems(self),
            *_variable_problems(self),
            *template_problems(self.needs),
        ]
        if problems:
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
        return self.version in MOVING_TAGS


def file_key(path: str) -> str:
    """The key of the app's Secret under which the content of this file is kept."""
    return "file" + path.replace("/", ".")


def _image_problems(app: AppSpec) -> Iterator[str]:
    if ":" in app.image.rsplit("/", 1)[-1] or "@" in app.image:
        yield f"image: {app.image!r} carries a version: that is the stage's, in wharf:apps.{app.name}.version"
    elif not IMAGE.fullmatch(app.image):
        yield f"image: {app.image!r} is not the name of an image, such as docker.io/library/nginx"
    if not app.version or not VERSION.fullmatch(app.version):
        yield f"version: {app.version!r} is not a tag, or a tag with @sha256: and 64 hexadecimal digits"
    if app.user is not None and not 1 <= app.user <= USER_MAX:
        root = "0 is root, which no app runs as" if app.user == 0 else f"{app.user} is not from 1 to {USER_MAX}"
        yield f"user: {root}: name the image's numeric user"
    for command in app.before:
        try:
            words = shlex.split(command)
        except ValueError as error:
            yield f"before: {command!r} cannot be split into words, as a shell would: {error}"
        else:
            if not words:
                yield "before: a command is empty"


def _kind_problems(app: AppSpec) -> Iterator[str]:
    if not NAME.fullmatch(app.name) or len(app.name) > NAME_MAX:
        yield f"name: {app.name!r} is not a DNS label of at most {NAME_MAX} characters: a-z, 0-9 and -"
    if app.service is not None and (not NAME.fullmatch(app.service) or len(app.service) > 63):
        yield f"service: {app.service!r} is not a DNS label of at most 63 characters: a-z, 0-9 and -"
    if app.port is not None and not 1 <= app.port <= 65535:
        yield f"port: {app.port} is not from 1 to 65535"
    if app.kind == "web" and app.port is None:
        yield "port: is missing: a web app listens on one"
    if not app.serves:
        for key, value in (("service", app.service), ("route", app.route), ("from", app.from_)):
            if value:
                yield f"{key}: only a web app or a worker with a port can have one"
    if app.kind == "cron" and app.schedule is None:
        yield "schedule: is missing: a cron app runs by one, such as '30 4 * * *'"
    if app.schedule is not None:
        problem = schedule_problem(app.schedule) if app.kind == "cron" else "only a cron app has one: take it out"
        if problem:
            yield f"schedule: {problem}"
    if not app.runs_always and (app.replicas.min > 1 or app.replicas.autoscaled):
        yield f"replicas: a {app.kind} runs once: take it out"


def _path_problems(app: AppSpec) -> Iterator[str]:
    for key, paths in (("writable", app.writable), ("files", app.files)):
        for path in paths:
            if not PATH.fullmatch(path):
                yield f"{key}: {path!r} is not an absolute path such as /data: letters, digits and . _ @ + - only"
    for path in sorted(set(app.files) & {"/tmp", *app.writable}):  # noqa: S108 the pod's own
        yield f"files: {path} is a writable folder too: choose another path for one of them"
    for path in app.files:
        if below := [other for other in app.files if other.startswith(f"{path}/")]:
            yield f"files: {path} is a file, and {below[0]} would be in it: choose another path for one of them"
    by_key: dict[str, str] = {}
    for path in app.files:
        if (other := by_key.setdefault(file_key(path), path)) != path:
            yield f"files: {other} and {path} would have one key in the Secret: rename one of them"


def _label_problems(app: AppSpec) -> Iterator[str]:
    for key, value in app.labels.items():
        if LABELS_OF_OURS.fullmatch(key):
            yield f"labels: {key} is the platform's own: choose another key"
        elif not LABEL_KEY.fullmatch(key) or len(key.rsplit("/", 1)[-1]) > 63:
            yield f"labels: {key!r} is not the key of a label, such as team or example.com/team"
        if not LABEL_VALUE.fullmatch(value):
            yield f"labels: {value!r} is not the value of a label: at most 63 letters, digits and . _ -"


def _variable_problems(app: AppSpec) -> Iterator[str]:
    bound = [name for need in app.needs for name in variables(need, app.needs[need])]
    for name, value in app.env.items():
        if len(f"{name}={value}".encode()) > VARIABLE_MAX:
            yield f"env: {name} is longer than the {VARIABLE_MAX} bytes that Linux starts a process with: use a file"
    seen: set[str] = set()
    for name in [*app.env, *app.secrets, *bound]:
        if not VARIABLE.fullmatch(name):
            yield f"env: {name!r} is not the name of an environment variable"
        elif name in seen:
            yield f"env: {name} is set twice, by env, secrets or needs: take one out"
        seen.add(name)
