"""The properties of a Kubernetes object that cannot change in place.

Source of the paths: pulumi/pulumi-kubernetes provider/pkg/provider/diff.go (`forceNew`, `forceNewProperties`) and
helm_release.go (`forceNewFields`). For the provider itself: provider.go, `DiffConfig`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.graph import Resource

NAMED = ("metadata.name", "metadata.namespace")
SELECTOR = ("spec.selector",)
VOLUME_SOURCES = tuple(
    f"spec.{source}"
    for source in (
        *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
        *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk"),
        *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
    )
)

IMMUTABLE: Mapping[str, tuple[str, ...]] = {
    "apps/v1:DaemonSet": SELECTOR,
    "apps/v1:Deployment": SELECTOR,
    "apps/v1:StatefulSet": (
        *("spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName"),
        "spec.volumeClaimTemplates",
    ),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:PersistentVolume": VOLUME_SOURCES,
    "core/v1:PersistentVolumeClaim": (
        *("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ),
    "core/v1:ResourceQuota": ("spec.scopes",),
    "core/v1:Service": ("spec.clusterIP",),
    # The provider can be told that the data of these two is mutable. Wharf does not tell it, so the data cannot change.
    "core/v1:ConfigMap": ("binaryData", "data"),
    "core/v1:Secret": ("type", "stringData", "data"),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
RELEASE = "kubernetes:helm.sh/v3:Release"
PROVIDER = "pulumi:providers:kubernetes"


def immutable(resource: Resource) -> tuple[str, ...]:
    """The dotted paths of a Kubernetes object, or Helm release, that cannot change in place."""
    if resource.type == RELEASE:
        return ("name", "namespace")
    if not resource.is_kubernetes:
        return ()
    return (*NAMED, *IMMUTABLE.get(resource.type.removeprefix("kubernetes:"), ()))


def provider_replaced(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys whose change replaces the provider, and with it everything that it created.

    If both the old and the new inputs have a cluster identifier, only the identifier counts.
    """
    before, after = old.get("clusterIdentifier"), new.get("clusterIdentifier")
    if before and after:
        return ("clusterIdentifier",) if before != after else ()
    return tuple(key for key in ("kubeconfig", "context", "cluster") if old.get(key) != new.get(key))
