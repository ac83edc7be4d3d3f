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
    """A value that the rule needs is known only once a resource exists. This is neither a pass nor a failure."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule may read besides the resource. ``production`` says if the stage is for production."""

    graph: Graph
    production: bool = False

    @cached_property
    def by_namespace(self) -> Mapping[str, Sequence[Resource]]:
        """Kubernetes objects by namespace. Objects that name none are in `default`, as in Kubernetes."""
        objects: dict[str, list[Resource]] = {}
        for resource in self.graph:
            if resource.is_kubernetes:
                objects.setdefault(at(resource.inputs, "metadata.namespace", "default"), []).append(resource)
        return objects

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Resource]]:
        """Resources by the last part of their type, such as ``NetworkPolicy``."""
        resources: dict[str, list[Resource]] = {}
        for resource in self.graph:
            resources.setdefault(resource.type.rsplit(":", 1)[-1], []).append(resource)
        return resources


@dataclass(frozen=True, kw_only=True)
class Example:
    """Resources that show what a rule does. The rule judges the first one."""

    resources: Sequence[Resource]
    production: bool = True

    @property
    def context(self) -> Context:
        return Context(graph=Graph("example", "example", tuple(self.resources)), production=self.production)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes:
        id: words joined by dashes. An exemption names it.
        types: endings of the type tokens of the resources that it judges, such as ``rds/instance:Instance``.
        check: yields what is wrong with a resource, without the remedy: ``container shop: is privileged``.
        remedy: what to change, and where.
        production: True if the rule applies only to stages for production.
        whole_stack: True if the rule reads other resources too. The engine then asks it only once all are known.
        passes, fails: an example that follows the rule, and one that does not.
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
        """True if the rule applies to such a resource, in such a stage."""
        return resource.type.endswith(self.types) and (context.production or not self.production)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one rule says about one resource.

    Attributes:
        findings: what is wrong with the resource. It is empty if nothing is.
        unknown: the value that is not known yet; "" if the rule could read all values.
    """

    rule: Rule
    resource: Resource
    findings: tuple[str, ...] = ()
    unknown: str = ""


def judge(
    rule: Rule, context: Context, *, unknown: tuple[type[Exception], ...] = (NotKnownError,)
) -> Iterator[Verdict]:
    """The verdicts on all resources that the rule judges.

    Args:
        unknown: the exceptions for a value that is not known yet.
    """
    for resource in context.graph:
        if rule.judges(resource, context):
            yield judge_one(rule, resource, context, unknown=unknown)


def judge_one(
    rule: Rule, resource: Resource, context: Context, *, unknown: tuple[type[Exception], ...] = (NotKnownError,)
) -> Verdict:
    """The verdict on one resource. Findings before an unknown value still count."""
    findings: list[str] = []
    try:
        for finding in rule.check(resource, context):
            findings.append(finding)
    except unknown as error:
        what = str(error) or getattr(error, "message", "a value")
        return Verdict(rule=rule, resource=resource, findings=tuple(findings), unknown=what)
    return Verdict(rule=rule, resource=resource, findings=tuple(findings))
