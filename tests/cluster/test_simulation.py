"""What a kwok cluster does with workloads: how they start, scale, fail and heal, and what is refused."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cli.clusters.choice import Cluster
from stacks.errors import UserError
from tests.kwok import apply, pod_template, read, running, until, workload


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running("simulation") as cluster:
        yield cluster


def job(name: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    template = pod_template(name, annotations, restartPolicy="Never")
    spec = {"template": template, "backoffLimit": 0}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def pods_of(cluster: Cluster, app: str) -> list[dict[str, Any]]:
    return read(cluster, "pods", selector=f"app={app}")["items"]


def test_pods_are_ready_at_once_and_spread_over_both_zones(cluster: Cluster):
    deployment = workload("Deployment", "spread", replicas=4)
    deployment["spec"]["template"]["spec"]["topologySpreadConstraints"] = [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "spread"}},
        }
    ]
    apply(cluster, deployment)

    until(lambda: read(cluster, "deployment", "spread")["status"].get("readyReplicas") == 4, seconds=10)

    nodes = [pod["spec"]["nodeName"] for pod in read(cluster, "pods", selector="app=spread")["items"]]
    zones = cluster.kubectl("get", "nodes", "-L", "topology.kubernetes.io/zone", "--no-headers").stdout
    assert sorted(nodes) == ["node-a", "node-a", "node-b", "node-b"]
    assert re.findall(r"^(\S+) .*(local-\w)$", zones, re.MULTILINE) == [("node-a", "local-a"), ("node-b", "local-b")]


def test_services_ingresses_claims_and_budgets_come_to_life(cluster: Cluster):
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    service = {"selector": {"app": "store"}, "ports": [{"port": 80}], "type": "LoadBalancer"}
    backend = {"service": {"name": "store", "port": {"number": 80}}}
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "store"}}}
    apply(
        cluster,
        workload("StatefulSet", "store", serviceName="store", volumeClaimTemplates=[claim]),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "store"}, "spec": service},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "store"},
            "spec": {"ingressClassName": "traefik", "defaultBackend": backend},
        },
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "store"}, "spec": budget},
    )

    until(lambda: read(cluster, "statefulset", "store")["status"].get("readyReplicas") == 1)
    until(lambda: read(cluster, "poddisruptionbudget", "store").get("status", {}).get("currentHealthy") == 1)
    for kind in ("service", "ingress"):
        until(lambda kind=kind: read(cluster, kind, "store")["status"]["loadBalancer"] != {})
    assert read(cluster, "pvc", "data-store-0")["status"]["phase"] == "Bound"
    (endpoints,) = read(cluster, "endpointslices", selector="kubernetes.io/service-name=store")["items"]
    assert endpoints["endpoints"][0]["conditions"]["ready"]


def test_a_job_completes(cluster: Cluster):
    apply(cluster, job("good"))
    until(lambda: read(cluster, "job", "good")["status"].get("succeeded") == 1, seconds=10)


def test_a_job_fails_when_asked_and_leaves_its_message(cluster: Cluster):
    apply(cluster, job("bad", {"wharf.dev/simulate": "fail", "wharf.dev/simulate-message": "migration 7 failed"}))

    until(lambda: read(cluster, "job", "bad")["status"].get("failed") == 1)

    (pod,) = read(cluster, "pods", selector="app=bad")["items"]
    terminated = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (terminated["exitCode"], terminated["message"]) == (1, "migration 7 failed")


@pytest.mark.parametrize(
    ("way", "phase", "state"),
    [
        ("crash-loop", "Running", {"waiting": "CrashLoopBackOff"}),
        ("image-pull", "Pending", {"waiting": "ImagePullBackOff"}),
        ("not-ready", "Running", {"running": None}),
    ],
)
def test_pods_fail_when_asked_and_heal_when_asked(cluster: Cluster, way: str, phase: str, state: dict[str, str | None]):
    apply(cluster, workload("Deployment", way, {"wharf.dev/simulate": way, "wharf.dev/simulate-heal-after": "3s"}))

    until(lambda: any("containerStatuses" in pod["status"] for pod in pods_of(cluster, way)))
    (pod,) = pods_of(cluster, way)
    (container,) = pod["status"]["containerStatuses"]
    assert pod["status"]["phase"] == phase
    assert {key: value.get("reason") for key, value in container["state"].items()} == state
    assert not container["ready"]

    until(lambda: read(cluster, "deployment", way)["status"].get("readyReplicas") == 1)


def test_a_crash_loop_goes_on_crashing(cluster: Cluster):
    apply(cluster, workload("Deployment", "looping", {"wharf.dev/simulate": "crash-loop"}))

    def restarts() -> int:
        return sum(
            s["restartCount"] for p in pods_of(cluster, "looping") for s in p["status"].get("containerStatuses", [])
        )

    until(lambda: restarts() == 1)
    until(lambda: restarts() == 2, seconds=20)


def test_an_autoscaler_follows_the_usage_of_its_pods(cluster: Cluster):
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "busy"}
    autoscaler = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 6, "metrics": [cpu]}
    apply(
        cluster,
        workload("Deployment", "busy", {"kwok.x-k8s.io/usage-cpu": "180m"}),
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "busy"},
            "spec": autoscaler,
        },
    )
    until(lambda: read(cluster, "deployment", "busy")["status"].get("readyReplicas") == 6, seconds=90)


def test_what_is_forbidden_is_refused(cluster: Cluster):
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("create", "namespace", "strict")
    cluster.kubectl("label", "namespace", "strict", label)
    with pytest.raises(UserError, match="violates PodSecurity"):
        cluster.kubectl("run", "careless", "--image=example/app:1", "-n", "strict")
    with pytest.raises(UserError, match="Forbidden"):
        cluster.kubectl("get", "secrets", "-n", "work", "--as=system:serviceaccount:work:default")
