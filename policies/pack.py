"""The rules as a Pulumi policy pack.

Rules about one resource are checked before it is created. Rules about the whole stack are checked once all of it is
known.
"""

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
    """Answers the engine until it ends this process."""
    setattr(library, "deserialize_properties", plain)  # noqa: B010 the library's function forgets which values are secret
    policies: list[pulumi_policy.Policy] = [_policy(rule) for rule in all_rules().values()]
    pulumi_policy.PolicyPack("wharf", policies, enforcement_level=pulumi_policy.EnforcementLevel.MANDATORY)


def plain(value: Any, proxy_secrets: bool = False) -> Any:
    """What the engine sends, as plain values, with a `Secret` for each secret one."""
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET:
            return _within(plain(value.get("value")))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _within(value: Any) -> Any:
    """The value, marked as secret. For a mapping, the engine does not say which of its leaves is the secret one."""
    if isinstance(value, dict):
        return {**value, WITHIN: Secret("")}
    if isinstance(value, list):
        return [_within(item) for item in value]
    return Secret(value)


def _policy(rule: Rule) -> pulumi_policy.Policy:
    words = {"name": rule.id, "description": f"{rule.why} Remedy: {rule.remedy}.", "severity": SEVERITY[rule.severity]}

    def resource(args: pulumi_policy.ResourceValidationArgs, report: Report) -> None:
        judged = _resource(args, args.urn)
        context = Context(graph=Graph("", "", (judged,)), production=_strict(args.urn).production)
        if rule.judges(judged, context):
            _report([judge_one(rule, judged, context, unknown=(UnknownValueError,))], report)

    def stack(args: pulumi_policy.StackValidationArgs, report: Report) -> None:
        resources = tuple(_resource(sent, sent.urn) for sent in args.resources)
        if not resources:
            return
        context = Context(graph=Graph("", "", resources), production=_strict(resources[0].urn).production)
        _report(judge(rule, context, unknown=(UnknownValueError,)), report)

    if rule.whole_stack:
        return pulumi_policy.StackValidationPolicy(validate=stack, **words)
    return pulumi_policy.ResourceValidationPolicy(validate=resource, **words)


def _report(verdicts: Iterable[Verdict], report: Report) -> None:
    """Reports the violations that no exemption covers.

    If a value is not known, it raises an error. The library reports this error as advice, and not as a pass.
    """
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


def _resource(sent: Any, urn: str) -> Resource:
    """The resource for the rules. ``sent`` is what the library gives to either kind of policy."""
    dependencies = getattr(sent, "property_dependencies", {})
    provider = getattr(sent, "provider", None)
    return Resource(
        urn=urn,
        type=sent.resource_type,
        name=sent.name,
        provider=provider.urn if provider else "",
        custom=not sent.resource_type.startswith(("wharf:", "eks:")),
        protect=sent.opts.protect,
        property_depends_on={key: tuple(other.urn for other in others) for key, others in dependencies.items()},
        aliases=tuple(sent.opts.aliases),
        ignore_changes=tuple(sent.opts.ignore_changes),
        inputs=sent.props,
    )


@dataclass(frozen=True)
class Strictness:
    """How strict the rules are for a stage, by its file."""

    production: bool
    exemptions: tuple[Exemption, ...] = ()


def _strict(urn: str) -> Strictness:
    """How strict the rules are for a URN, by its project and stack. An unknown stack has to follow every rule."""
    parsed = Urn.parse(urn)
    return _of_stage(parsed.project, parsed.stack)


@cache
def _of_stage(project: str, stack: str) -> Strictness:
    for candidate in _projects():
        if candidate.name == project and stack in candidate.stages():
            config = read_stage(candidate, stack).config
            file = f"Pulumi.{stack}.yaml"
            valid = [e for e in config.exemptions if not list(problems_of(e, date.today(), file))]
            return Strictness(is_production(candidate, stack), tuple(valid))
    return Strictness(production=True)


def _projects() -> Iterator[Project]:
    yield find()
    for path in sorted((CHECKOUT / "examples").glob("*/Pulumi.yaml")):
        yield find(path.parent.name)
