"""Whole stages under the real engine: AWS is simulated, Kubernetes a kwok cluster, Helm runs with small charts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest

from ops import tools
from ops.cluster import Cluster, find
from tests.aws_stages import DIGEST, OWN, project
from tests.engine import charts
from tests.engine.engine import ROOT, Outcome
from tests.engine.stages import change, copied, keep_nothing, objects, start

pytestmark = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random")),
    reason="no `pulumi` with the plugins kubernetes and random on PATH",
)

CONTROL_PLANE = "aws:eks/cluster:Cluster"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    tools.ensure(ROOT, tools.TOOLS, print)
    made = find(ROOT, "test", f"aws-{os.getpid()}", "kwok", [])
    made.up(lambda _: None)
    made.kubectl("apply", "-f", "-", stdin=json.dumps(charts.BROUGHT_BY_EKS))
    yield made
    made.down(lambda _: None)


def succeeded(outcome: Outcome) -> Outcome:
    assert outcome.ok, outcome.messages
    return outcome


def touched(outcome: Outcome) -> set[str]:
    return {name for names in succeeded(outcome).changes.values() for name in names}


def test_a_change_touches_no_more_than_it_must(tmp_path, cluster):
    project(tmp_path, dev=OWN)
    dev = start(tmp_path, cluster, ["dev"])["dev"]
    dev.times(create={CONTROL_PLANE: 20})
    succeeded(dev.up())
    assert dev.up("--refresh").nothing
    created = {operation["type"]: operation for operation in dev.operations()}
    for waits_for_nothing in ("aws:rds/instance:Instance", "aws:mq/broker:Broker"):
        assert created[waits_for_nothing]["ended"] < created[CONTROL_PLANE]["ended"]

    change(dev, apps={"idle": {"version": f"2.0{DIGEST}"}})
    assert touched(dev.up()) == {"idle-deployment"}
    change(dev, database={"size": "db.m7g.large"})
    assert dev.up().changes == {"update": ["database-instance"]}
    change(dev, database={"rotation": 2})
    rotated = touched(dev.up())
    assert {"database-password", "database-instance", "web-deployment"} <= rotated
    assert not {name for name in rotated if name.startswith(("broker", "idle", "mail"))}
    succeeded(dev.destroy())
    assert dev.things() == []


PROJECTS = {
    "dev": (ROOT, ["dev"]),
    "staging": (ROOT, ["staging"]),
    "prod": (ROOT, ["prod"]),
    "squad": (ROOT / "examples" / "squad", ["cluster", "staging", "production"]),
    "epid": (ROOT / "examples" / "epid", ["cluster", "dev", "prod"]),
}


@pytest.mark.parametrize("name", PROJECTS)
def test_stages_come_up_once_and_leave_nothing(tmp_path, cluster, name):
    source, names = PROJECTS[name]
    before = objects(cluster)
    stages = start(copied(source, tmp_path), cluster, names)
    for stage in stages.values():
        succeeded(stage.up())
    for stage in stages.values():
        assert stage.up("--refresh").nothing
    for stage in reversed(stages.values()):
        if keep_nothing(stage):
            succeeded(stage.up())  # what keeps it is let go of by an up, not by a destroy
        succeeded(stage.destroy())
    assert stages[names[0]].things() == []
    assert objects(cluster) == before


def test_an_account_is_made_once_and_stays(tmp_path, cluster):
    account = start(copied(ROOT, tmp_path), cluster, ["account"])["account"]
    succeeded(account.up())
    assert account.up("--refresh").nothing
    assert "protected" in account.destroy().messages
    account.pulumi("state", "unprotect", "--all", "--yes", "--stack", "account")
    succeeded(account.destroy())
    assert account.things() == []
