"""Text that a terminal and a browser show as it is."""

from __future__ import annotations


def plain(text: str) -> str:
    """The line, with an escape in place of every character that cannot be printed.

    Values come from the author of a change. An escape sequence would control the reader's terminal. A direction mark
    would show the reader another value.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
