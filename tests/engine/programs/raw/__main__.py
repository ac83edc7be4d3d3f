"""One resource as the configuration says, past the checks of the SDK."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
provider = aws.Provider("aws", region="eu-west-1")
pulumi.CustomResource(
    config.require("type"), "it", json.loads(config.require("inputs")), pulumi.ResourceOptions(provider=provider)
)
