"""Valkey inside the cluster: for local stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.shared.images import VALKEY
from components.shared.labels import identity, not_awaited, standard
from components.shared.manifest import Manifest
from components.shared.network_policy import allow, users_of
from components.shared.pods import container_security, empty_dirs, pod_security
from components.shared.refusal import Refusal, require
from components.shared.secret_data import encoded, fingerprint

PORT = 6379
USER_ID = 999  # valkey in the official image
NAME = "cache"
CONFIG = "/run/credentials/valkey.conf"
# Valkey writes nothing to a disk. It removes the least recently used keys before the pod reaches its memory limit.
SETTINGS = 'dir /tmp\nsave ""\nappendonly no\nmaxmemory 80mb\nmaxmemory-policy allkeys-lru\nrequirepass '


def limits(*, rotation: int) -> Iterator[Refusal]:
    """The values that the pod cannot have, each by its key in the stage file."""
    if rotation < 1:
        yield Refusal("rotation", f"{rotation} is less than 1")


@dataclass(frozen=True, kw_only=True)
class ValkeyArgs:
    """``version`` is one that ElastiCache offers too. Raise ``rotation`` to make a new password."""

    project: str
    environment: str
    namespace: Input[str]
    rollout_key: Output[str]
    version: str
    rotation: int = 1

    def __post_init__(self) -> None:
        require(limits(rotation=self.rotation))


class Valkey(ComponentResource):
    """One Valkey pod with a password. Only apps that need it can reach it. A restart deletes its data."""

    host: Output[str]
    port: Output[int]
    password: Output[str]  # secret
    url: Output[str]  # secret

    def __init__(self, name: str, args: ValkeyArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:Valkey", name, None, opts)
        child = ResourceOptions(parent=self)
        labels = standard(NAME, project=args.project, environment=args.environment, component=NAME)
        selector = identity(NAME, NAME)
        metadata: Manifest = {"name": NAME, "namespace": args.namespace, "labels": labels}
        password = random.RandomPassword(
            f"{name}-password", length=32, special=False, keepers={"rotation": str(args.rotation)}, opts=child
        )
        self.password = Output.secret(password.result)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        config = {"valkey.conf": Output.secret(Output.concat(SETTINGS, self.password, "\n"))}
        secret = k8s.core.v1.Secret(f"{name}-config", metadata=metadata, data=encoded(config), opts=child)
        port: Manifest = {"name": "valkey", "port": PORT, "targetPort": "valkey"}
        service_spec: Manifest = {"type": "ClusterIP", "selector": selector, "ports": [port]}
        service = k8s.core.v1.Service(f"{name}-service", metadata=not_awaited(metadata), spec=service_spec, opts=child)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy", metadata=metadata, spec=allow(selector, users_of(NAME), [PORT]), opts=child
        )
        pods = {"labels": labels, "annotations": {"wharf.dev/settings": fingerprint(config, args.rollout_key)}}
        spec: Manifest = {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "template": {"metadata": pods, "spec": _pod(args.version)},
        }
        server = k8s.apps.v1.Deployment(
            f"{name}-server",
            metadata=metadata,
            spec=spec,
            opts=ResourceOptions(parent=self, depends_on=[account, secret, service]),
        )
        self.host = server.metadata.name.apply(lambda _: NAME)  # whoever uses it waits for the server
        self.port = Output.from_input(PORT)
        self.url = Output.secret(Output.concat("redis://:", self.password, f"@{NAME}:{PORT}/0"))
        self.register_outputs({"host": self.host})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a cache."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "password": self.password,
            "tls": Output.from_input("false"),
        }


def _pod(version: str) -> Manifest:
    volumes, mounts = empty_dirs(["/tmp"])  # noqa: S108 the pod's own
    probe = {"tcpSocket": {"port": "valkey"}}
    server = {
        "name": "valkey",
        "image": f"{VALKEY}:{version}",
        "command": ["valkey-server", CONFIG],
        "ports": [{"name": "valkey", "containerPort": PORT}],
        "livenessProbe": {**probe, "periodSeconds": 10},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
        "volumeMounts": [*mounts, {"name": "config", "mountPath": "/run/credentials", "readOnly": True}],
    }
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(USER_ID, group=USER_ID),
        "containers": [server],
        "volumes": [*volumes, {"name": "config", "secret": {"secretName": NAME, "defaultMode": 0o440}}],
    }
