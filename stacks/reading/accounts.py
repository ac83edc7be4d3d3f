"""What the files of a project say of its AWS accounts: which stages each has, and what those share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from components.account.stage_access import StageAccess
from stacks.reading import sections
from stacks.reading.stage_file import read_stage


def account_of(root: Path, stage: str) -> tuple[str, sections.Account] | None:
    """The file of kind `account` that names ``stage``, and its settings; None where no file does."""
    for name, config in _configs(root):
        if config.get("wharf:kind") == "account" and (account := _account(config)) and stage in account.stages:
            return f"Pulumi.{name}.yaml", account
    return None


def stage_access(root: Path, project: str, stage: str) -> StageAccess:
    """The stage as IAM has to know it. A stage may have no file yet; what a file gets wrong is told when it is read."""
    configs = dict(_configs(root))
    config = configs.get(stage, {})
    return StageAccess(
        project=project,
        name=stage,
        cluster_stage=_text(config, "wharf:cluster", "stack"),
        environments=sorted(name for name, other in configs.items() if _text(other, "wharf:cluster", "stack") == stage),
        zone_id=_text(config, "wharf:ingress", "zone-id"),
    )


def _configs(root: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(root.glob("Pulumi.*.yaml")):
        yield path.name.split(".")[1], read_stage(path, path.name).get("config") or {}


def _account(config: Mapping[str, Any]) -> sections.Account | None:
    try:
        return sections.Account.model_validate(config.get("wharf:account"))
    except pydantic.ValidationError:
        return None


def _text(config: Mapping[str, Any], section: str, key: str) -> str | None:
    found = config.get(section)
    value = found.get(key) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else None
