"""Whether IAM allows a request, by the logic that AWS publishes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html: within one
account, for identity policies and a permissions boundary. What is not known here is an error, never a guess.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]
VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Request:
    """One action on one resource, and what AWS knows of the request: condition keys to values."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Principal:
    """Who asks: the documents that give, and the boundary that limits what they give."""

    policies: Sequence[Document]
    boundary: Document | None = None

    def may(self, request: Request) -> bool:
        if any(_states(document, "Deny", request) for document in self._all()):
            return False
        given = any(_states(document, "Allow", request) for document in self.policies)
        return given and (self.boundary is None or _states(self.boundary, "Allow", request))

    def is_named(self, action: str) -> bool:
        """Whether a policy allows it on anything, under any condition."""
        statements = [statement for document in self.policies for statement in listed(document["Statement"])]
        asked = Request(action, "")
        return any(statement["Effect"] == "Allow" and _names_action(statement, asked) for statement in statements)

    def _all(self) -> Iterator[Document]:
        yield from self.policies
        if self.boundary is not None:
            yield self.boundary


def _states(document: Document, effect: str, request: Request) -> bool:
    assert document["Version"] == "2012-10-17", "policy variables are text in the version before"
    return any(
        statement["Effect"] == effect
        and _names_action(statement, request)
        and _names_resource(statement, request)
        and _holds(statement.get("Condition", {}), request.context)
        for statement in listed(document["Statement"])
    )


def _names_action(statement: Mapping[str, Any], request: Request) -> bool:
    wanted = "Action" if "Action" in statement else "NotAction"
    named = _any_of(tuple(listed(statement[wanted]))).fullmatch(request.action.lower())
    return (named is not None) == (wanted == "Action")


@functools.cache
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_expression(pattern.lower()) for pattern in patterns), re.DOTALL)


def _names_resource(statement: Mapping[str, Any], request: Request) -> bool:
    wanted = "Resource" if "Resource" in statement else "NotResource"
    patterns = [_filled(pattern, request.context) for pattern in listed(statement[wanted])]
    named = any(pattern is not None and _like(pattern, request.resource) for pattern in patterns)
    return named == (wanted == "Resource")


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Every key of every operator."""
    return all(
        _key_holds(operator, _value(context, key), listed(wanted), context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _key_holds(operator: str, found: Sequence[str] | None, wanted: Sequence[Any], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    name, if_exists = name.removesuffix("IfExists"), name.endswith("IfExists")
    if name == "Null":
        return (found is None) == (str(wanted[0]).lower() == "true")
    matches = OPERATORS[name]
    negated = "Not" in name
    if found is None:
        # ForAllValues holds of no value; so does what says that a value is not, and what need not exist.
        return if_exists or quantifier == "ForAllValues" or (negated and not quantifier)
    filled = [text for item in wanted if (text := _filled(str(item), context)) is not None]

    def one(value: str) -> bool:
        return any(matches(text, value) for text in filled) != negated

    if quantifier == "ForAllValues":
        return all(one(value) for value in found)
    if quantifier == "ForAnyValue":
        return any(one(value) for value in found)
    assert not quantifier, f"{operator} is no operator of IAM"
    assert len(found) == 1, f"{operator} on several values: write ForAllValues or ForAnyValue"
    return one(found[0])


def _value(context: Context, key: str) -> Sequence[str] | None:
    """Names of keys are not case-sensitive."""
    return next((listed(value) for name, value in context.items() if name.lower() == key.lower()), None)


def _filled(pattern: str, context: Context) -> str | None:
    """With its policy variables; None where one has no value, which matches nothing."""
    missing: list[str] = []

    def fill(match: re.Match[str]) -> str:
        name, _, default = match[1].partition(",")
        if name in ("*", "?", "$"):
            return f"[{name}]"  # the character itself: see `_like`
        value = _value(context, name.strip())
        if value is None and not default:
            missing.append(name)
        return _literal(value[0] if value else default.strip().strip("'"))

    filled = VARIABLE.sub(fill, pattern)
    return None if missing else filled


def _literal(text: str) -> str:
    return re.sub(r"([*?])", r"[\1]", text)


def _like(pattern: str, value: str) -> bool:
    return re.fullmatch(_expression(pattern), value, re.DOTALL) is not None


@functools.lru_cache(maxsize=4096)
def _expression(pattern: str) -> str:
    parts = re.split(r"(\[[*?$]\]|\*|\?)", pattern)
    return "".join(
        {"*": ".*", "?": "."}.get(part) or re.escape(part.strip("[]") if _is_quoted(part) else part) for part in parts
    )


def _is_quoted(part: str) -> bool:
    return re.fullmatch(r"\[[*?$]\]", part) is not None


def _arn_like(pattern: str, value: str) -> bool:
    """Each of the six parts of an ARN by itself."""
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    return len(patterns) == len(values) == 6 and all(map(_like, patterns, values))


def _same(pattern: str, value: str) -> bool:
    return re.sub(r"\[([*?$])\]", r"\1", pattern) == value


def _same_but_case(pattern: str, value: str) -> bool:
    return _same(pattern.lower(), value.lower())


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
    "Bool": _same_but_case,
    "StringEquals": _same,
    "StringEqualsIgnoreCase": _same_but_case,
    "StringLike": _like,
    "StringNotEquals": _same,
    "StringNotEqualsIgnoreCase": _same_but_case,
    "StringNotLike": _like,
}


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
