"""Where Pulumi keeps the state of every stage."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

from components.iam.documents import document
from components.shared.refusal import Refusal, RefusedError


@dataclass(frozen=True, kw_only=True)
class StateBucketArgs:
    """How long old versions of the state are kept.

    Attributes:
        old_versions_days: how many days an overwritten state is kept before it is deleted for good.

    Raises:
        RefusedError: this is too short to notice and undo a mistake.
    """

    old_versions_days: int = 90

    def __post_init__(self) -> None:
        if self.old_versions_days < 30:
            text = f"{self.old_versions_days} is less than 30, too short to undo a mistake"
            raise RefusedError([Refusal("old-versions-days", text)])


class StateBucket(ComponentResource):
    """A private bucket for state, versioned and encrypted with its own key. It accepts only TLS.

    Pulumi never deletes it.

    Example:
        ``StateBucket("state", StateBucketArgs())``, then ``pulumi login s3://BUCKET``
    """

    bucket: Output[str]
    bucket_arn: Output[str]
    key_arn: Output[str]

    def __init__(self, name: str, args: StateBucketArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:account:StateBucket", name, None, opts)
        child, kept = ResourceOptions(parent=self), ResourceOptions(parent=self, protect=True)
        key = aws.kms.Key(f"{name}-key", description="State of the stages", enable_key_rotation=True, opts=kept)
        bucket = aws.s3.Bucket(f"{name}-bucket", opts=kept)
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            # S3 refuses two changes of one bucket's access at a time.
            opts=ResourceOptions(parent=self, depends_on=[private]),
        )
        aws.s3.BucketPolicy(
            f"{name}-tls-only",
            bucket=bucket.id,
            policy=bucket.arn.apply(tls_only_policy),
            opts=ResourceOptions(parent=self, depends_on=[private]),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": args.old_versions_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=ResourceOptions(parent=self, depends_on=[versioning]),
        )
        self.bucket, self.bucket_arn, self.key_arn = bucket.bucket, bucket.arn, key.arn
        self.register_outputs({"bucket": self.bucket, "key_arn": self.key_arn})


def tls_only_policy(bucket_arn: str) -> str:
    """A policy that refuses every request without TLS."""
    return document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
