"""Whole stages under the real engine: AWS is simulated, Kubernetes a kwok cluster, Helm runs with small charts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import tools
from ops.cluster import Cluster, find
from tests.aws_stages import DIGEST, INSIDE, NETWORK, OWN, SHARED, project
from tests.engine import charts
from tests.engine.engine import ROOT, Engine, Outcome

pytestmark = pytest.mark.skipif(
    not all(shutil.which(name) for name in ("pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random")),
    reason="no `pulumi` with the plugins kubernetes and random on PATH",
)

LOCAL_CHARTS = {"wharf:charts": "charts"}
OWN_GROUP = charts.definition("vpcresources.k8s.aws", "SecurityGroupPolicy")  # EKS brings it
PASSING = ("componentstatuses", "endpoints", "endpointslices", "events", "leases", "nodes", "pods")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    tools.ensure(ROOT, tools.TOOLS, print)
    made = find(ROOT, "test", f"aws-{os.getpid()}", "kwok", [])
    made.up(lambda _: None)
    made.kubectl("apply", "-f", "-", stdin=json.dumps(OWN_GROUP))
    yield made
    made.down(lambda _: None)


def started(folder: Path, cluster: Cluster, first: str, **stages: Mapping[str, Any]) -> Engine:
    """A project with these stages, all of their state in ``folder``."""
    shop = folder / "shop"
    shop.mkdir()
    project(shop, **{name: {**settings, **LOCAL_CHARTS} for name, settings in stages.items()})
    charts.write(shop / "charts")
    return Engine(shop, ROOT, kubeconfig=cluster.kubeconfig, stack=first)


def objects(cluster: Cluster) -> set[str]:
    """Everything in the API server, but for what comes and goes by itself, and CRDs, which Helm leaves on purpose."""
    kinds = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    wanted = ",".join(kind for kind in kinds if kind.split(".")[0] not in PASSING)
    found = cluster.kubectl("get", wanted, "--all-namespaces", "-o", "name").stdout.split()
    return {name for name in found if not name.endswith(".elbv2.k8s.aws")}


def change(engine: Engine, stage: str, **settings: Any) -> None:
    """Writes keys of ``wharf:`` into a stage's file; a mapping is laid over what is there."""
    file = engine.folder / f"Pulumi.{stage}.yaml"
    written = yaml.safe_load(file.read_text())
    for key, value in settings.items():
        old = written["config"].get(f"wharf:{key}")
        written["config"][f"wharf:{key}"] = {**old, **value} if isinstance(value, dict) and old else value
    file.write_text(yaml.safe_dump(written))


def touched(outcome: Outcome) -> set[str]:
    assert outcome.ok, outcome.messages
    return {name for names in outcome.changes.values() for name in names}


NODES = {
    **OWN,
    "wharf:cluster": {**OWN["wharf:cluster"], "system-nodes": {"count": 1}},
    "wharf:network": {**NETWORK, "nat": "instance"},
    "wharf:broker": {"kind": "in-cluster"},
    "wharf:ingress": {},
}


@pytest.mark.parametrize("settings", [OWN, NODES], ids=["all Fargate", "nodes"])
def test_an_environment_comes_up_changes_no_more_than_it_must_and_leaves_nothing(tmp_path, cluster, settings):
    before = objects(cluster)
    dev = started(tmp_path, cluster, "dev", dev=settings)
    first = dev.up()
    assert first.ok, first.messages
    assert dev.up("--refresh").nothing

    change(dev, "dev", apps={"idle": {"version": f"2.0{DIGEST}"}})
    assert touched(dev.up()) == {"idle-deployment"}

    change(dev, "dev", database={"size": "db.m7g.large"})
    assert dev.up().changes == {"update": ["database-instance"]}

    change(dev, "dev", database={"rotation": 2, "size": "db.m7g.large"})
    rotated = touched(dev.up())
    assert {"database-password", "database-instance", "web-deployment"} <= rotated
    assert not {name for name in rotated if name.startswith(("broker", "idle", "mail"))}

    gone = dev.destroy()
    assert gone.ok, gone.messages
    assert dev.things() == []
    assert objects(cluster) == before


def test_environments_share_a_cluster_and_leave_it(tmp_path, cluster):
    before = objects(cluster)
    sender = {"wharf:mail": {"addresses": ["prod@dev.example.com"]}}  # SES knows the domain once an account
    shared = started(tmp_path, cluster, "shared", shared=SHARED, dev=INSIDE, prod={**INSIDE, **sender})
    first = shared.up()
    assert first.ok, first.messages
    with_cluster = {thing.urn for thing in shared.things()}
    dev, prod = shared.sibling("dev"), shared.sibling("prod")
    for environment in (dev, prod):
        made = environment.up()
        assert made.ok, made.messages
        assert environment.up("--refresh").nothing
    assert shared.up().nothing

    assert dev.destroy().ok
    assert prod.up().nothing
    assert prod.destroy().ok
    assert {thing.urn for thing in shared.things()} == with_cluster
    gone = shared.destroy()
    assert gone.ok, gone.messages
    assert shared.things() == []
    assert objects(cluster) == before
