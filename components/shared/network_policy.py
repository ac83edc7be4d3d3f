"""Who may call whom, as NetworkPolicy specs. The namespace denies everything else (`components.apps.environment`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.shared.labels import client_of
from components.shared.manifest import Manifest

Peer = Mapping[str, Any]


def callers(names: Sequence[str]) -> list[Peer]:
    """All pods of these apps: those that serve, and those that run `before` commands."""
    return [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}} for name in names]


def users_of(need: str) -> list[Peer]:
    """The pods of all apps in the namespace that need this service."""
    return [{"podSelector": {"matchLabels": client_of(need)}}]


def allow(selector: Mapping[str, str], peers: Sequence[Peer], ports: Sequence[int]) -> Manifest:
    """Lets ``peers`` reach ``ports`` of the selected pods. Without peers, the policy has no rule and lets nobody in.

    An empty list of rules would mean the same, but every server-side apply would write it again.
    """
    policy = {"podSelector": {"matchLabels": dict(selector)} if selector else {}, "policyTypes": ["Ingress"]}
    if not peers:
        return policy
    rule = {"from": list(peers), "ports": [{"protocol": "TCP", "port": port} for port in ports]}
    return {**policy, "ingress": [rule]}
