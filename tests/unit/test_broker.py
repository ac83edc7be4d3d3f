from __future__ import annotations

import pulumi
import pytest

from components.data.broker import FAMILIES, Broker, BrokerArgs
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Secret

SUBNETS = ["subnet-1", "subnet-2", "subnet-3", "subnet-4"]


def args(**changes: object) -> BrokerArgs:
    return BrokerArgs(**{"vpc_id": "vpc-1", "subnet_ids": SUBNETS, **changes})


def made(**changes: object) -> Graph:
    def program() -> None:
        broker = Broker("broker", args(**changes))
        pulumi.export("url", broker.url)
        pulumi.export("password", broker.password)
        pulumi.export("address", {"host": broker.host, "port": broker.port})

    return evaluate(program)


@pytest.mark.parametrize("keep", [True, False])
def test_broker_is_private_logged_and_protected_only_where_kept(keep):
    broker = made(keep=keep).one("aws:mq/broker:Broker")
    assert broker.protect is keep
    assert broker.inputs["publiclyAccessible"] is False
    assert broker.inputs["logs"] == {"general": True}
    assert broker.inputs["autoMinorVersionUpgrade"] is True
    assert broker.ignore_changes == ("users",)


def test_one_broker_stands_in_one_subnet_and_a_cluster_in_three():
    single, cluster = made().one("Broker", "broker-instance"), made(multi_zone=True).one("Broker", "broker-instance")
    assert (single.inputs["deploymentMode"], single.inputs["subnetIds"]) == ("SINGLE_INSTANCE", SUBNETS[:1])
    assert (cluster.inputs["deploymentMode"], cluster.inputs["subnetIds"]) == ("CLUSTER_MULTI_AZ", SUBNETS[:3])


def test_nobody_may_connect_until_a_rule_says_so():
    graph = made()
    assert not {"ingress", "egress"} & set(graph.one("SecurityGroup").inputs)


def test_the_url_is_secret_and_has_the_brokers_endpoint():
    outputs = made().outputs
    assert isinstance(outputs["url"], Secret)
    assert outputs["address"]["port"] == 5671
    assert outputs["url"].value == f"amqps://app:{outputs['password'].value}@{outputs['address']['host']}:5671/"


def test_a_given_key_encrypts():
    inputs = made(kms_key_arn="arn:aws:kms:eu-west-1:123456789012:key/given").one("Broker", "broker-instance").inputs
    assert inputs["encryptionOptions"] == {
        "kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/given",
        "useAwsOwnedKey": False,
    }


@pytest.mark.parametrize(("version", "families"), FAMILIES.items())
def test_each_version_runs_on_its_families_only(version, families):
    for size in ("mq.t3.micro", "mq.m5.large", "mq.m7g.large"):
        if size.split(".")[1] in families:
            assert args(version=version, size=size)
        else:
            with pytest.raises(RefusedError, match=f"RabbitMQ {version} runs on"):
                args(version=version, size=size)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "3.8"}, "offers RabbitMQ"),
        ({"size": "m7g.large"}, "mq.m7g.large"),
        ({"version": "3.13", "size": "mq.t3.micro", "multi_zone": True}, "single broker"),
    ],
)
def test_what_amazon_mq_does_not_offer_is_told(changes, told):
    with pytest.raises(RefusedError, match=told):
        args(**changes)
