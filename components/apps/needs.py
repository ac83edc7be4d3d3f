"""What apps may need of the platform, and the variables by which they get it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Template
from typing import Literal

from components.shared.refusal import Refusal

Need = Literal["database", "broker", "mail"]
Needs = Mapping[Need, Mapping[str, str]]

# What `${…}` may stand for in the templates of `needs`, and the default variables made of it.
SETTINGS: Mapping[Need, tuple[str, ...]] = {
    "database": ("url", "host", "port", "name", "user", "password", "sslmode"),
    "broker": ("url", "host", "port", "user", "password", "tls"),
    "mail": ("host", "port"),
}
PREFIXES: Mapping[Need, str] = {"database": "DATABASE", "broker": "BROKER", "mail": "SMTP"}


def variables(need: Need, templates: Mapping[str, str]) -> Mapping[str, str]:
    """Environment variables to templates: those that the app states, or the default ones, such as DATABASE_HOST."""
    return templates or {f"{PREFIXES[need]}_{setting.upper()}": f"${{{setting}}}" for setting in SETTINGS[need]}


def template_limits(needs: Needs) -> Iterator[Refusal]:
    """What is wrong with the templates, each at ``needs.database.VARIABLE``."""
    for need, templates in needs.items():
        for variable, template in templates.items():
            if not Template(template).is_valid():
                yield Refusal(f"needs.{need}.{variable}", "a $ stands before ${name} only; write $$ for a plain one")
                continue
            for unknown in sorted(set(Template(template).get_identifiers()) - set(SETTINGS[need])):
                known = ", ".join(f"${{{name}}}" for name in SETTINGS[need])
                yield Refusal(f"needs.{need}.{variable}", f"${{{unknown}}} is not known: there are {known}")
