"""A stage of kind `account`: what an AWS account needs once, before its first stage."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions

from components.account.github_access import GithubAccess, GithubAccessArgs
from components.account.secrets_key import SecretsKey, SecretsKeyArgs
from components.account.state_bucket import StateBucket, StateBucketArgs
from components.iam.documents import partition_of
from stacks.providers import account_id, aws_provider
from stacks.reading.models import AccountConfig, Stage


def build(stage: Stage[AccountConfig]) -> None:
    """Registers the stage."""
    config = stage.config
    provider = aws_provider(stage)
    into = ResourceOptions(providers=[provider])
    state = StateBucket("state", StateBucketArgs(), opts=into)
    secrets = SecretsKey(
        "secrets", SecretsKeyArgs(alias=f"{stage.project}-secrets", region=stage.aws["region"]), opts=into
    )
    github = GithubAccess(
        "github",
        GithubAccessArgs(
            repository=config.account.repository,
            stages=config.account.stages,
            account_id=account_id(provider),
            partition=partition_of(stage.aws["region"]),
            state_bucket_arn=state.bucket_arn,
            state_key_arn=state.key_arn,
            secrets_key_arn=secrets.key_arn,
        ),
        opts=into,
    )
    pulumi.export("state", Output.format("s3://{0}", state.bucket))
    pulumi.export("secrets-provider", secrets.url)
    pulumi.export("preview-role", github.preview_role_arn)
    pulumi.export("deploy-roles", github.deploy_role_arns)
