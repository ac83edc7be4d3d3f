"""A stage of kind `account`: what an AWS account needs once, before its first stage."""

from __future__ import annotations

import pulumi
from pulumi import Output, ResourceOptions

from components.account.github_access import GithubAccess, GithubAccessArgs
from components.account.secrets_key import SecretsKey, SecretsKeyArgs
from components.account.state_bucket import StateBucket, StateBucketArgs
from components.iam.documents import partition_of
from stacks.providers import account_id, aws_provider
from stacks.reading.accounts import stage_access
from stacks.reading.models import AccountConfig, Stage


def build(stage: Stage[AccountConfig]) -> None:
    """Registers the stage."""
    config = stage.config
    provider = aws_provider(stage)
    into = ResourceOptions(providers=[provider])
    state = StateBucket("state", StateBucketArgs(), opts=into)
    shared = SecretsKey("secrets", _secrets_key(stage), opts=into)
    keys = {name: SecretsKey(f"secrets-{name}", _secrets_key(stage, name), opts=into) for name in config.account.stages}
    github = GithubAccess(
        "github",
        GithubAccessArgs(
            repository=config.account.repository,
            stages=[stage_access(stage.root, stage.project, name) for name in config.account.stages],
            account_id=account_id(provider),
            partition=partition_of(stage.aws["region"]),
            state_bucket_arn=state.bucket_arn,
            state_key_arn=state.key_arn,
            secrets_key_arns={name: key.key_arn for name, key in keys.items()},
            app_services=config.account.app_services,
            provider_arn=config.account.github_provider,
        ),
        opts=into,
    )
    pulumi.export("state", Output.format("s3://{0}", state.bucket))
    pulumi.export("secrets-provider", shared.url)
    pulumi.export("secrets-providers", {name: key.url for name, key in keys.items()})
    pulumi.export("preview-role", github.preview_role_arn)
    pulumi.export("deploy-roles", github.deploy_role_arns)


def _secrets_key(stage: Stage, of: str | None = None) -> SecretsKeyArgs:
    """The key of one stage; or the account's own, which no deploy role can use."""
    region = stage.aws["region"]
    if of is None:
        return SecretsKeyArgs(alias=f"{stage.project}-secrets", region=region)
    return SecretsKeyArgs(alias=f"{stage.project}-{of}-secrets", region=region, of=f"Secrets of the stage {of}")
