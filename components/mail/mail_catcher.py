"""A mail server for local stages. It delivers no message, but shows it on a web page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.shared.images import MAILPIT
from components.shared.labels import identity, not_awaited, standard
from components.shared.manifest import Manifest
from components.shared.network_policy import Peer, allow, users_of
from components.shared.pods import container_security, empty_dirs, pod_security

SMTP_PORT = 1025
PAGE_PORT = 8025
NAME = "mail"


@dataclass(frozen=True, kw_only=True)
class MailCatcherArgs:
    """``page_peers`` may open the web page. Apps that need mail may send by SMTP."""

    project: str
    environment: str
    namespace: Input[str]
    page_peers: Sequence[Peer] = ()


class MailCatcher(ComponentResource):
    """Mailpit: SMTP for the apps, and a web page for people. It delivers nothing. A restart deletes all messages."""

    host: Output[str]
    port: Output[int]

    def __init__(self, name: str, args: MailCatcherArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:mail:MailCatcher", name, None, opts)
        child = ResourceOptions(parent=self)
        labels = standard(NAME, project=args.project, environment=args.environment, component=NAME)
        selector = identity(NAME, NAME)
        metadata: Manifest = {"name": NAME, "namespace": args.namespace, "labels": labels}
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account", metadata=metadata, automount_service_account_token=False, opts=child
        )
        ports = [
            {"name": "smtp", "port": SMTP_PORT, "targetPort": "smtp"},
            {"name": "page", "port": PAGE_PORT, "targetPort": "page"},
        ]
        service_spec: Manifest = {"selector": selector, "ports": ports}
        service = k8s.core.v1.Service(f"{name}-service", metadata=not_awaited(metadata), spec=service_spec, opts=child)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy", metadata=metadata, spec=allow(selector, users_of("mail"), [SMTP_PORT]), opts=child
        )
        page_metadata: Manifest = {**metadata, "name": f"{NAME}-page"}
        k8s.networking.v1.NetworkPolicy(
            f"{name}-page-policy",
            metadata=page_metadata,
            spec=allow(selector, args.page_peers, [PAGE_PORT]),
            opts=child,
        )
        spec: Manifest = {
            "replicas": 1,
            "selector": {"matchLabels": selector},
            "template": {"metadata": {"labels": labels}, "spec": _pod()},
        }
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=spec,
            opts=ResourceOptions(parent=self, depends_on=[account, service]),
        )
        self.host = deployment.metadata.name.apply(lambda _: NAME)
        self.port = Output.from_input(SMTP_PORT)
        self.register_outputs({"host": self.host})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need mail."""
        return {"host": self.host, "port": self.port.apply(str)}


def _pod() -> Manifest:
    volumes, mounts = empty_dirs(["/tmp"])  # noqa: S108 the pod's own
    check = {"httpGet": {"path": "/livez", "port": "page"}}
    catcher = {
        "name": "mailpit",
        "image": MAILPIT,
        "env": [{"name": "MP_MAX_MESSAGES", "value": "500"}],
        "ports": [{"name": "smtp", "containerPort": SMTP_PORT}, {"name": "page", "containerPort": PAGE_PORT}],
        "livenessProbe": {**check, "periodSeconds": 10},
        "readinessProbe": {**check, "periodSeconds": 5},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": container_security(),
        "volumeMounts": mounts,
    }
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(1000),
        "containers": [catcher],
        "volumes": volumes,
    }
