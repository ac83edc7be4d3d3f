"""What each kind of stage costs of AWS, call by call, against the role that deploys it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from evaluation.graph import Graph
from evaluation.placeholders import ACCOUNT
from evaluation.project import evaluate_stage
from tests.access.calls import CALLS, Calls
from tests.access.evaluation import Principal
from tests.access.guard import Guard, RefusedError
from tests.access.offline import Made, deployer, made_by, previewer
from tests.aws_stages import INSIDE, NETWORK, OWN, SHARED, project
from tests.fixture import PROJECT

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def account() -> Graph:
    return evaluate_stage(PROJECT, "account")


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


def guard(principal: Principal) -> Guard:
    return Guard(principal=principal, account=ACCOUNT, region=REGION)


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_the_deploy_role_has_every_call_of_its_stage(account, stage):
    things = made_by(evaluate_stage(PROJECT, stage), REGION)
    all_calls(guard(deployer(account, stage)), things, [])


NODES = {"system-nodes": {"count": 1}, "endpoint-access": {"public": ["203.0.113.0/24"]}}
ENDPOINTS = {**NETWORK, "nat": "gateway-per-zone", "endpoints": ["ecr.api"]}
STAGES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "own cluster": {"dev": OWN},
    "shared cluster": {"shared": SHARED, "dev": INSIDE},
    "nodes and NAT instance": {
        "dev": {**OWN, "wharf:cluster": NODES, "wharf:network": {**NETWORK, "nat": "instance"}, "wharf:ingress": {}}
    },
    "endpoints and a gateway for each zone": {"dev": {**OWN, "wharf:network": ENDPOINTS}},
}


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
def test_each_kind_of_stage_is_made_changed_and_deleted_by_its_own_role(tmp_path, stages):
    accounts = {"wharf:kind": "account", "wharf:account": {"repository": "team/wharf", "stages": [*stages]}}
    shop = project(tmp_path, **stages, account=accounts)
    made_before: list[Made] = []
    account = evaluate_stage(shop, "account")
    for stage in stages:
        things = made_by(evaluate_stage(shop, stage), REGION)
        all_calls(guard(deployer(account, stage)), things, made_before)
        made_before += things


def test_the_preview_role_looks_at_all_and_makes_nothing(account):
    things = made_by(evaluate_stage(PROJECT, "prod"), REGION)
    looking = guard(previewer(account))
    for thing in things:
        looking.reads(thing, things)
        if CALLS[thing.type].create and thing.type != "aws:acm/certificateValidation:CertificateValidation":
            with pytest.raises(RefusedError):
                looking.creates(thing, things)


def test_the_role_of_another_stage_is_refused_every_one_of_these_calls(account):
    things = made_by(evaluate_stage(PROJECT, "prod"), REGION)
    dev = guard(deployer(account, "dev"))
    changed = [thing for thing in things if CALLS[thing.type].delete]
    assert len(changed) > 60
    by_name = ("aws:s3/", "aws:iam/rolePolicyAttachment")
    for thing in (thing for thing in changed if not thing.type.startswith(by_name)):
        with pytest.raises(RefusedError):
            dev.deletes(thing, things)


def test_every_type_that_a_stage_makes_has_its_calls(account):
    """Add the calls of a new type to tests/access/calls.py, and what they need to the policies."""
    made = {thing.type for name in ("dev", "prod") for thing in made_by(evaluate_stage(PROJECT, name), REGION)}
    assert made - set(CALLS) == set()


def test_every_action_of_the_deploy_role_is_of_use(account):
    """What is allowed and never called is too much."""
    called = {call.split()[0].split("|")[0].rstrip("+") for calls in CALLS.values() for call in _all(calls)}
    allowed = {
        action
        for document in deployer(account, "prod").policies
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if not action.startswith(("s3:", "ssm:"))
    }
    tagging = {action for action in allowed if "Tag" in action or ":Untag" in action}
    unused = {action for action in allowed if not any(fnmatchcase(one, action) for one in called)}
    assert unused - tagging == {
        "kms:Encrypt",  # by the engine, for secrets in its state
        "rds:RestoreDBInstance*",  # when a database is made from a snapshot
    }


def _all(calls: Calls) -> list[str]:
    return [*calls.create, *calls.read, *calls.delete, *(call for each in calls.update.values() for call in each)]
