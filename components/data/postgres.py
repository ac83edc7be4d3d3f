"""PostgreSQL inside the cluster: for local stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.data.stateful import FIXED_WHEN_MADE, stateful_spec
from components.shared.images import POSTGRES
from components.shared.labels import identity, not_awaited, standard
from components.shared.manifest import Manifest
from components.shared.network_policy import Peer, allow, users_of
from components.shared.refusal import Refusal, require
from components.shared.secret_data import encoded, fingerprint

PORT = 5432
USER_ID = 999  # postgres in the official image
NAME = "database"
DATA = "/var/lib/postgresql"

# The image sets the password only when it first creates the data. This script sets it also after a rotation. It uses
# the local socket, which the image trusts. It first waits for an answer on TCP: only the real server gives one, and the
# server of the first setup does not.
_FOLLOW_ROTATION = (
    "until pg_isready -q -h 127.0.0.1 -U app -d app; do sleep 1; done; "
    "echo \"ALTER ROLE app PASSWORD '$(cat /run/credentials/password)'\" | psql -q -v ON_ERROR_STOP=1 -U app -d app"
)


def limits(*, storage_gib: int, rotation: int) -> Iterator[Refusal]:
    """The values that the pod cannot have, each by its key in the stage file."""
    if storage_gib < 1:
        yield Refusal("storage-gib", f"{storage_gib} is less than 1, the smallest volume")
    if rotation < 1:
        yield Refusal("rotation", f"{rotation} is less than 1")


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """``node_port`` opens the database on the machine that runs the cluster.

    ``outside`` may then connect from outside the pods' network.
    """

    project: str
    environment: str
    namespace: Input[str]
    rollout_key: Output[str]
    version: str
    storage_gib: int = 1
    keep: bool = False
    rotation: int = 1  # raise it to make a new password
    node_port: int | None = None
    outside: Sequence[Peer] = ()

    def __post_init__(self) -> None:
        if self.node_port is not None and not 30000 <= self.node_port <= 32767:
            require([Refusal("node-port", f"{self.node_port} is not from 30000 to 32767")])
        require(limits(storage_gib=self.storage_gib, rotation=self.rotation))


class Postgres(ComponentResource):
    """One PostgreSQL server with one database and its owner. Of the apps, only those that need it can reach it."""

    host: Output[str]
    port: Output[int]
    name: Output[str]
    username: Output[str]
    password: Output[str]  # secret
    url: Output[str]  # secret
    tls: bool

    def __init__(self, name: str, args: PostgresArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:Postgres", name, None, opts)
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
        secret = k8s.core.v1.Secret(
            f"{name}-credentials", metadata=metadata, data=encoded({"password": self.password}), opts=child
        )
        service = k8s.core.v1.Service(
            f"{name}-service",
            metadata=not_awaited(metadata),
            spec=_service_spec(args, selector),
            opts=child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy",
            metadata=metadata,
            spec=allow(selector, [*users_of("database"), *args.outside], [PORT]),
            opts=child,
        )
        server = k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata=metadata,
            spec=stateful_spec(
                service=NAME,
                selector=selector,
                labels=labels,
                fingerprint=fingerprint({"password": self.password}, args.rollout_key),
                user=USER_ID,
                container=_container(args.version),
                data=DATA,
                writable=["/tmp", "/var/run/postgresql"],  # noqa: S108 the pod's own
                secret=NAME,
                storage_gib=args.storage_gib,
                keep=args.keep,
            ),
            opts=ResourceOptions(
                parent=self,
                protect=args.keep or None,
                ignore_changes=FIXED_WHEN_MADE,
                depends_on=[account, secret, service],
            ),
        )
        ready = server.metadata.name  # whoever uses these outputs waits for the server
        self.host = ready.apply(lambda _: NAME)
        self.port = Output.from_input(PORT)
        self.name = Output.from_input("app")
        self.username = Output.from_input("app")
        self.tls = False
        self.url = Output.secret(
            Output.concat("postgresql://app:", self.password, f"@{NAME}:{PORT}/app?sslmode=disable")
        )
        self.register_outputs({"host": self.host, "url": self.url})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a database."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "name": self.name,
            "user": self.username,
            "password": self.password,
            "sslmode": Output.from_input("disable"),
        }


def _service_spec(args: PostgresArgs, selector: dict[str, str]) -> Manifest:
    port: Manifest = {"name": "postgresql", "port": PORT, "targetPort": "postgresql"}
    if args.node_port is None:
        return {"type": "ClusterIP", "selector": selector, "ports": [port]}
    return {"type": "NodePort", "selector": selector, "ports": [{**port, "nodePort": args.node_port}]}


def _container(version: str) -> Manifest:
    ready = {"exec": {"command": ["pg_isready", "-q", "-U", "app", "-d", "app", "-h", "127.0.0.1"]}}
    return {
        "name": "postgresql",
        "image": f"{POSTGRES}:{version}",
        "ports": [{"name": "postgresql", "containerPort": PORT}],
        "env": [
            {"name": "PGDATA", "value": f"{DATA}/{version.partition('.')[0]}/docker"},
            {"name": "POSTGRES_DB", "value": "app"},
            {"name": "POSTGRES_PASSWORD_FILE", "value": "/run/credentials/password"},
            {"name": "POSTGRES_USER", "value": "app"},
        ],
        "lifecycle": {"postStart": {"exec": {"command": ["/bin/sh", "-c", _FOLLOW_ROTATION]}}},
        "startupProbe": {**ready, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**ready, "periodSeconds": 10, "timeoutSeconds": 5},
        "readinessProbe": {**ready, "periodSeconds": 5, "timeoutSeconds": 5},
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
    }
