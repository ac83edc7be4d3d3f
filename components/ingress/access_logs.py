"""The bucket for the access logs of load balancers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import document

DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """How long the logs are kept.

    Attributes:
        account_id: of the load balancers that write.
        days: until a log is deleted.
        keep: refuse deletion of a bucket that is not empty.
    """

    account_id: Input[str]
    days: int = 90
    keep: bool = False


class AccessLogs(ComponentResource):
    """A private bucket into which load balancers of the account can write. They can encrypt only with S3's own keys."""

    bucket: Output[str]
    ready: Sequence[Resource]  # AWS refuses a load balancer before this

    def __init__(self, name: str, args: AccessLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:AccessLogs", name, None, opts)
        child = ResourceOptions(parent=self)
        # The deploy role may change only buckets with this name.
        bucket = aws.s3.Bucket(f"{name}-access-logs", force_destroy=not args.keep, opts=child)
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "old-logs",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            opts=child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=Output.all(bucket.arn, args.account_id).apply(lambda found: bucket_document(found[0], found[1])),
            opts=ResourceOptions(parent=self, depends_on=[private]),  # S3 refuses two access changes at the same time
        )
        self.bucket, self.ready = bucket.bucket, [encryption, policy]
        self.register_outputs({"bucket": self.bucket})


def bucket_document(bucket_arn: str, account_id: str) -> str:
    """Load balancers of this account may write. Everybody must use TLS."""
    return document(
        {
            "Sid": "Write",
            "Effect": "Allow",
            "Principal": {"Service": DELIVERY},
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/AWSLogs/{account_id}/*",
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
