"""Network and cluster by the real engine over the simulated AWS: up, again, changed, gone."""

from __future__ import annotations

import pytest

from tests.engine.simulator.install import has_real_eks

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PROFILE = "aws:eks/fargateProfile:FargateProfile"


@pytest.fixture
def cluster(engine):
    return engine("cluster", real_eks=False)


def changed(outcome) -> set[str]:
    assert outcome.ok, outcome.messages
    return {name.rsplit("::", 1)[-1] for names in outcome.changes.values() for name in names}


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "real"])
def test_a_cluster_comes_up_once_and_leaves_nothing(engine, real):
    if real and not has_real_eks():
        pytest.skip("no `pulumi-resource-eks` and `pulumi-resource-kubernetes` on PATH")
    cluster = engine("cluster", real_eks=real)
    cluster.times(create={PROFILE: 1}, delete={PROFILE: 1})
    cluster.configure(namespaces="a,b,c,d,e,f")
    first = cluster.up()
    assert first.ok, first.messages
    ids = {thing.id for thing in cluster.things()}
    assert {thing.inputs["role"] for thing in cluster.things() if thing.type == ATTACHMENT} <= ids
    assert cluster.up("--refresh").nothing
    gone = cluster.destroy()
    assert gone.ok, gone.messages
    assert cluster.things() == []


def test_a_version_and_a_namespace_change_what_they_must(cluster):
    assert cluster.up().ok
    version = cluster.up("-c", "version=1.36")
    assert version.ok, version.messages
    assert {name.rsplit("::", 1)[-1] for name in version.changes["update"]} == {"cluster-eks-eksCluster"}
    assert set(version.changes) == {"update"}
    namespaces = cluster.up("-c", "namespaces=dev,staging")
    assert changed(namespaces) == {"cluster-fargate-apps"}
    assert cluster.destroy().ok
    assert cluster.things() == []


def test_nat_changes_its_kind_in_place(cluster):
    cluster.configure(nodes=1)
    assert cluster.up().ok
    before = {thing.id for thing in cluster.things() if thing.type == "aws:ec2/routeTable:RouteTable"}
    outcome = cluster.up("-c", "nat=gateway")
    assert outcome.ok, outcome.messages
    routes = {name.rsplit("::", 1)[-1] for name in outcome.changes["update"]}
    assert routes == {"network-private-eu-west-1a-route", "network-private-eu-west-1b-route"}
    assert before == {thing.id for thing in cluster.things() if thing.type == "aws:ec2/routeTable:RouteTable"}
    assert cluster.destroy().ok
    assert cluster.things() == []


def test_a_kept_cluster_refuses_to_go(cluster):
    cluster.configure(keep="true")
    assert cluster.up().ok
    assert "protected" in cluster.destroy().messages
