"""`wharf diff STACK OTHER`: compares two stages, and separates what is meant to differ from what is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cli.diff.as_text import property_line
from cli.diff.compare import OPTIONS, component
from cli.diff.meant import WHOLE, meant
from cli.diff.model import PropertyChange
from cli.diff.properties import compare as compare_values
from evaluation import project
from evaluation.evaluate import Answers
from evaluation.graph import Graph, Resource, mask
from evaluation.printable import plain

STAGE = "<stage>"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property that differs, or a resource that only one stage has. ``meant``: see `cli.diff.meant.meant`."""

    component: str
    type: str
    name: str
    leaf: PropertyChange
    meant: str

    def __str__(self) -> str:
        title = f"{self.type.rsplit(':', 1)[-1]} {self.name}"
        if self.leaf.path == WHOLE:
            return f"{title}: only in {self.leaf.new or self.leaf.old}"
        return f"{title}: {property_line(self.leaf)}"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result for two stages. ``alike``: how many resources are the same in both."""

    one: str
    other: str
    alike: int
    differences: tuple[Difference, ...]

    @property
    def otherwise(self) -> list[Difference]:
        """The differences that are not meant."""
        return [difference for difference in self.differences if not difference.meant]

    @property
    def exit_code(self) -> int:
        """0 if every difference is meant, otherwise 2."""
        return 2 if self.otherwise else 0


def between(pulumi_project: project.Project, one: str, other: str) -> Comparison:
    """Compares two stages of a project, both evaluated as if they had the same name.

    Raises:
        InputRefused, UserError: there is no such stage, or its configuration is refused.
    """
    pulumi_project.require(other)
    return compare(_evaluated(pulumi_project, one, one), _evaluated(pulumi_project, other, one), other)


def compare(one: Graph, other: Graph, name: str) -> Comparison:
    """Compares two graphs, whose ids and URNs both have the stack of the first. ``name``: the second stage's name."""
    stages = (one.stack, name)
    left = {resource.urn: resource for resource in one}
    right = {resource.urn: resource for resource in other}
    found: list[Difference] = []
    for urn in sorted({*left, *right}):
        resource = right.get(urn) or left[urn]
        group = component(resource, right if urn in right else left)
        for leaf in _leaves(left.get(urn), right.get(urn), stages):
            found.append(
                Difference(
                    component=group,
                    type=resource.type,
                    name=resource.name,
                    leaf=leaf,
                    meant=meant(group, resource.type, leaf.path),
                )
            )
    differing = {(difference.type, difference.name) for difference in found}
    alike = sum((r.type, r.name) not in differing for r in one if r.urn in right)
    return Comparison(one=stages[0], other=stages[1], alike=alike, differences=tuple(found))


def text(comparison: Comparison) -> str:
    """First the differences that are not meant, then those that are, by their word."""
    meant_ones = [difference for difference in comparison.differences if difference.meant]
    lines = [
        f"{comparison.one} and {comparison.other}: {comparison.alike} resources alike, "
        f"{len(comparison.otherwise)} differences that are not meant, {len(meant_ones)} that are"
    ]
    if comparison.otherwise:
        lines += ["", "NOT MEANT TO DIFFER", *_by_component(comparison.otherwise)]
    for what in dict.fromkeys(difference.meant for difference in meant_ones):
        lines += ["", what, *_by_component(d for d in meant_ones if d.meant == what)]
    return "\n".join(map(plain, lines))


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison in plain values. Format 1."""
    return {
        "format": 1,
        "stages": [comparison.one, comparison.other],
        "alike": comparison.alike,
        "differences": [asdict(difference) for difference in comparison.differences],
    }


def _by_component(differences: Iterable[Difference]) -> Iterator[str]:
    groups: dict[str, list[Difference]] = {}
    for difference in differences:
        groups.setdefault(difference.component or "(no component)", []).append(difference)
    for group in sorted(groups):
        itself = [d for d in groups[group] if d.leaf.path == WHOLE and f"{d.type.rsplit(':', 1)[-1]} {d.name}" == group]
        if itself:
            yield f"  {itself[0]}, with {len(groups[group]) - 1} resources"
            continue
        yield f"  {group}"
        yield from (f"      {difference}" for difference in groups[group])


def _leaves(one: Resource | None, other: Resource | None, stages: tuple[str, str]) -> Iterator[PropertyChange]:
    if one is None or other is None:
        yield PropertyChange(path=WHOLE, old=stages[0] if one else None, new=stages[1] if other else None)
        return
    left, right = (_unnamed(mask(dict(r.inputs)), s) for r, s in zip((one, other), stages, strict=True))
    yield from compare_values(left, right)
    for option in OPTIONS:
        if getattr(one, option) != getattr(other, option):
            yield PropertyChange(path=f"({option})", old=getattr(one, option), new=getattr(other, option))


def _unnamed(value: Any, stage: str) -> Any:
    """The tree with the stage's name, if it is a whole word, replaced by `STAGE`."""
    if isinstance(value, Mapping):
        return {key: _unnamed(item, stage) for key, item in value.items()}
    if isinstance(value, list):
        return [_unnamed(item, stage) for item in value]
    if isinstance(value, str):
        return re.sub(rf"(?<![A-Za-z0-9]){re.escape(stage)}(?![A-Za-z0-9])", STAGE, value)
    return value


def _evaluated(pulumi_project: project.Project, stage: str, as_stack: str) -> Graph:
    read = project.read_stage(pulumi_project, stage)
    graph = project.graph_of(read, _AsStack(project.placeholders(read), stage, as_stack))
    return replace(graph, stack=as_stack, resources=tuple(_as_stack(r, stage, as_stack) for r in graph))


def _as_stack(resource: Resource, stage: str, as_stack: str) -> Resource:
    def moved(urn: str) -> str:
        return urn.replace(f"urn:pulumi:{stage}::", f"urn:pulumi:{as_stack}::", 1)

    return replace(resource, urn=moved(resource.urn), parent=moved(resource.parent))


@dataclass(frozen=True)
class _AsStack:
    """Answers whose ids are those that a resource would have in another stack."""

    answers: Answers
    stage: str
    as_stack: str

    def created(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        return self.answers.created(_as_stack(resource, self.stage, self.as_stack))

    def read(self, type_: str, name: str, id_: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.answers.read(type_, name, id_, properties)

    def invoked(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.answers.invoked(token, args)
