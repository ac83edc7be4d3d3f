"""What the user is told while a verb works."""

from __future__ import annotations

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds what the user asked for."""
    print(text, file=sys.stderr, flush=True)
