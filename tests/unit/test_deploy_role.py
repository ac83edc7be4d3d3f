"""What each kind of stage costs of AWS, call by call, against the role that deploys it."""

from __future__ import annotations

import pytest

from evaluation.graph import Graph
from evaluation.placeholders import ACCOUNT
from evaluation.project import CHECKOUT, Project, evaluate_stage
from tests.access.guard import Guard
from tests.access.offline import Made, deployer, made_by

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def account() -> Graph:
    return evaluate_stage(Project(CHECKOUT, "wharf"), "account")


def all_calls(guard: Guard, things: list[Made], others: list[Made]) -> None:
    """Made one after another, each changed in every property, and deleted from the last to the first."""
    there = list(others)
    for thing in things:
        guard.creates(thing, there)
        there.append(thing)
    for thing in things:
        guard.updates(thing, {*thing.inputs, "anything"}, thing, there)
    for thing in reversed(things):
        there.remove(thing)
        guard.deletes(thing, there)


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_deploy_role_has_every_call_of_its_stage(account, stage):
    things = made_by(evaluate_stage(Project(CHECKOUT, "wharf"), stage), REGION)
    guard = Guard(principal=deployer(account, stage), account=ACCOUNT, region=REGION)
    all_calls(guard, things, [])
