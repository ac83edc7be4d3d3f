"""Every rule by its own examples, what is not known yet, and exemptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from evaluation.graph import Graph
from evaluation.project import CHECKOUT
from policies import GROUPS, all_rules
from policies.check import judged, text
from policies.page import page
from policies.rule import Context, Example, NotKnownError, Rule, judge, judge_one
from policies.samples import deployment
from stacks.reading.sections import Exemption

RULES = list(all_rules().values())
TODAY = date(2026, 11, 20)


def findings(rule: Rule, example: Example) -> list[str]:
    return [finding for verdict in judge(rule, example.context) for finding in verdict.findings]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_rejects_its_mutant_and_accepts_its_example(rule: Rule):
    assert findings(rule, rule.fails)
    assert findings(rule, rule.passes) == []
    assert any(rule.judges(resource, rule.passes.context) for resource in rule.passes.resources)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.production], ids=lambda rule: rule.id)
def test_a_rule_of_production_is_silent_elsewhere(rule: Rule):
    assert findings(rule, replace(rule.fails, production=False)) == []


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.whole_stack], ids=lambda rule: rule.id)
def test_a_rule_of_one_resource_needs_no_other(rule: Rule):
    for example in (rule.passes, rule.fails):
        judged_alone = [
            judge_one(rule, resource, Context(graph=Graph("", "", ()), production=True)).findings
            for resource in example.resources
            if rule.judges(resource, example.context)
        ]
        assert judged_alone == [verdict.findings for verdict in judge(rule, example.context)]


def test_the_good_examples_break_no_rule_of_one_resource():
    assert [
        (rule.id, verdict.findings)
        for rule in RULES
        if not rule.whole_stack and rule.id != "provider-is-explicit"  # examples have no providers
        for verdict in judge(rule, Context(graph=Graph("", "", (deployment(),)), production=True))
        if verdict.findings
    ] == []


class Unknown(dict[str, Any]):
    """A mapping none of whose values is known yet."""

    def __getitem__(self, key: str) -> Any:
        raise NotKnownError(key)

    def get(self, key: str, default: Any = None) -> Any:
        raise NotKnownError(key)

    def __iter__(self) -> Iterator[str]:
        raise NotKnownError("keys")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_what_is_not_known_is_never_a_pass(rule: Rule):
    resource = replace(rule.fails.resources[0], inputs=Unknown())
    graph = Graph("", "", (resource, *rule.fails.resources[1:]))
    verdict = judge_one(rule, resource, Context(graph=graph, production=True))
    assert verdict.findings or verdict.unknown


def test_ids_are_of_one_form_and_texts_are_sentences():
    assert sum(len(rules) for rules in GROUPS.values()) == len(RULES)
    for rule in RULES:
        assert rule.id.replace("-", "").isalnum()
        assert rule.why.endswith(".")
        assert not rule.remedy.endswith(".")


def test_the_page_is_made_of_the_rules():
    assert (CHECKOUT / "docs" / "rules.md").read_text() == page(), "python -m policies.page > docs/rules.md"


BROKEN = deployment(hostNetwork=True)


def exempted(**fields: str) -> Any:
    exemption = {"rule": "pod-shares-nothing-with-node", "reason": "a probe of the network", "until": "2027-01-31"}
    graph = Graph("shop", "dev", (BROKEN,))
    return judged(graph, [Exemption(**{**exemption, **fields})], production=False, today=TODAY)


def rules_of(report: Any) -> set[str]:
    return {violation.rule for violation in report.violations}


def test_an_exemption_spares_one_rule_for_one_resource_and_is_shown():
    report = exempted(resource="sh*")
    assert "pod-shares-nothing-with-node" not in rules_of(report)
    assert report.problems == ()
    assert "exempted until 2027-01-31: pod-shares-nothing-with-node: Deployment shop" in text(report)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"until": "2026-11-19"}, "2026-11-19 is past"),
        ({"until": "2026-02-30"}, "is no date"),
        ({"rule": "no-such-rule"}, "there is no such rule"),
        ({"reason": "  "}, "reason: is empty"),
        ({"resource": "another"}, "is no longer needed"),
    ],
)
def test_an_exemption_that_is_none_fails_and_spares_nothing(fields: dict[str, str], problem: str):
    report = exempted(**fields)
    assert not report.passed
    assert "pod-shares-nothing-with-node" in rules_of(report)
    (line,) = report.problems
    assert line.startswith("Pulumi.dev.yaml: wharf:exemptions: ")
    assert problem in line
