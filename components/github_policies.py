"""IAM documents of the roles that workflows on GitHub take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Document = dict[str, Any]

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
ROLE_PATH = "/wharf/github/"

# What a stage is made of. IAM, Route 53, S3 and KMS have statements of their own.
SERVICES = ("acm", "ec2", "eks", "elasticloadbalancing", "logs", "mq", "rds")
PASSED_TO = (
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
SERVICE_LINKED = (
    "autoscaling.amazonaws.com",
    "eks.amazonaws.com",
    "eks-fargate.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "mq.amazonaws.com",
    "rds.amazonaws.com",
)


def github_trust(provider_arn: str, repository: str, subject: str) -> Document:
    """Who may take a role: jobs of ``repository`` whose token says ``subject``, such as ``environment:prod``."""
    return _document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider_arn},
            "Condition": {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": f"repo:{repository}:{subject}"}},
        }
    )


def preview_policy(state_bucket_arn: str, state_key_arn: str) -> Document:
    """Beside AWS's own view-only policies: the state, and never what is secret, whoever else would allow it."""
    return _document(
        {
            "Sid": "FindState",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": state_bucket_arn,
        },
        {"Sid": "ReadState", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{state_bucket_arn}/*"},
        {"Sid": "DecryptState", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": state_key_arn},
        {"Sid": "NoSecretsByKey", "Effect": "Deny", "Action": "kms:Decrypt", "NotResource": state_key_arn},
        {
            "Sid": "NoSecrets",
            "Effect": "Deny",
            "Action": [
                "eks:AccessKubernetesApi",
                "rds-db:connect",
                "secretsmanager:GetSecretValue",
                "ssm:GetParameter",
                "ssm:GetParameters",
                "ssm:GetParametersByPath",
            ],
            "Resource": "*",
        },
    )


def deploy_policy(
    *, stage: str, account_id: str, partition: str, state_bucket_arn: str, key_arns: Sequence[str]
) -> Document:
    """All that a stage is made of, and nothing of what decides who may deploy."""
    iam = f"arn:{partition}:iam::{account_id}"
    return _document(
        {
            "Sid": "Build",
            "Effect": "Allow",
            "Action": [f"{service}:*" for service in SERVICES],
            "Resource": "*",
        },
        *_names_and_mail(partition),
        *_state(state_bucket_arn, stage),
        *_keys(partition, account_id, key_arns),
        *_roles(iam),
        {
            "Sid": "NotWhoMayDeploy",
            "Effect": "Deny",
            "Action": "iam:*",
            "Resource": [f"{iam}:role{ROLE_PATH}*", f"{iam}:oidc-provider/{ISSUER}", f"{iam}:user/*", f"{iam}:group/*"],
        },
    )


def _names_and_mail(partition: str) -> list[Document]:
    return [
        {
            "Sid": "Records",
            "Effect": "Allow",
            "Action": [
                "route53:ChangeResourceRecordSets",
                "route53:GetHostedZone",
                "route53:ListResourceRecordSets",
                "route53:ListTagsForResource",
            ],
            "Resource": f"arn:{partition}:route53:::hostedzone/*",
        },
        {
            "Sid": "RecordChanges",
            "Effect": "Allow",
            "Action": "route53:GetChange",
            "Resource": f"arn:{partition}:route53:::change/*",
        },
        {
            "Sid": "MailIdentities",
            "Effect": "Allow",
            "Action": [
                "ses:CreateConfigurationSet",
                "ses:CreateEmailIdentity",
                "ses:DeleteConfigurationSet",
                "ses:DeleteEmailIdentity",
                "ses:GetConfigurationSet",
                "ses:GetEmailIdentity",
                "ses:ListTagsForResource",
                "ses:PutConfigurationSetDeliveryOptions",
                "ses:PutEmailIdentityConfigurationSetAttributes",
                "ses:PutEmailIdentityDkimSigningAttributes",
                "ses:TagResource",
                "ses:UntagResource",
            ],
            "Resource": "*",
        },
        {
            "Sid": "PublicParameters",
            "Effect": "Allow",
            "Action": "ssm:GetParameter",
            "Resource": f"arn:{partition}:ssm:*::parameter/aws/service/*",
        },
    ]


def _state(bucket_arn: str, stage: str) -> list[Document]:
    """All of it can be read, for what one stage takes from another; only the stage's own can be written."""
    own = (f".pulumi/*/{stage}.json*", f".pulumi/*/{stage}/*")
    return [
        {
            "Sid": "FindState",
            "Effect": "Allow",
            "Action": ["s3:GetBucketLocation", "s3:ListBucket"],
            "Resource": bucket_arn,
        },
        {"Sid": "ReadState", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{bucket_arn}/.pulumi/*"},
        {
            "Sid": "WriteOwnState",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:PutObject"],
            "Resource": [f"{bucket_arn}/{key}" for key in own],
        },
        {
            "Sid": "LoadBalancerLogBuckets",
            "Effect": "Allow",
            "Action": ["s3:*"],
            "Resource": f"{bucket_arn.rsplit(':', 1)[0]}:*-access-logs-*",
        },
    ]


def _keys(partition: str, account_id: str, key_arns: Sequence[str]) -> list[Document]:
    return [
        {
            "Sid": "UseAccountKeys",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": list(key_arns),
        },
        {"Sid": "CreateKeys", "Effect": "Allow", "Action": ["kms:CreateKey", "kms:ListAliases"], "Resource": "*"},
        {
            "Sid": "StageKeys",
            "Effect": "Allow",
            "Action": "kms:*",
            "Resource": [f"arn:{partition}:kms:*:{account_id}:key/*", f"arn:{partition}:kms:*:{account_id}:alias/*"],
        },
        {
            "Sid": "AccountKeysStay",
            "Effect": "Deny",
            "Action": ["kms:CreateGrant", "kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            "Resource": list(key_arns),
        },
    ]


def _roles(iam: str) -> list[Document]:
    return [
        {
            "Sid": "Roles",
            "Effect": "Allow",
            "Action": [
                "iam:AddRoleToInstanceProfile",
                "iam:AttachRolePolicy",
                "iam:CreateInstanceProfile",
                "iam:CreateOpenIDConnectProvider",
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:CreateRole",
                "iam:DeleteInstanceProfile",
                "iam:DeleteOpenIDConnectProvider",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:GetInstanceProfile",
                "iam:GetOpenIDConnectProvider",
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListPolicyVersions",
                "iam:ListRolePolicies",
                "iam:PutRolePolicy",
                "iam:RemoveRoleFromInstanceProfile",
                "iam:TagInstanceProfile",
                "iam:TagOpenIDConnectProvider",
                "iam:TagPolicy",
                "iam:TagRole",
                "iam:UpdateAssumeRolePolicy",
            ],
            "Resource": [f"{iam}:{kind}/*" for kind in ("role", "policy", "instance-profile", "oidc-provider")],
        },
        {
            "Sid": "PassRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": f"{iam}:role/*",
            "Condition": {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}},
        },
        {
            "Sid": "ServiceLinkedRoles",
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": f"{iam}:role/aws-service-role/*",
            "Condition": {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}},
        },
    ]


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}
