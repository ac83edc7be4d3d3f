"""The simulated account by itself: what it refuses, how long it takes, what it forgets."""

from __future__ import annotations

import json
import threading
import time

import pytest

from evaluation.graph import Secret
from tests.engine.simulator.cloud import FAULTS, LOG, STATE, TIMES, AwsError, Cloud

VPC, SUBNET, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup"
PROFILE, DATABASE = "aws:eks/fargateProfile:FargateProfile", "aws:rds/instance:Instance"
REGION = "eu-west-1"


@pytest.fixture
def account(tmp_path):
    """Makes the account anew from its files, as another process would."""

    def made(**settings: object) -> Cloud:
        environ = {STATE: str(tmp_path / "state.json"), LOG: str(tmp_path / "log.jsonl")}
        for key, name in ((TIMES, "times"), (FAULTS, "faults")):
            if name in settings:
                (tmp_path / name).write_text(json.dumps(settings[name]))
            environ[key] = str(tmp_path / name)
        return Cloud(environ)

    return made


def create(cloud: Cloud, type_: str, logical: str, /, **inputs: object):
    return cloud.create(type_, f"urn:pulumi:dev::wharf::{type_}::{logical}", logical, inputs, REGION)


def test_what_is_made_outlives_the_process(account):
    vpc = create(account(), VPC, "vpc", cidrBlock="10.0.0.0/16")
    assert [thing.id for thing in account().things()] == [vpc.id]


def test_a_replacement_has_another_id(account):
    cloud = account()
    assert create(cloud, VPC, "vpc").id != create(cloud, VPC, "vpc").id


def test_two_of_one_name_are_refused(account):
    cloud = account()
    create(cloud, "aws:iam/role:Role", "r", name="one", assumeRolePolicy="{}")
    with pytest.raises(AwsError, match="already exists"):
        create(cloud, "aws:iam/role:Role", "r", name="one", assumeRolePolicy="{}")


def test_what_does_not_exist_cannot_be_referred_to(account):
    with pytest.raises(AwsError, match="vpc-0123456789abcdef0 does not exist"):
        create(account(), SUBNET, "s", vpcId="vpc-0123456789abcdef0")


def test_what_has_the_same_name_does_not_use_it(account):
    cloud = account()
    group = create(cloud, "aws:rds/subnetGroup:SubnetGroup", "g", name="wharf-dev", subnetIds=[])
    create(cloud, "aws:iam/policy:Policy", "p", name="wharf-dev", policy="{}")
    cloud.delete(group.type, group.id, "g")
    assert len(cloud.things()) == 1


def test_what_is_used_cannot_be_deleted(account):
    cloud = account()
    vpc = create(cloud, VPC, "vpc")
    subnet = create(cloud, SUBNET, "s", vpcId=vpc.id)
    with pytest.raises(AwsError, match=f"DependencyViolation.*{subnet.id}"):
        cloud.delete(VPC, vpc.id, "vpc")
    cloud.delete(SUBNET, subnet.id, "s")
    cloud.delete(VPC, vpc.id, "vpc")
    assert cloud.things() == []


def test_a_tag_is_no_use(account):
    cloud = account()
    vpc = create(cloud, VPC, "vpc")
    create(cloud, GROUP, "g", name="g", tags={"beside": vpc.id})
    cloud.delete(VPC, vpc.id, "vpc")


def test_secrets_stay_marked_in_the_state(account):
    made = create(account(), DATABASE, "db", instanceClass="db.t4g.micro", password=Secret("hidden"))
    assert made.outputs["password"] == Secret("hidden")
    assert account().things()[0].outputs["password"] == {"$secret": "hidden"}


def test_things_go_wrong_once(account):
    account(faults={"create vpc": "VpcLimitExceeded"})
    with pytest.raises(AwsError, match="VpcLimitExceeded"):
        create(account(), VPC, "vpc")
    assert create(account(), VPC, "vpc").id


def test_profiles_of_a_cluster_are_made_one_at_a_time(account):
    cloud = account(times={"create": {PROFILE: 0.5}})
    first = threading.Thread(target=create, args=(cloud, PROFILE, "a"), kwargs={"clusterName": "c"})
    first.start()
    time.sleep(0.1)
    with pytest.raises(AwsError, match="busy"):
        create(cloud, PROFILE, "b", clusterName="c")
    first.join()
    assert create(cloud, PROFILE, "b", clusterName="c").id


def test_operations_take_their_time_and_are_written_down(account, tmp_path):
    cloud = account(times={"scale": 0.1, "create": {VPC: 1, "*": 0}})
    create(cloud, VPC, "vpc")
    entry = json.loads((tmp_path / "log.jsonl").read_text())
    assert entry["operation"] == "create"
    assert 0.1 <= entry["ended"] - entry["began"] < 1


def test_a_record_that_is_there_is_taken_over_only_where_that_is_said(account):
    cloud, record = account(), "aws:route53/record:Record"
    inputs = {"zoneId": "Z1", "name": "_a.example.com", "type": "CNAME", "records": ["b"]}
    create(cloud, record, "one", **inputs)
    with pytest.raises(AwsError, match="already exists"):
        create(cloud, record, "two", **inputs)
    create(cloud, record, "two", **inputs, allowOverwrite=True)
    assert [thing.urn.rsplit("::", 1)[-1] for thing in cloud.things()] == ["two"]


@pytest.mark.parametrize("force", [True, False])
def test_a_bucket_of_access_logs_is_not_empty(account, force):
    cloud, bucket = account(), "aws:s3/bucket:Bucket"
    made = create(cloud, bucket, "logs", bucket="logs", forceDestroy=force)
    policy = '{"Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}}'
    create(cloud, "aws:s3/bucketPolicy:BucketPolicy", "logs-policy", bucket="logs", policy=policy)
    if force:
        cloud.delete(bucket, made.id, "logs")
    else:
        with pytest.raises(AwsError, match="BucketNotEmpty"):
            cloud.delete(bucket, made.id, "logs")
