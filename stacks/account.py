"""A stage of kind `account`: what an AWS account needs once, before its first stage."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from pulumi import InvokeOptions, Output, ResourceOptions

from components.github_access import GithubAccess, GithubAccessArgs
from components.secrets_key import SecretsKey, SecretsKeyArgs
from components.state_bucket import StateBucket, StateBucketArgs
from stacks.config import AccountConfig, Stage


def build(stage: Stage) -> None:
    """Registers the stage."""
    config = stage.config
    assert isinstance(config, AccountConfig)
    tags = {"stack": stage.name, "owner": stage.owner, "managed-by": "wharf"}
    provider = aws.Provider(
        "aws",
        region=stage.aws["region"],
        profile=stage.aws.get("profile"),
        allowed_account_ids=stage.aws.get("allowedAccountIds"),
        default_tags={"tags": tags},
    )
    into = ResourceOptions(providers=[provider])
    identity = aws.get_caller_identity_output(opts=InvokeOptions(provider=provider))
    partition = aws.get_partition_output(opts=InvokeOptions(provider=provider))
    state = StateBucket("state", StateBucketArgs(), opts=into)
    secrets = SecretsKey(
        "secrets", SecretsKeyArgs(alias=f"{stage.project}-secrets", region=stage.aws["region"]), opts=into
    )
    github = GithubAccess(
        "github",
        GithubAccessArgs(
            repository=config.account.repository,
            stages=config.account.stages,
            account_id=identity.account_id,
            partition=partition.partition,
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
