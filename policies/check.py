"""`wharf check`: applies every rule to the resources of a stage, except where its file exempts them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

from evaluation.graph import Graph
from evaluation.printable import plain
from evaluation.project import Project, graph_of, is_production, read_stage, unused_app_problems
from policies import all_rules
from policies.rule import Context, Verdict, judge
from stacks.reading.problems import InputRefused
from stacks.reading.sections import Exemption

LONGEST_EXEMPTION = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One line of the check: which rule, which resource, what is wrong with it, what to change."""

    rule: str
    severity: str
    resource: str
    urn: str
    finding: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.resource}: {self.finding}: {self.remedy}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a stage's check found.

    Attributes:
        problems: the mistakes in the exemptions themselves.
        exempted: the violations that an exemption covers, each with the exemption.
        rules, resources: how many were checked.
    """

    stage: str
    violations: tuple[Violation, ...]
    problems: tuple[str, ...]
    exempted: tuple[tuple[Violation, Exemption], ...]
    rules: int
    resources: int

    @property
    def passed(self) -> bool:
        return not self.violations and not self.problems


def check(project: Project, stage: str) -> Report:
    """Checks a stage offline, as its files describe it.

    Raises:
        InputRefused: the stage or an app file is wrong. App files that no stage names yet are read too.
    """
    read = read_stage(project, stage)
    if problems := unused_app_problems(project):
        raise InputRefused(problems)
    exemptions, production = read.config.exemptions, is_production(project, stage)
    return judged(graph_of(read), exemptions, production=production, today=date.today())


def judged(graph: Graph, exemptions: Sequence[Exemption], *, production: bool, today: date) -> Report:
    """The report of every rule on the graph."""
    file = f"Pulumi.{graph.stack}.yaml"
    problems = [problem for exemption in exemptions for problem in problems_of(exemption, today, file)]
    valid = [exemption for exemption in exemptions if not list(problems_of(exemption, today, file))]
    violations = list(_violations(graph, Context(graph=graph, production=production)))
    exempted = [(violation, exemption) for violation in violations if (exemption := exempts(valid, violation))]
    exempted_ids = {id(violation) for violation, _ in exempted}
    for exemption in valid:
        if not any(used is exemption for _, used in exempted):
            problems.append(
                f"{file}: wharf:exemptions: {exemption.rule} for {exemption.resource} is no longer needed: remove it"
            )
    return Report(
        stage=graph.stack,
        violations=tuple(violation for violation in violations if id(violation) not in exempted_ids),
        problems=tuple(problems),
        exempted=tuple(exempted),
        rules=len(all_rules()),
        resources=len(graph.resources),
    )


def problems_of(exemption: Exemption, today: date, file: str) -> Iterable[str]:
    """The mistakes in an exemption: an unknown rule, no reason, or an end that is no date, past or too far away."""
    where = f"{file}: wharf:exemptions: {exemption.rule} for {exemption.resource}"
    if exemption.rule not in all_rules():
        yield f"{where}: there is no such rule: see docs/rules.md"
    if not exemption.reason.strip():
        yield f"{where}: reason: is empty: say why it may be so"
    try:
        end = date.fromisoformat(exemption.until)
        if end < today:
            yield f"{where}: until: {exemption.until} is past: fix the resource, or extend the exemption"
        if end > today + LONGEST_EXEMPTION:
            yield f"{where}: until: {exemption.until} is more than a year away: write an earlier date"
    except ValueError:
        yield f"{where}: until: {exemption.until!r} is no date: write it as 2027-01-31"


def exempts(exemptions: Sequence[Exemption], violation: Violation) -> Exemption | None:
    """The exemption that covers a violation: its ``resource`` is a name, or a pattern with ``*``."""
    for exemption in exemptions:
        name = violation.urn.rsplit("::", 1)[-1]
        if exemption.rule == violation.rule and fnmatchcase(name, exemption.resource):
            return exemption
    return None


def _violations(graph: Graph, context: Context) -> Iterable[Violation]:
    for rule in all_rules().values():
        for verdict in judge(rule, context):
            yield from violations_of(verdict)
            if verdict.unknown:
                yield _violation(verdict, f"{verdict.unknown} is not known")


def violations_of(verdict: Verdict) -> Iterable[Violation]:
    """One violation for each finding."""
    for finding in verdict.findings:
        yield _violation(verdict, finding)


def _violation(verdict: Verdict, finding: str) -> Violation:
    return Violation(
        rule=verdict.rule.id,
        severity=verdict.rule.severity,
        resource=f"{verdict.resource.type.rsplit(':', 1)[-1]} {verdict.resource.name}",
        urn=verdict.resource.urn,
        finding=finding,
        remedy=verdict.rule.remedy,
    )


def text(report: Report) -> str:
    """The report as text: one line for each violation or problem, and a summary."""
    lines = [str(violation) for violation in report.violations] + list(report.problems)
    for violation, exemption in report.exempted:
        lines.append(
            f"exempted until {exemption.until}: {violation.rule}: {violation.resource}: {violation.finding} "
            f"({exemption.reason})"
        )
    count = len(report.violations) + len(report.problems)
    lines.append(
        f"{report.stage}: {report.rules} rules over {report.resources} resources: "
        + ("all hold" if report.passed else f"{count} to fix")
    )
    return "\n".join(map(plain, lines))


def to_json(report: Report) -> dict[str, Any]:
    """The report in plain values. Format 1."""
    return {
        "format": 1,
        "stack": report.stage,
        "passed": report.passed,
        "rules": report.rules,
        "resources": report.resources,
        "violations": [asdict(violation) for violation in report.violations],
        "problems": list(report.problems),
        "exempted": [
            {**asdict(violation), "reason": exemption.reason, "until": exemption.until}
            for violation, exemption in report.exempted
        ],
    }
