"""How an app reaches the database, the broker and the mail host: settings, put into the app's own templates."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Protocol

from pulumi import Output

from components.apps.needs import Need, Needs, variables

Settings = Mapping[str, Output[str]]


class DatabaseLike(Protocol):
    """What RDS and the in-cluster PostgreSQL both have."""

    host: Output[str]
    port: Output[int]
    name: Output[str]
    username: Output[str]
    password: Output[str]
    url: Output[str]
    tls: bool


class BrokerLike(Protocol):
    """What Amazon MQ and the in-cluster RabbitMQ both have."""

    host: Output[str]
    port: Output[int]
    username: Output[str]
    password: Output[str]
    url: Output[str]
    tls: bool


class MailLike(Protocol):
    """What the SES relay and the local catcher both have."""

    host: Output[str]
    port: Output[int]


def database_settings(database: DatabaseLike) -> Settings:
    """The values of ``${url}``, ``${host}`` and so on, for ``needs.database``."""
    return {
        "url": database.url,
        "host": database.host,
        "port": database.port.apply(str),
        "name": database.name,
        "user": database.username,
        "password": database.password,
        "sslmode": Output.from_input("require" if database.tls else "disable"),
    }


def broker_settings(broker: BrokerLike) -> Settings:
    """The values for ``needs.broker``."""
    return {
        "url": broker.url,
        "host": broker.host,
        "port": broker.port.apply(str),
        "user": broker.username,
        "password": broker.password,
        "tls": Output.from_input("true" if broker.tls else "false"),
    }


def mail_settings(mail: MailLike) -> Settings:
    """The values for ``needs.mail``."""
    return {"host": mail.host, "port": mail.port.apply(str)}


def bound_variables(needs: Needs, settings: Mapping[Need, Settings]) -> dict[str, Output[str]]:
    """Environment variables of an app to their values, every one of them secret.

    Raises:
        KeyError: the app needs what ``settings`` does not hold; the configuration is checked before.
    """
    return {
        variable: _filled(template, settings[need])
        for need, templates in needs.items()
        for variable, template in variables(need, templates).items()
    }


def _filled(template: str, settings: Settings) -> Output[str]:
    """Waits for every setting, also those that the template does not name: some exist before the part is ready."""
    values = Output.all(**settings) if settings else Output.from_input({})
    return Output.secret(values.apply(lambda found: Template(template).substitute(found)))
