"""How long a pod goes on answering when it is to go, so that no request is lost in a rollout.

A load balancer still sends requests to a pod for a while after it was told to stop. So the pod waits for longer than
that before it gets SIGTERM, and only then has its time to end.
"""

from __future__ import annotations

from components.apps.spec import AppSpec

DEREGISTRATION_SECONDS = 20  # an ALB finishes requests to a pod that leaves for as long as this
ROUTED_SECONDS = DEREGISTRATION_SECONDS + 5  # the controller takes a moment to tell the ALB
INSIDE_SECONDS = 5  # callers in the cluster hear of it sooner
STOP_SECONDS = 30  # between SIGTERM and SIGKILL


def wait_seconds(spec: AppSpec) -> int:
    """How long a pod still answers before SIGTERM."""
    if not spec.serves:
        return 0
    return ROUTED_SECONDS if spec.route else INSIDE_SECONDS


def grace_seconds(spec: AppSpec) -> int:
    """All that Kubernetes gives it; the wait is a part of that."""
    return STOP_SECONDS + (wait_seconds(spec) if spec.route else 0)
