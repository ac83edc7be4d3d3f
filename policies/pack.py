"""The rules as a Pulumi policy pack: of one resource before it is made, of the whole stack once all is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pulumi_policy
from pulumi_policy import policy as library
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError

from evaluation.graph import Graph, Resource, Secret
from evaluation.project import CHECKOUT, Project, find, is_production, read_stage
from evaluation.urns import Urn
from policies import all_rules
from policies.access import WITHIN
from policies.check import exempts, problems_of, violations_of
from policies.rule import Context, Rule, Verdict, judge, judge_one
from stacks.reading.sections import Exemption

# How the engine marks a secret among plain values: sdk/go/common/resource/properties.go.
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
Report = Callable[[str, str], None]
SEVERITY = {
    "critical": pulumi_policy.Severity.CRITICAL,
    "high": pulumi_policy.Severity.HIGH,
    "medium": pulumi_policy.Severity.MEDIUM,
    "low": pulumi_policy.Severity.LOW,
}


def serve() -> None:
    """Answers the engine until it ends us."""
    setattr(library, "deserialize_properties", plain)  # noqa: B010 the library's own forgets which values are secret
    policies: list[pulumi_policy.Policy] = [_policy(rule) for rule in all_rules().values()]
    pulumi_policy.PolicyPack("wharf", policies, enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY)


def plain(value: Any, proxy_secrets: bool = False) -> Any:
    """What the engine sends, in plain values, but for what is secret."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return _within(plain(value.get("value")))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _within(value: Any) -> Any:
    """A secret leaf; of a whole tree the engine does not say which of its leaves is the secret one."""
    if isinstance(value, dict):
        return {**value, WITHIN: Secret("")}
    if isinstance(value, list):
        return [_within(item) for item in value]
    return Secret(value)


def _policy(rule: Rule) -> pulumi_policy.Policy:
    words = {"name": rule.id, "description": f"{rule.why} Remedy: {rule.remedy}.", "severity": SEVERITY[rule.severity]}

    def resource(args: pulumi_policy.ResourceValidationArgs, report: Report) -> None:
        found = _resource(args, args.urn)
        context = Context(graph=Graph("", "", (found,)), production=_strict(args.urn).production)
        if rule.judges(found, context):
            _report([judge_one(rule, found, context, unknown=(UnknownValueError,))], report)

    def stack(args: pulumi_policy.StackValidationArgs, report: Report) -> None:
        resources = tuple(_resource(found, found.urn) for found in args.resources)
        if not resources:
            return
        context = Context(graph=Graph("", "", resources), production=_strict(resources[0].urn).production)
        _report(judge(rule, context, unknown=(UnknownValueError,)), report)

    if rule.whole_stack:
        return pulumi_policy.StackValidationPolicy(validate=stack, **words)
    return pulumi_policy.ResourceValidationPolicy(validate=resource, **words)


def _report(verdicts: Iterable[Verdict], report: Report) -> None:
    """Reports what no exemption spares; what is not known the library then reports, as advice and not as a pass."""
    unknown = ""
    for verdict in verdicts:
        for violation in violations_of(verdict):
            if not exempts(_strict(violation.urn).exemptions, violation):
                report(f"{violation.resource}: {violation.finding}", violation.urn)
        unknown = unknown or (verdict.unknown and f"{verdict.resource.name}: {verdict.unknown}")
    if unknown:
        error = UnknownValueError(UNKNOWN_STRING_VALUE, [])
        error.message = unknown
        raise error


def _resource(found: Any, urn: str) -> Resource:
    """As the rules know it; ``found`` is what either kind of policy is given."""
    dependencies = getattr(found, "property_dependencies", {})
    provider = getattr(found, "provider", None)
    return Resource(
        urn=urn,
        type=found.resource_type,
        name=found.name,
        provider=provider.urn if provider else "",
        custom=not found.resource_type.startswith(("wharf:", "eks:")),
        protect=found.opts.protect,
        property_depends_on={key: tuple(other.urn for other in others) for key, others in dependencies.items()},
        aliases=tuple(found.opts.aliases),
        ignore_changes=tuple(found.opts.ignore_changes),
        inputs=found.props,
    )


@dataclass(frozen=True)
class Strictness:
    """What the stage file says of the rules."""

    production: bool
    exemptions: tuple[Exemption, ...] = ()


def _strict(urn: str) -> Strictness:
    """By the project and the stack that are in every URN; a stack that is none of ours is held to everything."""
    parsed = Urn.parse(urn)
    return _of_stage(parsed.project, parsed.stack)


@cache
def _of_stage(project: str, stack: str) -> Strictness:
    for found in _projects():
        if found.name == project and stack in found.stages():
            config = read_stage(found, stack).config
            file = f"Pulumi.{stack}.yaml"
            valid = [e for e in config.exemptions if not list(problems_of(e, date.today(), file))]
            return Strictness(is_production(found, stack), tuple(valid))
    return Strictness(production=True)


def _projects() -> Iterator[Project]:
    yield find()
    for path in sorted((CHECKOUT / "examples").glob("*/Pulumi.yaml")):
        yield find(path.parent.name)
