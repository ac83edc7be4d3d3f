"""IAM and KMS: who may do what, and the keys."""

from __future__ import annotations

from evaluation.aws_types.row import AwsType, Facts, Template, table

IAM = "arn:{PARTITION}:iam::{ACCOUNT}"
KMS = "arn:{PARTITION}:kms:{REGION}:{ACCOUNT}"


def _path(facts: Facts) -> str:
    return facts.get("path") or "/"


def _iam_arn(kind: str) -> Template:
    return lambda facts: facts.fill(f"{IAM}:{kind}") + _path(facts) + facts["name"]


def _without_scheme(facts: Facts) -> str:
    return facts["url"].removeprefix("https://")


def _alias_target(facts: Facts) -> str:
    target = facts["targetKeyId"]
    return target if target.startswith("arn:") else facts.fill(f"{KMS}:key/{target}")


IDENTITY = table(
    AwsType(
        "aws:iam/role:Role",
        source="internal/service/iam/role.go",
        id="{name}",
        arn=_iam_arn("role"),
        computed={"createDate": "2026-11-01T00:00:00Z", "path": "/", "uniqueId": "AROA{UPPER17}"},
        auto_name="name",
        required=("assumeRolePolicy",),
        immutable=("name", "namePrefix", "path"),
    ),
    AwsType(
        "aws:iam/rolePolicy:RolePolicy",
        source="internal/service/iam/role_policy.go",
        id="{role}:{name}",
        auto_name="name",
        required=("policy", "role"),
        immutable=("name", "namePrefix", "role"),
    ),
    AwsType(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source="internal/service/iam/role_policy_attachment.go",
        id="{role}/{policyArn}",
        required=("policyArn", "role"),
        immutable=("policyArn", "role"),
    ),
    AwsType(
        "aws:iam/policy:Policy",
        source="internal/service/iam/policy.go",
        id=_iam_arn("policy"),
        arn="{id}",
        computed={"path": "/", "policyId": "ANPA{UPPER17}", "attachmentCount": 0},
        auto_name="name",
        required=("policy",),
        immutable=("description", "name", "namePrefix", "path"),
    ),
    AwsType(
        "aws:iam/instanceProfile:InstanceProfile",
        source="internal/service/iam/instance_profile.go",
        id="{name}",
        arn=_iam_arn("instance-profile"),
        computed={"createDate": "2026-11-01T00:00:00Z", "path": "/", "uniqueId": "AIPA{UPPER17}"},
        auto_name="name",
        immutable=("name", "namePrefix", "path"),
    ),
    AwsType(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        source="internal/service/iam/openid_connect_provider.go",
        id=lambda facts: facts.fill(f"{IAM}:oidc-provider/") + _without_scheme(facts),
        arn="{id}",
        computed={"thumbprintLists": []},
        required=("clientIdLists", "url"),
        immutable=("url",),
    ),
    AwsType(
        "aws:kms/key:Key",
        source="internal/service/kms/key.go",
        id="{UUID}",
        arn=f"{KMS}:key/{{id}}",
        computed={"keyId": "{id}", "keyUsage": "ENCRYPT_DECRYPT"},
        enums={
            "keyUsage": ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
        },
        immutable=("customerMasterKeySpec", "customKeyStoreId", "keyUsage", "multiRegion", "xksKeyId"),
        holds="whatever is encrypted with it",
    ),
    AwsType(
        "aws:kms/alias:Alias",
        source="internal/service/kms/alias.go",
        id="{name}",
        arn=f"{KMS}:{{name}}",
        computed={"targetKeyArn": _alias_target},
        required=("targetKeyId",),
        auto_name="name",
        immutable=("name", "namePrefix"),
    ),
)
