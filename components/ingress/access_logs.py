"""Where a load balancer writes down who asked for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import document

DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    """How long they are kept.

    Attributes:
        account_id: of the load balancers that write.
        days: until a log is deleted.
        keep: refuse deletion of a bucket that is not empty.
    """

    account_id: Input[str]
    days: int = 90
    keep: bool = False


class AccessLogs(ComponentResource):
    """A private bucket that load balancers of the account can write to. They encrypt with S3's keys, and no other."""

    bucket: Output[str]
    ready: Sequence[Resource]  # a load balancer is refused before

    def __init__(self, name: str, args: AccessLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:AccessLogs", name, None, opts)
        child = ResourceOptions(parent=self)
        # The role that deploys may touch buckets of this name only.
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
            opts=ResourceOptions(parent=self, depends_on=[private]),  # S3 refuses two changes of its access at a time
        )
        self.bucket, self.ready = bucket.bucket, [encryption, policy]
        self.register_outputs({"bucket": self.bucket})


def bucket_document(bucket_arn: str, account_id: str) -> str:
    """Load balancers of this account write; nobody comes without TLS."""
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
