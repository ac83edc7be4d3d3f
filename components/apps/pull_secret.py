"""A login to a private image registry, as pods use it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.shared.secret_data import encoded


@dataclass(frozen=True, kw_only=True)
class PullSecretArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    server: str  # such as ghcr.io
    username: str
    password: Output[str]


class PullSecret(ComponentResource):
    """A Secret of type kubernetes.io/dockerconfigjson."""

    name: Output[str]

    def __init__(self, name: str, args: PullSecretArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:apps:PullSecret", name, None, opts)
        document = args.password.apply(lambda password: docker_config(args.server, args.username, password))
        secret = k8s.core.v1.Secret(
            f"{name}-login",
            metadata={"name": f"pull-{name}", "namespace": args.namespace, "labels": dict(args.labels)},
            type="kubernetes.io/dockerconfigjson",
            data=encoded({".dockerconfigjson": document}),
            opts=ResourceOptions(parent=self),
        )
        self.name = secret.metadata.name
        self.register_outputs({"name": self.name})


def docker_config(server: str, username: str, password: str) -> str:
    """The document that the kubelet reads, as JSON."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    return json.dumps({"auths": {server: {"username": username, "password": password, "auth": auth}}})
