"""`make test`: lint, types and every tier of tests that can run here, fastest first; then a table of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from cli.clusters.kwok import KwokCluster
from cli.machine import probes, tools
from stacks.errors import UserError
from tests.pods import real_stage

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS = 5  # pytest's exit code where there is nothing to run
# A process for each core, and each file in one of them, so that a module's fixtures are made once.
ON_EVERY_CORE = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
PARALLEL = {
    **dict.fromkeys(("unit", "contracts", "render", "facts"), ON_EVERY_CORE),
    **dict.fromkeys(("cluster", "engine"), (*ON_EVERY_CORE, "--maxprocesses=4")),  # a cluster needs memory
    "pods": (),  # its files share one stage
}


@dataclass(frozen=True)
class Result:
    """What came of a check or a tier; ``reasons`` are why something was skipped, or why the whole failed."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Sequence[str] = ()
    seconds: float = 0.0


def main() -> int:
    """Runs everything, and returns 0 only where nothing failed."""
    runs: Sequence[tuple[str, Callable[[], Result]]] = (
        ("lint", lambda: check("lint", ["ruff", "check"], ["ruff", "format", "--check"])),
        ("types", lambda: check("types", ["pyright"])),
        ("imports", lambda: check("imports", ["lint-imports"])),
        *((tier, lambda tier=tier: run_tier(tier)) for tier in PARALLEL),
    )
    results = []
    for name, run in runs:
        say(f"── {name} " + "─" * (70 - len(name)))
        started = time.monotonic()
        found = run()
        results.append(Result(**{**vars(found), "seconds": time.monotonic() - started}))
    report(results)
    return int(any(result.failed for result in results))


def say(text: str) -> None:
    print(text, flush=True)


def check(name: str, *commands: Sequence[str]) -> Result:
    """Commands that are all to succeed, as one check."""
    codes = [run_command([str(Path(sys.executable).with_name(tool)), *arguments]) for tool, *arguments in commands]
    return Result(name, failed=1) if any(codes) else Result(name, passed=1)


def run_command(command: Sequence[str]) -> int:
    """Its output goes where ours does; nobody is there to answer a question."""
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def run_tier(tier: str) -> Result:
    """A tier by a pytest of its own, unless something that it needs is missing."""
    reason = next(missing(tier), None)
    if reason:
        say(f"skipped: {reason}")
        return Result(tier, skipped=1, reasons=[reason])
    if tier == "cluster":
        try:
            tools.ensure(ROOT, KwokCluster.binaries, say)
        except UserError as error:
            say(str(error))
            return Result(tier, failed=1, reasons=[str(error).splitlines()[0]])
    with tempfile.TemporaryDirectory() as scratch:
        written = Path(scratch) / "results.xml"
        pytest = [sys.executable, "-m", "pytest", f"tests/{tier}", "-q", *PARALLEL[tier]]
        code = run_command([*pytest, f"--junitxml={written}"])
        if code == NO_TESTS:
            return Result(tier, skipped=1, reasons=["it has no tests"])
        if not written.is_file():
            return Result(tier, failed=1, reasons=[f"pytest ended with {code} before it had run"])
        return read_results(tier, ElementTree.parse(written).getroot())


def missing(tier: str) -> Iterator[str]:
    """What a tier needs and is not here, in one line each."""
    if tier == "engine" and shutil.which("pulumi") is None:
        yield "no `pulumi` on PATH: curl -fsSL https://get.pulumi.com | sh"
    if tier == "pods" and (reason := real_stage.missing()):
        yield reason
    if tier in ("cluster", "engine") and not can_build():
        yield f"neither Go {tools.MINIMUM_GO[0]}.{tools.MINIMUM_GO[1]} nor Docker to build the tools with: https://go.dev/dl"


def can_build() -> bool:
    if all(tools.path(ROOT, name).exists() for name in KwokCluster.binaries):
        return True
    go = probes.go_version()
    return (go is not None and go >= tools.MINIMUM_GO) or probes.docker().state == "answers"


def read_results(tier: str, root: ElementTree.Element) -> Result:
    """The counts of a JUnit report, and the reasons of what was skipped."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for case in root.iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes["failed"] += 1
        elif skipped is not None:
            outcomes["skipped"] += 1
            reasons[(skipped.get("message") or "").splitlines()[0]] += 1
        else:
            outcomes["passed"] += 1
    told = [f"{count}: {reason}" for reason, count in reasons.items()]
    return Result(tier, outcomes["passed"], outcomes["failed"], outcomes["skipped"], told)


def report(results: Sequence[Result]) -> None:
    """The table, and under it the sums."""
    say(f"\n{'tier':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}  why")
    for result in results:
        first, *others = [*result.reasons] or [""]
        counts = f"{result.passed:>8}{result.failed:>8}{result.skipped:>9}{result.seconds:>9.0f}"
        say(f"{result.name:<12}{counts}  {first}".rstrip())
        for other in others:
            say(f"{'':<48}{other}")
    sums = (sum(getattr(result, key) for result in results) for key in ("passed", "failed", "skipped"))
    say("\n{} passed, {} failed, {} skipped".format(*sums))


if __name__ == "__main__":
    os.environ["PYTHONUNBUFFERED"] = "1"
    raise SystemExit(main())
