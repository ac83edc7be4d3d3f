"""How long a review of a pull request takes: every stage of two commits rendered, compared and checked.

`wharf review collect` runs in a copy of this checkout under git, with so many apps besides its own in every stage that
runs apps; the head bumps the version of one. First without what earlier reviews of the base have left, then with it.
Medians; the limit is one of wall time. The base is evaluated in a process beside that of the head.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation.project import CHECKOUT

LIMIT = 15  # seconds on two cores
PARTS = ("base, beside the head", "head", "rules", "comparison")
APP = """\
image: ghcr.io/stefanprodan/podinfo
kind: web
port: 9898
user: 100
env: {PODINFO_UI_MESSAGE: hello}
resources: {cpu: 100m, memory: 64Mi}
replicas: {min: 2, max: 6}
health: {live: /healthz, ready: /readyz}
"""
DRIVER = """\
import sys, time
spent = {}

def timed(module, name, part):
    function = getattr(module, name)
    def wrapped(*args, **kwargs):
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent[part] = spent.get(part, 0) + time.perf_counter() - start
    setattr(module, name, wrapped)

from cli import main
from cli.diff import base, run
from cli.review import collect
timed(base, "evaluate", "base, beside the head")
timed(run, "head", "head")
timed(run, "compare", "comparison")
timed(collect, "judged", "rules")
try:
    main.main()
finally:
    print(spent, file=sys.stderr)
"""


@dataclass(frozen=True)
class Run:
    """One review: seconds of wall time, of CPU time over its processes, and of each part; how many resources."""

    wall: float
    cpu: float
    parts: Mapping[str, float]
    resources: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, nargs="+", default=[0, 100])
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    slowest = 0.0
    print(f"{'apps':>5} {'resources':>9} {'base':>6} {'wall':>7} {'cpu':>7}   where the wall time goes")
    with tempfile.TemporaryDirectory() as scratch:
        for apps in options.apps:
            copy = prepared(Path(scratch) / str(apps), apps)
            for base in ("fresh", "kept"):
                runs = [review(copy, keep_base=base == "kept") for _ in range(options.times)]
                wall, cpu = (statistics.median(getattr(run, name) for run in runs) for name in ("wall", "cpu"))
                parts = {part: statistics.median(run.parts.get(part, 0) for run in runs) for part in PARTS}
                shown = ", ".join(f"{part} {seconds:.1f}" for part, seconds in parts.items())
                print(f"{apps:>5} {runs[0].resources:>9} {base:>6} {wall:>5.1f} s {cpu:>5.1f} s   {shown}", flush=True)
                slowest = max(slowest, wall)
    verdict = "within" if slowest < LIMIT else "over"
    load = os.getloadavg()[0]
    print(f"\n{verdict} {LIMIT} s: {slowest:.1f} s, on {os.cpu_count()} cores with load {load:.1f}")
    return 0 if slowest < LIMIT else 1


def prepared(root: Path, apps: int) -> Path:
    """A copy whose last commit bumps one app's version in every stage."""
    listed = git(CHECKOUT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, listed):
        if (CHECKOUT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, root / name)
    shutil.rmtree(root / "apps", ignore_errors=True)
    shutil.copytree(CHECKOUT / "tests" / "project", root, dirs_exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: wharf\nruntime: python\n")
    for number in range(apps):
        (root / "apps" / f"app-{number}.yaml").write_text(APP)
    stages = [path for path in root.glob("Pulumi.*.yaml") if "wharf:apps:" in path.read_text()]
    for path in stages:
        more = "".join(f'    app-{number}: {{version: "6.9.1"}}\n' for number in range(apps))
        path.write_text(path.read_text().replace("  wharf:apps:\n", f"  wharf:apps:\n{more}"))
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    for path in stages:
        text = path.read_text()
        start = text.index("    hello:")
        path.write_text(text[:start] + text[start:].replace("6.9.1", "6.9.2", 1))
    commit(root)
    return root


def review(copy: Path, *, keep_base: bool) -> Run:
    """One run of `wharf review collect`, in a process of its own."""
    if not keep_base:
        shutil.rmtree(copy / ".wharf", ignore_errors=True)
    out = copy.with_suffix(".json")
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, "review", "collect", "--base", "HEAD~1", "--out", str(out)],
        cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(done.stderr)
    diffs = [stage["diff"] for stage in json.loads(out.read_text())["stages"] if stage["diff"]]
    changed = {change["component"] for diff in diffs for change in diff["changes"]}
    if changed != {"App hello"}:
        sys.exit(f"a review of another version of hello says that these change: {sorted(changed)}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, ast.literal_eval(done.stderr.splitlines()[-1]), sum(diff["total"] for diff in diffs))


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message", "x")


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
