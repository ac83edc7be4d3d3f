from __future__ import annotations

import json

import pytest

from components.account.secrets_key import SecretsKey, SecretsKeyArgs
from components.account.state_bucket import StateBucket, StateBucketArgs, tls_only_policy
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from tests.iam import findings


def test_the_state_is_private_versioned_encrypted_and_stays():
    graph = evaluate(lambda: StateBucket("state", StateBucketArgs()))
    assert graph.one("aws:s3/bucket:Bucket").protect
    assert graph.one("aws:kms/key:Key").protect
    assert graph.one("aws:kms/key:Key").inputs["enableKeyRotation"] is True
    assert graph.one("BucketVersioning").inputs["versioningConfiguration"] == {"status": "Enabled"}
    encryption = graph.one("BucketServerSideEncryptionConfiguration").inputs["rules"][0]
    assert encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    private = graph.one("BucketPublicAccessBlock").inputs
    closed = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(private[key] is True for key in closed)


def test_the_state_is_reached_by_tls_only():
    graph = evaluate(lambda: StateBucket("state", StateBucketArgs()))
    policy = json.loads(graph.one("BucketPolicy").inputs["policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert findings(json.loads(tls_only_policy("arn:aws:s3:::state-1"))) == []


def test_old_versions_are_kept_long_enough_to_undo_a_mistake():
    with pytest.raises(RefusedError, match="30"):
        StateBucketArgs(old_versions_days=3)


def test_the_secrets_key_rotates_stays_and_is_named():
    graph = evaluate(lambda: SecretsKey("secrets", SecretsKeyArgs(alias="wharf-secrets", region="eu-west-1")))
    key = graph.one("aws:kms/key:Key")
    assert key.protect
    assert key.inputs["enableKeyRotation"] is True
    assert graph.one("aws:kms/alias:Alias").inputs["name"] == "alias/wharf-secrets"
