"""Every IAM role of a stage carries the permissions boundary that its account has for it."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from components.account.stage_access import boundary_arn
from components.iam.documents import partition_of
from stacks.reading.models import Stage

ROLE = "aws:iam/role:Role"
REMOTE = "eks:index:Cluster"  # makes a role of its own, in a process of its own


def bound_roles(stage: Stage, account_id: Output[str]) -> None:
    """From now on each role gets it, whoever makes the role. Nothing where no account file names the stage."""
    if not stage.is_bounded:
        return
    arn = account_id.apply(lambda account: boundary_arn(partition_of(stage.aws["region"]), account, stage.name))

    def of_ours(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if args.type_ == ROLE:
            return pulumi.ResourceTransformationResult({**args.props, "permissions_boundary": arn}, args.opts)
        if args.type_ == REMOTE:
            opts = ResourceOptions.merge(args.opts, ResourceOptions(transforms=[of_remote]))
            return pulumi.ResourceTransformationResult(args.props, opts)
        return None

    def of_remote(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != ROLE:
            return None
        props: dict[str, Any] = {**args.props, "permissionsBoundary": arn}
        return pulumi.ResourceTransformResult(props, args.opts)

    pulumi.runtime.register_stack_transformation(of_ours)
