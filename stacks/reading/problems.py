"""The problems of the input: a sentence for each, all reported at once."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pulumi
import pydantic
from pydantic_core import ErrorDetails

from components.shared.refusal import Refusal, RefusedError
from stacks.errors import UserError
from stacks.reading.keys import known_keys

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SECRET = ("secrets", "pull-secrets")
_LONGEST = 60  # characters of a value that are shown
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "dataclass_type": "keys and values",
}
_EMPTY = {"dict_type": "{}", "model_type": "{}", "list_type": "[]"}


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the place: a file or an environment variable."""

    place: str
    refusal: Refusal

    def __str__(self) -> str:
        """One line, even if a key or a value in it contains line breaks or control characters."""
        return _CONTROL.sub(lambda control: repr(control[0])[1:-1], f"{self.place}: {self.refusal}")


def located(place: str, refusals: Iterable[Refusal]) -> list[Problem]:
    """A problem for each refusal, all in the same place."""
    return [Problem(place, refusal) for refusal in refusals]


class InputRefused(UserError, pulumi.RunError):  # noqa: N818 users see this name
    """A stage file or an app file is wrong. There is one line for each problem. The engine prints no traceback."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


def refused(place: str, text: str, key: str = "") -> InputRefused:
    """The error for a whole file, or for one key that prevents reading the rest."""
    return InputRefused([Problem(place, Refusal(key, text))])


def explain(error: pydantic.ValidationError, type_: Any) -> list[Refusal]:
    """Each problem of an input that was validated as ``type_``. It never shows the value of a secret."""
    refusals: list[Refusal] = []
    for detail in error.errors(include_url=False):
        location = [part for part in detail["loc"] if part != "[key]"]
        path = ".".join(str(part) for part in location)
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, RefusedError):
            refusals += (refusal.under(path) for refusal in cause.refusals)
        else:
            refusals.append(Refusal(path, _sentence(detail, location, type_)))
    return refusals


def _sentence(detail: ErrorDetails, location: Sequence[int | str], type_: Any) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    secret = bool(location) and location[0] in _SECRET
    value = None if detail["input"] == "null" else detail["input"]  # Pulumi's text for a key without a value
    shown = "its value" if secret else _shown(value)
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return unknown_key(str(location[-1]), known_keys(type_, location[:-1]))
    if kind in ("missing", "missing_keyword_only_argument"):
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind in _WANTED:
        noun = "" if isinstance(value, bool) else f" {_noun(value)},"
        remedy = _remedy(kind, value, location, secret=secret)
        return f"{shown} is{noun} not {_WANTED[kind]}{remedy}".lstrip()
    if kind == "literal_error":
        return f"{shown} is{' empty,' if value is None else ''} not {context['expected']}".lstrip()
    if kind in ("greater_than_equal", "less_than_equal"):
        limit, word = (context["ge"], "less") if "ge" in context else (context["le"], "more")
        return f"{shown} is {word} than {limit}"
    if kind == "string_pattern_mismatch":
        return f"{shown} does not match {context['pattern']}"
    if kind == "too_short":
        return f"has {context['actual_length']}, and needs {context['min_length']} or more"
    return f"{detail['msg'][0].lower()}{detail['msg'][1:]}"


def unknown_key(key: str, known: Sequence[str]) -> str:
    near = get_close_matches(key, known, n=1)
    if near:
        return f"is not a known key: did you mean {near[0]}?"
    return f"is not a known key: the known keys are {', '.join(known)}" if known else "is not a known key: remove it"


def _remedy(kind: str, value: Any, location: Sequence[int | str], *, secret: bool) -> str:
    if kind == "string_type" and isinstance(value, (bool, int, float)):
        return ": put it in quotes, as it is written there"  # we only have the number: 1.1 for 1.10
    if value is None and kind in _EMPTY and len(location) == 1:
        return f": write {_EMPTY[kind]}, or remove it"
    if secret:
        return ""
    if kind == "int_type" and isinstance(value, str) and value.isdecimal():
        return ": remove its quotes"
    if kind == "list_type" and isinstance(value, str):
        return f": write {_listed(value, str(location[-1]))}"
    return ": write a list, such as [database]" if location[-1] == "needs" else ""


def _listed(value: str, key: str) -> str:
    """The list that the user meant by a text. The text of a command is split into words."""
    if key not in ("command", "args"):
        return f"[{value}]"
    with suppress(ValueError):
        return json.dumps(shlex.split(value))
    return json.dumps(value.split())


def _shown(value: Any) -> str:
    """A single value as in YAML, shortened to one line. A list or a map is not shown."""
    if value is None or isinstance(value, (Mapping, list, tuple)):
        return ""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _noun(value: Any) -> str:
    if isinstance(value, Mapping):
        return "keys and values"
    nouns = {str: "text", int: "a number", float: "a number", list: "a list", tuple: "a list"}
    return nouns.get(type(value), "empty")
