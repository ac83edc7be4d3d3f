"""IAM documents as plain values. Tests can check them with real ARNs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]
Conditions = Mapping[str, Mapping[str, Any]]
PARTITIONS = {  # by the beginning of a region's name
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """The partition in a region's ARNs: ``aws`` for nearly all; ``aws-cn`` in China, for example."""
    return next((partition for prefix, partition in PARTITIONS.items() if region.startswith(prefix)), "aws")


def document(*statements: Statement) -> str:
    """A policy as JSON, the same bytes for the same statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def allow(actions: Sequence[str], resources: Sequence[str], conditions: Conditions | None = None) -> Statement:
    """A statement that allows ``actions`` on ``resources``."""
    stated = {"Effect": "Allow", "Action": sorted(actions), "Resource": sorted(resources)}
    return {**stated, "Condition": conditions} if conditions else stated


def deny(actions: Sequence[str], resources: Sequence[str], conditions: Conditions | None = None) -> Statement:
    """A statement that refuses ``actions`` on ``resources``, whoever else allows them."""
    return {**allow(actions, resources, conditions), "Effect": "Deny"}


def service_trust(service: str, conditions: Conditions | None = None) -> str:
    """Who can use a role: an AWS service, such as ``eks-fargate-pods.amazonaws.com``."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return document({**trust, "Condition": conditions} if conditions else trust)


def service_account_trust(provider_arn: str, issuer: str, namespace: str, service_account: str) -> str:
    """Who can use a role: one Kubernetes service account, with the token that its pods get for AWS.

    Args:
        provider_arn: the IAM OIDC provider of the cluster.
        issuer: the cluster's issuer, without ``https://``.
    """
    conditions = {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider_arn},
            "Condition": {"StringEquals": conditions},
        }
    )
