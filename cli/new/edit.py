"""Changes a stage file as a person would, so that its comments and its layout stay."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML

from stacks.errors import UserError

Path = Sequence[str]
_SCALAR = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,}\]#\n]*[^,}\]#\s]""")
STEP = 2  # the indentation of a level, in columns


def with_value(text: str, path: Path, written: str) -> str:
    """The text with another value under an existing key.

    Raises:
        UserError: the key does not exist, or its value is a mapping or a list.
    """
    holder = _find(load(text), path[:-1])
    if not isinstance(holder, dict) or isinstance(holder.get(path[-1], {}), (dict, list)):
        raise UserError(f"{'.'.join(path)}: holds no single value to change: edit the file")
    line, column = holder.lc.value(path[-1])  # type: ignore[attr-defined]
    lines = text.splitlines(keepends=True)
    old_line = lines[line]
    match = _SCALAR.match(old_line, column)
    end = match.end() if match else column
    lines[line] = f"{old_line[:column]}{written}{old_line[end:]}"
    return _checked(text, "".join(lines), path, _scalar(written))


def with_entry(text: str, path: Path, written: str) -> str:
    """The text with a new key at the end of a mapping. Mappings on the path that do not exist are added.

    Raises:
        UserError: the mapping is written on one line, or it is not a mapping.
    """
    *above, key = path
    if _find(load(text), above) == {} and above:  # `wharf:apps: {}`, `wharf:apps:`, or no such key
        text = without(text, above) if _has(text, above) else text
        text = with_entry(text, above, "")
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    end, indent = _block(text, above)
    value = f" {written}" if written else ""
    lines.insert(end, f"{' ' * indent}{key}:{value}\n")
    changed = "".join(lines)
    return _checked(text, changed, path, _scalar(written)) if written else changed


def without(text: str, path: Path) -> str:
    """The text without a key and everything below it."""
    holder = _find(load(text), path[:-1])
    line, column = holder.lc.key(path[-1])
    lines = text.splitlines(keepends=True)
    if lines[line][:column].strip():
        raise UserError(f"{'.'.join(path)}: stands on one line with others: edit the file")
    end = line + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > column):
        end += 1
    while end > line + 1 and not lines[end - 1].strip():
        end -= 1
    return "".join(lines[:line] + lines[end:])


def _block(text: str, path: Path) -> tuple[int, int]:
    """The line after the last entry of a mapping, and the column of its entries."""
    lines = text.splitlines()
    if not path:
        return len(lines), 0
    holder = _find(load(text), path[:-1])
    line, column = holder.lc.key(path[-1])
    if re.search(r":\s+\{", lines[line][column:]):
        raise UserError(f"{'.'.join(path)}: stands on one line: write an entry on each, below it")
    end, indent = line + 1, column + STEP
    for number in range(line + 1, len(lines)):
        if not lines[number].strip():
            continue
        if _indent(lines[number]) <= column:
            break
        if end == line + 1 and not lines[number].lstrip().startswith("#"):
            indent = _indent(lines[number])
        end = number + 1
    return end, indent


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def load(text: str) -> Any:
    return YAML(typ="rt").load(text) or {}


def _find(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
        if tree is None:
            return {}
    return tree


def _has(text: str, path: Path) -> bool:
    return path[-1] in (_find(load(text), path[:-1]) or {})


def _scalar(written: str) -> Any:
    return YAML(typ="safe").load(written)


def _checked(before: str, after: str, path: Path, value: Any) -> str:
    """Returns ``after`` if it has the same content as ``before``, except for the new value at the path."""
    expected = copy.deepcopy(YAML(typ="safe").load(before) or {})
    holder = expected
    for key in path[:-1]:
        if not isinstance(holder.get(key), Mapping):
            holder[key] = {}
        holder = holder[key]
    holder[path[-1]] = value
    if YAML(typ="safe").load(after) != expected:
        raise UserError(f"{'.'.join(path)}: the file is not laid out as expected: change it with an editor")
    return after
