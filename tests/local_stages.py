"""A project with a local stage in a temporary folder, small enough to see what a test is about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.graph import Graph
from evaluation.project import Project, evaluate_stage, read_stage
from stacks.reading.problems import InputRefused

APP: Mapping[str, Any] = {"image": "example/web", "kind": "web", "port": 8000, "user": 1000}
CONFIG: Mapping[str, Any] = {"wharf:kind": "local", "wharf:apps": {"web": {"version": "1.0"}}}


def project(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    app: Mapping[str, Any] | None = None,
    *,
    stage: str = "local",
    base: Mapping[str, Any] = CONFIG,
    files: Mapping[str, str] | None = None,
) -> Project:
    """One stage with one app, `web`. A key whose value is None is left out; ``files`` are path to text."""
    written = {
        "Pulumi.yaml": yaml.safe_dump({"name": "wharf", "runtime": "python"}),
        f"Pulumi.{stage}.yaml": yaml.safe_dump({"config": _over(base, config)}),
        "apps/web.yaml": yaml.safe_dump(_over(APP, app)),
        **(files or {}),
    }
    for path, text in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return Project(folder, "wharf")


def _over(base: Mapping[str, Any], changes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in {**base, **(changes or {})}.items() if value is not None}


def refusal(found: Project, stage: str = "local") -> list[str]:
    """Why a stage is refused, line by line."""
    with pytest.raises(InputRefused) as refused:
        read_stage(found, stage)
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))
    return str(refused.value).split("\n")


def graph(folder: Path, config: Mapping[str, Any] | None = None, app: Mapping[str, Any] | None = None) -> Graph:
    """What the stage registers."""
    return evaluate_stage(project(folder, config, app), "local")
