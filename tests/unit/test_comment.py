"""The Markdown of a review, by golden files: what a reviewer gets to read."""

from __future__ import annotations

from dataclasses import replace

from syrupy.assertion import SnapshotAssertion

from cli.diff.as_markdown import markdown
from cli.diff.as_text import text
from cli.diff.compare import compare
from cli.diff.model import Diff
from cli.review.comment_text import comment
from cli.review.model import parse
from evaluation.graph import Resource, Secret
from tests import graphs as g
from tests.unit.test_review import HARMLESS, LOSING, review, stage


def owned(owner: Resource, resource: Resource) -> Resource:
    return replace(resource, parent=owner.urn, urn=g.urn(f"{owner.type}${resource.type}", resource.name))


def everything() -> Diff:
    """One of each kind of change."""
    database = replace(g.resource("wharf:data:Database", "database"), custom=False)
    app = replace(g.resource("wharf:apps:App", "shop"), custom=False)
    key = owned(database, g.resource(g.KMS, "database-key", {"multiRegion": False}))
    instance = owned(
        database, g.resource(g.RDS, "database-instance", {"kmsKeyId": "arn:1"}, uses={"kmsKeyId": [key]}, protect=True)
    )
    secret = owned(app, g.kubernetes(g.SECRET, "shop-settings", "dev", data={"TOKEN": Secret("one")}))
    pods = owned(
        app, g.kubernetes(g.DEPLOYMENT, "shop", "dev", spec={"containers": [{"name": "shop", "image": "shop:1"}]})
    )
    gone = owned(app, g.kubernetes("kubernetes:core/v1:Service", "old", "dev"))
    moved = owned(app, g.kubernetes("kubernetes:core/v1:ConfigMap", "settings", "dev"))
    base = g.graph(database, app, key, instance, secret, pods, gone, moved, outputs={"url": "http://a"})
    head = g.graph(
        database,
        app,
        replace(key, inputs={"multiRegion": True}),
        instance,
        replace(secret, inputs={**secret.inputs, "data": {"TOKEN": Secret("two")}}),
        replace(pods, inputs={**pods.inputs, "spec": {"containers": [{"name": "shop", "image": "shop:2"}]}}),
        owned(app, g.kubernetes("kubernetes:core/v1:Service", "new", "dev")),
        replace(moved, urn=moved.urn.replace("settings", "renamed"), name="renamed", aliases=("name=settings",)),
        outputs={"url": "http://b"},
    )
    return compare(base, head, base_name="0123456789 (main)", head_name="HEAD")


def test_text(snapshot: SnapshotAssertion):
    assert text(everything()) == snapshot


def test_markdown(snapshot: SnapshotAssertion):
    assert markdown(everything()) == snapshot


def test_comment(snapshot: SnapshotAssertion):
    stages = [
        stage("dev", HARMLESS),
        stage("staging", LOSING, violations=["image-is-fixed: Deployment shop: image shop:latest moves: fix it"]),
        stage(
            "prod", None, problem="the base 0123456789 (main) does not render prod: apps/shop.yaml: port: is missing"
        ),
        stage("trial", None, gone=True),
    ]
    text = comment(parse(review(*stages)), run_url="https://example.com/run", label="allow-risk", changed_tool=True)
    assert text == snapshot
