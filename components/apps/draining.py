"""How long a pod still answers requests before it stops, so that no request is lost in a rollout.

A load balancer still sends requests to a pod for a while after the pod was told to stop. So the pod waits longer than
that. After that it gets SIGTERM, and has time to finish its work.
"""

from __future__ import annotations

from components.apps.spec import AppSpec

DEREGISTRATION_SECONDS = 20  # an ALB waits this long for the open requests of a pod that leaves
ROUTED_SECONDS = DEREGISTRATION_SECONDS + 5  # the controller takes a moment to tell the ALB
INSIDE_SECONDS = 5  # callers in the cluster learn of it sooner
STOP_SECONDS = 30  # between SIGTERM and SIGKILL


def wait_seconds(spec: AppSpec) -> int:
    """How long a pod still answers requests before it gets SIGTERM."""
    if not spec.serves:
        return 0
    return ROUTED_SECONDS if spec.route else INSIDE_SECONDS


def grace_seconds(spec: AppSpec) -> int:
    """The whole time that Kubernetes gives a pod to stop. The wait before SIGTERM is a part of it."""
    return STOP_SECONDS + (wait_seconds(spec) if spec.route else 0)
