"""The evaluator of the tests against what AWS publishes of IAM's logic; the addresses are in its docstring."""

from __future__ import annotations

import pytest

from tests.access.evaluation import Principal, Request

KEY = "aws:ResourceTag/stack"


def policy(*statements: dict) -> dict:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(effect: str = "Allow", action: str = "s3:GetObject", resource: str = "*", **more: object) -> dict:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def allows(document: dict, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::a/b", **context: object) -> bool:
    return Principal([document]).may(Request(action, resource, context.get("context", {})))  # type: ignore[arg-type]


def holds(operator: str, wanted: object, found: object) -> bool:
    context = {} if found is None else {KEY: found}
    return allows(policy(statement(Condition={operator: {KEY: wanted}})), context=context)


def test_nothing_is_allowed_that_no_statement_allows():
    assert not allows(policy(statement(action="s3:PutObject")))


def test_a_denial_wins_over_every_allowance():
    assert not allows(policy(statement(), statement("Deny", resource="arn:aws:s3:::a/*")))
    assert allows(policy(statement(), statement("Deny", resource="arn:aws:s3:::other/*")))


def test_a_boundary_gives_nothing_and_limits_all():
    read, everything = policy(statement()), policy(statement(action="*"))
    asked = Request("s3:GetObject", "arn:aws:s3:::a/b")
    assert Principal([everything], read).may(asked)
    assert not Principal([everything], read).may(Request("s3:PutObject", "arn:aws:s3:::a/b"))
    assert not Principal([], everything).may(asked)
    assert not Principal([everything], policy(statement(action="*"), statement("Deny"))).may(asked)


def test_actions_have_wildcards_and_no_case_and_resources_have_case():
    assert allows(policy(statement(action="S3:get*")))
    assert allows(policy(statement(action="s3:GetObjec?")))
    assert not allows(policy(statement(resource="arn:aws:s3:::A/b")))


def test_what_is_named_by_what_it_is_not():
    assert not allows(policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}))
    assert allows(policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}))


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("StringEquals", "dev", "dev", True),
        ("StringEquals", ["dev", "prod"], "prod", True),
        ("StringEquals", "dev", "Dev", False),
        ("StringEquals", "d*", "dev", False),
        ("StringEquals", "dev", None, False),
        ("StringEqualsIfExists", "dev", None, True),
        ("StringEqualsIfExists", "dev", "prod", False),
        ("StringEqualsIgnoreCase", "dev", "DEV", True),
        ("StringNotEquals", ["dev", "prod"], "prod", False),
        ("StringNotEquals", "dev", "prod", True),
        ("StringNotEquals", "dev", None, True),
        ("StringLike", "d?v*", "devel", True),
        ("StringNotLike", "d*", "dev", False),
        ("ArnLike", "arn:aws:iam::*:role/a-*", "arn:aws:iam::1:role/a-b", True),
        ("ArnEquals", "arn:aws:iam::*:role/a-*", "arn:aws:iam::1:role/a-b", True),
        ("ArnLike", "arn:aws:*:role/a", "arn:aws:iam::1:role/a", False),
        ("ArnNotLike", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b", True),
        ("Bool", "true", "true", True),
        ("Bool", "false", "true", False),
        ("Bool", "true", None, False),
        ("Null", "true", None, True),
        ("Null", "true", "dev", False),
        ("Null", "false", "dev", True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAllValues:StringLike", ["a*"], ["ab", "ac"], True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a"], ["a", "c"], True),
    ],
)
def test_a_condition(operator, wanted, found, expected):
    assert holds(operator, wanted, found) == expected


def test_all_keys_and_all_operators_must_hold():
    both = {"StringEquals": {KEY: "dev", "aws:PrincipalTag/team": "red"}, "Null": {"aws:RequestTag/x": "true"}}
    document = policy(statement(Condition=both))
    assert allows(document, context={KEY: "dev", "aws:PrincipalTag/team": "red"})
    assert not allows(document, context={KEY: "dev"})
    assert not allows(document, context={KEY: "dev", "aws:PrincipalTag/team": "red", "aws:RequestTag/x": "1"})


def test_names_of_keys_have_no_case():
    assert allows(policy(statement(Condition={"StringEquals": {"AWS:resourcetag/stack": "dev"}})), context={KEY: "dev"})


def test_a_variable_is_what_the_request_says_and_no_pattern():
    home = policy(statement(resource="arn:aws:s3:::a/${aws:username}/*"))
    assert allows(home, resource="arn:aws:s3:::a/ann/file", context={"aws:username": "ann"})
    assert not allows(home, resource="arn:aws:s3:::a/ann/file", context={"aws:username": "*"})
    assert not allows(home, resource="arn:aws:s3:::a/ann/file")
    same = policy(statement(Condition={"StringEquals": {KEY: "${aws:PrincipalTag/stack}"}}))
    assert allows(same, context={KEY: "dev", "aws:PrincipalTag/stack": "dev"})
    assert not allows(same, context={KEY: "dev", "aws:PrincipalTag/stack": "prod"})
    assert not allows(same, context={KEY: "dev"})
    default = policy(statement(Condition={"StringEquals": {KEY: "${aws:PrincipalTag/stack, 'dev'}"}}))
    assert allows(default, context={KEY: "dev"})
    assert allows(policy(statement(resource="arn:aws:s3:::a/${*}")), resource="arn:aws:s3:::a/*")
    assert not allows(policy(statement(resource="arn:aws:s3:::a/${*}")), resource="arn:aws:s3:::a/b")


def test_an_operator_that_is_not_known_is_no_guess():
    with pytest.raises(LookupError):
        holds("IpAddress", "10.0.0.0/8", "10.0.0.1")
