"""Who reaches what inside a Kubernetes cluster, because of its objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evaluation.access import pods
from evaluation.access.model import Access
from evaluation.graph import Graph, Resource, outermost
from evaluation.inputs import at, items
from evaluation.workloads import WORKLOADS, labels, name, namespace

STRICTEST = "restricted"  # of the levels of Pod Security
ENFORCED = "pod-security.kubernetes.io/enforce"
ROLE_OF = "eks.amazonaws.com/role-arn"
Rights = tuple[str, str, str]  # who, does, what


def granted(graph: Graph) -> Iterator[Access]:
    """The access that the Kubernetes objects of a graph give. Workloads are read together with their policies."""
    cluster = _Cluster(graph)
    for resource in graph:
        if resource.is_kubernetes:
            for who, does, what in _of_object(resource, cluster):
                yield Access(who, does, what, urn=resource.urn)


def bounds(graph: Graph) -> Iterator[tuple[str, str]]:
    """Limits on pods: the URN of a workload, and the limit in words."""
    cluster = _Cluster(graph)
    for workload in cluster.workloads:
        if cluster.policies(workload, "Egress"):
            yield workload.urn, "a NetworkPolicy says whom it may call"


class _Cluster:
    """Finds the NetworkPolicies of a pod, and the pods that a policy names."""

    def __init__(self, graph: Graph) -> None:
        self._resources = graph.by_urn()
        self.workloads = [resource for resource in graph if resource.type.endswith(WORKLOADS)]
        self._policies: dict[str, list[Resource]] = {}
        for resource in graph.of_type("NetworkPolicy"):
            self._policies.setdefault(namespace(resource), []).append(resource)
        namespaces = graph.of_type("Namespace")
        self._namespaces = {name(space): at(space.inputs, "metadata.labels", {}) for space in namespaces}

    def title(self, workload: Resource) -> str:
        """The app that the pods belong to. Its name is used because an app's Job has another name at each version."""
        component = outermost(workload, self._resources)
        return f"{namespace(workload)}/{component.name if component else name(workload)}"

    def policies(self, workload: Resource, way: str) -> list[Resource]:
        return [
            policy
            for policy in self._policies.get(namespace(workload), ())
            if way in (items(policy.inputs, "spec.policyTypes") or _types(policy))
            and _selected(at(policy.inputs, "spec.podSelector", {}), labels(workload))
        ]

    def others(self, peers: Sequence[Mapping[str, Any]], home: str) -> Iterator[str]:
        """The names of a rule's peers. A rule without peers means everybody."""
        if not peers:
            yield "*"
        for peer in peers:
            if cidr := at(peer, "ipBlock.cidr"):
                yield cidr
                continue
            spaces = peer.get("namespaceSelector")
            chosen = [
                self.title(workload)
                for workload in self.workloads
                if self._is_in(namespace(workload), spaces, home)
                and _selected(peer.get("podSelector") or {}, labels(workload))
            ]
            where = "" if spaces is None else f" of the namespaces {_words(spaces)}"
            yield from sorted(set(chosen)) or [f"pods {_words(peer.get('podSelector') or {})}{where}"]
            if spaces is not None:
                yield f"pods {_words(peer.get('podSelector') or {})}{where}"

    def _is_in(self, space: str, selector: Mapping[str, Any] | None, home: str) -> bool:
        if selector is None:
            return space == home
        return _selected(selector, {"kubernetes.io/metadata.name": space, **self._namespaces.get(space, {})})


def _of_object(resource: Resource, cluster: _Cluster) -> Iterator[Rights]:
    kind = resource.type.rsplit(":", 1)[-1]
    if resource.type.endswith(WORKLOADS):
        yield from ((cluster.title(resource), does, what) for does, what in pods.granted(resource))
        yield from _calls(resource, cluster)
    elif kind in BY_KIND:
        scope = "" if kind.startswith("Cluster") else f"{namespace(resource)}/"
        yield from BY_KIND[kind](resource, f"{kind} {scope}{name(resource)}")


def _binding(resource: Resource, title: str) -> Iterator[Rights]:
    where = "" if title.startswith("Cluster") else f" in {namespace(resource)}"
    role = f"{at(resource.inputs, 'roleRef.kind')} {at(resource.inputs, 'roleRef.name')}"
    for subject in items(resource.inputs, "subjects"):
        within = f"{subject.get('namespace')}/" if subject.get("namespace") else ""
        yield f"{subject.get('kind')} {within}{subject.get('name')}", "do all of", f"{role}{where}"


def _load_balancer(resource: Resource, title: str) -> Iterator[Rights]:
    for cidr in items(resource.inputs, "spec.inboundCIDRs") or ["0.0.0.0/0"]:
        scheme = at(resource.inputs, "spec.scheme", "internal")
        yield str(cidr), "reach", f"the load balancer {name(resource)} ({scheme})"


def _account(resource: Resource, title: str) -> Iterator[Rights]:
    if arn := at(resource.inputs, "metadata.annotations", {}).get(ROLE_OF):
        yield f"pods of {title}", "act as", str(arn)


def _space(resource: Resource, title: str) -> Iterator[Rights]:
    level = at(resource.inputs, "metadata.labels", {}).get(ENFORCED, "privileged")
    if level != STRICTEST:
        yield f"pods in {name(resource)}", "be", str(level)


def _groups(resource: Resource, title: str) -> Iterator[Rights]:
    for group in items(resource.inputs, "spec.securityGroups.groupIds"):
        yield f"pods of {title}", "pass for a member of", str(group)


def _calls(workload: Resource, cluster: _Cluster) -> Iterator[Rights]:
    """Who may call the workload's pods, and whom a policy lets them call."""
    title, home = cluster.title(workload), namespace(workload)
    policies = cluster.policies(workload, "Ingress")
    if not policies:
        yield "*", "reach", f"{title} on *"
    for policy in policies:
        for rule in items(policy.inputs, "spec.ingress"):
            for who in cluster.others(items(rule, "from"), home):
                yield from ((who, "reach", f"{title} on {port}") for port in _ports(rule))
    for policy in cluster.policies(workload, "Egress"):
        for rule in items(policy.inputs, "spec.egress"):
            for whom in cluster.others(items(rule, "to"), home):
                yield from ((title, "call", f"{whom} on {port}") for port in _ports(rule))


def _rules(role: Resource, title: str) -> Iterator[Rights]:
    for rule in items(role.inputs, "rules"):
        suffixes = [f" {resource_name}" for resource_name in items(rule, "resourceNames")] or [""]
        groups = items(rule, "apiGroups") or [""]
        things = [f"{kind}.{group}".rstrip(".") for group in groups for kind in items(rule, "resources")]
        for verb in items(rule, "verbs"):
            for thing in [*(f"{t}{suffix}" for t in things for suffix in suffixes), *items(rule, "nonResourceURLs")]:
                yield title, str(verb), str(thing)


def _service(resource: Resource, title: str) -> Iterator[Rights]:
    type_, ranges = at(resource.inputs, "spec.type"), items(resource.inputs, "spec.loadBalancerSourceRanges")
    if type_ == "LoadBalancer":
        yield from ((str(cidr), "reach (by a load balancer)", title) for cidr in ranges or ["0.0.0.0/0"])
    if type_ == "NodePort":
        yield "whoever reaches a node", "reach", title
    yield from ((str(ip), "lead to", title) for ip in items(resource.inputs, "spec.externalIPs"))


def _ingress(resource: Resource, title: str) -> Iterator[Rights]:
    who = f"whoever reaches the load balancer {at(resource.inputs, 'spec.ingressClassName')}"
    for rule in items(resource.inputs, "spec.rules"):
        for path in items(rule, "http.paths"):
            service = f"{namespace(resource)}/{at(path, 'backend.service.name')}"
            yield who, "reach", f"{service} at {rule.get('host', '*')}{path.get('path', '/')} ({path.get('pathType')})"
    if default := at(resource.inputs, "spec.defaultBackend.service.name"):
        yield who, "reach", f"{namespace(resource)}/{default} at *"


def _types(policy: Resource) -> list[str]:
    return ["Ingress", *(["Egress"] if items(policy.inputs, "spec.egress") else [])]


def _ports(rule: Mapping[str, Any]) -> list[str]:
    ports = []
    for port in items(rule, "ports"):
        last = f" to {port['endPort']}" if "endPort" in port else ""
        ports.append(f"{port.get('protocol', 'TCP')} port {port.get('port', '*')}{last}")
    return ports or ["*"]


def _selected(selector: Mapping[str, Any], actual_labels: Mapping[str, str]) -> bool:
    """True if the selector selects the labels. As in Kubernetes, an empty selector selects everything."""
    tests = {
        "In": lambda value, values: value in values,
        "NotIn": lambda value, values: value not in values,
        "Exists": lambda value, _: value is not None,
        "DoesNotExist": lambda value, _: value is None,
    }
    return all(actual_labels.get(key) == value for key, value in at(selector, "matchLabels", {}).items()) and all(
        tests[test["operator"]](actual_labels.get(test["key"]), items(test, "values"))
        for test in items(selector, "matchExpressions")
    )


def _words(selector: Mapping[str, Any]) -> str:
    words = [f"{key}={value}" for key, value in sorted(at(selector, "matchLabels", {}).items())]
    words += [f"{test.get('key')} {test.get('operator')}" for test in items(selector, "matchExpressions")]
    return f"with {', '.join(words)}" if words else "of any label"


BY_KIND: Mapping[str, Callable[[Resource, str], Iterator[Rights]]] = {
    "ClusterRole": _rules,
    "ClusterRoleBinding": _binding,
    "Ingress": _ingress,
    "IngressClassParams": _load_balancer,
    "Namespace": _space,
    "Role": _rules,
    "RoleBinding": _binding,
    "SecurityGroupPolicy": _groups,
    "Service": _service,
    "ServiceAccount": _account,
}
