"""Reads the files Pulumi.yaml and Pulumi.<stage>.yaml, without the engine and without the passphrase."""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from components.shared.refusal import Refusal, RefusedError
from stacks.reading.problems import InputRefused, Problem, located, refused

STAGE_KEYS = ("config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider")
ALWAYS_SECRET = ("wharf:secrets", "wharf:pull-secrets")
MOST_VALUES = 200_000
_NO_TEXT = re.compile(r"[\0\ud800-\udfff]")


def read_yaml(path: Path, shown: str) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        InputRefused: the file cannot be read, is not YAML, or is not a mapping. The error names file, line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refused(shown, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return parse_yaml(text, shown)


def parse_yaml(text: str, shown: str) -> dict[str, Any]:
    """The mapping in a YAML text from the file ``shown``.

    Raises:
        InputRefused: as `read_yaml`.
    """
    try:
        loaded = _loaded(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise refused(f"{shown}{where}", f"is not YAML: {error.problem or error.context}") from None
    except (ValueError, RecursionError) as error:  # an invalid number or date; too many levels
        raise refused(shown, f"is not YAML: {error}: put what is text in quotes") from None
    except YAMLError as error:
        raise refused(shown, f"is not YAML: {str(error).splitlines()[0]}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise refused(f"{shown}:1:1", "does not hold keys and values: write one key: value on each line")
    try:
        return _plain(loaded, "", (), count(1))
    except RefusedError as error:
        raise InputRefused(located(shown, error.refusals)) from None


@functools.lru_cache(maxsize=4096)
def _loaded(text: str) -> Any:
    """Cached, because a review reads the same apps for every stage, and this exact parser is slow."""
    return YAML(typ="safe", pure=True).load(text)


def _plain(value: Any, path: str, above: tuple[int, ...], seen: Iterator[int]) -> Any:
    """The same value in the types of JSON: dates and keys become text.

    Args:
        above: the ids of the lists and maps that contain the value.
        seen: counts the values of the file. A few lines of aliases to aliases can expand to millions.

    Raises:
        RefusedError: JSON has no such value, the value contains itself, or the file has too many values.
    """
    if next(seen) > MOST_VALUES:
        raise RefusedError(
            [
                Refusal(
                    path,
                    f"comes after {MOST_VALUES} values, the most in a file: use fewer aliases, or split the file",
                )
            ]
        )
    if id(value) in above:
        raise RefusedError([Refusal(path, "an alias refers to itself: write the value instead")])
    if isinstance(value, dict):
        inside = (*above, id(value))
        return {_key(key, path): _plain(item, f"{path}.{key}".lstrip("."), inside, seen) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, f"{path}.{place}", (*above, id(value)), seen) for place, item in enumerate(value)]
    if isinstance(value, str) and _NO_TEXT.search(value):
        text = "contains a NUL character or half of a surrogate pair: remove it"
        raise RefusedError([Refusal(path, text)])
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise RefusedError(
        [Refusal(path, f"a {type(value).__name__} is not read: write text, a number, a list or keys and values")]
    )


def _key(key: Any, path: str) -> str:
    if isinstance(key, (str, int, float)):
        return str(key).lower() if isinstance(key, bool) else str(key)
    raise RefusedError([Refusal(path or "a key", f"{key!r} is not text, but a key must be")])


def read_stage(path: Path, shown: str) -> dict[str, Any]:
    """A stage file, whose ``config`` holds keys and values.

    Raises:
        InputRefused: as `read_yaml`, or ``config`` does not hold keys and values.
    """
    stage = read_yaml(path, shown)
    config = stage.get("config")
    if config is not None and not isinstance(config, dict):
        raise refused(shown, "does not hold keys and values: write wharf:kind: local under it", "config")
    return stage


def file_problems(project: Mapping[str, Any], stage: Mapping[str, Any], file: str) -> list[Problem]:
    """Keys that the files must not have, because they cannot be read offline with the same result for everybody."""
    known = ", ".join(STAGE_KEYS)
    refusals = [
        Refusal(key, f"is not a known key: the known keys are {known}") for key in stage if key not in STAGE_KEYS
    ]
    if stage.get("environment"):
        refusals.append(Refusal("environment", "Pulumi ESC is not read offline: put the values under config:"))
    problems = located(file, refusals)
    if project.get("config"):
        text = "is not read: put each key into the Pulumi.<stage>.yaml that needs it"
        problems.append(Problem("Pulumi.yaml", Refusal("config", text)))
    return problems


def config_of(stage: Mapping[str, Any], project_name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The values of a stage file as the engine would pass them, and the keys that are secret.

    An encrypted value becomes a placeholder: its path, and a digest of the ciphertext. A diff therefore shows a
    change. Nothing here can decrypt the value, and nothing needs to.
    """
    values: dict[str, str] = {}
    secret_keys: list[str] = [*ALWAYS_SECRET]
    for key, value in (stage.get("config") or {}).items():
        full = key if ":" in key else f"{project_name}:{key}"
        plain = _without_ciphertext(value, full)
        values[full] = plain if isinstance(plain, str) else json.dumps(plain)
        if plain != value:
            secret_keys.append(full)
    return values, tuple(dict.fromkeys(secret_keys))


def plain_paths(value: Any, path: str) -> list[str]:
    """The paths of the single values that are not encrypted."""
    if is_encrypted(value):
        return []
    if isinstance(value, Mapping):
        return [leaf for key, item in value.items() for leaf in plain_paths(item, f"{path}.{key}")]
    return [path]


def is_encrypted(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"} and isinstance(value["secure"], str)


def _without_ciphertext(value: Any, path: str) -> Any:
    if is_encrypted(value):
        return f"encrypted {path} {hashlib.sha256(value['secure'].encode()).hexdigest()[:12]}"
    if isinstance(value, Mapping):
        return {key: _without_ciphertext(item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_without_ciphertext(item, f"{path}[{index}]") for index, item in enumerate(value)]
    return value
