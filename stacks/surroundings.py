"""What every part of an environment on AWS needs to know about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pulumi import Output, Resource, ResourceOptions

from components.apps.environment import Environment
from stacks.eks import ClusterHandle, cluster_name
from stacks.reading.models import AwsConfig, Stage
from stacks.services.service import AwsPlace


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """A stage, the cluster that it runs in, and its namespace.

    Attributes:
        opts: the providers of AWS and of the cluster.
        on_aws: the provider of AWS alone. A component waits for every provider that it is given, and the cluster's
            provider waits for the cluster.
    """

    stage: Stage[AwsConfig]
    config: AwsConfig
    cluster: ClusterHandle
    environment: Environment
    account_id: Output[str]
    opts: ResourceOptions
    on_aws: ResourceOptions

    @property
    def region(self) -> str:
        return self.stage.aws["region"]

    @property
    def prefix(self) -> str:
        """The names of the stage's own resources on AWS begin with it."""
        return cluster_name(self.stage)

    @property
    def namespace(self) -> Output[str]:
        return self.environment.namespace

    @property
    def compute(self) -> Sequence[Resource]:
        """The resources that must exist before a pod can start."""
        return self.cluster.compute

    @property
    def in_namespace(self) -> dict[str, Any]:
        """Arguments that components in the namespace share."""
        return {"project": self.stage.project, "environment": self.stage.name, "namespace": self.namespace}

    @property
    def place(self) -> AwsPlace:
        """What services need to know about the environment."""
        outputs, config = self.cluster.outputs, self.config
        return AwsPlace(
            **self.in_namespace,
            rollout_key=self.environment.rollout_key,
            compute=self.compute,
            opts=self.opts,
            on_aws=self.on_aws,
            region=self.region,
            account_id=self.account_id,
            vpc_id=outputs.vpc_id,
            subnet_ids=outputs.private_subnet_ids,
            cluster_security_group_id=outputs.security_group_id,
            identity=self.identity,
            log_days=config.cluster.log_retention,
            domain=config.ingress.domain,
            zone_id=config.ingress.zone_id,
        )

    @property
    def identity(self) -> dict[str, Any]:
        """Arguments by which IAM knows the cluster's service accounts."""
        outputs = self.cluster.outputs
        return {"oidc_provider_arn": outputs.oidc_provider_arn, "oidc_issuer": outputs.oidc_issuer}
