"""Compares two trees of plain values leaf by leaf."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cli.diff.model import PropertyChange
from evaluation.graph import MASK, Secret, mask

ABSENT = object()
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
_INDEX = re.compile(r"\[[^\]]*\]")


def compare(old: Any, new: Any, path: str = "") -> Iterator[PropertyChange]:
    """Every leaf that is not the same on both sides.

    If all items of a list have different names, the list is compared by name. Other lists are compared by position. If
    a text is JSON on both sides, the two documents are compared.
    """
    if _same(old, new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from compare(old.get(key, ABSENT), new.get(key, ABSENT), join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif (documents := _documents(old, new)) is not None:
        changes = list(compare(*documents, path))
        yield from changes or [_leaf(old, new, path)]  # only the spacing differs, but the text is not the same
    else:
        yield _leaf(old, new, path)


def stated(value: Any, path: str = "") -> Iterator[PropertyChange]:
    """Every leaf of a new value, as a change from nothing."""
    if (documents := _documents(value, value)) is not None:
        value = documents[0]
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from stated(value[key], join(path, key))
    elif isinstance(value, list) and any(isinstance(item, (Mapping, list)) for item in value):
        for place, item in zip(_names(value) or range(len(value)), value, strict=True):
            yield from stated(item, f"{path}[{place}]")
    elif value is not None:
        yield _leaf(ABSENT, value, path)


def join(path: str, key: str) -> str:
    """``path.key``, or ``path["a/key"]`` if the key is not a plain word."""
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path else key


def without_indices(path: str) -> str:
    """The path as the tables write it: ``selectors[0].labels["a/b"]`` becomes ``selectors.labels``."""
    return _INDEX.sub("", path)


def is_under(path: str, ancestor: str) -> bool:
    """True if the path, without its indices, is ``ancestor`` or lies below it."""
    bare = without_indices(path)
    return bare == ancestor or bare.startswith(f"{ancestor}.")


def leaves(value: Any) -> Iterator[Any]:
    """Every leaf of a tree."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def _same(old: Any, new: Any) -> bool:
    """Equality as the engine sees it: 1 is not true, and null is the same as no value."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(_same(old.get(key), new.get(key)) for key in {*old, *new})
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_same, old, new))
    old, new = None if old is ABSENT else old, None if new is ABSENT else new
    return type(old) is type(new) and old == new


def _leaf(old: Any, new: Any, path: str) -> PropertyChange:
    secret = any(isinstance(leaf, Secret) for side in (old, new) for leaf in leaves(side))
    only = isinstance(old, Secret) or isinstance(new, Secret)
    return PropertyChange(path=path, old=_shown(old, only), new=_shown(new, only), secret=secret)


def _shown(value: Any, secret: bool) -> Any:
    if value is ABSENT or value is None:
        return None
    return MASK if secret else mask(value)


def _lists(old: list[Any], new: list[Any], path: str) -> Iterator[PropertyChange]:
    if (names := _names(old)) is not None and (others := _names(new)) is not None:
        by_name, by_other = dict(zip(names, old, strict=True)), dict(zip(others, new, strict=True))
        for name in sorted({*names, *others}):
            yield from compare(by_name.get(name, ABSENT), by_other.get(name, ABSENT), f"{path}[{name}]")
        kept, also = [n for n in names if n in by_other], [n for n in others if n in by_name]
        if kept != also:
            yield PropertyChange(path=path, old=f"order {', '.join(kept)}", new=f"order {', '.join(also)}")
        return
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = range(start, max(len(old), len(new)) - end)
    for index in middle:
        before = old[index] if index < len(old) - end else ABSENT
        after = new[index] if index < len(new) - end else ABSENT
        yield from compare(before, after, f"{path}[{index}]")


def _names(items: list[Any]) -> list[str] | None:
    """The names of the items, or None unless each item has a different name."""
    names = [item["name"] for item in items if isinstance(item, Mapping) and isinstance(item.get("name"), str)]
    return names if len(set(names)) == len(items) else None


def _common(old: list[Any], new: list[Any]) -> int:
    """How many items at the start of both lists are the same."""
    count = 0
    for before, after in zip(old, new, strict=False):
        if not _same(before, after):
            break
        count += 1
    return count


def _documents(old: Any, new: Any) -> tuple[Any, Any] | None:
    documents = []
    for text in (old, new):
        if not isinstance(text, str) or text[:1] not in ("{", "["):
            return None
        try:
            documents.append(json.loads(text))
        except json.JSONDecodeError:
            return None
    return documents[0], documents[1]
