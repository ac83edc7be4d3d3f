"""Who may call whom, as NetworkPolicy specs; the namespace denies the rest (`components.apps.environment`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.shared.labels import client_of
from components.shared.manifest import Manifest

Peer = Mapping[str, Any]


def callers(names: Sequence[str]) -> list[Peer]:
    """The pods of these apps, whatever they do: serving, or running a command before a version."""
    return [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}} for name in names]


def users_of(need: str) -> list[Peer]:
    """The pods of every app of the namespace that needs this part of the platform."""
    return [{"podSelector": {"matchLabels": client_of(need)}}]


def allow(selector: Mapping[str, str], peers: Sequence[Peer], ports: Sequence[int]) -> Manifest:
    """Lets ``peers`` reach ``ports`` of the selected pods. No peers: nobody, stated as a policy without a rule.

    An empty list of rules would say the same, and would be written anew by every server-side apply.
    """
    policy = {"podSelector": {"matchLabels": dict(selector)} if selector else {}, "policyTypes": ["Ingress"]}
    if not peers:
        return policy
    rule = {"from": list(peers), "ports": [{"protocol": "TCP", "port": port} for port in ports]}
    return {**policy, "ingress": [rule]}
