"""A mistake in an input, as a value: its key, and a sentence with the value, the limit and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong.

    Attributes:
        key: dotted, as in the file, relative to what was checked: ``storage-gib``; "" for the whole.
        text: the rest of the sentence: ``5 is less than 20, the least that RDS takes``.
    """

    key: str
    text: str

    def under(self, prefix: str) -> Refusal:
        """The same, with a longer key: ``storage-gib`` becomes ``wharf:database.storage-gib``."""
        return Refusal(".".join(part for part in (prefix, self.key) if part), self.text)

    def __str__(self) -> str:
        return f"{self.key}: {self.text}" if self.key else self.text


class RefusedError(ValueError):
    """An argument is wrong. Contains every `Refusal`."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("\n".join(map(str, self.refusals)))


def under(prefix: str, refusals: Iterable[Refusal]) -> Iterator[Refusal]:
    """The same refusals, with the prefix before their keys."""
    return (refusal.under(prefix) for refusal in refusals)


def require(refusals: Iterable[Refusal]) -> None:
    """Raises:
    RefusedError: there is a refusal.
    """
    if found := tuple(refusals):
        raise RefusedError(found)
