"""`wharf diff STACK --base REF`: both sides evaluated and compared."""

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


def against(found: project.Project, stage: str, ref: str | None, example: str | None) -> Diff:
    """The working tree against a commit, that of ``ref`` or where the work left main.

    Raises:
        UserError: no such commit; InputRefused: the head is wrong.
        bases.NotComparableError: the base cannot be evaluated.
    """
    found.require(stage)
    commit = bases.commit(ref) if ref else bases.merge_base()
    base = bases.evaluate(commit, [stage], example)[stage]
    return between(found, stage, commit, base, head(found, stage))


def between(found: project.Project, stage: str, commit: bases.Commit, base: bases.Evaluated, head_graph: Graph) -> Diff:
    """Two evaluations compared; where something only has another name, the head is evaluated again with its old ids.

    Raises:
        bases.NotComparableError: it is the reason why there is nothing to compare with.
    """
    if isinstance(base, bases.NotComparableError):
        raise base
    base = base or Graph(found.name, stage, ())
    waived = waives.between(waives.of_commit(found, stage, commit), waives.of_file(found, stage))
    if names := renamed(base, head_graph):
        head_graph = head(found, stage, names)
    return compare(base, head_graph, names, base_name=str(commit), head_name=_head_name(), waives=waived)


def head(found: project.Project, stage: str, names: Mapping[str, str] | None = None) -> Graph:
    """The working tree's graph, in which each secret is a fingerprint.

    Args:
        names: URN to what it was, of resources that keep what they are.
    """
    read = project.read_stage(found, stage)
    graph = project.graph_of(read, Renamed(project.placeholders(read), names or {}))
    return snapshot.from_json(snapshot.to_json(graph, root=project.CHECKOUT, key=bases.fingerprint_key()))


@dataclass(frozen=True)
class Renamed:
    """Answers that take a renamed resource for what it was, so that all that is made of its outputs stays as well."""

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


def alone(found: project.Project, stage: str) -> str:
    """The head by itself, in a line, where there is nothing to compare it with."""
    graph = project.evaluate_stage(found, stage)
    counts = Counter(component(resource, graph.by_urn()) or "(no component)" for resource in graph if resource.custom)
    shown = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{stage}: {len(graph.resources)} resources in the working tree alone: {shown}"


def _head_name() -> str:
    return "the working tree, with changes that are not committed" if bases.is_dirty() else "HEAD"
