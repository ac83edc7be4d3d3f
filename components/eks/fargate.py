"""What Fargate takes and what it is paid for, as plain values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from components.shared.refusal import Refusal, require

MAX_SELECTORS = 5  # of a profile
SYSTEM_NAMESPACE = "kube-system"
PATTERN = re.compile(r"[a-z0-9*?]([a-z0-9*?-]*[a-z0-9*?])?")
OVERHEAD_MIB = 256  # for kubelet and the like, added to what the pod asks for

# Sizes that are to be had: vCPU to GiB of memory.
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
    """Profiles by name, each with the namespaces (or patterns of them) whose pods it takes; as few as there can be.

    Args:
        namespaces: names, with ``*`` and ``?`` for any characters and any one.
        system: whether Fargate also runs the cluster's own pods, for want of nodes.

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
    """A pattern that is none, or that would take the cluster's own pods away from the nodes."""
    for pattern in namespaces:
        if not PATTERN.fullmatch(pattern):
            yield Refusal("profiles", f"{pattern!r} is not the name of a namespace, or a pattern with * and ?")
        elif not system and fnmatchcase(SYSTEM_NAMESPACE, pattern):
            yield Refusal("profiles", f"{pattern} takes {SYSTEM_NAMESPACE} too, which system nodes run: narrow it")


def runs(namespace: str, by_name: Mapping[str, Sequence[str]]) -> bool:
    """Whether pods of ``namespace`` go to Fargate."""
    return any(fnmatchcase(namespace, pattern) for patterns in by_name.values() for pattern in patterns)


def paid_size(millicores: int, mebibytes: int) -> tuple[float, float]:
    """The vCPU and GiB that are paid for, for a pod that asks for that much in all.

    Raises:
        ValueError: Fargate has no such size.
    """
    for vcpu, memories in SIZES.items():
        for gib in memories:
            if vcpu * 1000 >= millicores and gib * 1024 >= mebibytes + OVERHEAD_MIB:
                return vcpu, gib
    raise ValueError(f"{millicores}m CPU and {mebibytes}Mi memory: Fargate has at most 16 vCPU and 120 GiB for a pod")
