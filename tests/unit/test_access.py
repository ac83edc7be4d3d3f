"""Who may reach, read or do what: what is new in a graph, and what only is narrower or stands elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evaluation.access import opened
from evaluation.access.model import Access
from evaluation.graph import Graph, Resource
from tests import graphs as g

EMPTY = g.graph()


def policy(*statements: dict[str, object], name: str = "shop-policy") -> Resource:
    return g.resource(
        "aws:iam/rolePolicy:RolePolicy", name, {"role": "shop", "policy": json.dumps({"Statement": statements})}
    )


def allow(action: str | list[str], resource: str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def sentences(base: Graph, head: Graph) -> list[str]:
    return [what for _, what in opened(base, head)]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (allow("s3:*"), allow("s3:GetObject", "arn:aws:s3:::shop/*")),
        (allow("s3:GetObject", "arn:aws:s3:::shop/*"), allow("s3:getobject", "arn:aws:s3:::shop/a")),
        (allow("s3:GetObject"), allow("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})),
    ],
)
def test_what_is_narrower_opens_nothing_and_what_is_wider_does(wide: dict[str, object], narrow: dict[str, object]):
    assert sentences(g.graph(policy(wide)), g.graph(policy(narrow))) == []
    assert len(sentences(g.graph(policy(narrow)), g.graph(policy(wide)))) == 1


def test_a_right_that_moves_to_another_policy_of_the_role_opens_nothing():
    assert sentences(g.graph(policy(allow("s3:Get*"))), g.graph(policy(allow("s3:Get*"), name="other"))) == []


def test_all_but_some_actions_is_no_pattern():
    assert sentences(g.graph(policy(allow("s3:*"))), g.graph(policy({**allow("x"), "NotAction": "iam:*"}))) != []


def test_a_denial_that_is_taken_out_opens():
    bucket = g.resource(g.BUCKET, "files")
    document = {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
    denied = g.resource(
        "aws:s3/bucketPolicy:BucketPolicy", "files-policy", {"policy": json.dumps(document), "bucket": "files"},
        uses={"bucket": [bucket]},
    )  # fmt: skip
    assert sentences(g.graph(bucket, denied), g.graph(bucket)) == [
        "this is no longer true of files: a policy forbids that everybody may s3:* on *"
    ]
    assert sentences(g.graph(bucket, denied), EMPTY) == []


def test_a_bucket_that_is_no_longer_kept_from_the_public_opens():
    bucket = g.resource(g.BUCKET, "files")
    block = g.resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "private",
        {"bucket": "files", "blockPublicAcls": True}, uses={"bucket": [bucket]},
    )  # fmt: skip
    assert len(sentences(g.graph(bucket, block), g.graph(bucket))) == 1


def workload(name: str, **pod: object) -> Resource:
    labels = {"app": name}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    return g.kubernetes(g.DEPLOYMENT, name, "shop", spec=spec)


def network_policy(name: str, selector: dict[str, str], ingress: list[object]) -> Resource:
    spec = {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": ingress}
    return g.kubernetes("kubernetes:networking.k8s.io/v1:NetworkPolicy", name, "shop", spec=spec)


DENY = network_policy("deny", {}, [])


def test_a_policy_that_is_taken_away_opens_the_pods_that_it_selected():
    web = workload("web")
    assert sentences(g.graph(web, DENY), g.graph(web)) == ["everybody may reach shop/web on *"]
    assert sentences(g.graph(web), g.graph(web, DENY)) == []


def test_a_label_that_lets_a_pod_call_another_opens():
    web, curator = workload("web"), workload("curator")
    lets = network_policy("web", {"app": "web"}, [{"from": [{"podSelector": {"matchLabels": {"calls": "web"}}}]}])
    labelled = replace(curator, inputs=json.loads(json.dumps(curator.inputs)))
    labelled.inputs["spec"]["template"]["metadata"]["labels"]["calls"] = "web"
    base, head = g.graph(web, curator, lets, DENY), g.graph(web, labelled, lets, DENY)
    assert sentences(base, head) == ["shop/curator may reach shop/web on *"]


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"securityContext": {"privileged": True}}, "privileged"),
        ({"securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}, "with NET_ADMIN"),
        ({"securityContext": {"runAsUser": 0}}, "as root"),
        ({"ports": [{"hostPort": 22}]}, "on port 22 of the node"),
        ({"envFrom": [{"secretRef": {"name": "database"}}]}, "read * of Secret shop/database"),
    ],
)
def test_what_pods_have_beyond_the_strictest_profile(container: dict[str, object], said: str):
    found = sentences(
        g.graph(workload("web"), DENY), g.graph(workload("web", containers=[{"name": "a", **container}]), DENY)
    )
    assert any(said in sentence for sentence in found)


def test_ranges_are_compared_as_ranges():
    every, one = Access("0.0.0.0/0", "reach", "it"), Access("203.0.113.0/24", "reach", "it")
    assert every.covers(one)
    assert not one.covers(every)
    assert not Access("::/0", "reach", "it").covers(one)
