"""Converts a service of a compose file to an app, and lists what an app file cannot express."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stacks.errors import UserError
from stacks.reading.stage_file import read_yaml

# Images that a part of the platform replaces, by the part that an app needs instead.
STAND_INS = {
    "database": re.compile(r"(^|/)(postgres|postgis|postgresql)(-\w+)?$"),
    "broker": re.compile(r"(^|/)rabbitmq$"),
    "mail": re.compile(r"(^|/)(mailhog|mailpit|maildev|mailcatcher)$"),
}
_SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|SECRET_?KEY|TOKEN|API_?KEY|PRIVATE_?KEY)$", re.IGNORECASE)
_PROBE = re.compile(r"(?:https?://)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?(/[^\s'\"|;)]*)?")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?-([^}]*))?\}|\$(\w+)")
READ = {
    "image", "build", "ports", "expose", "environment", "volumes", "tmpfs", "healthcheck", "depends_on", "command",
    "entrypoint", "user", "deploy",
}  # fmt: skip
OF_THE_MACHINE = {"restart", "networks", "container_name", "hostname", "init", "stop_grace_period", "read_only"}
# The ports of well-known images. Compose files seldom name them, since compose opens every port between services.
KNOWN_PORTS = {"redis": 6379, "valkey": 6379, "memcached": 11211, "mysql": 3306, "mariadb": 3306, "mongo": 27017}
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Converted:
    """``fields`` are those of the app file. ``left`` lists what is still to be done by hand."""

    fields: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    callers: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def service(file: Path, name: str, app: str, image: str | None, port: int | None = None) -> Converted:
    """Converts a service of the file.

    Raises:
        UserError: there is no such service, a part of the platform replaces it, or it has no image.
    """
    services = read_yaml(file, str(file)).get("services")
    if not isinstance(services, Mapping) or name not in services:
        names = ", ".join(services) if isinstance(services, Mapping) else "none"
        raise UserError(f"{file}: there is no service {name!r}: there are {names}; --service names one")
    converter = _Service(services, name, app, image, port)
    converter.convert()
    return converter.result


class _Service:
    def __init__(self, services: Mapping[str, Any], name: str, app: str, image: str | None, port: int | None) -> None:
        self.services, self.name, self.app, self.image, self.port = services, name, app, image, port
        self.written: Mapping[str, Any] = services[name] or {}
        self.result = Converted()
        self.parts = {other: part for other in services if (part := stand_in(services[other] or {}))}

    def convert(self) -> None:
        if part := self.parts.get(self.name):
            raise UserError(
                f"{self.name} is a {part}, which the platform has: write `wharf:{part}: {{}}` in the stage file, and "
                f"`needs: [{part}]` in the apps"
            )
        self._image()
        self._port()
        self._process()
        self._variables()
        self._folders()
        self._health()
        self._needed()
        self._size()
        unread = [key for key in self.written if key not in READ | OF_THE_MACHINE and not key.startswith("x-")]
        self.result.left += [f"{key}: is not taken over" for key in unread]

    def _image(self) -> None:
        reference = self.image or _plain(str(self.written.get("image", "")))
        if not reference:
            raise UserError(f"{self.name} has no image: build and push it, then give --image NAME:VERSION")
        image, version = split(reference)
        if not version:
            raise UserError(f"{reference}: has no version: give --image {reference}:VERSION")
        self.result.fields["image"], self.result.version = image, version
        if "build" in self.written:
            self.result.left.append(f"build: is not taken over: build and push {image}:{version}")

    def _port(self) -> None:
        ports = [number for port in self.written.get("ports") or [] if (number := _container_port(port))]
        ports += [int(str(port).split("/")[0]) for port in self.written.get("expose") or []]
        known = KNOWN_PORTS.get(self.result.fields["image"].rpartition("/")[2])
        ports = [self.port] if self.port else ports or ([known] if known else [])
        self.result.fields["kind"] = "web" if ports else "worker"
        if ports:
            self.result.fields["port"] = ports[0]
            more = ", ".join(str(port) for port in dict.fromkeys(ports[1:]))
            if more:
                self.result.left.append(f"ports: an app has one, {ports[0]}; not taken over: {more}")
        elif self._dependents():
            self.result.left.append("port: other services call it, and the file names none: write port: and kind: web")

    def _process(self) -> None:
        for key, written in (("command", "entrypoint"), ("args", "command")):
            if words := _words(self.written.get(written)):
                self.result.fields[key] = words
        user = str(self.written.get("user", "")).split(":")[0]
        if user.isdecimal() and user != "0":
            self.result.fields["user"] = int(user)
        else:
            self.result.fields["user"] = 1000
            self.result.left.append(
                "user: 1000 is a guess: look it up, docker image inspect -f '{{.Config.User}}' IMAGE"
            )

    def _variables(self) -> None:
        for key, raw in _environment(self.written).items():
            value = _plain("" if raw is None else str(raw).lower() if isinstance(raw, bool) else str(raw))
            if bound := self._bound(key, value):
                part, template = bound
                self.result.fields.setdefault("needs", {}).setdefault(part, {})[key] = template
            elif not VARIABLE_NAME.fullmatch(key):
                self.result.left.append(f"environment: {key} cannot be a variable's name here: set it in the image")
            elif _SECRET_NAME.search(key):
                secret = f"{self.app}-{key.lower().replace('_', '-')}"
                self.result.fields.setdefault("secrets", {})[key] = secret
                self.result.secrets[secret] = value or "change-me"
            else:
                self.result.fields.setdefault("env", {})[key] = value

    def _bound(self, key: str, value: str) -> tuple[str, str] | None:
        """The part of the platform that a variable points to, and the template for its value."""
        for other, part in self.parts.items():
            if "://" in value and urlsplit(value).hostname == other:
                if part == "mail":
                    return part, "smtp://${host}:${port}"
                return part, "${url}"
            if value == other:
                return part, "${host}"
            if re.fullmatch(rf"{re.escape(other)}:\d+", value):
                return part, "${host}:${port}"
            if template := self._credential(other, key, value):
                return part, template
        return None

    def _credential(self, other: str, key: str, value: str) -> str | None:
        """The template for a password, a user or a database name that the service of the part has as a setting.

        A variable is recognised by its value, which is that of the setting, and by its name.
        """
        settings = _environment(self.services[other] or {})
        known = {
            "${password}": ("POSTGRES_PASSWORD", "RABBITMQ_DEFAULT_PASS", r"(PASSWORD|PASS|PASSWD)$"),
            "${user}": ("POSTGRES_USER", "RABBITMQ_DEFAULT_USER", r"(USER|USERNAME)$"),
            "${name}": ("POSTGRES_DB", "", r"(DB|NAME|DATABASE)$"),
        }
        prefixed = re.match(r"(POSTGRES|PG|DB|DATABASE|RABBITMQ|AMQP|BROKER)", key.upper())
        for template, (one, two, shape) in known.items():
            values = [_plain(str(settings[name])) for name in (one, two) if name in settings]
            if prefixed and value in values and re.search(shape, key.upper()):
                return template
        return None

    def _folders(self) -> None:
        tmpfs = self.written.get("tmpfs") or []
        folders = [str(path).split(":")[0] for path in ([tmpfs] if isinstance(tmpfs, str) else tmpfs)]
        for volume in self.written.get("volumes") or []:
            source, target = _volume(volume)
            if source.startswith((".", "/", "~", "$")):
                self.result.left.append(f"volumes: {source} on {target} is of your machine: put it into the image")
            else:
                folders.append(target)
                self.result.left.append(f"volumes: {target} can be written, and is empty at every start")
        if folders:
            self.result.fields["writable"] = list(dict.fromkeys(folders))

    def _health(self) -> None:
        check = self.written.get("healthcheck") or {}
        test = check.get("test")
        probe = _PROBE.search(test if isinstance(test, str) else " ".join(map(str, test or [])))
        if probe and self.result.fields["kind"] == "web":
            path = urlsplit(probe[1] or "/").path
            self.result.fields["health"] = {"live": path, "ready": path}
        elif test and not check.get("disable"):
            self.result.left.append("healthcheck: is a command; the probes of an app are HTTP paths, or a connection")

    def _needed(self) -> None:
        for other in _depends_on(self.written):
            if part := self.parts.get(other):
                needs = self.result.fields.setdefault("needs", {})
                if part not in needs:
                    needs[part] = {}
            else:
                self.result.left.append(f"depends_on: {other} is another app, whose `from` has to name {self.app}")
        if self.result.fields["kind"] == "web":
            self.result.callers = self._dependents()

    def _dependents(self) -> list[str]:
        return [other for other, written in self.services.items() if self.name in _depends_on(written or {})]

    def _size(self) -> None:
        deploy = self.written.get("deploy") or {}
        limits = (deploy.get("resources") or {}).get("limits") or {}
        sizes: dict[str, str] = {}
        if "cpus" in limits:
            sizes["cpu"] = f"{round(float(limits['cpus']) * 1000)}m"
        if memory := re.fullmatch(r"(\d+)\s*([kmg])b?", str(limits.get("memory", "")).lower()):
            sizes["memory"] = f"{memory[1]}{memory[2].upper()}i"
        if sizes:
            self.result.fields["resources"] = sizes
        if isinstance(deploy.get("replicas"), int) and deploy["replicas"] > 0:
            self.result.fields["replicas"] = {"min": deploy["replicas"]}
        self.result.left += [
            f"deploy.{key}: is not taken over" for key in deploy if key not in ("resources", "replicas")
        ]


def split(reference: str) -> tuple[str, str]:
    """The name and the version of an image reference. The version is ``tag``, ``tag@digest``, ``@digest`` or ""."""
    name, at, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, f"{at}{digest}"
    return head, f"{tag}{at}{digest}"


def stand_in(written: Mapping[str, Any]) -> str | None:
    image = split(str(written.get("image", "")))[0]
    return next((part for part, shape in STAND_INS.items() if shape.search(image)), None)


def _environment(written: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a service, which are a mapping or a list of NAME=value."""
    variables = written.get("environment") or {}
    if isinstance(variables, Mapping):
        return {str(key): value for key, value in variables.items()}
    pairs = (str(one).partition("=") for one in variables)
    return {key: value for key, _, value in pairs}


def _plain(value: str) -> str:
    """The value that compose uses if there is no .env: variables get their defaults, and `$$` becomes `$`."""
    parts = value.split("$$")
    return "$".join(_VARIABLE.sub(lambda match: match[2] or "", part) for part in parts)


def _words(value: Any) -> list[str]:
    if value is None:
        return []
    return shlex.split(_plain(value)) if isinstance(value, str) else [_plain(str(word)) for word in value]


def _container_port(port: Any) -> int | None:
    if isinstance(port, Mapping):
        port = port.get("target")
    match = re.search(r"(\d+)(?:-\d+)?(?:/tcp)?$", _plain(str(port)))
    return int(match[1]) if match else None


def _volume(volume: Any) -> tuple[str, str]:
    if isinstance(volume, Mapping):
        source = str(volume.get("source", ""))
        relative = volume.get("type") == "bind" and source[:1] not in ("", ".", "/", "~")
        return f"./{source}" if relative else source, str(volume["target"])
    parts = str(volume).split(":")
    return (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])


def _depends_on(written: Mapping[str, Any]) -> Iterator[str]:
    yield from written.get("depends_on") or []
