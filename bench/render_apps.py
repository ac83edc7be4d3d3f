"""How long `wharf render` takes, and what it needs, beside what does a part of the same.

`bare` registers the same resources in a loop, without components, under the SDK's own mocks, reads no files and writes
none. `kustomize` is `kubectl kustomize` over the objects that were rendered. Medians of wall time, CPU time and peak
memory; the ratio is of CPU time, which another process on the machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from evaluation.graph import reveal
from evaluation.project import CHECKOUT, Project, evaluate_stage

LIMIT = 1.25  # times the bare program's
PATIENCE = 60  # seconds for kustomize, whose time grows faster than the apps
APP = """\
image: ghcr.io/stefanprodan/podinfo
kind: web
port: 9898
user: 100
env: {PODINFO_UI_MESSAGE: hello}
secrets: {API_TOKEN: token}
resources: {cpu: 100m, memory: 64Mi}
replicas: {min: 2, max: 6}
health: {live: /healthz, ready: /readyz}
route: {host: NAME}
"""
RENDER = """\
import pathlib, sys
import evaluation.project
evaluation.project.CHECKOUT = pathlib.Path(sys.argv.pop(1))
from cli.main import main
main()
"""
BARE = """\
import asyncio, json, pathlib, sys
import pulumi, pulumi.runtime.stack, pulumi_kubernetes as k8s, pulumi_random

count, shapes, out = int(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text()), pathlib.Path(sys.argv[3])
registered = []
once, each = [s for s in shapes if not s["each"]], [s for s in shapes if s["each"]]

def class_of(type_):
    package, module, name = type_.split(":")
    if package == "random":
        return getattr(pulumi_random, name)
    group, version = module.split("/")
    return getattr(getattr(getattr(k8s, group.split(".")[0]), version), name)

classes = {shape["type"]: class_of(shape["type"]) for shape in shapes}

def register(shape, provider, name):
    inputs = json.loads(json.dumps(shape["inputs"]).replace("app-0000", name))
    if "data" in inputs:
        inputs["data"] = {key: pulumi.Output.secret(value) for key, value in inputs["data"].items()}
    provider = provider if shape["type"].startswith("kubernetes") else None
    opts = pulumi.ResourceOptions(provider=provider)
    return classes[shape["type"]](shape["name"].replace("app-0000", name), opts=opts, **inputs)

def program():
    provider = k8s.Provider("kubernetes", kubeconfig="{}")
    for shape in once:
        register(shape, provider, "")
    for number in range(count):
        for shape in each:
            register(shape, provider, f"app-{number:04}")

class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        registered.append(f"{args.typ}::{args.name}")
        return f"{args.name}-id", {**args.inputs, **({"result": "x"} if args.typ.startswith("random:") else {})}

    def call(self, args):
        return {}

async def main():
    pulumi.runtime.set_mocks(Mocks(), project="bench", stack="local")
    await pulumi.runtime.stack.run_pulumi_func(program)

asyncio.run(main())
out.write_text(json.dumps(registered))
"""
SNAKE = {"automountServiceAccountToken": "automount_service_account_token"}


@dataclass(frozen=True)
class Cost:
    """Of one run: seconds of wall time and of CPU time, and the MiB of memory that were resident at most."""

    wall: float
    cpu: float
    mebibytes: float

    def __str__(self) -> str:
        return f"{self.wall:6.2f} s {self.cpu:6.2f} s {self.mebibytes:4.0f} MiB"


@dataclass(frozen=True)
class Row:
    """What a number of apps costs, each way."""

    apps: int
    render: Cost
    bare: Cost
    kustomize: Cost | str

    @property
    def ratio(self) -> float:
        return self.render.cpu / self.bare.cpu

    def __str__(self) -> str:
        return f"{self.apps:>5}  {self.render}  {self.bare}  {self.ratio:5.2f}  {self.kustomize}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    columns = ("wharf render: wall, cpu, memory", "bare: wall, cpu, memory", "ratio", "kustomize: wall, cpu, memory")
    print(f"{'apps':>5}  {columns[0]:<26}  {columns[1]:<26}  {columns[2]}  {columns[3]}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for count in options.apps:
            rows.append(compare(Path(folder), count, options.times))
            print(rows[-1], flush=True)
    wharf, python = measure_help(options.times)
    print(f"\nwharf --help: {wharf.wall:.2f} s, python -c pass: {python.wall:.2f} s")
    slow = [row for row in rows if row.ratio > LIMIT]
    for row in slow:
        print(f"{row.apps} apps: {row.ratio:.2f} is more than {LIMIT} times the bare program", file=sys.stderr)
    return 1 if slow else 0


def compare(folder: Path, count: int, times: int) -> Row:
    """The three ways in turns, so that what else the machine does falls on all of them."""
    project = make_project(folder / f"project-{count}", count)
    out, registered = folder / f"out-{count}", folder / f"registered-{count}"
    shapes, bare = folder / "shapes.json", folder / "bare.py"
    shapes.write_text(json.dumps(shapes_of(make_project(folder / "shape", 1))))
    bare.write_text(BARE)
    costs: list[tuple[Cost, Cost]] = []
    customs: list[Cost] = []
    said = "no kubectl" if find_kubectl() is None else f"over {PATIENCE} s"
    for turn in range(times):
        rendered = run([sys.executable, "-c", RENDER, str(project), "render", "local", "--out", str(out)])
        costs.append((rendered, run([sys.executable, str(bare), str(count), str(shapes), str(registered)])))
        if len(customs) == turn and (custom := kustomize(out)):
            customs.append(custom)
    check_same(out, registered)
    renders, bares = zip(*costs, strict=True)
    return Row(count, median(renders), median(bares), median(customs) if len(customs) == times else said)


def make_project(root: Path, count: int) -> Path:
    """A project with a local stage of ``count`` apps."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "apps").mkdir(parents=True)
    names = [f"app-{number:04}" for number in range(count)]
    for name in names:
        (root / "apps" / f"{name}.yaml").write_text(APP.replace("NAME", name))
    apps = "".join(f'    {name}: {{version: "6.9.1"}}\n' for name in names)
    settings = f"  wharf:kind: local\n  wharf:secrets: {{token: local-only}}\n  wharf:apps:\n{apps}"
    (root / "Pulumi.local.yaml").write_text(f"config:\n{settings}")
    (root / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
    return root


def shapes_of(project: Path) -> list[dict]:
    """What one app registers, without its components: type, name, inputs."""
    graph = evaluate_stage(Project(project, "bench"), "local")
    return [
        {"type": r.type, "name": r.name, "inputs": arguments(reveal(dict(r.inputs))), "each": "app-0000" in r.name}
        for r in graph
        if r.custom and not r.type.startswith("pulumi:")
    ]


def arguments(inputs: dict) -> dict:
    """Inputs as keyword arguments of the SDK's class."""
    return {SNAKE.get(key, key): value for key, value in inputs.items() if key not in ("apiVersion", "kind")}


def check_same(out: Path, registered: Path) -> None:
    """The bare program is only worth comparing with if it registers the same."""
    graph = json.loads((out / "graph.json").read_text())["resources"]
    rendered = {f"{r['type']}::{r['name']}" for r in graph if not r["type"].startswith(("wharf:", "pulumi:"))}
    plain = set(json.loads(registered.read_text()))
    if different := {name for name in rendered ^ plain if not name.startswith("pulumi:")}:
        raise SystemExit(f"the bare program registers other resources: {sorted(different)[:5]}")


def kustomize(out: Path) -> Cost | None:
    """`kubectl kustomize` over the rendered objects; None where there is no kubectl, or no end to it."""
    kubectl, folder = find_kubectl(), out / "kubernetes"
    resources = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.yaml"))
    (folder / "kustomization.yaml").write_text("resources:\n" + "".join(f"- {path}\n" for path in resources))
    try:
        return run([kubectl, "kustomize", str(folder)], PATIENCE) if kubectl else None
    except TimeoutError:
        return None


def find_kubectl() -> str | None:
    built = CHECKOUT / ".wharf" / "bin" / "kubectl"
    return str(built) if built.is_file() else shutil.which("kubectl")


def measure_help(times: int) -> tuple[Cost, Cost]:
    """`wharf --help`, and an interpreter that does nothing."""
    wharf = [str(CHECKOUT / ".venv" / "bin" / "wharf"), "--help"]
    runs = [(run(wharf), run([sys.executable, "-c", "pass"])) for _ in range(times)]
    return median([first for first, _ in runs]), median([second for _, second in runs])


def run(command: list[str], patience: float = 3600) -> Cost:
    """One run of a command, whose output is thrown away unless it fails.

    Raises:
        TimeoutError: it took more seconds than ``patience``.
    """
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        killer = threading.Timer(patience, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        elapsed = time.perf_counter() - started
        if elapsed > patience:
            raise TimeoutError
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            raise SystemExit(f"{' '.join(command[:2])} … failed: {said.read().decode()[-2000:]}")
    return Cost(elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(costs: Sequence[Cost]) -> Cost:
    """Each figure by itself."""
    figures = [[getattr(cost, field.name) for cost in costs] for field in fields(Cost)]
    return Cost(*(statistics.median(values) for values in figures))


if __name__ == "__main__":
    sys.exit(main())
