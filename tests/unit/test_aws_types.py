"""The table of AWS types against the SDK, which is made from the provider's schema, and by itself."""

from __future__ import annotations

import functools
import inspect
import re

import pulumi_aws
import pytest

from evaluation.aws_types import AWS_TYPES, INVOKES, AwsType, invoked

ACCOUNT = "123456789012"
ARN = re.compile(r"arn:aws:[a-z0-9]+:([a-z]{2}-[a-z]+-\d)?:(\d{12}|aws)?:.+")
ROWS = [row for token, row in AWS_TYPES.items() if token.startswith("aws:")]

SAMPLES = {
    "aws:s3/": {"bucket": "some-bucket"},
    "aws:iam/openId": {"url": "https://token.actions.githubusercontent.com"},
    "aws:kms/alias": {"targetKeyId": "12345678-1234-4234-8234-123456789012"},
    "aws:acm/certificate:": {"domainName": "example.com"},
    "aws:cloudwatch/logResourcePolicy": {"policyName": "logs"},
}


def of(token: str) -> AwsType:
    return AWS_TYPES[token]


def sample(row: AwsType) -> dict[str, object]:
    """Inputs that have every required property."""
    inputs: dict[str, object] = {path: "x" for path in row.required if "." not in path}
    for prefix, values in SAMPLES.items():
        if row.token.startswith(prefix):
            inputs |= values
    return inputs


def outputs(row: AwsType, urn: str = "urn:pulumi:dev::wharf::x::y") -> dict[str, object]:
    return row.outputs(urn, "thing", sample(row), "eu-west-1", ACCOUNT)


@functools.cache
def sdk(token: str) -> tuple[set[str], set[str], set[str]]:
    """What the SDK's class takes, what of it it requires, and what it returns, by Pulumi's names."""
    _, module, name = token.split(":")
    # By attributes, as programs do: importing a module of a package that is loaded on first use leaves it half loaded.
    resource = getattr(getattr(pulumi_aws, module.split("/")[0]), name)
    accepted = set(inspect.signature(resource._internal_init).parameters)
    required = set(re.findall(r"Missing required property '(\w+)'", inspect.getsource(resource._internal_init)))
    returned = {key for key, value in vars(resource).items() if isinstance(value, property)}
    return set(map(camel, accepted)), set(map(camel, required)), set(map(camel, returned))


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.token)
def test_what_the_sdk_requires_the_table_requires(row):
    _, required, _ = sdk(row.token)
    assert required <= set(row.required)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.token)
def test_every_property_that_the_table_names_exists(row):
    accepted, _, returned = sdk(row.token)
    paths = [*row.required, *row.immutable, *row.enums, *(path for group in row.one_of for path in group)]
    assert {path.split(".")[0] for path in paths} <= accepted
    assert set(row.computed) <= returned
    assert not row.auto_name or row.auto_name in accepted
    assert not row.arn or "arn" in returned


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.token)
def test_outputs_are_shaped_and_depend_on_the_urn_alone(row):
    first = outputs(row)
    assert first == outputs(row)
    assert first["id"]
    if row.arn:
        assert ARN.fullmatch(str(first["arn"]))
    assert "{" not in str({key: value for key, value in first.items() if key != "policy"}).replace("{'", "")


def test_ids_differ_between_urns():
    subnet = of("aws:ec2/subnet:Subnet")
    assert outputs(subnet, "urn:a")["id"] != outputs(subnet, "urn:b")["id"]
    assert re.fullmatch("subnet-[0-9a-f]{17}", str(outputs(subnet)["id"]))


def test_inputs_win_over_placeholders_at_any_depth():
    cluster = of("aws:eks/cluster:Cluster")
    found = cluster.outputs("urn:a", "c", {"name": "c", "vpcConfig": {"subnetIds": ["subnet-1"]}}, "us-east-1", ACCOUNT)
    assert found["vpcConfig"]["subnetIds"] == ["subnet-1"]
    assert found["vpcConfig"]["clusterSecurityGroupId"].startswith("sg-")


def test_database_endpoint_parses():
    found = of("aws:rds/instance:Instance").outputs("urn:a", "db", {"port": 5433}, "us-east-1", ACCOUNT)
    host, port = found["endpoint"].split(":")
    assert host == found["address"]
    assert int(port) == found["port"] == 5433


def test_missing_and_unlisted_values_are_problems():
    row = of("aws:eks/nodeGroup:NodeGroup")
    inputs = {
        "clusterName": "c",
        "nodeRoleArn": "arn:aws:iam::123456789012:role/r",
        "subnetIds": ["subnet-1"],
        "scalingConfig": {"desiredSize": 1, "maxSize": 1},
        "capacityType": "CHEAP",
    }
    assert [path for path, _ in row.problems(inputs)] == ["scalingConfig.minSize", "capacityType"]
    inputs["scalingConfig"] = {"desiredSize": 1, "maxSize": 1, "minSize": 0}
    assert row.problems({**inputs, "capacityType": "SPOT"}) == []


def test_exactly_one_source_of_a_rule():
    row = of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    rule = {"ipProtocol": "tcp", "securityGroupId": "sg-1"}
    assert row.problems(rule)
    assert not row.problems({**rule, "cidrIpv4": "10.0.0.0/8"})
    assert row.problems({**rule, "cidrIpv4": "10.0.0.0/8", "referencedSecurityGroupId": "sg-2"})


def test_a_change_of_size_stays_and_a_change_of_key_replaces():
    row = of("aws:rds/instance:Instance")
    old = {"instanceClass": "db.t4g.micro", "kmsKeyId": "arn:1", "password": "a"}
    assert row.replaces(old, {**old, "instanceClass": "db.m7g.large", "password": "b"}) == ()
    assert row.replaces(old, {**old, "kmsKeyId": "arn:2"}) == ("kmsKeyId",)


def test_order_of_a_set_is_no_change():
    row = of("aws:mq/broker:Broker")
    assert row.replaces({"subnetIds": ["a", "b"]}, {"subnetIds": ["b", "a"]}) == ()


def test_the_kind_of_a_rules_source_replaces_its_value_does_not():
    row = of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert row.replaces({"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "10.1.0.0/16"}) == ()
    assert row.replaces({"cidrIpv4": "10.0.0.0/8"}, {"prefixListId": "pl-1"}) == ("cidrIpv4", "prefixListId")


def test_a_kept_database_cannot_be_deleted_without_its_snapshots_name():
    row = of("aws:rds/instance:Instance")
    assert "finalSnapshotIdentifier" in row.undeletable({})
    assert "protection" in row.undeletable({"deletionProtection": True, "skipFinalSnapshot": True})
    assert row.undeletable({"finalSnapshotIdentifier": "last"}) == ""


@pytest.mark.parametrize("token", INVOKES)
def test_every_data_source_answers(token):
    args = {
        "name": "/aws/x",
        "id": "subnet-1",
        "addonName": "coredns",
        "instanceType": "t4g.nano",
        "kubernetesVersion": "1.36",
    }
    answer = invoked(token, args, "cn-north-1", ACCOUNT)
    assert "{" not in str(list(answer.values())).replace("{'", "")


def test_an_unknown_data_source_is_refused():
    with pytest.raises(LookupError, match="aws:x/y:z"):
        invoked("aws:x/y:z", {}, "us-east-1", ACCOUNT)


def test_a_changed_launch_template_has_another_version_and_its_tags_make_none():
    """The instance that names the version is replaced with it: `diff` has to see that."""
    row = of("aws:ec2/launchTemplate:LaunchTemplate")
    versions = [
        row.outputs("urn:a", "t", inputs, "eu-west-1", ACCOUNT)["latestVersion"]
        for inputs in ({"imageId": "ami-1"}, {"imageId": "ami-2"}, {"imageId": "ami-1", "tags": {"owner": "b"}})
    ]
    assert versions[0] != versions[1]
    assert versions[0] == versions[2]


def test_taking_away_the_key_of_a_clusters_secrets_replaces_it_and_giving_one_does_not():
    row = of("eks:index:Cluster")
    with_key, without = {"name": "c", "encryptionConfigKeyArn": "arn:1"}, {"name": "c"}
    assert row.replaces(with_key, without) == ("encryptionConfigKeyArn",)
    assert row.replaces(without, with_key) == ()
