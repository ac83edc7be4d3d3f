"""Templates of the variables that tell an app how to reach what it needs, such as ``{"SMTP_HOST": "${host}"}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Template

from pulumi import Output

from components.shared.refusal import Refusal

Needs = Mapping[str, Mapping[str, str]]  # for each need, such as mail: its variables and their templates
Settings = Mapping[str, Output[str]]  # the placeholders of a template, and their values


def template_refusals(templates: Mapping[str, str], known: Sequence[str]) -> Iterator[Refusal]:
    """What is wrong with the templates of one need. The key of each refusal is a variable."""
    for variable, template in templates.items():
        if not Template(template).is_valid():
            yield Refusal(variable, "a $ must begin a placeholder such as ${name}; write $$ for a plain $")
            continue
        for unknown in sorted(set(Template(template).get_identifiers()) - set(known)):
            listed = ", ".join(f"${{{name}}}" for name in known)
            yield Refusal(variable, f"${{{unknown}}} is not known: the placeholders are {listed}")


def bound_variables(needs: Needs, settings: Mapping[str, Settings]) -> dict[str, Output[str]]:
    """The environment variables of an app and their values, which are all secret.

    Raises:
        KeyError: ``settings`` has no entry for a need of the app. The check of the configuration finds this earlier.
    """
    return {
        variable: _filled(template, settings[need])
        for need, templates in needs.items()
        for variable, template in templates.items()
    }


def _filled(template: str, settings: Settings) -> Output[str]:
    """The text of a template.

    It waits for all settings, also those that the template does not name: some exist before the service is ready.
    """
    values = Output.all(**settings) if settings else Output.from_input({})
    return Output.secret(values.apply(lambda by_name: Template(template).substitute(by_name)))
