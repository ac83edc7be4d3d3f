"""The simulated AWS under the real engine: what is made, changed, refused and left."""

from __future__ import annotations

import json
import re

import pytest

from tests.engine.simulator.install import has_real_eks

SUBNET = "aws:ec2/subnet:Subnet"


def test_a_stack_comes_up_changes_and_leaves_nothing(engine):
    data = engine("data")
    data.fail_once(create_database_instance="Throttling: Rate exceeded")
    failed = data.up()
    assert not failed.ok
    assert "Rate exceeded" in failed.messages
    assert data.up().changes["create"] == ["database-instance"]
    assert data.up("--refresh").nothing
    host = data.outputs()["database"]["host"]
    assert re.fullmatch(r"database-[0-9a-f]{8}\.c[0-9a-f]{11}\.eu-west-1\.rds\.amazonaws\.com", host)
    assert data.thing("vpc").outputs["tagsAll"] == {"stack": "dev"}
    gone = data.destroy()
    assert gone.ok, gone.messages
    assert data.things() == []


def test_a_database_changes_in_place_but_not_its_network(engine):
    data = engine("data")
    assert data.up().ok
    old = {name: data.thing(name).id for name in ("vpc", "database-instance", "broker-instance")}
    data.configure(rotation=2, size="db.m7g.large")
    changed = data.up()
    assert changed.changes["update"] == ["database-instance"]
    assert {name for names in changed.changes.values() for name in names} == {"database-instance", "database-password"}
    assert data.thing("database-instance").id == old["database-instance"]
    data.configure(cidr="10.0.0.0/15")
    moved = data.up()
    assert moved.ok, moved.messages
    assert set(old) <= set(moved.changes["replace"])
    assert not set(old.values()) & {thing.id for thing in data.things()}


def test_a_kept_database_refuses_to_go_until_it_is_no_longer_kept(engine):
    data = engine("data")
    data.configure(keep="true")
    assert data.up().ok
    assert "protected" in data.destroy().messages
    data.pulumi("state", "unprotect", "--all", "--yes")
    assert "deletion protection is on" in data.destroy().messages
    data.configure(keep="false")
    assert data.up().ok
    assert data.destroy().ok
    assert data.things() == []


@pytest.mark.parametrize(
    ("type_", "inputs", "told"),
    [
        (SUBNET, {"cidrBlock": "10.0.0.0/24"}, "vpcId"),
        (SUBNET, {"vpcId": "vpc-0123456789abcdef0"}, "vpc-0123456789abcdef0 does not exist"),
        ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "shared"}, "'shared' is none of default"),
        ("aws:sqs/queue:Queue", {}, "does not know aws:sqs/queue:Queue"),
    ],
)
def test_what_aws_would_refuse_fails(engine, type_, inputs, told):
    raw = engine("raw")
    raw.configure(type=type_, inputs=json.dumps(inputs))
    refused = raw.up()
    assert not refused.ok
    assert told in refused.messages
    assert raw.things() == []


@pytest.mark.parametrize("real", [False, True], ids=["stand-in", "real"])
def test_a_control_plane_has_its_role_and_nothing_that_was_not_asked_for(engine, real):
    if real and not has_real_eks():
        pytest.skip("no `pulumi-resource-eks` and `pulumi-resource-kubernetes` on PATH")
    eks = engine("eks", real_eks=real)
    first = eks.up()
    assert first.ok, first.messages
    outputs = eks.outputs()
    assert outputs["issuer"].startswith("oidc.eks.eu-west-1.amazonaws.com/id/")
    assert re.fullmatch("sg-[0-9a-f]{17}", outputs["security-group"])
    kinds = {thing.type for thing in eks.things()} - {"aws:ec2/vpc:Vpc", SUBNET}
    assert kinds == {
        "aws:eks/cluster:Cluster",
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
    assert eks.up().nothing
    assert eks.destroy().ok
    assert eks.things() == []
