"""A few resources that hold every rule, and that break some of them if so configured."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ResourceOptions


def manifest(spec: dict[str, Any]) -> Any:
    """A spec as Kubernetes writes it, which the SDK takes as well as its own types."""
    return spec


config = pulumi.Config()
broken = config.get_bool("mutate") or False
tags = {} if broken else {"stack": "dev", "environment": "dev", "owner": "us"}
cloud = aws.Provider("aws", region="eu-west-1", default_tags={"tags": tags})
on_aws = ResourceOptions(provider=cloud)

trust = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
    ],
}
suffix = random.RandomString("suffix", length=70, special=False)
role = aws.iam.Role(
    "role",
    name=suffix.result if config.get_bool("unknown") else "w" * (65 if broken else 20),
    assume_role_policy=json.dumps(trust),
    opts=on_aws,
)
statement = {"Effect": "Allow", "Action": "s3:*" if broken else "s3:GetObject", "Resource": "arn:aws:s3:::files/*"}
aws.iam.RolePolicy(
    "policy", role=role.name, policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}), opts=on_aws
)
aws.kms.Key("key", enable_key_rotation=not broken, opts=ResourceOptions(provider=cloud, protect=not broken or None))


def objects(rendered: str) -> None:
    """Of Kubernetes, in a folder, so that no cluster is needed."""
    k8s.Provider("kubernetes", kubeconfig="{}", context=None if broken else "none", cluster_identifier="policed")
    inside = ResourceOptions(provider=k8s.Provider("renderer", render_yaml_to_directory=rendered))
    labels = {"app": "shop"}
    password = pulumi.Output.secret("canary")
    container = {
        "name": "shop",
        "image": "registry.example.com/shop:" + ("latest" if broken else "1.4.2"),
        "env": [{"name": "GREETING", "value": password if broken else "hello"}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": not broken,
        },
    }
    k8s.core.v1.Namespace(
        "namespace",
        metadata={"name": "prod", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        opts=inside,
    )
    k8s.core.v1.ResourceQuota(
        "quota", metadata={"name": "quota", "namespace": "prod"}, spec={"hard": {"pods": "9"}}, opts=inside
    )
    k8s.networking.v1.NetworkPolicy(
        "deny",
        metadata={"name": "deny", "namespace": "prod"},
        spec=manifest({"podSelector": {}, "policyTypes": ["Ingress"]}),
        opts=inside,
    )
    k8s.apps.v1.Deployment(
        "shop",
        metadata={"name": "shop", "namespace": "prod"},
        spec=manifest(
        {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "serviceAccountName": "shop",
                    "securityContext": {
                        "runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}
                    },
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone",
                            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": labels},
                        }
                    ],
                    "containers": [container],
                },
            },
        }),
        opts=inside,
    )  # fmt: skip
    selector = {"app": "nobody" if broken else "shop"}
    k8s.core.v1.Service(
        "service", metadata={"name": "shop", "namespace": "prod"}, spec={"selector": selector, "ports": [{"port": 80}]},
        opts=inside,
    )  # fmt: skip


if rendered := config.get("rendered"):
    objects(rendered)
