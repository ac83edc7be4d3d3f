"""What must fit together across a stage file and its apps, checked before anything is registered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from components.spec import AppSpec
from stacks.stage_file import ALWAYS_SECRET, plain_paths

if TYPE_CHECKING:
    from stacks.config import Environment

MOVING_TAGS = ("latest", "main", "master", "dev")


def environment(config: Environment, apps: Mapping[str, AppSpec], file: str) -> list[str]:
    """Problems of apps with the stage and with each other."""
    return [
        *_needs(config, apps, file),
        *_secrets(config, apps, file),
        *_callers(apps, file),
        *_twice(apps, file),
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


def _callers(apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    for name, app in apps.items():
        for caller in app.from_:
            if caller not in apps:
                there = ", ".join(apps)
                yield f"{file}: wharf:apps.{name}.from: {caller} is not an app of this stage; there are {there}"


def _twice(apps: Mapping[str, AppSpec], file: str) -> Iterable[str]:
    services: dict[str, list[str]] = defaultdict(list)
    routes: dict[str, list[str]] = defaultdict(list)
    for name, app in apps.items():
        if app.serves:
            services[app.service_name].append(name)
        if app.route:
            routes[f"{app.route.host}{app.route.path}"].append(name)
    for what, owners in (("service", services), ("route", routes)):
        for value, names in owners.items():
            if len(names) > 1:
                yield f"{file}: wharf:apps: {what} {value} is claimed by {' and '.join(names)}: give one another {what}"
    for reserved in ("database", "broker", "mail"):
        for name in services.get(reserved, []):
            yield f"{file}: wharf:apps.{name}.service: {reserved} is the platform's own: give the app another service"


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
