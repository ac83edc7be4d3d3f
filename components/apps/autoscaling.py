"""A HorizontalPodAutoscaler's spec; the Deployment it scales leaves its replicas to it."""

from __future__ import annotations

from components.apps.spec import Replicas
from components.shared.manifest import Manifest


def autoscaler_spec(deployment: str, replicas: Replicas) -> Manifest:
    """Between ``min`` and ``max`` pods, by the average use of the CPU that is requested, in per cent."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": deployment},
        "minReplicas": replicas.min,
        "maxReplicas": replicas.max,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": replicas.cpu}},
            }
        ],
    }
