"""Rules about IAM policies: who may do what in the account. They read the JSON text that is registered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.account.stage_access import BOUNDARY_PATH
from evaluation.graph import Resource
from policies.rule import Context, Rule
from policies.samples import Sample, example

DOCUMENTS: Mapping[str, str] = {
    "iam/policy:Policy": "policy",
    "iam/rolePolicy:RolePolicy": "policy",
    "iam/role:Role": "assumeRolePolicy",
    "s3/bucketPolicy:BucketPolicy": "policy",
    "kms/key:Key": "policy",
}
IDENTITY = ("iam/policy:Policy", "iam/rolePolicy:RolePolicy")
READING = ("Describe", "List", "Get", "Lookup", "Query", "Scan", "BatchGet", "Check", "Search", "Simulate")
# Actions with which a role can get more rights: creating or attaching policies, and passing a role to a service.
ESCALATING = (
    *("iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey"),
    *("iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:PutGroupPolicy", "iam:PutRolePolicy"),
    *("iam:PutUserPolicy", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:UpdateLoginProfile"),
    *("iam:AddUserToGroup", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:PassRole"),
    "sts:AssumeRole",
)
# Actions that read secrets, objects or parameters, or decrypt them. If no resource is named, they read everybody's.
SENSITIVE = (
    *("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter", "ssm:GetParameters"),
    *("ssm:GetParametersByPath", "ssm:GetParameterHistory", "kms:Decrypt", "kms:ReEncryptFrom", "s3:GetObject"),
    *("s3:GetObjectVersion", "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "rds-db:connect"),
    *("ec2:GetPasswordData", "codeartifact:GetAuthorizationToken", "lambda:GetFunction"),
)
# Actions that AWS does not let anybody limit to a resource. They count as reading.
UNSCOPABLE = ("ecr:GetAuthorizationToken", "sts:GetCallerIdentity", "tag:GetResources")
OF_ONE_ACCOUNT = ("iam", "kms", "secretsmanager", "sts")
STAR = re.compile(r"^\*$|:\*|^[^:]*\*[^:]*:")  # all actions of a service, or all actions of AWS
NAME = "the policy document of the component that creates it"


def statements(resource: Resource) -> Sequence[Mapping[str, Any]]:
    """The statements of the resource's policy document. There are none if it has no document."""
    key = next(key for ending, key in DOCUMENTS.items() if resource.type.endswith(ending))
    text = resource.inputs.get(key)
    if not text:
        return ()
    statement = (json.loads(text) if isinstance(text, str) else text).get("Statement", [])
    return [statement] if isinstance(statement, Mapping) else statement


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _grants(resource: Resource) -> Iterator[tuple[Mapping[str, Any], list[str], list[str]]]:
    if resource.inputs.get("path") == BOUNDARY_PATH:
        return  # a permissions boundary gives nothing: it limits what is given
    for statement in statements(resource):
        if statement.get("Effect") == "Allow":
            yield statement, listed(statement.get("Action")), listed(statement.get("Resource"))


def _reads_only(action: str) -> bool:
    return action.rpartition(":")[2].startswith(READING) or action in UNSCOPABLE


def _may(actions: list[str], among: tuple[str, ...]) -> list[str]:
    """The actions or patterns that allow one of ``among``. AWS treats upper and lower case as equal."""
    return sorted({action for action in actions for one in among if _pattern(action).fullmatch(one.lower())})


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in text.lower()), re.DOTALL)


def is_broad(resource: str) -> bool:
    """True of an ARN that names nothing: ``*``, ``arn:aws:*``, ``arn:aws:iam::*:role/*``, ``arn:aws:s3:::*``."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return "*" in resource
    service, account, name = parts[2], parts[4], parts[5]
    if "*" in service or ("*" in account and service in OF_ONE_ACCOUNT):
        return True
    first, *rest = re.split("[/:]", name)
    named = [first] if service == "s3" or not rest else rest  # outside S3, the first is the kind, as in ``role/shop``
    return not any(segment.strip("*?") for segment in named)


def _star(resource: Resource, context: Context) -> Iterator[str]:
    for statement, actions, _ in _grants(resource):
        if "NotAction" in statement:
            yield "it allows everything except what it names (NotAction)"
        if stars := [action for action in actions if STAR.search(action)]:
            yield f"it allows {', '.join(stars)}"


def _unbound_write(resource: Resource, context: Context) -> Iterator[str]:
    for statement, actions, resources in _grants(resource):
        writes = [action for action in actions if not _reads_only(action)]
        if any(map(is_broad, resources)) and writes and not statement.get("Condition"):
            yield f"it allows {', '.join(writes)} on every resource, without a condition"


def _escalation(resource: Resource, context: Context) -> Iterator[str]:
    for statement, actions, resources in _grants(resource):
        dangerous = _may(actions, ESCALATING)
        if dangerous and any(map(is_broad, resources)) and not statement.get("Condition"):
            yield f"it allows {', '.join(dangerous)} on every resource, and so can get every other right"


def _sensitive_reads(resource: Resource, context: Context) -> Iterator[str]:
    for statement, actions, resources in _grants(resource):
        sensitive = _may(actions, SENSITIVE)
        broad = [arn for arn in resources if is_broad(arn)]
        if sensitive and (broad or "NotResource" in statement) and not statement.get("Condition"):
            yield f"it may use {', '.join(sensitive)} on what belongs to others: {', '.join(broad)}"


def _open_trust(resource: Resource, context: Context) -> Iterator[str]:
    for statement, _, _ in _grants(resource):
        principal = statement.get("Principal", {})
        if "*" in listed(principal if isinstance(principal, str) else principal.get("AWS")):
            yield "everybody in AWS may assume it"


def _unpinned_federation(resource: Resource, context: Context) -> Iterator[str]:
    for statement, actions, _ in _grants(resource):
        if "sts:AssumeRoleWithWebIdentity" not in actions:
            continue
        tests = [key for values in statement.get("Condition", {}).values() for key in values]
        for claim in ("sub", "aud"):
            if not any(key.endswith(f":{claim}") for key in tests):
                yield f"everybody with a token of the identity provider may assume it: {claim} is not checked"
        for value in _subjects(statement):
            if value in ("*", "repo:*", "system:serviceaccount:*"):
                yield f"its subject {value} is everybody"


def _subjects(statement: Mapping[str, Any]) -> Iterator[str]:
    for values in statement.get("Condition", {}).values():
        for key, value in values.items():
            if key.endswith(":sub"):
                yield from listed(value)


def _confused_deputy(resource: Resource, context: Context) -> Iterator[str]:
    for statement, _, _ in _grants(resource):
        principal = statement.get("Principal", {})
        services = listed(principal.get("Service")) if isinstance(principal, Mapping) else []
        conditions = [key for values in statement.get("Condition", {}).values() for key in values]
        for service in services:
            if service in DEPUTIES and not set(conditions) & {"aws:SourceArn", "aws:SourceAccount"}:
                yield f"{service} can be tricked into using it for another account"


def _public_bucket(resource: Resource, context: Context) -> Iterator[str]:
    for statement, _, _ in _grants(resource):
        if statement.get("Principal") in ("*", {"AWS": "*"}) and not statement.get("Condition"):
            yield "everybody may use it"


DEPUTIES = ("eks-fargate-pods.amazonaws.com", "vpc-flow-logs.amazonaws.com")
IRSA = "sts:AssumeRoleWithWebIdentity"
BUCKET = "arn:aws:s3:::shop/*"


def _document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def _policy(actions: str | list[str], resources: str = BUCKET, **more: Any) -> Resource:
    document = _document(Action=actions, Resource=resources, **more)
    return Sample("aws:iam/rolePolicy:RolePolicy", {"policy": document, "role": "shop"}).named("shop-policy")


def _role(**statement: Any) -> Resource:
    statement = {"Action": "sts:AssumeRole", **statement}
    return Sample("aws:iam/role:Role", {"assumeRolePolicy": _document(**statement)}).named("shop-role")


def _federated(**claims: str) -> Resource:
    conditions = {f"oidc.example/id/1:{claim}": value for claim, value in claims.items()}
    return _role(Action=IRSA, Principal={"Federated": "arn:aws:iam::1:oidc"}, Condition={"StringEquals": conditions})


FARGATE = {"Service": "eks-fargate-pods.amazonaws.com"}

RULES = (
    Rule(
        id="iam-names-actions",
        severity="high",
        why="A `*` also allows what AWS adds to the service later.",
        remedy=f"list the actions in {NAME}, or in `permissions:` in the app file",
        types=IDENTITY,
        check=_star,
        passes=example(_policy("s3:GetObject")),
        fails=example(_policy("s3:*")),
    ),
    Rule(
        id="iam-scopes-writes",
        severity="high",
        why="Whoever can change every resource can destroy every resource.",
        remedy=f"name the resources, or add a condition on tags or the VPC, in {NAME}",
        types=IDENTITY,
        check=_unbound_write,
        passes=example(_policy("ec2:DescribeVpcs", "*")),
        fails=example(_policy("ec2:DeleteVpc", "*")),
    ),
    Rule(
        id="iam-cannot-escalate",
        severity="critical",
        why="Whoever can attach policies, or pass any role to a service, can become an administrator.",
        remedy=f"name the roles, in {NAME}",
        types=IDENTITY,
        check=_escalation,
        passes=example(_policy("iam:PassRole", "arn:aws:iam::1:role/shop")),
        fails=example(_policy("iam:PassRole", "*")),
    ),
    Rule(
        id="iam-scopes-reads-of-secrets",
        severity="critical",
        why="Whoever can read every secret, key, object or parameter of the account has everybody's data.",
        remedy=f"name the resources, in {NAME}, or by `permissions:` in the app file",
        types=IDENTITY,
        check=_sensitive_reads,
        passes=example(_policy("s3:GetObject")),
        fails=example(_policy("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:*")),
    ),
    Rule(
        id="role-is-not-for-everybody",
        severity="critical",
        why="Everybody in AWS could use such a role.",
        remedy="name who may assume it",
        types=("iam/role:Role",),
        check=_open_trust,
        passes=example(_role(Principal={"AWS": "arn:aws:iam::123456789012:root"})),
        fails=example(_role(Principal={"AWS": "*"})),
    ),
    Rule(
        id="federated-role-pins-subject",
        severity="critical",
        why="Otherwise every pod of the cluster, or every repository on GitHub, can use the role.",
        remedy="require `sub` and `aud`, as components/iam/service_account.py does",
        types=("iam/role:Role",),
        check=_unpinned_federation,
        passes=example(_federated(sub="system:serviceaccount:prod:shop", aud="sts.amazonaws.com")),
        fails=example(_federated(aud="sts.amazonaws.com")),
    ),
    Rule(
        id="role-has-no-confused-deputy",
        severity="medium",
        why="An AWS service works for many accounts. It must use this role only for this account.",
        remedy="add a condition on aws:SourceArn or aws:SourceAccount",
        types=("iam/role:Role",),
        check=_confused_deputy,
        passes=example(_role(Principal=FARGATE, Condition={"ArnLike": {"aws:SourceArn": "arn:aws:eks:*"}})),
        fails=example(_role(Principal=FARGATE)),
    ),
    Rule(
        id="bucket-is-not-for-everybody",
        severity="critical",
        why="Attackers find public buckets within hours.",
        remedy="name the principals, or add a condition",
        types=("s3/bucketPolicy:BucketPolicy",),
        check=_public_bucket,
        passes=example(
            Sample(
                "aws:s3/bucketPolicy:BucketPolicy", {"policy": _document(Principal={"AWS": "arn:aws:iam::1:root"})}
            ).named()
        ),
        fails=example(Sample("aws:s3/bucketPolicy:BucketPolicy", {"policy": _document(Principal="*")}).named()),
    ),
)
