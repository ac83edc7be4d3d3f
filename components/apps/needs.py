"""Templates of the variables by which an app gets what it needs: ``{"SMTP_HOST": "${host}"}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Template

from pulumi import Output

from components.shared.refusal import Refusal

Needs = Mapping[str, Mapping[str, str]]  # variable to template, by need
Settings = Mapping[str, Output[str]]  # what a template can name


def template_refusals(templates: Mapping[str, str], known: Sequence[str]) -> Iterator[Refusal]:
    """What is wrong with the templates of one need; keys are the variables."""
    for variable, template in templates.items():
        if not Template(template).is_valid():
            yield Refusal(variable, "a $ must begin a placeholder such as ${name}; write $$ for a plain $")
            continue
        for unknown in sorted(set(Template(template).get_identifiers()) - set(known)):
            listed = ", ".join(f"${{{name}}}" for name in known)
            yield Refusal(variable, f"${{{unknown}}} is not known: the placeholders are {listed}")


def bound_variables(needs: Needs, settings: Mapping[str, Settings]) -> dict[str, Output[str]]:
    """Environment variables of an app to their values, every one of them secret.

    Raises:
        KeyError: the app needs what ``settings`` does not hold; the configuration is checked before.
    """
    return {
        variable: _filled(template, settings[need])
        for need, templates in needs.items()
        for variable, template in templates.items()
    }


def _filled(template: str, settings: Settings) -> Output[str]:
    """Waits for every setting, also those that the template does not name: some exist before the service is ready."""
    values = Output.all(**settings) if settings else Output.from_input({})
    return Output.secret(values.apply(lambda found: Template(template).substitute(found)))
