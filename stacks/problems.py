"""Everything that is wrong with the input, at once, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pulumi
import pydantic
from pydantic_core import ErrorDetails

_KEYED = re.compile(r"([a-z][-a-z]*(?:\.[^\s:]+)*): (.*)", re.DOTALL)


class InputRefused(pulumi.RunError):
    """The stage or app files say what cannot be: one line a problem. The engine prints them without a traceback."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("\n".join(self.problems))


def explain(error: pydantic.ValidationError) -> list[tuple[str, str]]:
    """Each problem of a validation as (dotted path, sentence). The sentence never holds a value of a secret field."""
    found: list[tuple[str, str]] = []
    for detail in error.errors(include_url=False):
        path = ".".join(str(part) for part in detail["loc"])
        for message in _sentence(detail).split("\n"):
            keyed = _KEYED.fullmatch(message)
            found.append((f"{path}.{keyed[1]}".lstrip("."), keyed[2]) if keyed else (path, message))
    return found


def _sentence(detail: ErrorDetails) -> str:
    kind, given = detail["type"], detail["input"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "is not a known key: see docs/config.md and docs/apps.md, or take it out"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "string_type" and isinstance(given, (int, float)):
        return f'{given} is a number, not text: put it in quotes, "{given}"'
    return f"{detail['msg'][0].lower()}{detail['msg'][1:]}"
