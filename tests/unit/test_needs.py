"""What apps need, the templates of their variables, and the fingerprints that roll their pods."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import Output

from components.apps.bindings import bound_variables, broker_settings, database_settings, mail_settings
from components.apps.needs import SETTINGS, Needs, template_limits, variables
from components.mail.mail_catcher import MailCatcher, MailCatcherArgs
from components.shared.secret_data import encoded, fingerprint
from evaluation.evaluate import evaluate
from evaluation.graph import Secret, reveal

NAMES = st.sampled_from(SETTINGS["database"])


def outputs(make: Callable[[], Mapping[str, Output[str]]]) -> dict[str, str]:
    """The values, every one of which is secret."""
    found = evaluate(lambda: pulumi.export("found", dict(make()))).outputs["found"]
    assert all(isinstance(value, Secret) for value in found.values())
    return reveal(found)


def given_settings(**values: str) -> Mapping[str, Output[str]]:
    return {name: Output.from_input(value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("need", "names"),
    [
        ("database", "DATABASE_URL _HOST _PORT _NAME _USER _PASSWORD _SSLMODE"),
        ("broker", "BROKER_URL _HOST _PORT _USER _PASSWORD _TLS"),
        ("mail", "SMTP_HOST _PORT"),
    ],
)
def test_the_default_variables_are_those_that_are_documented(need, names):
    first, *others = names.split()
    prefix = first.split("_", maxsplit=1)[0]
    assert list(variables(need, {})) == [first, *(prefix + other for other in others)]


def test_templates_replace_the_default_variables():
    assert variables("mail", {"MAIL": "${host}"}) == {"MAIL": "${host}"}


@given(st.lists(NAMES | st.just("$$") | st.text("ab:=/", max_size=4), max_size=6))
def test_a_template_is_filled_with_the_settings_that_it_names(parts):
    template = "".join(f"${{{part}}}" if part in SETTINGS["database"] else part for part in parts)
    needs: Needs = {"database": {"X": template or "x"}}
    assert not list(template_limits(needs))
    settings = {name: f"<{name}>" for name in SETTINGS["database"]}
    filled = outputs(lambda: bound_variables(needs, {"database": given_settings(**settings)}))
    assert filled == {"X": "".join((settings.get(part) or part).replace("$$", "$") for part in parts) or "x"}


def test_what_a_template_cannot_name_is_told():
    needs: Needs = {"mail": {"A": "${host}:${port}", "B": "${user}", "C": "100$"}}
    assert [str(refusal) for refusal in template_limits(needs)] == [
        "needs.mail.B: ${user} is not known: there are ${host}, ${port}",
        "needs.mail.C: a $ stands before ${name} only; write $$ for a plain one",
    ]


def test_even_a_constant_of_a_template_is_secret():
    assert outputs(lambda: bound_variables({"mail": {"A": "x"}}, {"mail": {}})) == {"A": "x"}


@given(st.dictionaries(st.text("AB", min_size=1, max_size=3), st.text(max_size=10), max_size=3))
def test_data_of_a_secret_is_base64_of_the_text(values):
    data = outputs(lambda: encoded(given_settings(**values)))
    assert {name: base64.b64decode(text).decode() for name, text in data.items()} == values


def fingerprint_of(key: str = "k", **values: str) -> str:
    def program() -> None:
        secret = {name: Output.secret(value) for name, value in values.items()}
        pulumi.export("it", fingerprint(secret, Output.secret(key)))

    return evaluate(program).outputs["it"]


def test_a_fingerprint_depends_on_every_value_and_on_its_key_and_is_no_secret():
    known = fingerprint_of(a="1", b="2")
    assert known == fingerprint_of(b="2", a="1")
    assert len({known, fingerprint_of(a="1", b="3"), fingerprint_of(a="1"), fingerprint_of("other", a="1", b="2")}) == 4
    assert isinstance(known, str)


class Backing:
    """A database, a broker or a mail host."""

    def __init__(self, tls: bool) -> None:
        self.host = Output.from_input("h")
        self.port = Output.from_input(5)
        self.name = Output.from_input("n")
        self.username = Output.from_input("u")
        self.password = Output.from_input("p")
        self.url = Output.from_input("x://")
        self.tls = tls


@pytest.mark.parametrize(("tls", "sslmode", "written"), [(True, "require", "true"), (False, "disable", "false")])
def test_settings_say_whether_the_connection_is_encrypted(tls, sslmode, written):
    def program() -> None:
        pulumi.export("database", dict(database_settings(Backing(tls))))
        pulumi.export("broker", dict(broker_settings(Backing(tls))))
        pulumi.export("mail", dict(mail_settings(Backing(tls))))

    found = evaluate(program).outputs
    assert found["database"] == {
        **{"url": "x://", "host": "h", "port": "5", "name": "n"},
        **{"user": "u", "password": "p", "sslmode": sslmode},
    }
    assert found["broker"] == {"url": "x://", "host": "h", "port": "5", "user": "u", "password": "p", "tls": written}
    assert found["mail"] == {"host": "h", "port": "5"}


@pytest.mark.parametrize("need", ["database", "broker", "mail"])
def test_settings_are_exactly_those_that_templates_may_name(need):
    made = {"database": database_settings, "broker": broker_settings, "mail": mail_settings}[need]
    found = evaluate(lambda: pulumi.export("found", list(made(Backing(True)))))
    assert tuple(found.outputs["found"]) == SETTINGS[need]


def test_what_uses_a_part_of_the_platform_waits_for_it():
    def program() -> None:
        from pulumi_kubernetes.core.v1 import ConfigMap

        mail = MailCatcher("mail", MailCatcherArgs(project="p", environment="e", namespace="e"))
        ConfigMap("user", data={"host": mail_settings(mail)["host"]})

    graph = evaluate(program)
    assert graph.one("Deployment").urn in graph.one("ConfigMap").depends_on
