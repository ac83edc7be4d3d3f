"""Labels of an app."""

from __future__ import annotations

from components.apps.spec import AppSpec
from components.shared.labels import standard


def of_app(spec: AppSpec, *, project: str, environment: str) -> dict[str, str]:
    """The labels of all objects of an app: the standard ones, and those that its file adds."""
    return {**standard(spec.name, project=project, environment=environment, component=spec.kind), **spec.labels}
