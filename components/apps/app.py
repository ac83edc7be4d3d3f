"""An app of the team: its workload, and the objects that every app gets by default."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, CustomTimeouts, Input, Output, Resource, ResourceOptions

from components.apps.autoscaling import autoscaler_spec
from components.apps.labels import of_app
from components.apps.needs import Settings, bound_variables
from components.apps.pod import before_spec, pod_spec
from components.apps.spec import AppSpec, file_key
from components.shared.labels import NOT_AWAITED, client_of, identity
from components.shared.manifest import Manifest
from components.shared.network_policy import Peer, allow, callers
from components.shared.pods import spread
from components.shared.secret_data import encoded, fingerprint

ROLLOUT_TIMEOUT = CustomTimeouts(create="10m", update="10m")
BEFORE_SECONDS = 600
# Kubernetes rounds this up to at least one pod. A pod on Fargate takes a minute or two to start, so an app with many
# pods starts several at once: otherwise its rollout would take too long.
SURGE = "25%"


@dataclass(frozen=True, kw_only=True)
class AppArgs:
    """What the stage gives an app.

    ``secrets`` holds the values of secrets, by their names in wharf:secrets. ``settings`` holds the settings of each
    part of the platform that the app needs. ``route_peers`` may call an app that has a route. The app is rolled out
    after the resources in ``after``.
    """

    spec: AppSpec
    project: str
    environment: str
    namespace: Input[str]
    rollout_key: Output[str]
    settings: Mapping[str, Settings] = field(default_factory=dict)
    secrets: Mapping[str, Output[str]] = field(default_factory=dict)
    pull_secrets: Sequence[Input[str]] = ()
    route_peers: Sequence[Peer] = ()
    role_arn: Input[str] | None = None
    after: Sequence[Resource] = ()


class App(ComponentResource):
    """A Deployment, a Job for each version, or a CronJob, with a service account and settings of its own.

    A Deployment also has a disruption budget. An app that serves requests has a Service and a NetworkPolicy.
    The ``before`` commands run in a Job of their own. The workload is changed only when they have succeeded.
    """

    service: Output[str]  # name of the Service; empty if the app has none
    workload: Resource  # complete when it has rolled out, or when the job has run
    labels: dict[str, str]

    def __init__(self, name: str, args: AppArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:apps:App", name, None, opts)
        self._name, self._args = name, args
        spec = args.spec
        self.labels = of_app(spec, project=args.project, environment=args.environment)
        account = self._service_account()
        secret, secret_variables, digest = self._settings()
        template = {"service_account": spec.name, "secret": spec.name, "secret_variables": secret_variables}
        first: list[Resource] = [account, *args.after, *([secret] if secret else [])]
        if spec.before:
            first = [*first, self._job("before", before_spec(spec, **template), first)]
        pod = pod_spec(spec, **template)
        if spec.kind == "job":
            self.workload = self._job("job", {**pod, "restartPolicy": "Never"}, first)
        elif spec.kind == "cron":
            self.workload = self._cron({**pod, "restartPolicy": "Never"}, digest, first)
        else:
            self.workload = self._deployment(pod, digest, first)
            self._scaling()
        self.service = self._service()
        self._policy()
        self.register_outputs({"service": self.service})

    @property
    def _selector(self) -> dict[str, str]:
        return identity(self._args.spec.name, self._args.spec.kind)

    @property
    def _versioned(self) -> dict[str, str]:
        return {**self.labels, "app.kubernetes.io/version": self._args.spec.version_label}

    def _metadata(self, name: str | None = None, **more: Any) -> Manifest:
        name = name or self._args.spec.name
        return {"name": name, "namespace": self._args.namespace, "labels": self.labels, **more}

    def _child(self, depends_on: Sequence[Resource] = (), **more: Any) -> ResourceOptions:
        return ResourceOptions(parent=self, depends_on=list(depends_on), **more)

    def _service_account(self) -> k8s.core.v1.ServiceAccount:
        role = {"eks.amazonaws.com/role-arn": self._args.role_arn} if self._args.role_arn else {}
        pull_secrets: Manifest = [{"name": name} for name in self._args.pull_secrets]
        return k8s.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=self._metadata(annotations=role) if role else self._metadata(),
            automount_service_account_token=False,
            image_pull_secrets=pull_secrets or None,
            opts=self._child(),
        )

    def _settings(self) -> tuple[k8s.core.v1.Secret | None, list[str], Output[str] | None]:
        """The app's Secret, the names of its variables, and a fingerprint. A new fingerprint replaces the pods."""
        spec, secrets = self._args.spec, self._args.secrets
        values = bound_variables(spec.needs, self._args.settings)
        values |= {variable: secrets[name] for variable, name in spec.secrets.items()}
        variables = sorted(values)
        values |= {file_key(path): secrets[name] for path, name in spec.files.items()}
        if not values:
            return None, [], None
        secret = k8s.core.v1.Secret(
            f"{self._name}-settings",
            metadata=self._metadata(),
            type="Opaque",
            data=encoded(values),
            opts=self._child(),
        )
        return secret, variables, fingerprint(values, self._args.rollout_key)

    def _template(self, pod: Manifest, digest: Output[str] | None, labels: Mapping[str, str]) -> Manifest:
        clients = {key: value for need in self._args.spec.needs for key, value in client_of(need).items()}
        metadata: Manifest = {"labels": {**labels, **clients}}
        if digest is not None:
            metadata["annotations"] = {"wharf.dev/settings": digest}
        return {"metadata": metadata, "spec": pod}

    def _job(self, role: str, pod: Manifest, depends_on: Sequence[Resource]) -> k8s.batch.v1.Job:
        """A Job that runs once for each content of its template.

        Its name contains a hash of the template, since Kubernetes does not let a Job's template change.
        """
        labels = {**self._versioned, "app.kubernetes.io/component": role}
        template = self._template(pod, None, labels)
        content = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        metadata = self._metadata(
            f"{self._args.spec.name}-{role}-{content}",
            labels=labels,
            annotations={"pulumi.com/replaceUnready": "true"},
        )
        spec: Manifest = {
            "backoffLimit": 2,
            "activeDeadlineSeconds": BEFORE_SECONDS,
            "template": template,
        }
        return k8s.batch.v1.Job(
            f"{self._name}-{role}",
            metadata=metadata,
            spec=spec,
            opts=self._child(depends_on, custom_timeouts=CustomTimeouts(create="11m")),
        )

    def _cron(self, pod: Manifest, digest: Output[str] | None, depends_on: Sequence[Resource]) -> Resource:
        job = {"backoffLimit": 2, "template": self._template(pod, digest, self._versioned)}
        spec: Manifest = {
            "schedule": self._args.spec.schedule,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 300,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"metadata": {"labels": self._versioned}, "spec": job},
        }
        return k8s.batch.v1.CronJob(
            f"{self._name}-cron",
            metadata=self._metadata(labels=self._versioned),
            spec=spec,
            opts=self._child(depends_on),
        )

    def _deployment(self, pod: Manifest, digest: Output[str] | None, depends_on: Sequence[Resource]) -> Resource:
        replicas = self._args.spec.replicas
        spread_out = {**pod, "topologySpreadConstraints": spread(self._selector)}
        spec: Manifest = {
            **({} if replicas.autoscaled else {"replicas": replicas.min}),
            "revisionHistoryLimit": 5,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": SURGE}},
            "selector": {"matchLabels": self._selector},
            "template": self._template(spread_out, digest, self._versioned),
        }
        return k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(labels=self._versioned),
            spec=spec,
            opts=self._child(depends_on, custom_timeouts=ROLLOUT_TIMEOUT),
        )

    def _scaling(self) -> None:
        spec = self._args.spec
        budget: Manifest = {"maxUnavailable": 1, "selector": {"matchLabels": self._selector}}
        k8s.policy.v1.PodDisruptionBudget(
            f"{self._name}-budget", metadata=self._metadata(), spec=budget, opts=self._child()
        )
        if spec.replicas.autoscaled:
            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                f"{self._name}-autoscaler",
                metadata=self._metadata(),
                spec=autoscaler_spec(spec.name, spec.replicas),
                opts=self._child(),
            )

    def _service(self) -> Output[str]:
        """The Service on the app's own port. A web app's is also on port 80, where callers expect HTTP."""
        spec = self._args.spec
        if not spec.serves:
            return Output.from_input("")
        ports = [{"name": "app", "port": spec.port, "targetPort": "app"}]
        if spec.kind == "web" and spec.port != 80:
            ports.insert(0, {"name": "http", "port": 80, "targetPort": "app"})
        service_spec: Manifest = {"type": "ClusterIP", "selector": self._selector, "ports": ports}
        service = k8s.core.v1.Service(
            f"{self._name}-service",
            metadata=self._metadata(spec.service_name, annotations=NOT_AWAITED),
            spec=service_spec,
            opts=self._child(),
        )
        return service.metadata.name.apply(lambda name: name or spec.service_name)

    def _policy(self) -> None:
        spec = self._args.spec
        if not spec.serves or spec.port is None:
            return
        peers = [*callers(spec.from_), *(self._args.route_peers if spec.route else [])]
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-policy",
            metadata=self._metadata(),
            spec=allow(self._selector, peers, [spec.port]),
            opts=self._child(),
        )
