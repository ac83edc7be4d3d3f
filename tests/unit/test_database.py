from __future__ import annotations

import pulumi
import pytest

from components.data.database import Database, DatabaseArgs
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Secret

ARGS = DatabaseArgs(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"])


def made(name: str = "database", **changes: object) -> Graph:
    def program() -> None:
        args = DatabaseArgs(**{**vars(ARGS), **changes})
        database = Database(name, args)
        pulumi.export("url", database.url)
        pulumi.export("password", database.password)
        pulumi.export("address", {"host": database.host, "port": database.port, "name": database.name})
        pulumi.export("security-group", database.security_group_id)

    return evaluate(program)


def instance(graph: Graph):
    return graph.one("aws:rds/instance:Instance").inputs


@pytest.mark.parametrize("keep", [True, False])
def test_database_is_private_encrypted_and_protected_only_where_kept(keep):
    graph = made(keep=keep)
    inputs = instance(graph)
    assert inputs["publiclyAccessible"] is False
    assert inputs["storageEncrypted"] is True
    assert inputs["kmsKeyId"].startswith("arn:aws:kms:")
    assert graph.one("aws:rds/instance:Instance").protect is keep
    assert graph.one("aws:kms/key:Key").protect is keep
    assert inputs["deletionProtection"] is keep
    assert inputs["skipFinalSnapshot"] is not keep
    assert ("finalSnapshotIdentifier" in inputs) is keep


def test_tls_is_forced_by_a_parameter_group_of_the_versions_family():
    group = made(engine_version="17.10").one("aws:rds/parameterGroup:ParameterGroup").inputs
    assert group["family"] == "postgres17"
    assert group["parameters"] == [{"name": "rds.force_ssl", "value": "1"}]


def test_nobody_may_connect_until_a_rule_says_so():
    graph = made()
    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    assert not {"ingress", "egress"} & set(group.inputs)
    assert not [resource for resource in graph if "Rule" in resource.type]


def test_raising_the_rotation_changes_the_password_and_nothing_else():
    before, after = made(rotation=1), made(rotation=2)
    changed = [resource.name for resource in before if resource.inputs != after.by_urn()[resource.urn].inputs]
    assert changed == ["database-password"]
    assert after.one("RandomPassword").inputs["keepers"] == {"rotation": "2"}


def test_a_given_key_is_used_and_none_is_made():
    graph = made(kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/given")
    assert not graph.of_type("aws:kms/key:Key")
    assert instance(graph)["kmsKeyId"].endswith("key/given")
    assert instance(graph)["performanceInsightsKmsKeyId"].endswith("key/given")


def test_log_groups_exist_and_expire_before_the_instance_would_make_them():
    graph = made(log_days=7)
    groups = graph.of_type("LogGroup")
    identifier = instance(graph)["identifier"]
    assert {group.inputs["name"] for group in groups} == {
        f"/aws/rds/instance/{identifier}/{log}" for log in instance(graph)["enabledCloudwatchLogsExports"]
    }
    assert {group.inputs["retentionInDays"] for group in groups} == {7}
    assert {group.urn for group in groups} <= set(graph.one("aws:rds/instance:Instance").depends_on)


def test_a_minor_version_that_is_named_stays():
    assert instance(made(engine_version="18"))["autoMinorVersionUpgrade"] is True
    assert instance(made(engine_version="18.4"))["autoMinorVersionUpgrade"] is False


def test_what_is_secret_stays_secret():
    outputs = made().outputs
    assert isinstance(outputs["password"], Secret)
    assert isinstance(outputs["url"], Secret)
    url = outputs["url"].value
    assert url.startswith(f"postgresql://app:{outputs['password'].value}@{outputs['address']['host']}:5432/app")
    assert url.endswith("sslmode=require")


@pytest.mark.parametrize(
    ("gib", "iops", "throughput"), [(20, None, None), (399, None, None), (400, 12_000, 500), (1000, 12_000, 500)]
)
def test_storage_that_grows_past_400_gib_asks_for_what_comes_with_it(gib, iops, throughput):
    inputs = instance(made(storage_gib=gib))
    assert (inputs.get("iops"), inputs.get("storageThroughput")) == (iops, throughput)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"storage_gib": 5}, "20 to 65536"),
        ({"backup_days": 36}, "0 to 35"),
        ({"backup_days": 0, "keep": True}, "at least 1"),
        ({"engine_version": "9.6"}, "14, 15, 16, 17, 18"),
        ({"size": "t4g.micro"}, "db.t4g.micro"),
        ({"rotation": 0}, "rotation"),
        ({"log_days": 10}, "log-retention"),
        ({"database": "Team-DB"}, "Team-DB"),
    ],
)
def test_what_rds_does_not_take_is_told(changes, told):
    with pytest.raises(RefusedError, match=told):
        DatabaseArgs(**{**vars(ARGS), **changes})


def test_the_longest_name_leaves_room_for_its_last_snapshot():
    assert len(instance(made(name="d" * 80, keep=True))["finalSnapshotIdentifier"]) <= 63
