"""RabbitMQ inside the cluster: for local stages, and for clusters with nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.data.stateful import FIXED_WHEN_MADE, stateful_spec
from components.shared.images import RABBITMQ
from components.shared.labels import identity, not_awaited, standard
from components.shared.manifest import Manifest
from components.shared.network_policy import allow, users_of
from components.shared.secret_data import encoded, fingerprint

PORT = 5672
USER_ID = 999  # rabbitmq in the official image
NAME = "broker"
CONFIG = "20-user.conf"
MEMORY_MIB = 512


@dataclass(frozen=True, kw_only=True)
class RabbitMQArgs:
    """The pod, which needs a volume, waits for ``after``. ``version`` is one that Amazon MQ offers too."""

    project: str
    environment: str
    namespace: Input[str]
    rollout_key: Output[str]
    version: str
    storage_gib: int = 1
    keep: bool = False
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    after: Sequence[Resource] = ()


class RabbitMQ(ComponentResource):
    """One RabbitMQ node with one user. Only apps that need it can reach it."""

    host: Output[str]
    port: Output[int]
    username: Output[str]
    password: Output[str]  # secret
    url: Output[str]  # secret
    tls: bool

    def __init__(self, name: str, args: RabbitMQArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:data:RabbitMQ", name, None, opts)
        child = ResourceOptions(parent=self)
        labels = standard(NAME, project=args.project, environment=args.environment, component=NAME)
        selector = identity(NAME, NAME)
        metadata: Manifest = {"name": NAME, "namespace": args.namespace, "labels": labels}
        password = random.RandomPassword(f"{name}-password", length=32, special=False, opts=child)
        self.password = Output.secret(password.result)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        files = {CONFIG: Output.secret(self.password.apply(_config))}
        secret = k8s.core.v1.Secret(f"{name}-credentials", metadata=metadata, data=encoded(files), opts=child)
        port: Manifest = {"name": "amqp", "port": PORT, "targetPort": "amqp"}
        service_spec: Manifest = {"type": "ClusterIP", "selector": selector, "ports": [port]}
        service = k8s.core.v1.Service(f"{name}-service", metadata=not_awaited(metadata), spec=service_spec, opts=child)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy", metadata=metadata, spec=allow(selector, users_of("broker"), [PORT]), opts=child
        )
        server = k8s.apps.v1.StatefulSet(
            f"{name}-server",
            metadata=metadata,
            spec=stateful_spec(
                service=NAME,
                selector=selector,
                labels=labels,
                fingerprint=fingerprint(files, args.rollout_key),
                user=USER_ID,
                container=_container(args.version),
                data="/var/lib/rabbitmq",
                writable=["/tmp", "/var/log/rabbitmq"],  # noqa: S108 the pod's own
                secret=NAME,
                storage_gib=args.storage_gib,
                keep=args.keep,
                annotations=args.pod_annotations,
            ),
            opts=ResourceOptions(
                parent=self,
                protect=args.keep or None,
                ignore_changes=FIXED_WHEN_MADE,
                depends_on=[account, secret, service, *args.after],
            ),
        )
        ready = server.metadata.name  # whoever uses these outputs waits for the server
        self.host = ready.apply(lambda _: NAME)
        self.port = Output.from_input(PORT)
        self.username = Output.from_input("app")
        self.tls = False
        self.url = Output.secret(Output.concat("amqp://app:", self.password, f"@{NAME}:{PORT}/"))
        self.register_outputs({"host": self.host, "url": self.url})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need a broker."""
        return {
            "url": self.url,
            "host": self.host,
            "port": self.port.apply(str),
            "user": self.username,
            "password": self.password,
            "tls": Output.from_input("false"),
        }


def _config(password: str) -> str:
    """The configuration file.

    It states the memory, since RabbitMQ sees the machine's, not the limit of its container: RabbitMQ would be killed
    before it blocks publishers.
    """
    lines = {
        "default_user": "app",
        "default_pass": password,
        "total_memory_available_override_value": MEMORY_MIB * 2**20,
    }
    return "".join(f"{key} = {value}\n" for key, value in lines.items())


def _container(version: str) -> Manifest:
    alive = {"exec": {"command": ["rabbitmq-diagnostics", "-q", "ping"]}, "timeoutSeconds": 20}
    config = {"name": "credentials", "mountPath": f"/etc/rabbitmq/conf.d/{CONFIG}", "subPath": CONFIG}
    memory = f"{MEMORY_MIB}Mi"
    return {
        "name": "rabbitmq",
        "image": f"{RABBITMQ}:{version}-management",
        "ports": [{"name": "amqp", "containerPort": PORT}],
        "startupProbe": {**alive, "periodSeconds": 5, "failureThreshold": 30},
        "livenessProbe": {**alive, "periodSeconds": 60},
        "readinessProbe": {"tcpSocket": {"port": "amqp"}, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "100m", "memory": memory}, "limits": {"memory": memory}},
        "volumeMounts": [{**config, "readOnly": True}],
    }
