"""The fields of an app file, with their types. In YAML, ``from_`` is ``from``, and underscores are dashes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from components.apps.fields import Fields, Health, Permission, Replicas, Resources, Route
from components.apps.needs import Needs
from components.apps.schedule import schedule_problem
from components.shared.refusal import Refusal

Kind = Literal["web", "worker", "job", "cron"]

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NAME_MAX = 30  # longer names are made of it, with the stage, a role and a hash
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
LABEL_KEY = re.compile(rf"([a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?/)?(?=.){LABEL_VALUE.pattern}")
LABELS_OF_OURS = re.compile(r"environment|(app\.kubernetes\.io|wharf\.dev|applyset\.kubernetes\.io)/.*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[-A-Za-z0-9._@+]+)+")
IMAGE = re.compile(r"[a-zA-Z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+|[a-z0-9]+([._-]+[a-z0-9]+)*")
VERSION = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[a-f0-9]{64})?")
USER_MAX = 2**31 - 1
VARIABLE_MAX = 128 * 1024 - 1  # bytes of NAME=value: the MAX_ARG_STRLEN of Linux, without the NUL at its end
MOVING_TAGS = ("latest", "main", "master", "dev")


@dataclass(frozen=True, kw_only=True)
class AppSpec(Fields):
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

    def limits(self) -> Iterator[Refusal]:
        yield from _image_limits(self)
        yield from _kind_limits(self)
        yield from _path_limits(self)
        yield from _label_limits(self)
        yield from _variable_limits(self)

    @property
    def serves(self) -> bool:
        """Whether the app has a Service, through which other apps and a route reach it."""
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
        """Whether each start of a pod pulls the image again. Only a tag that moves needs this."""
        return self.version in MOVING_TAGS


def file_key(path: str) -> str:
    """The key in the app's Secret that holds the content of this file."""
    return "file" + path.replace("/", ".")


def _image_limits(app: AppSpec) -> Iterator[Refusal]:
    if ":" in app.image.rsplit("/", 1)[-1] or "@" in app.image:
        yield Refusal(
            "image", f"{app.image!r} contains a version: move it into the stage file, to wharf:apps.{app.name}.version"
        )
    elif not IMAGE.fullmatch(app.image):
        yield Refusal("image", f"{app.image!r} is not the name of an image, such as docker.io/library/nginx")
    if not app.version or not VERSION.fullmatch(app.version):
        yield Refusal("version", f"{app.version!r} is not a tag, or a tag with @sha256: and 64 hexadecimal digits")
    if app.user is not None and not 1 <= app.user <= USER_MAX:
        root = "0 is root, and no app may run as root" if app.user == 0 else f"{app.user} is not from 1 to {USER_MAX}"
        yield Refusal("user", f"{root}: write the number of the image's user")
    for command in app.before:
        try:
            words = shlex.split(command)
        except ValueError as error:
            yield Refusal("before", f"{command!r} cannot be split into words, as a shell would: {error}")
        else:
            if not words:
                yield Refusal("before", "a command is empty")


def _kind_limits(app: AppSpec) -> Iterator[Refusal]:
    if not NAME.fullmatch(app.name) or len(app.name) > NAME_MAX:
        yield Refusal("name", f"{app.name!r} is not a DNS label of at most {NAME_MAX} characters: a-z, 0-9 and -")
    if app.service is not None and (not NAME.fullmatch(app.service) or len(app.service) > 63):
        yield Refusal("service", f"{app.service!r} is not a DNS label of at most 63 characters: a-z, 0-9 and -")
    if app.port is not None and not 1 <= app.port <= 65535:
        yield Refusal("port", f"{app.port} is not from 1 to 65535")
    if app.kind == "web" and app.port is None:
        yield Refusal("port", "is missing: a web app needs the port on which it listens")
    if not app.serves:
        for key, value in (("service", app.service), ("route", app.route), ("from", app.from_)):
            if value:
                yield Refusal(key, "only a web app or a worker with a port can have one")
    if app.kind == "cron" and app.schedule is None:
        yield Refusal("schedule", "is missing: a cron app needs one, such as '30 4 * * *'")
    if app.schedule is not None:
        problem = schedule_problem(app.schedule) if app.kind == "cron" else "only a cron app has one: remove it"
        if problem:
            yield Refusal("schedule", problem)
    if not app.runs_always and (app.replicas.min > 1 or app.replicas.autoscaled):
        yield Refusal("replicas", f"a {app.kind} runs once: remove it")


def _path_limits(app: AppSpec) -> Iterator[Refusal]:
    for key, paths in (("writable", app.writable), ("files", app.files)):
        for path in paths:
            if not PATH.fullmatch(path):
                yield Refusal(
                    key, f"{path!r} is not an absolute path such as /data: letters, digits and . _ @ + - only"
                )
    for path in sorted(set(app.files) & {"/tmp", *app.writable}):  # noqa: S108 the pod's own
        yield Refusal("files", f"{path} is a writable folder too: choose another path for one of them")
    for path in app.files:
        if below := [other for other in app.files if other.startswith(f"{path}/")]:
            yield Refusal(
                "files", f"{path} is a file, and {below[0]} would be in it: choose another path for one of them"
            )
    by_key: dict[str, str] = {}
    for path in app.files:
        if (other := by_key.setdefault(file_key(path), path)) != path:
            yield Refusal("files", f"{other} and {path} would get the same key in the Secret: rename one of them")


def _label_limits(app: AppSpec) -> Iterator[Refusal]:
    for key, value in app.labels.items():
        if LABELS_OF_OURS.fullmatch(key):
            yield Refusal("labels", f"{key} is a label that Wharf sets: choose another key")
        elif not LABEL_KEY.fullmatch(key) or len(key.rsplit("/", 1)[-1]) > 63:
            yield Refusal("labels", f"{key!r} is not the key of a label, such as team or example.com/team")
        if not LABEL_VALUE.fullmatch(value):
            yield Refusal("labels", f"{value!r} is not the value of a label: at most 63 letters, digits and . _ -")


def _variable_limits(app: AppSpec) -> Iterator[Refusal]:
    bound = [name for templates in app.needs.values() for name in templates]
    for name, value in app.env.items():
        if len(f"{name}={value}".encode()) > VARIABLE_MAX:
            yield Refusal(
                "env", f"{name} is longer than the {VARIABLE_MAX} bytes that Linux allows for a variable: use a file"
            )
    seen: set[str] = set()
    for name in [*app.env, *app.secrets, *bound]:
        if not VARIABLE.fullmatch(name):
            yield Refusal("env", f"{name!r} is not the name of an environment variable")
        elif name in seen:
            yield Refusal("env", f"{name} is set twice, by env, secrets or needs: remove one")
        seen.add(name)
