"""Puts the simulated AWS on a PATH: plugins for the engine, and the `aws` command that a kubeconfig calls."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.engine.simulator.cloud import KUBECONFIG, STATE

ROOT = Path(__file__).parents[3]
PLUGINS = {"pulumi-resource-aws": "provider", "pulumi-resource-eks": "eks", "aws": "login"}


def install(folder: Path, *, real_eks: bool = False) -> None:
    """Writes the executables into ``folder``; with ``real_eks`` the plugin of that name on PATH is left to itself."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, module in PLUGINS.items():
        if name == "pulumi-resource-eks" and real_eks:
            continue
        script = folder / name
        script.write_text(
            f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m tests.engine.simulator.{module} \"$@\"\n"
        )
        script.chmod(0o755)


def has_real_eks() -> bool:
    """Whether the plugin of pulumi-eks is on PATH, and that of Kubernetes, which it uses itself."""
    return all(shutil.which(f"pulumi-resource-{name}") for name in ("eks", "kubernetes"))


def environment(folder: Path, state: Path, kubeconfig: Path | None = None) -> Mapping[str, str]:
    """What the engine's environment needs for it: PATH, and where the simulated account is kept."""
    found = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", STATE: str(state)}
    return {**found, KUBECONFIG: str(kubeconfig)} if kubeconfig else found
