"""Pulumi.yaml and Pulumi.<stage>.yaml as files: read without the engine, and without the passphrase."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stacks.problems import InputRefused

ALWAYS_SECRET = ("wharf:secrets", "wharf:pull-secrets")


def read_yaml(path: Path, shown: str) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        InputRefused: not to be read, not YAML, not a mapping; names file, line and column.
    """
    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused([f"{shown}: cannot be read: {getattr(error, 'strerror', None) or error}"]) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise InputRefused([f"{shown}{where}: is not YAML: {error.problem or error.context}"]) from None
    except YAMLError as error:
        raise InputRefused([f"{shown}: is not YAML: {str(error).splitlines()[0]}"]) from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise InputRefused([f"{shown}:1:1: holds a {type(loaded).__name__}, not keys and values"])
    return loaded


def file_problems(project: Mapping[str, Any], stage: Mapping[str, Any], stage_name: str) -> list[str]:
    """What the files must not have because it could not be read offline, the same for everybody."""
    problems = []
    if project.get("config"):
        problems.append("Pulumi.yaml: config: is not read: put each key into the Pulumi.<stage>.yaml that needs it")
    if stage.get("environment"):
        problems.append(
            f"Pulumi.{stage_name}.yaml: environment: Pulumi ESC is not read offline: put the values under config:"
        )
    return problems


def config_of(stage: Mapping[str, Any], project_name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The values of a stage file as the engine would pass them, and which keys are secret.

    An encrypted value is a placeholder that names its path: nothing here can decrypt it, and nothing needs to.
    """
    values: dict[str, str] = {}
    secret_keys: list[str] = [*ALWAYS_SECRET]
    for key, value in (stage.get("config") or {}).items():
        full = key if ":" in key else f"{project_name}:{key}"
        plain = _without_ciphertext(value, full)
        values[full] = plain if isinstance(plain, str) else json.dumps(plain, default=str)
        if plain != value:
            secret_keys.append(full)
    return values, tuple(dict.fromkeys(secret_keys))


def plain_paths(value: Any, path: str) -> list[str]:
    """Paths of the leaves that are not encrypted."""
    if is_encrypted(value):
        return []
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in plain_paths(item, f"{path}.{key}")]
    return [path]


def is_encrypted(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"} and isinstance(value["secure"], str)


def _without_ciphertext(value: Any, path: str) -> Any:
    if is_encrypted(value):
        return f"encrypted {path}"
    if isinstance(value, Mapping):
        return {key: _without_ciphertext(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_without_ciphertext(item, f"{path}[{index}]") for index, item in enumerate(value)]
    return value
