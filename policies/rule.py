"""What a rule is. The same rules serve `wharf check`, offline, and the policy pack, which the engine enforces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from evaluation.graph import Graph, Resource
from evaluation.inputs import at

Severity = Literal["critical", "high", "medium", "low"]
Check = Callable[[Resource, "Context"], Iterable[str]]


class NotKnownError(Exception):
    """A value that the rule has to see is known only once something exists: neither a pass nor a failure."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule may look at besides the resource. ``production`` is what the stage says of itself."""

    graph: Graph
    production: bool = False

    @cached_property
    def by_namespace(self) -> Mapping[str, Sequence[Resource]]:
        """Objects of Kubernetes; what names no namespace is in `default`, as Kubernetes has it."""
        found: dict[str, list[Resource]] = {}
        for resource in self.graph:
            if resource.is_kubernetes:
                found.setdefault(at(resource.inputs, "metadata.namespace", "default"), []).append(resource)
        return found

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Resource]]:
        """Resources by the last part of their type, such as ``NetworkPolicy``."""
        found: dict[str, list[Resource]] = {}
        for resource in self.graph:
            found.setdefault(resource.type.rsplit(":", 1)[-1], []).append(resource)
        return found


@dataclass(frozen=True, kw_only=True)
class Example:
    """Resources that show a rule: the first is the one that it judges."""

    resources: Sequence[Resource]
    production: bool = True

    @property
    def context(self) -> Context:
        return Context(graph=Graph("example", "example", tuple(self.resources)), production=self.production)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: words joined by dashes; what an exemption names.
        types: endings of the type tokens that it judges, such as ``rds/instance:Instance``.
        check: yields what is wrong with a resource, as ``the thing: what it is`` without the remedy.
        remedy: what to change, and where.
        production: it holds only where the stage is one of production.
        whole_stack: it looks at other resources too, so that the engine can ask it only once it knows them all.
        passes, fails: an example of each.
    """

    id: str
    severity: Severity
    why: str
    remedy: str
    types: tuple[str, ...]
    check: Check
    passes: Example
    fails: Example
    production: bool = False
    whole_stack: bool = False

    def judges(self, resource: Resource, context: Context) -> bool:
        """True where the rule has something to say of such a resource, in such a stage."""
        return resource.type.endswith(self.types) and (context.production or not self.production)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one rule says of one resource.

    Attributes:
        findings: what is wrong; empty where nothing is.
        unknown: what could not be seen yet; "" where all was.
    """

    rule: Rule
    resource: Resource
    findings: tuple[str, ...] = ()
    unknown: str = ""


def judge(
    rule: Rule, context: Context, *, unknown: tuple[type[Exception], ...] = (NotKnownError,)
) -> Iterator[Verdict]:
    """Every resource that the rule judges, and how.

    Args:
        unknown: what reading a value raises that is not known yet.
    """
    for resource in context.graph:
        if rule.judges(resource, context):
            yield judge_one(rule, resource, context, unknown=unknown)


def judge_one(
    rule: Rule, resource: Resource, context: Context, *, unknown: tuple[type[Exception], ...] = (NotKnownError,)
) -> Verdict:
    """One resource; what was found before an unknown value was met still counts."""
    findings: list[str] = []
    try:
        for finding in rule.check(resource, context):
            findings.append(finding)
    except unknown as error:
        what = str(error) or getattr(error, "message", "a value")
        return Verdict(rule=rule, resource=resource, findings=tuple(findings), unknown=what)
    return Verdict(rule=rule, resource=resource, findings=tuple(findings))
