"""The StatefulSet of the in-cluster PostgreSQL and RabbitMQ: one pod with one volume, behind one Service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.shared.manifest import Manifest
from components.shared.pods import container_security, empty_dirs, pod_security

# StatefulSets from before Wharf made them `Parallel` keep their old value. Kubernetes does not let it change, and a set
# that holds data is not replaced for this.
FIXED_WHEN_MADE = ["spec.podManagementPolicy"]


def stateful_spec(
    *,
    service: str,
    selector: Mapping[str, str],
    labels: Mapping[str, str],
    fingerprint: Any,
    user: int,
    container: Manifest,
    data: str,
    writable: Sequence[str],
    secret: str,
    storage_gib: int,
    keep: bool,
    annotations: Mapping[str, str] | None = None,
) -> Manifest:
    """A StatefulSet of one pod with a volume at ``data``. If ``keep`` is true, the volume outlives the set.

    The set is `Parallel`. An `OrderedReady` set does not replace a pod that cannot start, but waits for it. So a wrong
    version could not be corrected.
    """
    volumes, mounts = empty_dirs(writable)
    main = {
        **container,
        "securityContext": container_security(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "data", "mountPath": data},
            {"name": "credentials", "mountPath": "/run/credentials", "readOnly": True},
            *container.get("volumeMounts", []),
            *mounts,
        ],
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{storage_gib}Gi"}}},
    }
    return {
        "serviceName": service,
        "replicas": 1,
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": dict(selector)},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain" if keep else "Delete", "whenScaled": "Retain"},
        "volumeClaimTemplates": [claim],
        "template": {
            "metadata": {
                "labels": dict(labels),
                "annotations": {**(annotations or {}), "wharf.dev/settings": fingerprint},
            },
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "serviceAccountName": service,
                "securityContext": pod_security(user, group=user),
                "terminationGracePeriodSeconds": 60,
                "containers": [main],
                "volumes": [*volumes, {"name": "credentials", "secret": {"secretName": secret, "defaultMode": 0o440}}],
            },
        },
    }
