from __future__ import annotations

import json
import re

import pulumi
import pytest

from components.mail.mail_relay import MailRelay, MailRelayArgs, send_policy, senders_pattern
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from tests.iam import findings

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def args(**changes: object) -> MailRelayArgs:
    return MailRelayArgs(
        **{
            "project": "wharf",
            "environment": "prod",
            "namespace": "prod",
            "region": "eu-west-1",
            "account_id": "123456789012",
            "oidc_provider_arn": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}",
            "oidc_issuer": ISSUER,
            "vpc_id": "vpc-1",
            "cluster_security_group_id": "sg-1",
            "domain": "example.com",
            **changes,
        }
    )


def made(**changes: object) -> Graph:
    def program() -> None:
        relay = MailRelay("mail", args(**changes))
        pulumi.export("address", {"host": relay.host, "port": relay.port})
        pulumi.export("dkim", relay.dkim_records)

    return evaluate(program)


def pod(graph: Graph) -> dict:
    return graph.one("Deployment").inputs["spec"]["template"]["spec"]


def test_the_role_sends_from_the_senders_only():
    policy = json.loads(made().one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    (statement,) = policy["Statement"]
    assert statement["Action"] == ["ses:SendEmail", "ses:SendRawEmail"]
    assert statement["Condition"] == {"StringLike": {"ses:FromAddress": ["*@example.com"]}}
    assert all(resource != "*" for resource in statement["Resource"])
    assert findings(policy) == []


def test_addresses_are_verified_elsewhere_themselves_or_by_their_domain():
    graph = made(domain=None, addresses=["a@b.org", "c@b.org"])
    assert not graph.of_type("EmailIdentity")
    assert graph.outputs["dkim"] == []
    (statement,) = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert statement["Condition"] == {"StringLike": {"ses:FromAddress": ["a@b.org", "c@b.org"]}}
    assert [arn.rsplit(":", 1)[1] for arn in statement["Resource"]] == [
        "configuration-set/wharf-prod",
        "identity/a@b.org",
        "identity/b.org",
        "identity/c@b.org",
    ]


def test_arns_are_of_the_regions_partition():
    policy = json.loads(send_policy("cn-north-1", "123456789012", ["b.org"], ["*@b.org"], "set"))
    assert all(arn.startswith("arn:aws-cn:ses:cn-north-1:") for arn in policy["Statement"][0]["Resource"])


def test_the_role_is_taken_by_the_relays_service_account_only():
    trust = json.loads(made().one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "system:serviceaccount:prod:mail",
        }
    }


def test_pods_take_the_role_and_nothing_of_kubernetes():
    graph = made()
    account = graph.one("ServiceAccount").inputs
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith(
        "arn:aws:iam::123456789012:role/"
    )
    assert pod(graph)["automountServiceAccountToken"] is False
    assert graph.one("aws:iam/rolePolicy:RolePolicy").urn in graph.one("Deployment").depends_on


def test_only_apps_that_need_mail_reach_it():
    policy = made().one("NetworkPolicy").inputs["spec"]
    assert policy["ingress"] == [
        {
            "from": [{"podSelector": {"matchLabels": {"wharf.dev/uses-mail": "true"}}}],
            "ports": [{"protocol": "TCP", "port": 1025}],
        }
    ]
    assert not {"ingress", "egress"} & set(made().one("aws:ec2/securityGroup:SecurityGroup").inputs)


def test_pods_are_what_pod_security_calls_restricted():
    spec = pod(made())
    (relay,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert relay["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert re.fullmatch(r".+:\d+\.\d+\.\d+", relay["image"])


def test_mail_leaves_by_tls_only():
    settings = made().one("aws:sesv2/configurationSet:ConfigurationSet").inputs
    assert settings["deliveryOptions"] == {"tlsPolicy": "REQUIRE"}


def test_dkim_records_are_made_in_the_zone_or_told():
    with_zone, without = made(zone_id="Z123"), made()
    names = [record.inputs["name"] for record in with_zone.of_type("aws:route53/record:Record")]
    assert len(set(names)) == 3
    assert all(name.endswith("._domainkey.example.com") for name in names)
    assert not without.of_type("aws:route53/record:Record")
    assert len(without.outputs["dkim"]) == 3


@pytest.mark.parametrize(
    ("region", "keys"), [("eu-west-1", "dkim.amazonses.com"), ("eu-south-1", "dkim.eu-south-1.amazonses.com")]
)
def test_dkim_keys_are_where_the_region_has_them(region, keys):
    assert all(record["value"].split(".", 1)[1] == keys for record in made(region=region).outputs["dkim"])


def test_apps_see_a_host_and_a_port():
    assert made().outputs["address"] == {"host": "mail", "port": 1025}


def test_the_relay_refuses_other_senders():
    pattern = re.compile(senders_pattern(["*@example.com", "me@b.org"]))
    assert pattern.match("any.one@example.com")
    assert pattern.match("me@b.org")
    assert not pattern.match("me@examplexcom")
    assert not pattern.match("you@b.org")
    assert not pattern.match("a@b@example.com")
    graph = made()
    options = pod(graph)["containers"][0]["args"]
    settings = graph.one("aws:sesv2/configurationSet:ConfigurationSet").inputs["configurationSetName"]
    assert options == ["-l", senders_pattern(["*@example.com"]), "-e", settings]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"domain": None}, "either a domain or addresses"),
        ({"addresses": ["a@b.org"]}, "either a domain or addresses"),
        ({"domain": "not a domain"}, "not a domain name"),
        ({"domain": None, "addresses": ["nobody"]}, "not a mail address"),
        ({"replicas": 0}, "less than 1"),
    ],
)
def test_senders_that_are_none_are_told(changes, told):
    with pytest.raises(RefusedError, match=told):
        args(**changes)


def test_its_pods_on_fargate_have_its_security_group_from_the_start():
    graph = made()
    policy = graph.one("SecurityGroupPolicy")
    assert policy.inputs["spec"]["securityGroups"]["groupIds"][0] == "sg-1"
    assert len(policy.inputs["spec"]["securityGroups"]["groupIds"]) == 2
    assert policy.urn in graph.one("Deployment").depends_on
