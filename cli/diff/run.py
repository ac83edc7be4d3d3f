"""`wharf diff STACK --base REF`: evaluates both sides and compares them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cli.diff import base as bases
from cli.diff import snapshot, waives
from cli.diff.compare import compare, component
from cli.diff.model import Diff
from evaluation import project
from evaluation.evaluate import Answers
from evaluation.graph import Graph, Resource
from evaluation.urns import Urn, renamed


def against(pulumi_project: project.Project, stage: str, ref: str | None, example: str | None) -> Diff:
    """Compares the working tree with the commit of ``ref``. Without a ref, it is where the branch left main.

    Raises:
        UserError: there is no such commit.
        InputRefused: the configuration of the head is wrong.
        bases.NotComparableError: the base cannot be evaluated.
    """
    pulumi_project.require(stage)
    commit = bases.commit(ref) if ref else bases.merge_base()
    base = bases.evaluate(commit, [stage], example)[stage]
    return between(pulumi_project, stage, commit, base, head(pulumi_project, stage))


def between(
    pulumi_project: project.Project, stage: str, commit: bases.Commit, base: bases.Evaluated, head_graph: Graph
) -> Diff:
    """Compares two evaluations. If resources were only renamed, the head is evaluated again with their old ids.

    Raises:
        bases.NotComparableError: the base could not be evaluated.
    """
    if isinstance(base, bases.NotComparableError):
        raise base
    base = base or Graph(pulumi_project.name, stage, ())
    waived = waives.between(waives.of_commit(pulumi_project, stage, commit), waives.of_file(pulumi_project, stage))
    if names := renamed(base, head_graph):
        head_graph = head(pulumi_project, stage, names)
    return compare(base, head_graph, names, base_name=str(commit), head_name=_head_name(), waives=waived)


def head(pulumi_project: project.Project, stage: str, names: Mapping[str, str] | None = None) -> Graph:
    """The working tree's graph, in which each secret is replaced by a fingerprint.

    Args:
        names: the old URN of each renamed resource, by its new URN.
    """
    read = project.read_stage(pulumi_project, stage)
    graph = project.graph_of(read, Renamed(project.placeholders(read), names or {}))
    return snapshot.from_json(snapshot.to_json(graph, root=project.CHECKOUT, key=bases.fingerprint_key()))


@dataclass(frozen=True)
class Renamed:
    """Answers that give a renamed resource its old ids and outputs, so that values made of them stay the same too."""

    answers: Answers
    names: Mapping[str, str]

    def created(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        if former := self.names.get(resource.urn):
            resource = replace(resource, urn=former, name=Urn.parse(former).name)
        return self.answers.created(resource)

    def read(self, type_: str, name: str, id_: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.answers.read(type_, name, id_, properties)

    def invoked(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.answers.invoked(token, args)


def alone(pulumi_project: project.Project, stage: str) -> str:
    """One line about the head, for when there is nothing to compare it with."""
    graph = project.evaluate_stage(pulumi_project, stage)
    counts = Counter(component(resource, graph.by_urn()) or "(no component)" for resource in graph if resource.custom)
    shown = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{stage}: {len(graph.resources)} resources in the working tree alone: {shown}"


def _head_name() -> str:
    return "the working tree, with changes that are not committed" if bases.is_dirty() else "HEAD"
