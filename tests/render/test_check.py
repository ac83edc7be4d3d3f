"""Every stage of the checkout and of its examples holds every rule, and a mutant of one breaks the right one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cli.diff.stages import between
from evaluation.graph import Graph, Resource, Secret
from evaluation.project import Project, evaluate_stage, examples, find
from policies import all_rules, check
from policies.rule import Context, Rule, judge
from tests.fixture import PROJECT


def stages() -> Iterator[Any]:
    for found in (PROJECT, *map(find, examples())):
        for stage in found.stages():
            yield pytest.param(found, stage, id=f"{found.name}-{stage}")


@pytest.mark.parametrize(("found", "stage"), list(stages()))
def test_a_stage_holds_every_rule(found: Project, stage: str):
    report = check.check(found, stage)
    assert report.passed, check.text(report)


@pytest.fixture(scope="module")
def local() -> Graph:
    return evaluate_stage(PROJECT, "local")


@pytest.fixture(scope="module")
def staging() -> Graph:
    return evaluate_stage(PROJECT, "staging")


@pytest.mark.parametrize("rule", list(all_rules().values()), ids=lambda rule: rule.id)
def test_what_breaks_a_rule_is_found_among_all_that_a_stage_has(staging: Graph, rule: Rule):
    def broken_by(*more: Resource) -> set[str]:
        graph = replace(staging, resources=(*staging, *more))
        verdicts = judge(rule, Context(graph=graph, production=rule.fails.production))
        return {verdict.resource.urn for verdict in verdicts if verdict.findings}

    found = broken_by(*rule.fails.resources) - broken_by()
    assert found
    assert found <= {resource.urn for resource in rule.fails.resources}


def mutated(graph: Graph, type_: str, name: str, change: Callable[[Any], None]) -> Graph:
    def of(resource: Resource) -> Resource:
        if not resource.type.endswith(type_) or resource.name != name:
            return resource
        inputs = thawed(resource.inputs)
        change(inputs)
        return replace(resource, inputs=inputs)

    return replace(graph, resources=tuple(of(resource) for resource in graph))


def thawed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: thawed(item) for key, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, list) else value


def pod(inputs: Any) -> Any:
    return inputs["spec"]["template"]["spec"]


MUTANTS: dict[str, tuple[str, str, Callable[[Any], None]]] = {
    "pod-runs-as-user": (":Deployment", "hello-deployment", lambda i: pod(i)["securityContext"].clear()),
    "pod-root-is-read-only": (
        ":Deployment", "hello-deployment",
        lambda i: pod(i)["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
    ),
    "pod-has-own-account": (":Deployment", "hello-deployment", lambda i: pod(i).pop("serviceAccountName")),
    "container-is-probed": (":Deployment", "hello-deployment", lambda i: pod(i)["containers"][0].pop("livenessProbe")),
    "container-has-size": (":StatefulSet", "database-server", lambda i: pod(i)["containers"][0].pop("resources")),
    "service-selects-pods": (":Service", "hello-service", lambda i: i["spec"]["selector"].update(nobody="has")),
    "workload-has-budget": (":PodDisruptionBudget", "hello-budget", lambda i: i["spec"].pop("selector")),
    "autoscaler-has-target": (
        ":HorizontalPodAutoscaler", "hello-autoscaler", lambda i: i["spec"]["scaleTargetRef"].update(name="gone"),
    ),
    "route-has-owner": (":Service", "hello-service", lambda i: i["metadata"].update(name="moved")),
    "namespace-denies-by-default": (
        ":NetworkPolicy", "environment-default-deny", lambda i: i["spec"].update(ingress=[{}]),
    ),
    "namespace-is-restricted": (":Namespace", "environment-namespace", lambda i: i["metadata"].pop("labels")),
    "secret-is-in-a-secret": (
        ":Deployment", "hello-deployment",
        lambda i: pod(i)["containers"][0]["env"].append({"name": "X", "value": Secret("canary")}),
    ),
    "cluster-has-identifier": ("providers:kubernetes", "kubernetes", lambda i: i.pop("clusterIdentifier")),
}  # fmt: skip


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_mutant_of_a_stage_breaks_the_right_rule(local: Graph, rule: str):
    report = check.judged(mutated(local, *MUTANTS[rule]), [], production=False, today=date(2026, 11, 20))
    assert rule in {violation.rule for violation in report.violations}
    assert "canary" not in check.text(report)


def test_staging_and_production_differ_only_in_what_is_meant_to():
    compared = between(PROJECT, "staging", "prod")
    assert compared.otherwise == []
    assert {difference.meant for difference in compared.differences} >= {"domain", "protection", "sizes"}
