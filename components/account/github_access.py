"""How workflows on GitHub reach the account: without a key, each only as far as its job goes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.account.boundary_policy import boundary_policy
from components.account.deploy_policy import Ground, deploy_policy, resources_policy
from components.account.github_policies import AUDIENCE, github_trust, preview_policy
from components.account.stage_access import BOUNDARY_PATH, ISSUER, ROLE_PATH, StageAccess, boundary_name
from components.shared.refusal import Refusal, RefusedError


@dataclass(frozen=True, kw_only=True)
class GithubAccessArgs:
    """Who may do what.

    Attributes:
        repository: ``OWNER/NAME`` on GitHub.
        stages: each has a deploy role, which only jobs of the GitHub environment of the same name can take.
        account_id, partition: where the roles live.
        state_bucket_arn, state_key_arn: the state, which previews read and deployments write.
        secrets_key_arns: by stage, what deployments decrypt its secrets with, and previews never do.
        app_services: the AWS services that apps' own permissions may name.
        provider_arn: GitHub's OIDC provider, where the account has one already. AWS takes one of each URL.

    Raises:
        RefusedError: the repository is not written ``OWNER/NAME``.
    """

    repository: str
    stages: Sequence[StageAccess]
    account_id: Input[str]
    state_bucket_arn: Input[str]
    state_key_arn: Input[str]
    secrets_key_arns: Mapping[str, Input[str]]
    app_services: Sequence[str] = ()
    provider_arn: str | None = None
    partition: str = "aws"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", self.repository):
            raise RefusedError([Refusal("repository", f"{self.repository!r} is not OWNER/NAME")])


class GithubAccess(ComponentResource):
    """The OIDC provider of GitHub Actions, a preview role, and for each stage a deploy role and a boundary.

    A deploy role is no administrator. Each IAM role that it makes must carry the permissions boundary of its stage,
    and a role with that boundary cannot touch IAM, the state or another stage, whatever policy is attached to it. A
    deploy role can change neither the boundary nor the roles that are made here, and takes no boundary off a role.
    Outside of IAM it changes what carries its stage's tags.

    Example:
        ``GithubAccess("github", GithubAccessArgs(repository="team/wharf", stages=[StageAccess(...)], ...))``
    """

    provider_arn: Output[str]
    preview_role_arn: Output[str]
    deploy_role_arns: Mapping[str, Output[str]]

    def __init__(self, name: str, args: GithubAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:account:GithubAccess", name, None, opts)
        self._prefix, self._args = name, args
        self.provider_arn = Output.from_input(args.provider_arn) if args.provider_arn else self._github_provider().arn
        self.preview_role_arn = self._preview_role()
        boundaries = {stage.name: self._boundary(stage) for stage in args.stages}
        self.deploy_role_arns = {stage.name: self._deploy_role(stage, boundaries[stage.name]) for stage in args.stages}
        self.register_outputs({"preview_role_arn": self.preview_role_arn, "deploy_role_arns": self.deploy_role_arns})

    def _github_provider(self) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            f"{self._prefix}-provider",
            url=f"https://{ISSUER}",
            client_id_lists=[AUDIENCE],
            opts=ResourceOptions(parent=self, protect=True),  # other repositories may come to use it
        )

    def _preview_role(self) -> Output[str]:
        role = self._role("preview", "environment:preview")  # reviewed, for it runs the code of a pull request
        document = Output.all(self._args.state_bucket_arn, self._args.state_key_arn).apply(
            lambda arns: preview_policy(arns[0], arns[1], self._args.partition)
        )
        self._policy("preview", role, document)
        return role.arn

    def _boundary(self, stage: StageAccess) -> aws.iam.Policy:
        args = self._args
        document = Output.all(args.account_id, args.state_bucket_arn).apply(
            lambda known: boundary_policy(
                stage,
                account_id=known[0],
                partition=args.partition,
                state_bucket_arn=known[1],
                app_services=args.app_services,
            )
        )
        return aws.iam.Policy(
            f"{self._prefix}-boundary-{stage.name}",
            name=boundary_name(stage.name),  # stages name it
            path=BOUNDARY_PATH,
            description=f"The most that any role of the stage {stage.name} can do",
            policy=document,
            opts=ResourceOptions(parent=self),
        )

    def _deploy_role(self, stage: StageAccess, boundary: aws.iam.Policy) -> Output[str]:
        job, args = f"deploy-{stage.name}", self._args
        role = self._role(job, f"environment:{stage.name}", after=[boundary])
        document = Output.all(
            account_id=args.account_id,
            partition=args.partition,
            state_bucket_arn=args.state_bucket_arn,
            state_key_arn=args.state_key_arn,
            secrets_key_arns=args.secrets_key_arns,
        ).apply(lambda known: deploy_policy(stage, Ground(**known)))
        self._policy(job, role, document)
        resources = aws.iam.Policy(
            f"{self._prefix}-{job}-resources",
            name=f"wharf-{job}",
            path=ROLE_PATH,
            description=f"What the stage {stage.name} is made of",
            policy=resources_policy(stage),
            opts=ResourceOptions(parent=self),
        )
        aws.iam.RolePolicyAttachment(
            f"{self._prefix}-{job}-attachment",
            role=role.name,
            policy_arn=resources.arn,
            opts=ResourceOptions(parent=self),
        )
        return role.arn

    def _role(self, job: str, subject: str, after: Sequence[Resource] = ()) -> aws.iam.Role:
        trust = self.provider_arn.apply(lambda arn: github_trust(arn, self._args.repository, subject))
        return aws.iam.Role(
            f"{self._prefix}-{job}",
            name=f"wharf-{job}",  # workflows name it
            path=ROLE_PATH,
            assume_role_policy=trust,
            max_session_duration=2 * 60 * 60,  # seconds; a first deployment of a cluster takes most of an hour
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )

    def _policy(self, job: str, role: aws.iam.Role, document: Output[str]) -> None:
        aws.iam.RolePolicy(
            f"{self._prefix}-{job}-policy", role=role.id, policy=document, opts=ResourceOptions(parent=self)
        )
