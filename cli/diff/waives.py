"""The rules that a changed stage file waives: by new exemptions, or because the stage is no longer of production."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cli.diff import base as bases
from evaluation.project import Project
from policies import all_rules
from stacks.reading.problems import InputRefused
from stacks.reading.stage_file import parse_yaml, read_yaml

EXEMPTIONS, PRODUCTION = "wharf:exemptions", "wharf:production"


def of_file(project: Project, stage: str) -> Mapping[str, Any]:
    """The configuration in a stage file of the working tree."""
    file = f"Pulumi.{stage}.yaml"
    return _config(read_yaml(project.root / file, file))


def of_commit(project: Project, stage: str, commit: bases.Commit) -> Mapping[str, Any]:
    """The configuration in a stage file as it is at a commit; empty if there is none or it cannot be read."""
    try:
        return _config(parse_yaml(bases.content(commit, project.root / f"Pulumi.{stage}.yaml"), str(commit)))
    except InputRefused:
        return {}


def between(base: Mapping[str, Any], head: Mapping[str, Any]) -> list[str]:
    """The rules that the head waives and the base did not, in words."""
    earlier = _exemptions(base)
    waived = [
        f"{_text(new, 'rule')} need not hold for {_text(new, 'resource', '*')} until {_text(new, 'until')}: "
        f"{_text(new, 'reason')}"
        for new in _exemptions(head)
        if not any(_covers(old, new) for old in earlier)
    ]
    if _is_true(base.get(PRODUCTION)) and not _is_true(head.get(PRODUCTION)):
        strict = sorted(rule.id for rule in all_rules().values() if rule.production)
        waived.append(f"the stage is no longer of production, so these need not hold: {', '.join(strict)}")
    return waived


def _config(document: Mapping[str, Any]) -> Mapping[str, Any]:
    config = document.get("config")
    return config if isinstance(config, Mapping) else {}


def _exemptions(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = config.get(EXEMPTIONS)
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []


def _covers(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """True if the old exemption already covers all resources of the new one, for at least as long."""
    pattern = ".*".join(map(re.escape, _text(old, "resource", "*").split("*")))
    return (
        _text(old, "rule") == _text(new, "rule")
        and re.fullmatch(pattern, _text(new, "resource", "*")) is not None
        and _text(new, "until") <= _text(old, "until")
    )


def _text(entry: Mapping[str, Any], key: str, default: str = "") -> str:
    return str(entry.get(key, default))


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
