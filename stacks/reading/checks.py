"""What must fit together across a stage file and its apps, checked before anything is registered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from components.apps.spec import MOVING_TAGS, NAME, AppSpec
from stacks.reading.models import Environment, LocalConfig
from stacks.reading.stage_file import ALWAYS_SECRET, plain_paths

PLATFORM = {"database": "database", "broker": "broker", "mail": "mail", "mail-page": "mail"}
OF_THE_NAMESPACE = ("default", "default-deny")


def environment(config: Environment, apps: Mapping[str, AppSpec], file: str) -> list[str]:
    """Problems of apps with the stage and with each other."""
    return [
        *_needs(config, apps, file),
        *_secrets(config, apps, file),
        *_callers(config, apps, file),
        *_order(config, apps, file),
        *_twice(apps, file),
        *_reserved(config, apps, file),
        *(_production(apps, file) if config.production else []),
    ]


def _needs(config: Environment, apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    there = {"database": config.database, "broker": config.broker, "mail": config.mail}
    for name, app in apps.items():
        for need in app.needs:
            if there[need] is None:
                yield f"{file}: wharf:apps.{name}: needs a {need}, and the stage has none: add wharf:{need}"


def _secrets(config: Environment, apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    for name, app in apps.items():
        for secret in sorted({*app.secrets.values(), *app.files.values()} - set(config.secrets)):
            yield (
                f"{file}: wharf:secrets.{secret}: is missing, and app {name} reads it: "
                f"pulumi config set --secret --path 'wharf:secrets.{secret}'"
            )


def _callers(config: Environment, apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    for name, app in apps.items():
        for caller in app.from_:
            if caller not in config.apps:
                there = ", ".join(sorted(config.apps))
                yield f"{file}: wharf:apps.{name}.from: {caller} is not an app of this stage; there are {there}"


def _order(config: Environment, apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    for name, app in apps.items():
        for first in app.after:
            if first not in config.apps:
                there = ", ".join(sorted(config.apps))
                yield f"{file}: wharf:apps.{name}.after: {first} is not an app of this stage; there are {there}"
    try:
        TopologicalSorter({name: app.after for name, app in apps.items()}).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        yield f"{file}: wharf:apps.{error.args[1][0]}.after: {circle}: they wait for each other: take one out"


def _twice(apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    services: dict[str, list[str]] = defaultdict(list)
    routes: dict[str, list[str]] = defaultdict(list)
    for name, app in apps.items():
        if app.serves:
            services[app.service_name].append(name)
        if app.route:
            routes[app.route.address].append(name)
    for what, owners in (("service", services), ("route", routes)):
        for value, names in owners.items():
            if len(names) > 1:
                yield f"{file}: wharf:apps: {what} {value} is claimed by {' and '.join(names)}: give one another {what}"


def _reserved(config: Environment, apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    """Names of objects that the platform itself has in the namespace."""
    taken = {name for name, part in PLATFORM.items() if getattr(config, part)}
    logins = {f"pull-{name}" for name in config.pull_secrets}
    for name, app in apps.items():
        if name in taken | logins | set(OF_THE_NAMESPACE):
            yield f"{file}: wharf:apps.{name}: {name} is the platform's own name: call the app, and its file, another"
        elif app.serves and app.service_name in taken:
            yield f"{file}: wharf:apps.{name}.service: {app.service_name} is the platform's own: give the app another"
    for name in config.pull_secrets:
        if not NAME.fullmatch(name):
            yield f"{file}: wharf:pull-secrets.{name}: is not a DNS label: use a-z, 0-9 and -, beginning with a letter"


def local(config: LocalConfig, file: str) -> Iterable[str]:
    """What only a local stage can get wrong."""
    if config.broker and config.broker.kind == "amazon-mq":
        yield f"{file}: wharf:broker.kind: amazon-mq is on AWS, and this stage is local: take it out"
    ports = (config.ingress.port, config.database.port if config.database else None)
    if ports[0] is not None and ports[0] == ports[1]:
        yield f"{file}: wharf:database.port: {ports[1]} is wharf:ingress.port too: choose another"


def _production(apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    for name, app in apps.items():
        if app.version in MOVING_TAGS:
            yield f"{file}: wharf:apps.{name}.version: {app.version} moves, and this is production: fix a version"


def encrypted(written: Mapping[str, Any], file: str) -> list[str]:
    """Secrets in plain text, which only a local stage may hold. A registry's server and user name are not secret."""
    problems = []
    for key in ALWAYS_SECRET:
        for path in plain_paths((written.get("config") or {}).get(key) or {}, key):
            if key == "wharf:secrets" or path.endswith(".password"):
                problems.append(f"{file}: {path}: is in plain text: pulumi config set --secret --path '{path}'")
    return problems
