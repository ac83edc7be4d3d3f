"""A stage of kind `cluster`: a cluster for several environments. Each environment is a stage of its own."""

from __future__ import annotations

from dataclasses import fields

import pulumi

from stacks.boundary import bound_roles
from stacks.eks import ClusterOutputs, export, own_cluster
from stacks.providers import account_id, aws_provider
from stacks.reading.models import ClusterConfig, Stage


def build(stage: Stage[ClusterConfig]) -> None:
    """Registers the stage."""
    config = stage.config
    provider = aws_provider(stage)
    bound_roles(stage, account_id(provider))
    handle = own_cluster(stage, provider, config.network, config.cluster, config.cluster.profiles)
    export(stage, handle.outputs)
    for field in fields(ClusterOutputs):
        pulumi.export(field.name, getattr(handle.outputs, field.name))
