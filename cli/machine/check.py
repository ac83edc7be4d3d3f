"""The result of one check of this machine, and the commands that the checks run."""

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
    """The result of a check. ``note`` is worth knowing, but prevents nothing. ``remedy`` can be empty."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def says(command: Sequence[str]) -> str:
    done = run_command(command)
    return done if isinstance(done, str) else (done.stdout + done.stderr).strip()


def run_command(command: Sequence[str], patience: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str] | str:
    """The result of a command, or a text that says why there is none. It is empty if the command does not exist."""
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
    """The first version in a text: (3, 272, 0) for "v3.272.0"."""
    match = re.search(r"\b[v/]?(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in match.groups() if part is not None) if match else None


def dotted(version: Version) -> str:
    return ".".join(map(str, version))
