"""`make test`: lint, types, and every tier of tests, from the fastest to the slowest; ends with a table of what ran."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from ops import machine

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "lint": [[BIN / "ruff", "check", "."], [BIN / "ruff", "format", "--check", "."]],
    "types": [[BIN / "pyright"]],
}
TIERS = ("unit", "contracts", "render", "cluster", "engine")
NO_TESTS = 5  # pytest's exit code where it collected none


@dataclass
class Result:
    """What came of one tier. ``reasons`` counts why tests were skipped."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    reasons: Counter[str] = field(default_factory=Counter)


def main() -> int:
    results = [check(name, commands) for name, commands in CHECKS.items()]
    results += [tier(name) for name in TIERS]
    print(table(results))
    print(closing(results))
    return 1 if any(result.failed for result in results) else 0


def check(name: str, commands: Sequence[Sequence[Path | str]]) -> Result:
    """Commands that must all end with 0; one check, however many they are."""
    print(f"== {name}", flush=True)
    started = time.monotonic()
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands]
    failed = int(any(codes))
    return Result(name, passed=1 - failed, failed=failed, seconds=time.monotonic() - started)


def tier(name: str) -> Result:
    """One folder of tests, in a process of its own."""
    print(f"== {name}", flush=True)
    if reason := cannot_run(name):
        print(f"skipped: {reason}")
        return Result(name, skipped=1, reasons=Counter([reason]))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"tests/{name}", "-q", "--durations=5", f"--junitxml={report}"]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        result = counted(name, report) if report.is_file() else Result(name)
    result.seconds = time.monotonic() - started
    if code not in (0, NO_TESTS) and not result.failed:
        result.failed = 1  # pytest itself did not come through
    return result


def cannot_run(name: str) -> str:
    """Why a whole tier has nothing to run on here; empty where it has."""
    if name == "cluster" and machine.docker().state != "answers" and machine.go_version() is None:
        return "neither Docker nor Go, so there is no cluster to be had"
    if name == "engine" and shutil.which("pulumi") is None:
        return "no `pulumi` on PATH: curl -fsSL https://get.pulumi.com | sh"
    return ""


def counted(name: str, report: Path) -> Result:
    """The counts of a JUnit report."""
    result = Result(name)
    for case in ElementTree.parse(report).iter("testcase"):
        skipped = case.find("skipped")
        if skipped is not None:
            result.skipped += 1
            result.reasons[skipped.get("message", "").strip()] += 1
        elif case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        else:
            result.passed += 1
    return result


def table(results: Sequence[Result]) -> str:
    """A line a tier, and a line for each reason that something was skipped."""
    lines = ["", f"{'tier':<10} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}"]
    for result in results:
        counts = f"{result.passed:>7} {result.failed:>7} {result.skipped:>8} {result.seconds:>8.0f}"
        lines.append(f"{result.name:<10} {counts}")
        lines += [f"{'':<10} skipped {count}: {reason}" for reason, count in sorted(result.reasons.items())]
    return "\n".join([*lines, ""])


def closing(results: Sequence[Result]) -> str:
    """The last line."""
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    return f"{passed} passed, {failed} failed, {sum(result.skipped for result in results)} skipped"


if __name__ == "__main__":
    sys.exit(main())
