"""The policy pack under the real engine says what `wharf check` says offline."""

from __future__ import annotations

import json
import runpy
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from policies import all_rules
from policies.check import judged
from tests.engine.conftest import PROGRAMS
from tests.engine.engine import ROOT

RENDERER = "renderer"  # a provider that has no cluster, and so none of what a cluster's has
PROJECT = "policed"  # none of ours, so that the pack holds it to everything
MAIN = PROGRAMS / "policed" / "__main__.py"

pytestmark = pytest.mark.skipif(
    not shutil.which("pulumi-resource-kubernetes"), reason="no `pulumi` with the plugin kubernetes on PATH"
)


def offline(folder: Path, **settings: str) -> Graph:
    config = {f"{PROJECT}:{key}": value for key, value in {"rendered": str(folder), **settings}.items()}
    return evaluate(lambda: runpy.run_path(str(MAIN)), project=PROJECT, stack="dev", config=config)


def expected(graph: Graph) -> set[tuple[str, str]]:
    report = judged(graph, [], production=True, today=date.today())
    found = {(violation.rule, violation.urn.rsplit("::", 1)[-1]) for violation in report.violations}
    return {(rule, name) for rule, name in found if name != RENDERER}


def reported(engine: Any, verb: str, *arguments: str) -> tuple[set[tuple[str, str]], str, int]:
    """What the pack refuses, all that was printed, and the exit code."""
    log = engine.folder / "events.json"
    log.unlink(missing_ok=True)
    done = engine.pulumi(
        verb, "--stack", "dev", "--policy-pack", str(ROOT / "policies"), "--event-log", str(log), *arguments,
        PULUMI_DEBUG_COMMANDS="1",
    )  # fmt: skip
    events = [json.loads(line).get("policyEvent") for line in log.read_text().splitlines()]
    refused = {
        (event["policyName"], event["resourceUrn"].rsplit("::", 1)[-1])
        for event in events
        if event and event["enforcementLevel"] == "mandatory" and not event["resourceUrn"].endswith(f"::{RENDERER}")
    }
    return refused, done.stdout + done.stderr, done.returncode


@pytest.mark.parametrize("mutate", ["false", "true"])
def test_the_engine_refuses_what_the_check_finds(engine, tmp_path, mutate):
    folder = tmp_path / "rendered"
    stack = engine("policed", project=PROJECT)
    stack.configure(rendered=str(folder), mutate=mutate)
    refused, said, code = reported(stack, "preview")
    assert refused == expected(offline(folder, mutate=mutate)), said
    assert bool(refused) is (mutate == "true")
    assert code != 0
    assert "canary" not in said


def test_what_is_not_known_is_told_as_such_and_judged_once_it_is(engine):
    stack = engine("policed", project=PROJECT)
    stack.configure(unknown="true")
    refused, said, code = reported(stack, "preview")
    assert refused == set()
    assert code == 0, said
    assert "can't run policy 'name-fits'" in said
    refused, said, code = reported(stack, "up", "--yes", "--skip-preview")
    assert refused == {("name-fits", "role")}, said
    assert code != 0


def test_every_rule_is_in_the_pack(engine, tmp_path):
    stack = engine("policed", project=PROJECT)
    stack.configure(rendered=str(tmp_path / "rendered"))
    _, said, _ = reported(stack, "preview")
    assert "wharf@v0.1.0" in said
    assert len(all_rules()) > 60
