"""Who may take the roles of workflows on GitHub, and what a preview may do."""

from __future__ import annotations

from components.account.deploy_policy import BUCKET_READS, LOG_BUCKETS, READS, ZONE_READS
from components.account.stage_access import ISSUER
from components.iam.documents import allow, deny, document

AUDIENCE = "sts.amazonaws.com"


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


def preview_policy(state_bucket_arn: str, state_key_arn: str, partition: str) -> str:
    """The state, and what a refresh looks at; never what is secret, whoever else would allow it."""
    return document(
        allow(READS, ["*"]),
        allow(BUCKET_READS, [f"arn:{partition}:s3:::{LOG_BUCKETS}"]),
        allow(ZONE_READS, [f"arn:{partition}:route53:::hostedzone/*"]),
        allow(["s3:GetBucketLocation", "s3:ListBucket"], [state_bucket_arn]),
        allow(["s3:GetObject"], [f"{state_bucket_arn}/.pulumi/*"]),
        allow(["kms:Decrypt"], [state_key_arn]),
        {"Effect": "Deny", "Action": "kms:Decrypt", "NotResource": state_key_arn},
        deny(
            [
                *("eks:AccessKubernetesApi", "rds-db:connect", "secretsmanager:GetSecretValue", "ssm:GetParameter"),
                *("ssm:GetParameters", "ssm:GetParametersByPath"),
            ],
            ["*"],
        ),
    )
