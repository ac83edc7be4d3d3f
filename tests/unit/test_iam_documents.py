"""Every policy that the platform makes, with real ARNs, by parliament's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.eks import fargate_logs, fargate_profiles
from components.iam.documents import allow, document, partition_of, service_account_trust
from components.ingress import access_logs, external_dns, load_balancer_policy
from components.network import flow_logs
from tests.iam import findings

ACCOUNT, REGION, VPC = "123456789012", "eu-west-1", "vpc-0123456789abcdef0"
ISSUER = f"oidc.eks.{REGION}.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/eks/wharf-dev/fargate"
CONTROLLER = json.loads(load_balancer_policy.policy_document(REGION, ACCOUNT, "wharf-dev", VPC))
POLICIES = {
    "load balancer controller": CONTROLLER,
    "external-dns": json.loads(external_dns.policy_document(REGION, "Z0123456789ABC", "dev.example.com")),
    "fargate logs": json.loads(fargate_logs.write_document(GROUP)),
    "flow logs": json.loads(flow_logs.write_document(GROUP)),
    "access logs": json.loads(access_logs.bucket_document("arn:aws:s3:::logs", ACCOUNT)),
}

# Actions of docs/install/iam_policy.json, v3.5.0, without those for WAF, Shield, Cognito, ACM and server certificates.
OFFICIAL = {
    "iam": "CreateServiceLinkedRole",
    "ec2": """
        AuthorizeSecurityGroupIngress CreateSecurityGroup CreateTags DeleteSecurityGroup DeleteTags
        DescribeAccountAttributes DescribeAddresses DescribeAvailabilityZones DescribeCoipPools
        DescribeInstances DescribeInternetGateways DescribeIpamPools DescribeNetworkInterfaces
        DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeTags DescribeVpcPeeringConnections
        DescribeVpcs GetCoipPoolUsage GetSecurityGroupsForVpc RevokeSecurityGroupIngress
    """,
    "elasticloadbalancing": """
        AddListenerCertificates AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup
        DeleteListener DeleteLoadBalancer DeleteRule DeleteTargetGroup DeregisterTargets
        DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates DescribeListeners
        DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeSSLPolicies DescribeTags
        DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth DescribeTrustStores
        ModifyCapacityReservation ModifyIpPools ModifyListener ModifyListenerAttributes
        ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets
        RemoveListenerCertificates RemoveTags SetIpAddressType SetRulePriorities SetSecurityGroups SetSubnets
        SetWebAcl
    """,
}
CREATION, CREATION_TAGS = "elasticloadbalancing:CreateAction", "elasticloadbalancing:AddTags"
READS = ("Describe", "Get", "List")


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in _listed(statement["Action"])}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def unexplained(found: list[str]) -> list[str]:
    """Without what parliament 1.6.4 gets wrong."""
    return [
        finding
        for finding in found
        # It wants rules of ALBs and of NLBs where AWS takes either.
        if not ("RESOURCE_MISMATCH" in finding and "/net/" in finding and "/app/" not in finding)
        # An older service of the same prefix, which it also looks at, has no such condition.
        and finding != f"UNKNOWN_CONDITION_FOR_ACTION: Unknown condition {CREATION} for action {CREATION_TAGS}"
        # It does not see that another statement allows the other half of this action.
        and not ("RESOURCE_MISMATCH" in finding and "ec2:CreateSecurityGroup" in finding)
    ]


@pytest.mark.parametrize("name", POLICIES)
def test_parliament_finds_nothing(name):
    assert unexplained(findings(POLICIES[name])) == []


def test_parliament_would_find_something():
    assert findings(json.loads(document(allow(["s3:GetObject"], ["arn:aws:ec2:::nothing"]))))


@pytest.mark.parametrize("name", POLICIES)
def test_only_reading_is_allowed_on_everything(name):
    for statement in POLICIES[name]["Statement"]:
        if statement["Effect"] == "Allow" and "*" in _listed(statement["Resource"]):
            assert all(action.split(":")[1].startswith(READS) for action in _listed(statement["Action"]))


def test_the_controller_may_no_more_than_its_authors_ask_for():
    official = {f"{service}:{action}" for service, listed in OFFICIAL.items() for action in listed.split()}
    assert actions(CONTROLLER) <= official


def test_whatever_the_controller_changes_is_its_clusters_or_in_its_vpc():
    bounds = ("wharf-dev", VPC, "elasticloadbalancing.amazonaws.com", ":listener-rule/app/k8s-*/")
    for statement in CONTROLLER["Statement"]:
        if any(not action.split(":")[1].startswith(READS) for action in statement["Action"]):
            bound = json.dumps([statement["Resource"], statement.get("Condition")])
            assert any(word in bound for word in bounds), statement


def test_the_controller_cannot_take_the_tag_off_or_put_it_on_what_is_not_its_own():
    tagging = [
        statement
        for statement in CONTROLLER["Statement"]
        if any(action.endswith(("Tags",)) and "Describe" not in action for action in statement["Action"])
    ]
    assert len(tagging) == 4
    for statement in tagging:
        on_creation = "CreateAction" in json.dumps(statement["Condition"])
        untouched = statement["Condition"].get("Null", {}).get("aws:RequestTag/elbv2.k8s.aws/cluster") == "true"
        assert on_creation or untouched


def test_external_dns_writes_in_its_zone_and_under_its_domain():
    change = POLICIES["external-dns"]["Statement"][0]
    assert change["Resource"] == ["arn:aws:route53:::hostedzone/Z0123456789ABC"]
    names = change["Condition"]["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"]
    assert names == ["dev.example.com", "*.dev.example.com"]


def test_a_service_account_is_pinned_by_name_and_audience():
    (statement,) = json.loads(service_account_trust("arn:provider", ISSUER, "prod", "web"))["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": "system:serviceaccount:prod:web"}
    }


def test_fargate_takes_the_role_for_this_cluster_only():
    (statement,) = json.loads(fargate_profiles.trust_document(REGION, ACCOUNT, "wharf-dev"))["Statement"]
    assert statement["Principal"] == {"Service": "eks-fargate-pods.amazonaws.com"}
    expected = f"arn:aws:eks:{REGION}:{ACCOUNT}:fargateprofile/wharf-dev/*"
    assert statement["Condition"] == {"ArnLike": {"aws:SourceArn": expected}}


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns_start_with_their_partition(region, partition):
    assert partition_of(region) == partition
    assert f"arn:{partition}:ec2" in load_balancer_policy.policy_document(region, ACCOUNT, "wharf", VPC)
