"""What every pod of Wharf has: the `restricted` profile, and folders into which it may write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.shared.manifest import Manifest


def container_security() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def pod_security(user: int | None, *, group: int | None = None) -> Manifest:
    """``group`` owns the pod's volumes. Images that write to a PersistentVolumeClaim need it."""
    security: Manifest = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if user is not None:
        security |= {"runAsUser": user}
    if group is not None:
        security |= {"runAsGroup": group, "fsGroup": group, "fsGroupChangePolicy": "OnRootMismatch"}
    return security


def empty_dirs(paths: Sequence[str]) -> tuple[list[Manifest], list[Manifest]]:
    """Volumes and mounts for the folders into which a pod writes. Its root file system is read-only."""
    names = {path: f"writable-{number}" for number, path in enumerate(paths, start=1)}
    volumes = [{"name": name, "emptyDir": {}} for name in names.values()]
    return volumes, [{"name": name, "mountPath": path} for path, name in names.items()]


def spread(selector: Mapping[str, str]) -> list[Manifest]:
    """Spreads pods over zones, and then over nodes. A single node still runs all of them."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(selector)},
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
