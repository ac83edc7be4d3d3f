"""When a cron app runs, as Kubernetes reads it: https://pkg.go.dev/github.com/robfig/cron/v3#ParseStandard"""

from __future__ import annotations

import re
from collections.abc import Sequence

SHORT = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: Sequence[tuple[str, int, int, Sequence[str]]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 6, DAYS),
)
PART = re.compile(r"(?:[*?]|(\w+)(?:-(\w+))?)(?:/([1-9]\d*))?", re.ASCII)


def schedule_problem(schedule: str) -> str | None:
    """Why Kubernetes would refuse a schedule, or None if it would accept it."""
    if schedule in SHORT:
        return None
    fields = schedule.split()
    if len(fields) != len(FIELDS):
        return f"{schedule!r} is not five fields of cron, such as '30 4 * * *', or one of {', '.join(SHORT)}"
    for written, (field, lowest, highest, names) in zip(fields, FIELDS, strict=True):
        if not all(_is_part(part, lowest, highest, names) for part in written.split(",")):
            return f"{written!r} is not a {field} in a cron schedule: {lowest} to {highest}, *, ranges 1-5, steps */10"
    return None


def _is_part(part: str, lowest: int, highest: int, names: Sequence[str]) -> bool:
    match = PART.fullmatch(part)
    if not match:
        return False
    start, end, _ = match.groups()
    numbers = [_number(text, lowest, names) for text in (start, end) if text is not None]
    return all(lowest <= number <= highest for number in numbers) and numbers == sorted(numbers)


def _number(text: str, lowest: int, names: Sequence[str]) -> int:
    """The number that a text means. If it is neither a number nor a name: -1, which is outside every range."""
    if text.lower() in names:
        return names.index(text.lower()) + lowest
    return int(text) if text.isdecimal() else -1
