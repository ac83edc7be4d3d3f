"""IAM documents of the roles that workflows on GitHub take."""

from __future__ import annotations

from collections.abc import Sequence

from components.iam.documents import Statement, allow, document

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
ROLE_PATH = "/wharf/github/"

# What a stage is made of. IAM, Route 53, S3, SES and KMS have statements of their own.
SERVICES = ("acm", "ec2", "eks", "elasticache", "elasticloadbalancing", "logs", "mq", "rds")
PASSED_TO = ("ec2.amazonaws.com", "eks-fargate-pods.amazonaws.com", "eks.amazonaws.com", "vpc-flow-logs.amazonaws.com")
SERVICE_LINKED = tuple(
    f"{service}.amazonaws.com"
    for service in (
        "autoscaling",
        "eks",
        "eks-fargate",
        "eks-nodegroup",
        "elasticache",
        "elasticloadbalancing",
        "mq",
        "rds",
    )
)


def github_trust(provider_arn: str, repository: str, subject: str) -> str:
    """Who may take a role: jobs of ``repository`` whose token says ``subject``, such as ``environment:prod``."""
    claims = {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": f"repo:{repository}:{subject}"}
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider_arn},
            "Condition": {"StringEquals": claims},
        }
    )


def preview_policy(state_bucket_arn: str, state_key_arn: str) -> str:
    """Beside AWS's own view-only policies: the state, and never what is secret, whoever else would allow it."""
    return document(
        *_readable(state_bucket_arn),
        allow(["kms:Decrypt"], [state_key_arn]),
        {"Effect": "Deny", "Action": "kms:Decrypt", "NotResource": state_key_arn},
        deny(
            [
                "eks:AccessKubernetesApi",
                "rds-db:connect",
                "secretsmanager:GetSecretValue",
                "ssm:GetParameter",
                "ssm:GetParameters",
                "ssm:GetParametersByPath",
            ],
            ["*"],
        ),
    )


def deploy_policy(
    *, stage: str, account_id: str, partition: str, state_bucket_arn: str, key_arns: Sequence[str]
) -> str:
    """All that a stage is made of, and nothing of what decides who may deploy."""
    iam = f"arn:{partition}:iam::{account_id}"
    who_may_deploy = [f"{iam}:role{ROLE_PATH}*", f"{iam}:oidc-provider/{ISSUER}", f"{iam}:user/*", f"{iam}:group/*"]
    return document(
        allow([f"{service}:*" for service in SERVICES], ["*"]),
        *_state(state_bucket_arn, stage),
        *_log_buckets(partition),
        *_names(partition),
        *_mail(partition, account_id),
        *_keys(partition, account_id, key_arns),
        *_roles(iam),
        deny(["iam:*"], who_may_deploy),
    )


def deny(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    return {"Effect": "Deny", "Action": list(actions), "Resource": list(resources)}


def _readable(bucket_arn: str) -> list[Statement]:
    return [
        allow(["s3:GetBucketLocation", "s3:ListBucket"], [bucket_arn]),
        allow(["s3:GetObject"], [f"{bucket_arn}/.pulumi/*"]),
    ]


def _state(bucket_arn: str, stage: str) -> list[Statement]:
    """All of it can be read, for what one stage takes from another; only the stage's own can be written."""
    own = [f"{bucket_arn}/.pulumi/*/{stage}{rest}" for rest in (".json*", "/*")]
    return [*_readable(bucket_arn), allow(["s3:DeleteObject", "s3:PutObject"], own)]


def _log_buckets(partition: str) -> list[Statement]:
    """Access logs of load balancers: the one kind of bucket that a stage makes."""
    return [
        allow(
            [
                *("s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:GetBucket*", "s3:ListBucket*"),
                *("s3:GetAccelerateConfiguration", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration"),
                *("s3:GetReplicationConfiguration", "s3:PutBucket*", "s3:PutEncryptionConfiguration"),
                "s3:PutLifecycleConfiguration",
            ],
            [f"arn:{partition}:s3:::*-access-logs-*"],
        ),
        allow(["s3:DeleteObject", "s3:DeleteObjectVersion"], [f"arn:{partition}:s3:::*-access-logs-*/*"]),
    ]


def _names(partition: str) -> list[Statement]:
    zones = [
        *("route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets"),
        "route53:ListTagsForResource",
    ]
    return [
        allow(zones, [f"arn:{partition}:route53:::hostedzone/*"]),
        allow(["route53:GetChange"], [f"arn:{partition}:route53:::change/*"]),
        # GetParameters: whoever starts an instance whose launch template names its image by a parameter.
        allow(["ssm:GetParameter", "ssm:GetParameters"], [f"arn:{partition}:ssm:*:*:parameter/aws/service/*"]),
    ]


def _mail(partition: str, account_id: str) -> list[Statement]:
    existing = [
        *("ses:DeleteConfigurationSet", "ses:DeleteEmailIdentity", "ses:GetConfigurationSet", "ses:GetEmailIdentity"),
        *("ses:ListTagsForResource", "ses:PutConfigurationSetDeliveryOptions"),
        *("ses:PutEmailIdentityDkimSigningAttributes", "ses:TagResource", "ses:UntagResource"),
    ]
    return [
        allow(["ses:CreateConfigurationSet", "ses:CreateEmailIdentity"], ["*"]),
        allow(existing, [f"arn:{partition}:ses:*:{account_id}:{kind}/*" for kind in ("configuration-set", "identity")]),
    ]


def _keys(partition: str, account_id: str, key_arns: Sequence[str]) -> list[Statement]:
    """The account's keys are used; the stage's own are made, and taken away with it."""
    own = [
        *("kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey"),
        *("kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey*", "kms:GetKey*", "kms:ListResourceTags"),
        *("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias"),
        "kms:UpdateKeyDescription",
    ]
    return [
        allow(["kms:CreateKey", "kms:ListAliases"], ["*"]),
        allow(own, [f"arn:{partition}:kms:*:{account_id}:{kind}/*" for kind in ("alias", "key")]),
        deny(["kms:CreateGrant", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:UpdateAlias"], key_arns),
    ]


def _roles(iam: str) -> list[Statement]:
    of_roles = [
        *("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"),
        *("iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole"),
        *("iam:ListRolePolicies", "iam:PutRolePolicy", "iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"),
    ]
    of_policies = [
        *("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion"),
        *("iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions", "iam:TagPolicy", "iam:UntagPolicy"),
    ]
    of_profiles = [
        *("iam:AddRoleToInstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile"),
        *("iam:GetInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile"),
        "iam:UntagInstanceProfile",
    ]
    of_providers = [
        *("iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", "iam:GetOpenIDConnectProvider"),
        *("iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider"),
    ]
    passed = {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}}
    linked = {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}}
    return [
        allow(of_roles, [f"{iam}:role/*"]),
        allow(of_policies, [f"{iam}:policy/*"]),
        allow(of_profiles, [f"{iam}:instance-profile/*"]),
        allow(of_providers, [f"{iam}:oidc-provider/*"]),
        allow(["iam:PassRole"], [f"{iam}:role/*"], passed),
        allow(["iam:CreateServiceLinkedRole"], [f"{iam}:role/aws-service-role/*"], linked),
    ]
