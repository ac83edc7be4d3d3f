"""Checks that a stage file and its apps fit together. They run before anything is registered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from components.apps.spec import MOVING_TAGS, NAME, AppSpec
from components.shared.refusal import Refusal, under
from stacks.reading.models import Environment, LocalConfig
from stacks.reading.stage_file import ALWAYS_SECRET, plain_paths
from stacks.services.registry import SERVICES
from stacks.services.service import Where

OF_THE_NAMESPACE = ("default", "default-deny")


def environment(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    """The problems of apps that do not fit the stage, or each other."""
    yield from _needs(config, apps)
    yield from _secrets(config, apps)
    yield from _callers(config, apps)
    yield from _order(config, apps)
    yield from _twice(apps)
    yield from _reserved(config, apps)
    if config.production:
        yield from _production(apps)


def _needs(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    for name, app in apps.items():
        for need in app.needs:
            if need in SERVICES and need not in config.services:
                yield Refusal(f"wharf:apps.{name}", f"needs a {need}, and the stage has none: add wharf:{need}")


def _secrets(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    for name, app in apps.items():
        for secret in sorted({*app.secrets.values(), *app.files.values()} - set(config.secrets)):
            key = f"wharf:secrets.{secret}"
            yield Refusal(key, f"is missing, and app {name} uses it: pulumi config set --secret --path '{key}'")


def _callers(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    for name, app in apps.items():
        for caller in app.from_:
            if caller not in config.apps:
                app_names = ", ".join(sorted(config.apps))
                yield Refusal(f"wharf:apps.{name}.from", f"{caller} is not an app of this stage; there are {app_names}")


def _order(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    for name, app in apps.items():
        for first in app.after:
            if first not in config.apps:
                app_names = ", ".join(sorted(config.apps))
                yield Refusal(f"wharf:apps.{name}.after", f"{first} is not an app of this stage; there are {app_names}")
    try:
        TopologicalSorter({name: app.after for name, app in apps.items()}).prepare()
    except CycleError as error:
        first, circle = error.args[1][0], " → ".join(error.args[1])
        yield Refusal(f"wharf:apps.{first}.after", f"{circle}: each waits for the next: remove one")


def _twice(apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
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
                yield Refusal(
                    "wharf:apps", f"{what} {value} is used by {' and '.join(names)}: change it in one of them"
                )


def _reserved(config: Environment, apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    """Apps whose names the platform itself uses in the namespace, and pull secrets whose names are not valid."""
    taken = {name for need in config.services for name in SERVICES[need].objects}
    logins = {f"pull-{name}" for name in config.pull_secrets}
    for name, app in apps.items():
        if name in taken | logins | set(OF_THE_NAMESPACE):
            yield Refusal(f"wharf:apps.{name}", f"{name} is a name that the platform uses: rename the app and its file")
        elif app.serves and app.service_name in taken:
            yield Refusal(
                f"wharf:apps.{name}.service",
                f"{app.service_name} is a name that the platform uses: choose another service name",
            )
    for name in config.pull_secrets:
        if not NAME.fullmatch(name):
            yield Refusal(
                f"wharf:pull-secrets.{name}", "is not a DNS label: use a-z, 0-9 and -, beginning with a letter"
            )


def local(config: LocalConfig) -> Iterator[Refusal]:
    """The problems that only a local stage can have."""
    yield from service_refusals(config, Where("local"))
    taken = {config.ingress.port: "ingress"} if config.ingress.port else {}
    for need, section in config.services.items():
        port = section.machine_port
        if port is not None and (other := taken.setdefault(port, need)) != need:
            yield Refusal(f"wharf:{need}.port", f"{port} is also wharf:{other}.port: choose another port")


def service_refusals(config: Environment, where: Where) -> Iterator[Refusal]:
    """The settings that services do not accept in this kind of stage."""
    for need, section in config.services.items():
        yield from under(f"wharf:{need}", SERVICES[need].limits(section, where))


def _production(apps: Mapping[str, AppSpec]) -> Iterator[Refusal]:
    for name, app in apps.items():
        if app.version in MOVING_TAGS:
            yield Refusal(
                f"wharf:apps.{name}.version",
                f"{app.version} can change at any time, and this stage is production: write a fixed version",
            )


def encrypted(written: Mapping[str, Any]) -> Iterator[Refusal]:
    """Secrets in plain text, which only a local stage may hold. A registry's server and user name are not secret."""
    for key in ALWAYS_SECRET:
        for path in plain_paths((written.get("config") or {}).get(key) or {}, key):
            if key == "wharf:secrets" or path.endswith(".password"):
                yield Refusal(path, f"is in plain text: pulumi config set --secret --path '{path}'")
