"""Labels. They are defined in one place, so that selectors match the objects that they select."""

from __future__ import annotations

from components.shared.manifest import Manifest

MANAGED_BY = "wharf"

# For a Service. Wharf waits for the pods themselves; without this, the engine would wait ten more seconds.
NOT_AWAITED = {"pulumi.com/skipAwait": "true"}


def identity(name: str, component: str) -> dict[str, str]:
    """Selects the pods of one workload. It never changes, because Kubernetes does not allow it."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}


def standard(name: str, *, project: str, environment: str, component: str) -> dict[str, str]:
    """For every object. The version is not included, because a new version must not change a Service or a policy."""
    return {
        **identity(name, component),
        "app.kubernetes.io/part-of": project,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "environment": environment,
    }


def client_of(need: str) -> dict[str, str]:
    """For the pods of an app that uses a service of the platform. The service lets in only these pods."""
    return {f"wharf.dev/uses-{need}": "true"}


def not_awaited(metadata: Manifest) -> Manifest:
    """The same metadata, for a Service for which the engine does not wait."""
    return {**metadata, "annotations": NOT_AWAITED}
