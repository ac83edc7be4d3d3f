"""An IAM role for the pods of one Kubernetes service account."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.iam.documents import service_account_trust
from components.shared.names import Longest, physical_name


@dataclass(frozen=True, kw_only=True)
class ServiceAccountRoleArgs:
    """Whose role it is, and what it may do.

    Attributes:
        prefix: starts the role's name.
        namespace, service_account: whose pods take it.
        oidc_provider_arn, oidc_issuer: the cluster's; the issuer without ``https://``.
        policy: an IAM policy document, JSON.
    """

    prefix: str
    namespace: str
    service_account: str
    oidc_provider_arn: Input[str]
    oidc_issuer: Input[str]
    policy: Input[str]


class ServiceAccountRole(ComponentResource):
    """A role that pods use with the token of their service account (IRSA). This also works on Fargate.

    Example:
        ``ServiceAccountRole("uploads", ServiceAccountRoleArgs(prefix="wharf-dev", namespace="dev",
        service_account="web", policy=document(allow(["s3:PutObject"], [arn])), ...))``
    """

    arn: Output[str]
    annotation: dict[str, Output[str]]  # an annotation for the service account
    ready: aws.iam.RolePolicy  # when it exists, the pods have their rights

    def __init__(self, name: str, args: ServiceAccountRoleArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:iam:ServiceAccountRole", name, None, opts)
        child = ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(_role_name(args), longest=Longest.ROLE),
            assume_role_policy=Output.all(args.oidc_provider_arn, args.oidc_issuer).apply(
                lambda found: service_account_trust(found[0], found[1], args.namespace, args.service_account)
            ),
            opts=child,
        )
        self.ready = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=args.policy, opts=child)
        self.arn = role.arn
        self.annotation = {"eks.amazonaws.com/role-arn": role.arn}
        self.register_outputs({"arn": self.arn})


def _role_name(args: ServiceAccountRoleArgs) -> str:
    """Joined by dots, which names cannot contain. So app `eu-web` of `dev` differs from app `web` of `dev-eu`."""
    return ".".join((args.prefix, args.namespace, args.service_account))
