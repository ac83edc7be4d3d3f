"""The providers of stages on AWS. They are created only here."""

from __future__ import annotations

import json

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import InvokeOptions, Output

from stacks.reading.models import Stage


def tags(stage: Stage) -> dict[str, str]:
    """The tags of every resource. The commit is not a tag, because each new commit would then change every resource."""
    return {
        "project": stage.project,
        "stack": stage.name,
        "environment": stage.name,
        "owner": stage.owner,
        "managed-by": "wharf",
    }


def aws_provider(stage: Stage) -> aws.Provider:
    """The AWS provider, with the stage's region and profile. It puts `tags` on every resource."""
    return aws.Provider(
        "aws",
        region=stage.aws["region"],
        profile=stage.aws.get("profile"),
        allowed_account_ids=stage.aws.get("allowedAccountIds"),
        default_tags={"tags": tags(stage)},
    )


def account_id(provider: aws.Provider) -> Output[str]:
    """The account that the provider works in."""
    return aws.get_caller_identity_output(opts=InvokeOptions(provider=provider)).account_id


def eks_provider(stage: Stage, kubeconfig: Output[str]) -> k8s.Provider:
    """The provider of a cluster on EKS.

    The identifier never changes. Otherwise, a new kubeconfig would replace everything in the cluster.
    """
    profile = stage.aws.get("profile")
    return k8s.Provider(
        "kubernetes",
        kubeconfig=kubeconfig.apply(lambda text: as_profile(text, profile)) if profile else kubeconfig,
        context="aws",
        cluster_identifier=f"wharf-{stage.project}-{stage.name}",
        enable_server_side_apply=True,
    )


def as_profile(kubeconfig: str, profile: str) -> str:
    """The same kubeconfig, but tokens are fetched with this profile. The exported kubeconfig names no profile."""
    config = json.loads(kubeconfig)
    for user in config["users"]:
        user["user"]["exec"]["args"] += ["--profile", profile]
    return json.dumps(config)
