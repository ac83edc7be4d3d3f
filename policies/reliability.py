"""Rules that keep an app available: its images, its resources, and what happens when a node fails."""

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
            yield f"container {container.get('name')}: image {image} can change at every push, because its tag moves"


def _unlimited(resource: Resource, context: Context) -> Iterator[str]:
    for container in containers(resource):
        resources = at(container, "resources", {})
        for path in ("requests.cpu", "requests.memory", "limits.memory"):
            if not at(resources, path):
                yield f"container {container.get('name')}: resources.{path} is not set"
        if at(resources, "limits.memory") and at(resources, "requests.memory") != at(resources, "limits.memory"):
            yield f"container {container.get('name')}: its memory limit differs from its memory request"


def _unprobed(resource: Resource, context: Context) -> Iterator[str]:
    for container in items(pod(resource), "containers"):
        for probe in ("livenessProbe", "readinessProbe"):
            if items(container, "ports") and not container.get(probe):
                yield f"container {container.get('name')}: has no {probe}"


def _without_budget(resource: Resource, context: Context) -> Iterator[str]:
    if at(resource.inputs, "spec.replicas") == 1:
        return
    budgets = _in_namespace(resource, context, "policy/v1:PodDisruptionBudget")
    if not any(_matches(budget, "spec.selector.matchLabels", resource) for budget in budgets):
        yield "no PodDisruptionBudget covers its pods"


def _unspread(resource: Resource, context: Context) -> Iterator[str]:
    if not items(pod(resource), "topologySpreadConstraints"):
        yield "all its pods can be in one zone"


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
            service = at(path, "backend.service.name")
            if service not in services:
                yield f"{rule.get('host')}{path.get('path')} leads to Service {service}, which does not exist"
    if not at(resource.inputs, "metadata.labels", {}).get("app.kubernetes.io/name"):
        yield "it has no label app.kubernetes.io/name, which names its app"


def _routes_collide(resource: Resource, context: Context) -> Iterator[str]:
    addresses = set(_addresses(resource))
    for other in context.by_kind.get("Ingress", ()):
        if other.urn < resource.urn and (shared := addresses & set(_addresses(other))):
            yield f"{', '.join(sorted(shared))} is also an address of {other.name}"


def _without_quota(resource: Resource, context: Context) -> Iterator[str]:
    objects = context.by_namespace.get(name(resource), ())
    has_quota = any(other.type.endswith("core/v1:ResourceQuota") for other in objects)
    if any(other.type.endswith(WORKLOADS) for other in objects) and not has_quota:
        yield "one app in it can use the whole cluster"


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
        why="A pod without requests and limits can use the memory of others, and is evicted first.",
        remedy="set `resources:` in the app file",
        types=WORKLOADS,
        check=_unlimited,
        passes=example(deployment()),
        fails=example(deployment(container={"resources": {}})),
    ),
    Rule(
        id="container-is-probed",
        severity="medium",
        why="With probes, only ready pods get requests, and pods that hang are restarted.",
        remedy="set `port:`, and if possible `health:`, in the app file",
        types=SERVING,
        check=_unprobed,
        passes=example(deployment()),
        fails=example(deployment(container={"readinessProbe": None})),
    ),
    Rule(
        id="workload-has-budget",
        severity="medium",
        why="Otherwise an upgrade of nodes can stop all pods of an app at once.",
        remedy="components/apps/app.py creates a PodDisruptionBudget for each app: create it there again",
        types=("apps/v1:Deployment",),
        check=_without_budget,
        whole_stack=True,
        passes=example(deployment(), BUDGET),
        fails=example(deployment()),
    ),
    Rule(
        id="workload-is-spread",
        severity="low",
        why="An app in several zones survives the loss of one.",
        remedy="components/apps/app.py spreads each app over zones: do it there again",
        types=("apps/v1:Deployment",),
        check=_unspread,
        production=True,
        passes=example(deployment()),
        fails=example(deployment(topologySpreadConstraints=[])),
    ),
    Rule(
        id="service-selects-pods",
        severity="high",
        why="A Service without pods does not answer, and the engine waits for it until it gives up.",
        remedy="write the labels of its pods into its selector",
        types=("core/v1:Service",),
        check=_service_without_pods,
        whole_stack=True,
        passes=example(SERVICE, deployment()),
        fails=example(SERVICE),
    ),
    Rule(
        id="autoscaler-has-target",
        severity="medium",
        why="An autoscaler without a target does nothing.",
        remedy="write the app's Deployment into its scaleTargetRef",
        types=("autoscaling/v2:HorizontalPodAutoscaler",),
        check=_scaler_without_target,
        whole_stack=True,
        passes=example(SCALER, deployment()),
        fails=example(SCALER),
    ),
    Rule(
        id="route-has-owner",
        severity="high",
        why="If you see an address in a log, you must be able to find the app that answers there.",
        remedy="write `route:` into the app file of the app that answers",
        types=("networking.k8s.io/v1:Ingress",),
        check=_route_without_owner,
        whole_stack=True,
        passes=example(ROUTE, SERVICE),
        fails=example(ROUTE),
    ),
    Rule(
        id="route-is-of-one-app",
        severity="high",
        why="If two apps have the same address, nobody knows which one answers.",
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
        why="Without a quota, one environment can use the whole cluster.",
        remedy="components/apps/environment.py creates a ResourceQuota: create it there again",
        types=("core/v1:Namespace",),
        check=_without_quota,
        whole_stack=True,
        passes=example(
            NAMESPACE, deployment(), kubernetes("core/v1:ResourceQuota", {"spec": {"hard": {"pods": "200"}}})
        ),
        fails=example(NAMESPACE, deployment()),
    ),
)
