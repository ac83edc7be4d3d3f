"""What the AWS Load Balancer Controller may do: make and change the load balancers of its cluster, and nobody else's.

Our statements, no wider in actions than the controller's own docs/install/iam_policy.json (v3.5.0): of that list, what
ALBs with IP targets need. Whatever is made carries the cluster's tag from its first moment, and only what carries it
can be changed; rules of security groups, which pods' groups get too, only in the cluster's VPC.
"""

from __future__ import annotations

from components.iam.documents import Conditions, Statement, allow, document, partition_of

TAG = "elbv2.k8s.aws/cluster"

READS = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
)
CHANGES_LOAD_BALANCER = (
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
)
CHANGES_LISTENER = (
    "elasticloadbalancing:AddListenerCertificates",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:RemoveListenerCertificates",
)
CHANGES_RULE = (
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:ModifyRule",
)
CHANGES_TARGETS = (
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RegisterTargets",
)
CREATES = ("CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup")


def policy_document(region: str, account_id: str, cluster: str, vpc_id: str) -> str:
    """The controller's policy for one cluster in one VPC."""
    partition = partition_of(region)
    ec2 = f"arn:{partition}:ec2:{region}:{account_id}"
    return document(
        allow(READS, ["*"]),
        allow(
            ["iam:CreateServiceLinkedRole"],
            [f"arn:{partition}:iam::{account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"],
            {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        ),
        *_security_groups(ec2, cluster, f"{ec2}:vpc/{vpc_id}"),
        *_load_balancers(f"arn:{partition}:elasticloadbalancing:{region}:{account_id}", cluster),
    )


def _security_groups(ec2: str, cluster: str, vpc_arn: str) -> list[Statement]:
    groups = [f"{ec2}:security-group/*"]
    created = {"ec2:CreateAction": "CreateSecurityGroup", f"aws:RequestTag/{TAG}": cluster}
    return [
        allow(["ec2:CreateSecurityGroup", "ec2:GetSecurityGroupsForVpc"], [vpc_arn]),
        allow(["ec2:CreateSecurityGroup"], groups, {"StringEquals": {f"aws:RequestTag/{TAG}": cluster}}),
        allow(["ec2:CreateTags"], groups, {"StringEquals": created}),
        allow(["ec2:CreateTags", "ec2:DeleteTags"], groups, _ours_and_stays_so(cluster)),
        allow(["ec2:DeleteSecurityGroup"], groups, _ours(cluster)),
        allow(
            ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            groups,
            {"ArnEquals": {"ec2:Vpc": vpc_arn}},
        ),
    ]


def _load_balancers(elb: str, cluster: str) -> list[Statement]:
    balancer, listener, rule, targets = (
        [f"{elb}:{kind}"]
        for kind in ("loadbalancer/app/*/*", "listener/app/*/*/*", "listener-rule/app/*/*/*/*", "targetgroup/*/*")
    )
    everything = [*balancer, *listener, *rule, *targets]
    asked_for = {f"aws:RequestTag/{TAG}": cluster}
    return [
        allow(["elasticloadbalancing:CreateLoadBalancer"], balancer, {"StringEquals": asked_for}),
        allow(["elasticloadbalancing:CreateTargetGroup"], targets, {"StringEquals": asked_for}),
        allow(
            ["elasticloadbalancing:AddTags"],
            everything,
            {"StringEquals": {"elasticloadbalancing:CreateAction": list(CREATES), **asked_for}},
        ),
        allow(
            ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"], everything, _ours_and_stays_so(cluster)
        ),
        allow(CHANGES_LOAD_BALANCER, balancer, _ours(cluster)),
        allow(CHANGES_LISTENER, listener, _ours(cluster)),
        allow(CHANGES_RULE, rule, _ours(cluster)),
        # It supports no tags, but the names of the controller's load balancers all begin with this.
        allow(["elasticloadbalancing:SetRulePriorities"], [f"{elb}:listener-rule/app/k8s-*/*/*/*"]),
        allow(CHANGES_TARGETS, targets, _ours(cluster)),
    ]


def _ours(cluster: str) -> Conditions:
    return {"StringEquals": {f"aws:ResourceTag/{TAG}": cluster}}


def _ours_and_stays_so(cluster: str) -> Conditions:
    """Allows changing tags of this cluster's resources, except the tag that marks them."""
    return {**_ours(cluster), "Null": {f"aws:RequestTag/{TAG}": "true"}}
