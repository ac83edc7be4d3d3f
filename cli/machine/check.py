"""One thing that was looked at on this machine, and the commands that are asked about it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cli.machine.probes import Version

Verdict = Literal["ok", "note", "failed"]
COMMAND_SECONDS = 20.0


@dataclass(frozen=True)
class Check:
    """``note``: it does not stand in the way, and is worth knowing. ``remedy`` is empty where nothing is to be done."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def says(command: Sequence[str]) -> str:
    done = run_command(command)
    return done if isinstance(done, str) else (done.stdout + done.stderr).strip()


def run_command(command: Sequence[str], patience: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str] | str:
    """The command's answer, or in words why it gave none; empty where there is no such command."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=patience, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"`{' '.join(command[:2])}` did not answer within {patience:.0f} s"
    except OSError as error:
        return f"`{command[0]}` cannot be started: {error.strerror}"


def parsed(text: str) -> Version | None:
    """The first version in some text: (3, 272, 0) of "v3.272.0"."""
    found = re.search(r"\b[v/]?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def dotted(version: Version) -> str:
    return ".".join(map(str, version))
