"""Rules about pods that Fargate does not run. Fargate leaves such a pod Pending, and tells nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from components.eks.fargate import paid_size
from components.shared.charts import CHARTS
from evaluation.graph import Resource
from evaluation.inputs import at, items
from evaluation.workloads import WORKLOADS, containers, labels, namespace, pod, selects, template
from policies.rule import Context, Rule
from policies.samples import Sample, deployment, example

PROFILE, NODES = "eks/fargateProfile:FargateProfile", ("eks/nodeGroup:NodeGroup", "eks:index:ManagedNodeGroup")
RELEASE = "helm.sh/v3:Release"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
KUBELET_PORT = 10250
MEBI: Mapping[str, float] = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "M": 1 / 1.048576, "G": 1000 / 1.048576}


def on_fargate(resource: Resource, context: Context) -> bool:
    """True if the pods of an object run on Fargate.

    If the cluster belongs to another stage, its profiles are not in the graph. Then all pods on AWS count as on
    Fargate, except those that ask for nodes.
    """
    if at(template(resource), "metadata.annotations", {}).get(COMPUTE_TYPE) == "ec2":
        return False
    profiles = _profiles(context)
    if profiles:
        return any(_takes(profile, _namespace(resource), labels(resource)) for profile in profiles)
    return not _has_nodes(context) and _is_on_aws(context)


def _profiles(context: Context) -> list[Resource]:
    return [other for other in context.by_kind.get("FargateProfile", ()) if other.type.endswith(PROFILE)]


def _has_nodes(context: Context) -> bool:
    return any(kind in context.by_kind for kind in ("NodeGroup", "ManagedNodeGroup"))


def _is_on_aws(context: Context) -> bool:
    return any(other.type == "pulumi:providers:aws" for other in context.by_kind.get("aws", ()))


def _takes(profile: Resource, pod_namespace: str, pod_labels: Mapping[str, str]) -> bool:
    return any(
        fnmatchcase(pod_namespace, at(selector, "namespace", ""))
        and (not at(selector, "labels", {}) or selects(at(selector, "labels", {}), pod_labels))
        for selector in items(profile.inputs, "selectors")
    )


def _namespace(resource: Resource) -> str:
    return at(resource.inputs, "namespace", "default") if resource.type.endswith(RELEASE) else namespace(resource)


def _homeless(resource: Resource, context: Context) -> Iterator[str]:
    if _profiles(context) and not _has_nodes(context) and not on_fargate(resource, context):
        yield f"no Fargate profile matches namespace {_namespace(resource)}, and there are no nodes"


def _unfit(resource: Resource, context: Context) -> Iterator[str]:
    if not on_fargate(resource, context):
        return
    if resource.type.endswith(":DaemonSet"):
        yield "it is a DaemonSet"
    if items(resource.inputs, "spec.volumeClaimTemplates") or any(
        volume.get("persistentVolumeClaim") for volume in items(pod(resource), "volumes")
    ):
        yield "it uses an EBS volume"
    for container in containers(resource):
        for port in items(container, "ports"):
            if port.get("containerPort") == KUBELET_PORT:
                yield f"container {container.get('name')}: port {KUBELET_PORT} is the kubelet's"


def _unfit_chart(resource: Resource, context: Context) -> Iterator[str]:
    if not on_fargate(resource, context):
        return
    chart = CHARTS.get(at(resource.inputs, "chart", "").rpartition("/")[2])
    for workload in chart.workloads if chart else ():
        if workload.kind == "DaemonSet":
            yield f"it runs the DaemonSet {workload.name}"
        if KUBELET_PORT in workload.ports:
            yield f"{workload.name}: port {KUBELET_PORT} is the kubelet's"
    if at(resource.inputs, "values.containerPort") == KUBELET_PORT:
        yield f"values.containerPort: port {KUBELET_PORT} is the kubelet's"


def _too_big(resource: Resource, context: Context) -> Iterator[str]:
    if not on_fargate(resource, context):
        return
    requests = [at(container, "resources.requests", {}) for container in items(pod(resource), "containers")]
    try:
        paid_size(sum(_millicores(r) for r in requests), sum(_mebibytes(r) for r in requests))
    except ValueError as error:
        yield str(error)


def _millicores(requests: Mapping[str, Any]) -> int:
    cpu = str(requests.get("cpu", "0"))
    return int(cpu[:-1]) if cpu.endswith("m") else round(float(cpu) * 1000)


def _mebibytes(requests: Mapping[str, Any]) -> int:
    memory = str(requests.get("memory", "0Mi"))
    unit = memory.lstrip("0123456789.")
    return round(float(memory.removesuffix(unit)) * MEBI[unit]) if unit in MEBI else int(memory) >> 20


def _identity(resource: Resource, context: Context) -> Iterator[str]:
    if _profiles(context) and not _has_nodes(context):
        yield "its agent is a DaemonSet, which Fargate does not run"


IN_PROFILE = Sample(f"aws:{PROFILE}", {"selectors": [{"namespace": "prod"}]}).named("apps")
ELSEWHERE = Sample(f"aws:{PROFILE}", {"selectors": [{"namespace": "stag*"}]}).named("apps")
KUBELET = {"ports": [{"containerPort": KUBELET_PORT}]}
HUGE = {"resources": {"requests": {"cpu": "32", "memory": "64Mi"}}}
METRICS = {"chart": "metrics-server", "namespace": "prod", "values": {"containerPort": 10251}}
METRICS_AS_UPSTREAM = {**METRICS, "values": {"containerPort": KUBELET_PORT}}
ASSOCIATION = Sample("aws:eks/podIdentityAssociation:PodIdentityAssociation").named("shop")
NODE_GROUP = Sample(f"aws:{NODES[0]}").named("nodes")

RULES = (
    Rule(
        id="fargate-takes-pod",
        severity="critical",
        why="If no Fargate profile matches a pod and the cluster has no nodes, the pod stays Pending forever.",
        remedy="add its namespace to wharf:cluster.profiles, or add nodes with wharf:cluster.system-nodes",
        types=(*WORKLOADS, RELEASE),
        check=_homeless,
        whole_stack=True,
        passes=example(deployment(), IN_PROFILE),
        fails=example(deployment(), ELSEWHERE),
    ),
    Rule(
        id="fargate-runs-pod",
        severity="critical",
        why="Fargate runs no DaemonSets and has no EBS volumes. The kubelet already uses its port.",
        remedy="run it on nodes (wharf:cluster.system-nodes), or do without it",
        types=WORKLOADS,
        check=_unfit,
        whole_stack=True,
        passes=example(deployment(), IN_PROFILE),
        fails=example(deployment(container=KUBELET), IN_PROFILE),
    ),
    Rule(
        id="fargate-runs-chart",
        severity="critical",
        why="Fargate runs no DaemonSets, and the kubelet already uses its port.",
        remedy="change the chart's values, and what it runs in components/shared/charts.py",
        types=(RELEASE,),
        check=_unfit_chart,
        whole_stack=True,
        passes=example(Sample("kubernetes:helm.sh/v3:Release", METRICS).named(), IN_PROFILE),
        fails=example(Sample("kubernetes:helm.sh/v3:Release", METRICS_AS_UPSTREAM).named(), IN_PROFILE),
    ),
    Rule(
        id="fargate-has-size",
        severity="high",
        why="A pod on Fargate has at most 16 vCPUs and 120 GiB of memory.",
        remedy="reduce `resources:` in the app file",
        types=WORKLOADS,
        check=_too_big,
        whole_stack=True,
        passes=example(deployment(), IN_PROFILE),
        fails=example(deployment(container=HUGE), IN_PROFILE),
    ),
    Rule(
        id="fargate-has-no-pod-identity",
        severity="high",
        why="Pod Identity needs a DaemonSet, which Fargate does not run.",
        remedy="give the service account an IAM role (components/iam/service_account.py)",
        types=("eks/podIdentityAssociation:PodIdentityAssociation",),
        check=_identity,
        whole_stack=True,
        passes=example(ASSOCIATION, IN_PROFILE, NODE_GROUP),
        fails=example(ASSOCIATION, IN_PROFILE),
    ),
)
