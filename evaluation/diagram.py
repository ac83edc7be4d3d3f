"""`wharf graph`: a stage as a Mermaid diagram that a person can read, a box for each outermost component."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource
from evaluation.inputs import at, items
from evaluation.loss import holds, holds_only_logs
from evaluation.workloads import WORKLOADS, labels, name, namespace, selects

KINDS_SHOWN = 3  # how many kinds of resource a box lists
LAYERS: Mapping[str, str] = {  # by the group of a component's type token; the outermost layer comes first
    "ingress": "way in",
    "apps": "apps",
    "mail": "mail",
    "data": "data",
    "eks": "cluster",
    "network": "network",
    "account": "account",
}
ENVIRONMENT = "wharf:apps:Environment"


def mermaid(graph: Graph) -> str:
    """The diagram, ending in a newline.

    A solid arrow goes from a component to one that it needs. It is left out where other arrows lead there as well.
    A dotted arrow goes from a caller to the component that it may call.
    """
    boxes = _boxes(graph)
    needs = _reduced(_needs(graph, boxes))
    lines = [f"%% {graph.project}, stage {graph.stack}: an arrow means needs, a dotted one calls", "flowchart LR"]
    for layer, members in _layers(boxes).items():
        lines.append(f'  subgraph {_id("layer", layer)}["{layer}"]')
        lines += [f"    {_box(boxes[urn], _of(graph, boxes, urn), graph)}" for urn in members]
        lines.append("  end")
    for urn in sorted(needs):
        lines += [f"  {_node(boxes[urn])} --> {_node(boxes[other])}" for other in sorted(needs[urn])]
    for caller, called in sorted(_calls(graph, boxes)):
        if called not in needs[caller]:
            lines.append(f"  {_node(boxes[caller])} -.-> {_node(boxes[called])}")
    return "\n".join(lines) + "\n"


def _boxes(graph: Graph) -> dict[str, Resource]:
    """The outermost components, by URN. The environment has no box of its own, because all apps are in it."""
    return {r.urn: r for r in graph if not r.custom and not r.parent and r.type != ENVIRONMENT}


def _outermost(resource: Resource, resources: Mapping[str, Resource]) -> str:
    while resource.parent in resources:
        resource = resources[resource.parent]
    return resource.urn


def _of(graph: Graph, boxes: Mapping[str, Resource], urn: str) -> list[Resource]:
    resources = graph.by_urn()
    return [r for r in graph if r.urn not in boxes and _outermost(r, resources) == urn and _counts(r)]


def _counts(resource: Resource) -> bool:
    return resource.custom or resource.type in AWS_TYPES


def _needs(graph: Graph, boxes: Mapping[str, Resource]) -> dict[str, set[str]]:
    resources = graph.by_urn()
    owner = {urn: _outermost(resource, resources) for urn, resource in resources.items()}
    needs: dict[str, set[str]] = {urn: set() for urn in boxes}
    for resource in graph:
        for other in resource.depends_on:
            component, needed = owner[resource.urn], owner.get(other, "")
            if component != needed and component in boxes and needed in boxes:
                needs[component].add(needed)
    return needs


def _calls(graph: Graph, boxes: Mapping[str, Resource]) -> set[tuple[str, str]]:
    """Pairs of URNs: the caller, and what it calls.

    A route calls the app behind it. An app calls the components whose NetworkPolicies name it as a caller.
    """
    resources = graph.by_urn()
    owner = {urn: _outermost(resource, resources) for urn, resource in resources.items()}
    services = {(namespace(r), name(r)): owner[r.urn] for r in graph if r.type.endswith("core/v1:Service")}
    workloads = [resource for resource in graph if resource.type.endswith(WORKLOADS)]
    calls = set()
    for resource in graph:
        for rule in items(resource.inputs, "spec.rules"):
            for path in items(rule, "http.paths"):
                service = at(path, "backend.service.name")
                calls.add((owner[resource.urn], services.get((namespace(resource), service), "")))
        if resource.type.endswith(":NetworkPolicy"):
            for peer in (peer for rule in items(resource.inputs, "spec.ingress") for peer in items(rule, "from")):
                for workload in workloads:
                    if namespace(workload) == namespace(resource) and selects(
                        at(peer, "podSelector.matchLabels", {}), labels(workload)
                    ):
                        calls.add((owner[workload.urn], owner[resource.urn]))
    return {(caller, called) for caller, called in calls if caller in boxes and called in boxes and caller != called}


def _reduced(needs: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The needs without each one that other needs lead to as well."""
    reached: dict[str, set[str]] = {}

    def below(urn: str) -> set[str]:
        if urn not in reached:
            reached[urn] = set()  # ends the recursion: a component may refer back to one that needs it
            reached[urn] = needs[urn].union(*(below(other) for other in needs[urn]))
        return reached[urn]

    return {
        urn: {other for other in direct if not any(other in below(third) for third in direct - {other})}
        for urn, direct in needs.items()
    }


def _layers(boxes: Mapping[str, Resource]) -> dict[str, list[str]]:
    by_layer: dict[str, list[str]] = {}
    for urn, resource in sorted(boxes.items()):
        by_layer.setdefault(LAYERS.get(resource.type.split(":")[1], "other"), []).append(urn)
    order = [*LAYERS.values(), "other"]
    return dict(sorted(by_layer.items(), key=lambda item: order.index(item[0])))


def _box(box: Resource, members: Iterable[Resource], graph: Graph) -> str:
    members = list(members)
    kinds = Counter(resource.type.rsplit(":", 1)[-1] for resource in members)
    shown = ", ".join(f"{kind} ({count})" if count > 1 else kind for kind, count in _most_telling(kinds))
    more = f" +{len(kinds) - KINDS_SHOWN}" if len(kinds) > KINDS_SHOWN else ""
    label = f"<b>{box.name}</b><br/>{box.type.rsplit(':', 1)[-1]}: {shown}{more}"
    opening, closing = ("[(", ")]") if any(_holds_data(resource, graph) for resource in members) else ("[", "]")
    return f'{_node(box)}{opening}"{label}"{closing}'


def _most_telling(kinds: Counter[str]) -> Iterator[tuple[str, int]]:
    """The kinds that a box lists. Those in `TELLING` come first, such as workloads and databases."""
    ranked = sorted(kinds.items(), key=lambda item: (item[0] not in TELLING, item[0]))
    yield from ranked[:KINDS_SHOWN]


TELLING = (
    *("Deployment", "StatefulSet", "CronJob", "Job", "Ingress", "Release", "Instance", "Broker", "Cluster"),
    *("Vpc", "NatGateway", "FargateProfile", "NodeGroup", "Bucket", "Certificate", "EmailIdentity"),
)


def _holds_data(resource: Resource, graph: Graph) -> bool:
    return bool(holds(resource, graph)) and not holds_only_logs(resource)


def _node(resource: Resource) -> str:
    return _id(resource.type.rsplit(":", 1)[-1], resource.name)


def _id(*parts: str) -> str:
    """An identifier for Mermaid. It has several parts, because a word such as ``end`` alone is a keyword."""
    return re.sub(r"[^A-Za-z0-9]", "_", "_".join(parts))
