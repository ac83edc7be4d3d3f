"""What Fargate accepts, and which sizes it charges for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from components.shared.refusal import Refusal, require

MAX_SELECTORS = 5  # in one profile
SYSTEM_NAMESPACE = "kube-system"
PATTERN = re.compile(r"[a-z0-9*?]([a-z0-9*?-]*[a-z0-9*?])?")
OVERHEAD_MIB = 256  # Fargate adds this to the pod's requests, for the kubelet and others

# Sizes that Fargate offers: vCPU to GiB of memory.
# https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html
SIZES: Mapping[float, tuple[float, ...]] = {
    0.25: (0.5, 1, 2),
    0.5: tuple(range(1, 5)),
    1: tuple(range(2, 9)),
    2: tuple(range(4, 17)),
    4: tuple(range(8, 31)),
    8: tuple(range(16, 61, 4)),
    16: tuple(range(32, 121, 8)),
}


def profiles(namespaces: Sequence[str], *, system: bool) -> dict[str, tuple[str, ...]]:
    """As few profiles as possible: by name, each with the namespaces (or patterns) whose pods run in it.

    Args:
        namespaces: names or patterns: ``*`` stands for any characters, ``?`` for one.
        system: whether Fargate also runs the cluster's own pods, because there are no nodes.

    Raises:
        RefusedError: see `limits`.
    """
    require(limits(namespaces, system=system))
    found: dict[str, tuple[str, ...]] = {"system": (SYSTEM_NAMESPACE,)} if system else {}
    for start in range(0, len(namespaces), MAX_SELECTORS):
        name = f"apps-{start // MAX_SELECTORS + 1}" if start else "apps"
        found[name] = tuple(namespaces[start : start + MAX_SELECTORS])
    return found


def limits(namespaces: Sequence[str], *, system: bool) -> Iterator[Refusal]:
    """Patterns that are malformed, or that would also match the cluster's own pods."""
    for pattern in namespaces:
        if not PATTERN.fullmatch(pattern):
            yield Refusal("profiles", f"{pattern!r} is not the name of a namespace, or a pattern with * and ?")
        elif not system and fnmatchcase(SYSTEM_NAMESPACE, pattern):
            yield Refusal("profiles", f"{pattern} takes {SYSTEM_NAMESPACE} too, which system nodes run: narrow it")


def runs(namespace: str, by_name: Mapping[str, Sequence[str]]) -> bool:
    """Whether the pods of ``namespace`` run on Fargate."""
    return any(fnmatchcase(namespace, pattern) for patterns in by_name.values() for pattern in patterns)


def paid_size(millicores: int, mebibytes: int) -> tuple[float, float]:
    """The vCPU and GiB for which Fargate charges, for a pod with these requests in total.

    Raises:
        ValueError: Fargate has no such size.
    """
    for vcpu, memories in SIZES.items():
        for gib in memories:
            if vcpu * 1000 >= millicores and gib * 1024 >= mebibytes + OVERHEAD_MIB:
                return vcpu, gib
    raise ValueError(f"{millicores}m CPU and {mebibytes}Mi memory: Fargate has at most 16 vCPU and 120 GiB for a pod")
