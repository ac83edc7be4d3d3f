"""Which resources hold data, and which data is lost when one is deleted or changed. Only this module decides it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Graph, Resource
from evaluation.inputs import at, is_true

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOG_BUCKET = "wharf:ingress:AccessLogs$aws:s3/bucket:Bucket"
CLAIM, VOLUME = "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:core/v1:PersistentVolume"
# How many days something is kept, by the end of the property's path: what it is, and the days if none are set.
KEPT_FOR: Mapping[str, tuple[str, float]] = {
    "backupRetentionPeriod": ("backups", 0),
    "snapshotRetentionLimit": ("snapshots", 0),
    "retentionInDays": ("logs", math.inf),
    "expiration.days": ("objects", math.inf),
    "expiration.noncurrentDays": ("earlier versions of objects", math.inf),
    "noncurrentVersionExpiration.noncurrentDays": ("earlier versions of objects", math.inf),
    "deletionWindowInDays": ("what was deleted", 30),
    "recoveryWindowInDays": ("what was deleted", 30),
}
FOREVER = ("retentionInDays",)  # for these, 0 days means for ever
GUARDS = ("deletionProtection", "deletionProtectionEnabled", "protect", "retain_on_delete")
DISCARDING = ("skipFinalSnapshot", "deleteAutomatedBackups", "forceDestroy", "forceDelete")
KEEPING = {  # by the end of the path: the value that keeps the data, and the value if none is set
    "persistentVolumeClaimRetentionPolicy.whenDeleted": ("Retain", "Retain"),
    "persistentVolumeClaimRetentionPolicy.whenScaled": ("Retain", "Retain"),
    "persistentVolumeReclaimPolicy": ("Retain", "Retain"),
    "reclaimPolicy": ("Retain", "Delete"),
    "versioningConfiguration.status": ("Enabled", "Disabled"),
}
VERSIONING = ":BucketVersioning"
STATEFUL_SET, NAMESPACE = "kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:Namespace"


def holds(resource: Resource, graph: Graph) -> str:
    """The data that is in a resource, in words, such as ``its databases``; "" for none.

    Args:
        graph: the graph that the resource is in. A namespace holds the data of the objects in it.
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
    if resource.type.endswith(VERSIONING):
        return "earlier versions of objects, from now on"
    return holds(resource, graph)


def loses_in_place(old: Resource, new: Resource) -> tuple[str, ...]:
    """What is lost when a resource is changed but not replaced, in words: backups, for example, or protection."""
    before, after = dict(_leaves(_with_options(old), "")), dict(_leaves(_with_options(new), ""))
    paths = sorted({*before, *after})
    return tuple(dict.fromkeys(lost for path in paths if (lost := _shrinks(path, before.get(path), after.get(path)))))


def holds_only_logs(resource: Resource) -> bool:
    """True if the data is a log. A log is of use only for as long as it is kept."""
    return resource.type == LOG_GROUP or LOG_BUCKET in resource.urn


def _claims(resource: Resource) -> bool:
    return bool(at(resource.inputs, "spec.volumeClaimTemplates"))


def _keeps_claims(resource: Resource) -> bool:
    return at(resource.inputs, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted", "Retain") == "Retain"


def _claiming(namespace: Resource, graph: Graph) -> list[str]:
    """The objects in a namespace that have volumes. A StatefulSet cannot keep its volumes when the namespace goes."""
    name = at(namespace.inputs, "metadata.name", namespace.name)
    return [
        f"{resource.type.rsplit(':', 1)[-1]} {at(resource.inputs, 'metadata.name', resource.name)}"
        for resource in graph
        if at(resource.inputs, "metadata.namespace") == name and (resource.type == CLAIM or _claims(resource))
    ]


def _with_options(resource: Resource) -> dict[str, Any]:
    options = {"protect": resource.protect, "retain_on_delete": resource.retain_on_delete}
    return {**resource.inputs, **{key: value for key, value in options.items() if value}}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    else:
        yield path, value


def _shrinks(path: str, old: Any, new: Any) -> str:
    """What is lost when a property changes from the old value to the new one, in words; "" for nothing."""
    name = path.rsplit(".", 1)[-1]
    for ending, (what, default) in KEPT_FOR.items():
        if f".{path}".endswith(f".{ending}"):
            before, after = _days(name, old, default), _days(name, new, default)
            return f"{what}: kept for {_words(before)} before, {_words(after)} now" if after < before else ""
    if name in GUARDS and is_true(old) and not is_true(new):
        return f"its protection ({name})"
    if name in DISCARDING and is_true(new) and not is_true(old):
        return f"what would be left of it after its deletion ({name})"
    for ending, (keeping, default) in KEEPING.items():
        if f".{path}".endswith(f".{ending}") and (old or default) == keeping != (new or default):
            return f"what it keeps ({ending}: {keeping} before, {new or default} now)"
    return ""


def _days(name: str, value: Any, default: float) -> float:
    try:
        days = default if value is None else float(value)
    except (TypeError, ValueError):
        return default
    return math.inf if days == 0 and name in FOREVER else days


def _words(days: float) -> str:
    return "ever" if days == math.inf else f"{days:g} days"
