"""Labels, in one place, so that selectors and what they select agree."""

from __future__ import annotations

from components.shared.manifest import Manifest

MANAGED_BY = "wharf"

# For a Service: that its selector matches pods is seen by waiting for them, and the engine would wait ten seconds more.
NOT_AWAITED = {"pulumi.com/skipAwait": "true"}


def identity(name: str, component: str) -> dict[str, str]:
    """What selects the pods of one workload; never changes over the life of an app."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/component": component}


def standard(name: str, *, project: str, environment: str, component: str) -> dict[str, str]:
    """On every object. No version among them: a new version must not touch a Service or a policy."""
    return {
        **identity(name, component),
        "app.kubernetes.io/part-of": project,
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "environment": environment,
    }


def client_of(need: str) -> dict[str, str]:
    """On the pods of an app that uses a part of the platform; that part lets in nobody else."""
    return {f"wharf.dev/uses-{need}": "true"}


def not_awaited(metadata: Manifest) -> Manifest:
    """The same metadata, of a Service that is not waited for by itself."""
    return {**metadata, "annotations": NOT_AWAITED}
