"""Whole stages under the real engine: AWS is simulated, Kubernetes a kwok cluster, Helm runs with small charts."""

from __future__ import annotations

import pytest

from tests.aws_stages import DIGEST, OWN, project
from tests.engine.engine import Outcome
from tests.engine.stages import change, comes_and_goes, copied, left, start, succeeded
from tests.fixture import PROJECT

CONTROL_PLANE = "aws:eks/cluster:Cluster"


def touched(outcome: Outcome) -> set[str]:
    return {name for names in succeeded(outcome).changes.values() for name in names}


def test_a_change_touches_no_more_than_it_must(tmp_path, cluster):
    project(tmp_path, dev=OWN)
    dev = start(tmp_path, cluster, ["dev"])["dev"]
    dev.times(create={CONTROL_PLANE: 8})
    succeeded(dev.up())
    assert dev.up("--refresh").nothing
    created = {operation["type"]: operation for operation in dev.operations()}
    for waits_for_nothing in ("aws:rds/instance:Instance", "aws:mq/broker:Broker"):
        assert created[waits_for_nothing]["began"] < created[CONTROL_PLANE]["ended"]

    change(dev, apps={"idle": {"version": f"2.0{DIGEST}"}})
    assert touched(dev.up()) == {"idle-deployment"}
    change(dev, database={"size": "db.m7g.large"})
    assert dev.up().changes == {"update": ["database-instance"]}
    change(dev, database={"rotation": 2})
    rotated = touched(dev.up())
    assert {"database-password", "database-instance", "web-deployment"} <= rotated
    assert not {name for name in rotated if name.startswith(("broker", "idle", "mail"))}
    succeeded(dev.destroy())
    assert left(dev) == []


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_stages_come_up_once_and_leave_nothing(tmp_path, cluster, name):
    comes_and_goes(tmp_path, cluster, PROJECT.root, [name])


def test_an_account_is_made_once_and_stays(tmp_path, cluster):
    account = start(copied(PROJECT.root, tmp_path), cluster, ["account"])["account"]
    succeeded(account.up())
    assert account.up("--refresh").nothing
    assert "protected" in account.destroy().messages
    account.pulumi("state", "unprotect", "--all", "--yes", "--stack", "account")
    succeeded(account.destroy())
    assert account.things() == []
