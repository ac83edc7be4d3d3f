"""The spec of a HorizontalPodAutoscaler. It sets the number of replicas, so its Deployment does not."""

from __future__ import annotations

from components.apps.spec import Replicas
from components.shared.manifest import Manifest


def autoscaler_spec(deployment: str, replicas: Replicas) -> Manifest:
    """``min`` to ``max`` pods, so that the average CPU use stays at ``cpu`` per cent of the requested CPU."""
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
