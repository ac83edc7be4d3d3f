from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.clusters.choice import Cluster, find
from cli.machine import tools
from tests.engine import charts
from tests.engine.engine import ROOT, Engine

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., Engine]:
    """Makes a stack of one of the small programs in tests/engine/programs."""
    if shutil.which("pulumi") is None:
        pytest.skip("no `pulumi` on PATH")
    return lambda program, **settings: Engine(tmp_path / "stack", PROGRAMS / program, **settings)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A kwok cluster that stands behind simulated EKS."""
    if not all(shutil.which(name) for name in ("pulumi", "pulumi-resource-kubernetes", "pulumi-resource-random")):
        pytest.skip("no `pulumi` with the plugins kubernetes and random on PATH")
    tools.ensure(ROOT, tools.TOOLS, print)
    made = find(ROOT, "test", f"aws-{os.getpid()}", "kwok", [])
    made.up(lambda _: None)
    made.kubectl("apply", "-f", "-", stdin=json.dumps(charts.BROUGHT_BY_EKS))
    yield made
    made.down(lambda _: None)
