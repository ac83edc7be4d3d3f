"""Reads AWS policies from the inputs of any resource: every JSON document that has statements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.access.model import ALL_BUT, Access
from evaluation.graph import Resource

TRUST = "assumeRolePolicy"
IDENTITY = ("iam/policy:Policy", "iam/rolePolicy:RolePolicy", "iam/role:Role", "iam/userPolicy:UserPolicy")


def documents(resource: Resource) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Each property that holds a policy, and its statements."""
    yield from _documents(dict(resource.inputs), "")


def granted(resource: Resource, *, effect: str = "Allow") -> Iterator[Access]:
    """What the statements of a resource allow, or with ``effect="Deny"`` forbid."""
    for path, statements in documents(resource):
        for statement in statements:
            if statement.get("Effect") != effect:
                continue
            condition = json.dumps(statement["Condition"], sort_keys=True) if statement.get("Condition") else ""
            for who in _principals(statement) or [_holder(resource)]:
                for action in _either(statement, "Action"):
                    for what in _either(statement, "Resource") or [_itself(resource, path)]:
                        yield Access(who, action, what, condition, resource.urn)


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value or ()]


def _documents(value: Any, path: str) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    if isinstance(value, str) and value.lstrip()[:1] == "{" and "Statement" in value:
        try:
            value = json.loads(value)
        except ValueError:
            return
    if isinstance(value, Mapping):
        statements = value.get("Statement")
        if isinstance(statements, Mapping):
            yield path, [statements]
        elif isinstance(statements, list):
            yield path, [statement for statement in statements if isinstance(statement, Mapping)]
        else:
            for key, item in value.items():
                yield from _documents(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _documents(item, path)


def _either(statement: Mapping[str, Any], key: str) -> list[str]:
    return listed(statement.get(key)) + [f"{ALL_BUT}{value}" for value in listed(statement.get(f"Not{key}"))]


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principals = []
    for key, prefix in (("Principal", ""), ("NotPrincipal", ALL_BUT)):
        principal = statement.get(key)
        for values in principal.values() if isinstance(principal, Mapping) else [principal]:
            principals += [f"{prefix}{value}" for value in listed(values)]
    return principals


def _holder(resource: Resource) -> str:
    role = resource.inputs.get("role")
    return f"role {role}" if isinstance(role, str) and role else f"{resource.type.rsplit(':', 1)[-1]} {resource.name}"


def _itself(resource: Resource, path: str) -> str:
    place = "" if path in ("policy", TRUST) else f" ({path})"
    return f"{resource.type.rsplit(':', 1)[-1]} {resource.name}{place}"
