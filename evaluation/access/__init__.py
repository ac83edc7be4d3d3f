"""Who may reach, read or do what because of the resources of a stage.

`opened` compares two graphs. It says what a change gives to somebody who did not have it.
"""

from __future__ import annotations

from dataclasses import replace

from evaluation.access import aws, cluster, documents
from evaluation.access.model import Access, not_covered, together
from evaluation.graph import Graph, Resource, mask

__all__ = ["Access", "granted", "opened"]


def granted(graph: Graph) -> list[Access]:
    """Every access that the graph gives to anybody."""
    by_policies = [access for resource in graph for access in documents.granted(resource)]
    of_aws = [access for resource in graph if not resource.is_kubernetes for access in aws.granted(resource, graph)]
    return [*by_policies, *of_aws, *cluster.granted(graph)]


def opened(base: Graph, head: Graph) -> list[tuple[str, str]]:
    """The access that the head gives and the base did not: the URN of the resource that gives it, and a sentence.

    A narrower grant opens nothing. Nor does a grant that only moved to another resource.
    """
    base, head = _masked(base), _masked(head)
    resources = head.by_urn()
    new = [(access.urn, str(access)) for access in together(not_covered(granted(head), granted(base)))]
    kept = set(_bounds(head))
    loose = {how: urn for urn, how in sorted(set(_bounds(base)) - kept) if urn in resources}
    return [*new, *((urn, f"this is no longer true of {resources[urn].name}: {how}") for how, urn in loose.items())]


def _bounds(graph: Graph) -> list[tuple[str, str]]:
    denied = [
        (urn, f"a policy forbids that {access}")
        for resource in graph
        for access in documents.granted(resource, effect="Deny")
        for urn in (resource.urn, *_held(resource))
    ]
    return [*denied, *cluster.bounds(graph), *(bound for r in graph for bound in aws.bounds(r, graph))]


def _held(policy: Resource) -> list[str]:
    """The URNs of the resources that a policy is attached to. They can still exist when the policy is deleted."""
    return [urn for key, urns in policy.property_depends_on.items() if "olicy" not in key for urn in urns]


def _masked(graph: Graph) -> Graph:
    return replace(graph, resources=tuple(replace(r, inputs=mask(dict(r.inputs))) for r in graph))
