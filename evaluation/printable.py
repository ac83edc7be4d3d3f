"""Text that a terminal and a browser show as it is."""

from __future__ import annotations


def plain(text: str) -> str:
    """A line that a terminal and a browser show as it is; what has no glyph of its own is written as an escape.

    Values come from whoever wrote the change: an escape sequence would command the reader's terminal, and a mark of
    direction would show him another value.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
