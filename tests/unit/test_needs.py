"""What apps need, the templates of their variables, and the fingerprints that roll their pods."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi import Output

from components.apps.needs import Needs, bound_variables, template_refusals
from components.mail.mail_catcher import MailCatcher, MailCatcherArgs
from components.shared.secret_data import encoded, fingerprint
from evaluation.evaluate import evaluate
from evaluation.graph import Secret, reveal
from stacks.services.registry import SERVICES

SETTINGS = SERVICES["database"].settings
NAMES = st.sampled_from(SETTINGS)


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
        ("cache", "CACHE_URL _HOST _PORT _PASSWORD _TLS"),
        ("mail", "SMTP_HOST _PORT"),
    ],
)
def test_the_default_variables_are_those_that_are_documented(need, names):
    first, *others = names.split()
    prefix = first.split("_", maxsplit=1)[0]
    assert list(SERVICES[need].default_variables) == [first, *(prefix + other for other in others)]


@given(st.lists(NAMES | st.just("$$") | st.text("ab:=/", max_size=4), max_size=6))
def test_a_template_is_filled_with_the_settings_that_it_names(parts):
    template = "".join(f"${{{part}}}" if part in SETTINGS else part for part in parts)
    needs: Needs = {"database": {"X": template or "x"}}
    assert not list(template_refusals(needs["database"], SETTINGS))
    settings = {name: f"<{name}>" for name in SETTINGS}
    filled = outputs(lambda: bound_variables(needs, {"database": given_settings(**settings)}))
    assert filled == {"X": "".join((settings.get(part) or part).replace("$$", "$") for part in parts) or "x"}


def test_what_a_template_cannot_name_is_told():
    templates = {"A": "${host}:${port}", "B": "${user}", "C": "100$"}
    assert list(map(str, template_refusals(templates, SERVICES["mail"].settings))) == [
        "B: ${user} is not known: the placeholders are ${host}, ${port}",
        "C: a $ must begin a placeholder such as ${name}; write $$ for a plain $",
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


def test_what_uses_a_part_of_the_platform_waits_for_it():
    def program() -> None:
        from pulumi_kubernetes.core.v1 import ConfigMap

        mail = MailCatcher("mail", MailCatcherArgs(project="p", environment="e", namespace="e"))
        ConfigMap("user", data={"host": mail.settings["host"]})

    graph = evaluate(program)
    assert graph.one("Deployment").urn in graph.one("ConfigMap").depends_on
