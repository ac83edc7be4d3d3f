"""How workflows on GitHub reach the account: without a key, each only as far as its job goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.account.github_policies import AUDIENCE, ISSUER, ROLE_PATH, deploy_policy, github_trust, preview_policy
from components.shared.refusal import Refusal, RefusedError

VIEW_ONLY = ("job-function/ViewOnlyAccess", "SecurityAudit")


@dataclass(frozen=True, kw_only=True)
class GithubAccessArgs:
    """Who may do what.

    Attributes:
        repository: ``OWNER/NAME`` on GitHub.
        stages: each has a deploy role, which only jobs of the GitHub environment of the same name can take.
        account_id, partition: where the roles live.
        state_bucket_arn, state_key_arn: the state, which previews read and deployments write.
        secrets_key_arn: what deployments decrypt secrets with, and previews never do.

    Raises:
        RefusedError: the repository is not written ``OWNER/NAME``.
    """

    repository: str
    stages: Sequence[str]
    account_id: Input[str]
    state_bucket_arn: Input[str]
    state_key_arn: Input[str]
    secrets_key_arn: Input[str]
    partition: str = "aws"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", self.repository):
            raise RefusedError([Refusal("repository", f"{self.repository!r} is not OWNER/NAME")])


class GithubAccess(ComponentResource):
    """The OIDC provider of GitHub Actions, a preview role and a deploy role per stage.

    A deploy role makes IAM roles for pods, so what it can do is bounded by review of the repository and by the rules of
    the GitHub environment. It cannot change these roles themselves, nor the keys, nor another stage's state.

    Example:
        ``GithubAccess("github", GithubAccessArgs(repository="team/wharf", stages=["dev", "prod"], ...))``
    """

    provider_arn: Output[str]
    preview_role_arn: Output[str]
    deploy_role_arns: Mapping[str, Output[str]]

    def __init__(self, name: str, args: GithubAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:account:GithubAccess", name, None, opts)
        self._prefix, self._args = name, args
        provider = aws.iam.OpenIdConnectProvider(
            f"{name}-provider",
            url=f"https://{ISSUER}",
            client_id_lists=[AUDIENCE],
            opts=ResourceOptions(parent=self),
        )
        self.provider_arn = provider.arn
        self.preview_role_arn = self._preview_role()
        self.deploy_role_arns = {stage: self._deploy_role(stage) for stage in args.stages}
        self.register_outputs({"preview_role_arn": self.preview_role_arn, "deploy_role_arns": self.deploy_role_arns})

    def _preview_role(self) -> Output[str]:
        role = self._role("preview", "environment:preview")  # reviewed, for it runs the code of a pull request
        for policy in VIEW_ONLY:
            aws.iam.RolePolicyAttachment(
                f"{self._prefix}-preview-{policy.rsplit('/', 1)[-1]}",
                role=role.name,
                policy_arn=f"arn:{self._args.partition}:iam::aws:policy/{policy}",
                opts=ResourceOptions(parent=self),
            )
        document = Output.all(self._args.state_bucket_arn, self._args.state_key_arn).apply(
            lambda arns: preview_policy(*arns)
        )
        self._policy("preview", role, document)
        return role.arn

    def _deploy_role(self, stage: str) -> Output[str]:
        role = self._role(f"deploy-{stage}", f"environment:{stage}")
        args = self._args
        document = Output.all(
            account_id=args.account_id,
            partition=args.partition,
            state_bucket_arn=args.state_bucket_arn,
            key_arns=[args.state_key_arn, args.secrets_key_arn],
        ).apply(lambda known: deploy_policy(stage=stage, **known))
        self._policy(f"deploy-{stage}", role, document)
        return role.arn

    def _role(self, job: str, subject: str) -> aws.iam.Role:
        trust = self.provider_arn.apply(lambda arn: github_trust(arn, self._args.repository, subject))
        return aws.iam.Role(
            f"{self._prefix}-{job}",
            name=f"wharf-{job}",  # workflows name it
            path=ROLE_PATH,
            assume_role_policy=trust,
            max_session_duration=2 * 60 * 60,  # seconds; a first deployment of a cluster takes most of an hour
            opts=ResourceOptions(parent=self),
        )

    def _policy(self, job: str, role: aws.iam.Role, document: Output[str]) -> None:
        aws.iam.RolePolicy(
            f"{self._prefix}-{job}-policy", role=role.id, policy=document, opts=ResourceOptions(parent=self)
        )
