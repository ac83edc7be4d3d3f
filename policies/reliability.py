"""What keeps an app up: what it runs, how much it is given, and what happens when a node goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.graph import Resource
from evaluation.inputs import at, items
from evaluation.workloads import SERVING, WORKLOADS, containers, labels, name, namespace, pod, selects
from policies.rule import Context, Rule
from policies.samples import deployment, example, kubernetes

MOVING = ("latest", "main", "master", "dev", "edge", "stable", "nightly")
SCALABLE = ("apps/v1:Deployment", "apps/v1:StatefulSet")


def _moves(resource: Resource, context: Context) -> Iterator[str]:
    for container in containers(resource):
        image = container.get("image", "")
        reference, _, digest = image.partition("@")
        tag = reference.rpartition(":")[2] if ":" in reference.rpartition("/")[2] else ""
        if not digest and (not tag or tag in MOVING):
            yield f"container {container.get('name')}: image {image} is whatever was pushed last"


def _unlimited(resource: Resource, context: Context) -> Iterator[str]:
    for container in containers(resource):
        given = at(container, "resources", {})
        for path in ("requests.cpu", "requests.memory", "limits.memory"):
            if not at(given, path):
                yield f"container {container.get('name')}: resources.{path} is not set"
        if at(given, "limits.memory") and at(given, "requests.memory") != at(given, "limits.memory"):
            yield f"container {container.get('name')}: it may use more memory than is set aside for it"


def _unprobed(resource: Resource, context: Context) -> Iterator[str]:
    for container in items(pod(resource), "containers"):
        for probe in ("livenessProbe", "readinessProbe"):
            if items(container, "ports") and not container.get(probe):
                yield f"container {container.get('name')}: has no {probe}"


def _without_budget(resource: Resource, context: Context) -> Iterator[str]:
    if at(resource.inputs, "spec.replicas") == 1:
        return
    found = _in_namespace(resource, context, "policy/v1:PodDisruptionBudget")
    if not any(_matches(budget, "spec.selector.matchLabels", resource) for budget in found):
        yield "no PodDisruptionBudget covers its pods"


def _unspread(resource: Resource, context: Context) -> Iterator[str]:
    if not items(pod(resource), "topologySpreadConstraints"):
        yield "all its pods may be in one zone"


def _service_without_pods(resource: Resource, context: Context) -> Iterator[str]:
    selector = at(resource.inputs, "spec.selector", {})
    if selector and not any(selects(selector, labels(other)) for other in _workloads(resource, context)):
        yield f"it selects {_listed(selector)}, which no pod has"


def _scaler_without_target(resource: Resource, context: Context) -> Iterator[str]:
    target = at(resource.inputs, "spec.scaleTargetRef", {})
    if not any(name(other) == target.get("name") for other in _in_namespace(resource, context, *SCALABLE)):
        yield f"it scales {target.get('kind')} {target.get('name')}, which does not exist"


def _route_without_owner(resource: Resource, context: Context) -> Iterator[str]:
    services = {name(other): other for other in _in_namespace(resource, context, "core/v1:Service")}
    for rule in items(resource.inputs, "spec.rules"):
        for path in items(rule, "http.paths"):
            wanted = at(path, "backend.service.name")
            if wanted not in services:
                yield f"{rule.get('host')}{path.get('path')} leads to Service {wanted}, which does not exist"
    if not at(resource.inputs, "metadata.labels", {}).get("app.kubernetes.io/name"):
        yield "its label app.kubernetes.io/name does not say whose it is"


def _routes_collide(resource: Resource, context: Context) -> Iterator[str]:
    own = set(_addresses(resource))
    for other in context.by_kind.get("Ingress", ()):
        if other.urn < resource.urn and own & set(_addresses(other)):
            yield f"{', '.join(sorted(own & set(_addresses(other))))} is {other.name}'s too"


def _without_quota(resource: Resource, context: Context) -> Iterator[str]:
    there = context.by_namespace.get(name(resource), ())
    has_quota = any(other.type.endswith("core/v1:ResourceQuota") for other in there)
    if any(other.type.endswith(WORKLOADS) for other in there) and not has_quota:
        yield "one app in it can take all that the cluster has"


def _addresses(resource: Resource) -> Iterator[str]:
    for rule in items(resource.inputs, "spec.rules"):
        for path in items(rule, "http.paths"):
            yield f"{rule.get('host')}{path.get('path')}"


def _in_namespace(resource: Resource, context: Context, *types: str) -> Iterator[Resource]:
    for other in context.by_namespace.get(namespace(resource), ()):
        if other.type.endswith(types):
            yield other


def _workloads(resource: Resource, context: Context) -> Iterator[Resource]:
    return _in_namespace(resource, context, *WORKLOADS)


def _matches(resource: Resource, path: str, workload: Resource) -> bool:
    return selects(at(resource.inputs, path, {}), labels(workload))


def _listed(selector: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))


BUDGET = kubernetes("policy/v1:PodDisruptionBudget", {"spec": {"selector": {"matchLabels": {"app": "shop"}}}})
SERVICE = kubernetes("core/v1:Service", {"spec": {"selector": {"app": "shop"}}})
SCALER = kubernetes(
    "autoscaling/v2:HorizontalPodAutoscaler", {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "shop"}}}
)
ROUTE = kubernetes(
    "networking.k8s.io/v1:Ingress",
    {
        "metadata": {"labels": {"app.kubernetes.io/name": "shop"}},
        "spec": {
            "rules": [
                {"host": "a.example", "http": {"paths": [{"path": "/", "backend": {"service": {"name": "shop"}}}]}}
            ]
        },
    },
)
SAME_ROUTE = kubernetes("networking.k8s.io/v1:Ingress", {"spec": ROUTE.inputs["spec"]}, named="another")
NAMESPACE = kubernetes("core/v1:Namespace", {}, named="prod", namespace=None)

RULES = (
    Rule(
        id="image-is-fixed",
        severity="high",
        why="What runs is what was reviewed, and going back is possible.",
        remedy="fix a version in wharf:apps.<app>.version, best with its digest: 1.4.2@sha256:…",
        types=WORKLOADS,
        check=_moves,
        production=True,
        passes=example(deployment()),
        fails=example(deployment(container={"image": "registry.example.com/shop:latest"})),
    ),
    Rule(
        id="container-has-size",
        severity="medium",
        why="A pod without a size is the first to be evicted, and takes memory from others until then.",
        remedy="set `resources:` in the app file; memory is request and limit at once",
        types=WORKLOADS,
        check=_unlimited,
        passes=example(deployment()),
        fails=example(deployment(container={"resources": {}})),
    ),
    Rule(
        id="container-is-probed",
        severity="medium",
        why="Traffic goes only to what is ready, and what hangs is restarted.",
        remedy="set `port:` and, better, `health:` in the app file",
        types=SERVING,
        check=_unprobed,
        passes=example(deployment()),
        fails=example(deployment(container={"readinessProbe": None})),
    ),
    Rule(
        id="workload-has-budget",
        severity="medium",
        why="An upgrade of nodes otherwise takes all pods of an app at once.",
        remedy="components/apps/app.py makes a PodDisruptionBudget for each app: put it back",
        types=("apps/v1:Deployment",),
        check=_without_budget,
        whole_stack=True,
        passes=example(deployment(), BUDGET),
        fails=example(deployment()),
    ),
    Rule(
        id="workload-is-spread",
        severity="low",
        why="The loss of a zone is then not the loss of the app.",
        remedy="components/apps/app.py spreads each app over zones: put it back",
        types=("apps/v1:Deployment",),
        check=_unspread,
        production=True,
        passes=example(deployment()),
        fails=example(deployment(topologySpreadConstraints=[])),
    ),
    Rule(
        id="service-selects-pods",
        severity="high",
        why="A Service that selects nothing answers nobody, and the engine waits for it in vain.",
        remedy="make its selector the labels of the pods that it is for",
        types=("core/v1:Service",),
        check=_service_without_pods,
        whole_stack=True,
        passes=example(SERVICE, deployment()),
        fails=example(SERVICE),
    ),
    Rule(
        id="autoscaler-has-target",
        severity="medium",
        why="An autoscaler of nothing scales nothing.",
        remedy="name the app's Deployment in its scaleTargetRef",
        types=("autoscaling/v2:HorizontalPodAutoscaler",),
        check=_scaler_without_target,
        whole_stack=True,
        passes=example(SCALER, deployment()),
        fails=example(SCALER),
    ),
    Rule(
        id="route-has-owner",
        severity="high",
        why="Whoever sees an address in the logs has to find the app behind it.",
        remedy="declare it by `route:` in the app file of the app that answers",
        types=("networking.k8s.io/v1:Ingress",),
        check=_route_without_owner,
        whole_stack=True,
        passes=example(ROUTE, SERVICE),
        fails=example(ROUTE),
    ),
    Rule(
        id="route-is-of-one-app",
        severity="high",
        why="Which of two apps answers an address that both claim, nobody can say.",
        remedy="give one of them another `route:`",
        types=("networking.k8s.io/v1:Ingress",),
        check=_routes_collide,
        whole_stack=True,
        passes=example(ROUTE),
        fails=example(ROUTE, SAME_ROUTE),
    ),
    Rule(
        id="namespace-has-quota",
        severity="medium",
        why="Environments that share a cluster share its size.",
        remedy="components/apps/environment.py makes a ResourceQuota: put it back",
        types=("core/v1:Namespace",),
        check=_without_quota,
        whole_stack=True,
        passes=example(
            NAMESPACE, deployment(), kubernetes("core/v1:ResourceQuota", {"spec": {"hard": {"pods": "200"}}})
        ),
        fails=example(NAMESPACE, deployment()),
    ),
)
