"""What holds data, and what of it is lost when a resource is deleted. Nothing else decides this."""

from __future__ import annotations

from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource
from evaluation.inputs import at

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOG_BUCKET = "wharf:ingress:AccessLogs$aws:s3/bucket:Bucket"
CLAIM, VOLUME = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:PersistentVolume"
STATEFUL_SET, NAMESPACE = "kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:Namespace"


def holds(resource: Resource, graph: Graph) -> str:
    """The data that is in a resource, in words, such as ``its databases``; "" for none.

    Args:
        graph: what there is besides; a namespace holds what is in it.
    """
    if resource.type in AWS_TYPES:
        return AWS_TYPES[resource.type].holds
    if resource.type in (CLAIM, VOLUME):
        return "the volume"
    if resource.type == STATEFUL_SET and _claims(resource):
        return "its volumes"
    if resource.type == NAMESPACE and (claiming := _claiming(resource, graph)):
        return f"all that is in it, with the volumes of {', '.join(claiming)}"
    return ""


def loses(resource: Resource, graph: Graph) -> str:
    """The data that is lost when a resource is deleted, in words; "" for none."""
    if resource.retain_on_delete or (resource.type == STATEFUL_SET and _keeps_claims(resource)):
        return ""
    return holds(resource, graph)


def holds_only_logs(resource: Resource) -> bool:
    """True where the data is a log, which is of use for as long as it is kept and no longer."""
    return resource.type == LOG_GROUP or LOG_BUCKET in resource.urn


def _claims(resource: Resource) -> bool:
    return bool(at(resource.inputs, "spec.volumeClaimTemplates"))


def _keeps_claims(resource: Resource) -> bool:
    return at(resource.inputs, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Retain") == "Retain"


def _claiming(namespace: Resource, graph: Graph) -> list[str]:
    """What has volumes in a namespace. They are deleted with it, whatever a StatefulSet says of them."""
    name = at(namespace.inputs, "metadata.name", namespace.name)
    return [
        f"{resource.type.rsplit(':', 1)[-1]} {at(resource.inputs, 'metadata.name', resource.name)}"
        for resource in graph
        if at(resource.inputs, "metadata.namespace") == name and (resource.type == CLAIM or _claims(resource))
    ]
