"""A key that encrypts secrets of stage files."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class SecretsKeyArgs:
    """What the key is.

    Attributes:
        alias: how stage files name it, without ``alias/``.
        region: where it lives.
        of: what it encrypts, for people who look at the list of keys.
    """

    alias: str
    region: Input[str]
    of: str = "Secrets in the stage files"


class SecretsKey(ComponentResource):
    """A KMS key, rotated yearly, for ``pulumi stack init STAGE --secrets-provider=URL``.

    Example:
        ``SecretsKey("secrets", SecretsKeyArgs(alias="wharf-secrets", region="eu-west-1"))``
    """

    key_arn: Output[str]
    url: Output[str]

    def __init__(self, name: str, args: SecretsKeyArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:account:SecretsKey", name, None, opts)
        key = aws.kms.Key(
            f"{name}-key",
            description=args.of,
            enable_key_rotation=True,
            opts=ResourceOptions(parent=self, protect=True),
        )
        alias = aws.kms.Alias(
            f"{name}-alias",
            name=f"alias/{args.alias}",
            target_key_id=key.key_id,
            opts=ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.url = Output.format("awskms:///{0}?region={1}", alias.name, args.region)
        self.register_outputs({"key_arn": self.key_arn, "url": self.url})
