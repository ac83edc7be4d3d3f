"""The smallest instance of each component. One that is missing here fails the contracts by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi import Output

from components.account.stage_access import StageAccess

STAGE = "zebra"  # no other word that is used here has it in it
NAMED: dict[str, Any] = {"project": "shop", "environment": STAGE, "namespace": STAGE}
OIDC: dict[str, Any] = {
    "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123",
    "oidc_issuer": "oidc.eks.eu-west-1.amazonaws.com/id/0123",
}
CLUSTER: dict[str, Any] = {"cluster": "shop-zebra", "cluster_name": "shop-zebra", "region": "eu-west-1"}
ACCOUNT: dict[str, Any] = {"account_id": "123456789012"}
SUBNETS: dict[str, Any] = {"subnet_ids": ["subnet-1", "subnet-2"]}
GROUP: dict[str, Any] = {"cluster_security_group_id": "sg-1"}
ROUTE: dict[str, Any] = {"namespace": STAGE, "labels": {"app.kubernetes.io/name": "web"}, "path": "/", "service": "web"}


def _app() -> Mapping[str, Any]:
    from components.apps.spec import AppSpec

    spec = AppSpec(name="web", image="example/web", version="1.0", kind="web", port=80, before=["./migrate"])
    return {**NAMED, "spec": spec, "rollout_key": Output.secret("key")}


EXAMPLES: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "AccessLogs": lambda: ACCOUNT,
    "AlbRoute": lambda: {**ROUTE, "class_name": STAGE, "annotations": {}, "host": "web.example.com", "port": 80},
    "App": _app,
    "BlockStorage": lambda: {**CLUSTER, **OIDC, "version": "1.36"},
    "Cache": lambda: {**SUBNETS, "vpc_id": "vpc-1"},
    "Broker": lambda: {**SUBNETS, "vpc_id": "vpc-1"},
    "Certificate": lambda: {"domain": "example.com", "zone_id": "Z1"},
    "Cluster": lambda: {
        **ACCOUNT,
        "cluster_name": "shop-zebra",
        "region": "eu-west-1",
        "vpc_id": "vpc-1",
        "public_subnet_ids": ["subnet-3", "subnet-4"],
        "private_subnet_ids": ["subnet-1", "subnet-2"],
        "private_access": True,
    },
    "Database": lambda: {**SUBNETS, "vpc_id": "vpc-1"},
    "Environment": lambda: {"namespace": STAGE, "project": "shop"},
    "ExternalDns": lambda: {
        **OIDC,
        **{"prefix": "shop", "environment": STAGE, "namespace": STAGE, "region": "eu-west-1"},
        **{"domain": "example.com", "zone_id": "Z1"},
    },
    "FargateLogs": lambda: {"cluster_name": "shop-zebra", "region": "eu-west-1", "pod_execution_role": "role"},
    "FargateProfiles": lambda: {**CLUSTER, **ACCOUNT, **SUBNETS, "profiles": {"apps": [STAGE]}},
    "FlowLogs": lambda: {**ACCOUNT, "prefix": "shop", "vpc_id": "vpc-1"},
    "GithubAccess": lambda: {
        **ACCOUNT,
        "repository": "team/shop",
        "stages": [StageAccess(project="shop", name="prod")],
        "state_bucket_arn": "arn:aws:s3:::state",
        "state_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "secrets_key_arns": {"prod": "arn:aws:kms:eu-west-1:123456789012:key/2"},
    },
    "Ingress": lambda: {
        "environment": STAGE,
        "namespace": STAGE,
        "log_bucket": "logs",
        "public_subnet_ids": ["subnet-3", "subnet-4"],
        "tags": {},
    },
    "LoadBalancerController": lambda: {
        **ACCOUNT,
        **GROUP,
        **OIDC,
        **{"cluster_name": "shop-zebra", "region": "eu-west-1", "vpc_id": "vpc-1"},
    },
    "MailCatcher": lambda: NAMED,
    "MailRelay": lambda: {
        **NAMED,
        **ACCOUNT,
        **OIDC,
        **GROUP,
        **{"region": "eu-west-1", "vpc_id": "vpc-1", "addresses": ["team@example.com"]},
    },
    "MetricsServer": dict,
    "NatInstance": lambda: {"vpc_id": "vpc-1", "vpc_cidr": "10.0.0.0/16", "subnet_id": "subnet-1"},
    "Network": lambda: {
        **ACCOUNT,
        **{"prefix": "shop", "region": "eu-west-1", "cidr": "10.0.0.0/16", "cluster": "shop-zebra"},
        "zones": ["eu-west-1a", "eu-west-1b"],
    },
    "PodNetwork": lambda: {**GROUP, "app": "web", "vpc_id": "vpc-1", "namespace": STAGE},
    "Postgres": lambda: {**NAMED, "rollout_key": Output.secret("key"), "version": "18.4"},
    "PullSecret": lambda: {
        "namespace": STAGE,
        "labels": {"app.kubernetes.io/name": "pull-secret"},
        "server": "ghcr.io",
        "username": "team",
        "password": Output.secret("password"),
    },
    "Valkey": lambda: {**NAMED, "rollout_key": Output.secret("key"), "version": "8.1"},
    "RabbitMQ": lambda: {**NAMED, "rollout_key": Output.secret("key"), "version": "4.3"},
    "SecretsKey": lambda: {"alias": "shop-secrets", "region": "eu-west-1"},
    "ServiceAccountRole": lambda: {**OIDC, "prefix": "shop", "namespace": STAGE, "service_account": "x", "policy": ""},
    "StateBucket": dict,
    "SystemNodes": lambda: {**CLUSTER, **SUBNETS, "version": "1.36"},
    "TraefikRoute": lambda: {**ROUTE, "host": "web.localhost", "port": 80},
}  # fmt: skip
