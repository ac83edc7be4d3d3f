"""The table of `wharf status`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.live.access import reach
from cli.live.status import HEALTHY, Report, Row, gather
from cli.machine.terminal import as_typed
from evaluation.project import Project, read_stage

PIPED_WIDTH = 200  # columns of the table if it is not printed on a terminal
COLUMNS = ("version", "ready", "restarts", "address", "state")
SIMULATED = "kwok simulates the pods: no process runs in them, and no address answers"


def show(project: Project, name: str, *, as_json: bool = False) -> None:
    """Prints the status of a stage."""
    stage = read_stage(project, name)
    with reach(project, stage) as access:
        report = gather(access, stage)
    if as_json:
        print(json.dumps(report.as_json(), indent=1))
    else:
        show_table(report)


def show_table(report: Report) -> None:
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
    console.print(table(report, datetime.now(UTC)))
    if report.simulated:
        console.print(f"\n{SIMULATED}", style="yellow")


def table(report: Report, now: datetime) -> Table:
    """The table: apps first, then the platform, then what belongs to neither."""
    result = Table("app", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in COLUMNS:
        right = column in ("ready", "restarts")
        result.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=column != "state")
    _section(result, report.apps, now)
    if not report.apps:
        result.add_row("(the stage names no app)")
    for title, rows in (("platform", report.platform), ("of neither", report.other)):
        if rows:
            result.add_row()
            result.add_row(Text(title, style="bold"))
            _section(result, rows, now)
    return result


def _section(result: Table, rows: Sequence[Row], now: datetime) -> None:
    for row in rows:
        result.add_row(
            _named(row),
            _version(row),
            "" if row.wanted is None else f"{row.ready}/{row.wanted}",
            "" if row.state in ("not-deployed", "external", "unowned") else str(row.restarts),
            row.address or "",
            Text(as_typed(state(row, now)), style="" if row.state in HEALTHY else "red"),
        )


def _named(row: Row) -> str:
    return f"{row.kind} {row.name}" if row.state == "unowned" else row.name


def _version(row: Row) -> str:
    if row.version and row.wanted_version and row.version != row.wanted_version:
        return f"{row.version} (stage file: {row.wanted_version})"
    return row.version or ""


def state(row: Row, now: datetime) -> str:
    """The state in words, with when it last ran and the reason."""
    words = row.state.replace("-", " ")
    if row.last_run:
        words = f"{words}, {_ago(row.last_run, now)}"
    return f"{words}: {row.reason}" if row.reason else words


def _ago(moment: str, now: datetime) -> str:
    seconds = max(0, round((now - datetime.fromisoformat(moment)).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
