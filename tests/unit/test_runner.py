"""`make test` itself: what it counts, what it leaves out and why."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli.machine import probes, tools
from cli.machine.probes import Docker
from tests import __main__ as runner
from tests.pods import real_stage

JUNIT = """
<testsuites><testsuite tests="5">
  <testcase name="good"/>
  <testcase name="bad"><failure message="no">trace</failure></testcase>
  <testcase name="broken"><error message="no">trace</error></testcase>
  <testcase name="out"><skipped message="no `pulumi` on PATH&#10;at line 3"/></testcase>
  <testcase name="out too"><skipped message="no `pulumi` on PATH"/></testcase>
</testsuite></testsuites>
"""


def test_a_report_is_counted_and_reasons_are_gathered():
    found = runner.read_results("unit", ElementTree.fromstring(JUNIT))
    assert (found.passed, found.failed, found.skipped) == (1, 2, 2)
    assert found.reasons == ["2: no `pulumi` on PATH"]


def test_the_table_ends_in_the_sums(capsys: pytest.CaptureFixture[str]):
    runner.report(
        [
            runner.Result("lint", passed=1),
            runner.Result("unit", passed=40, failed=2, skipped=1, reasons=["1: a", "1: b"], seconds=12.3),
            runner.Result("engine", skipped=1, reasons=["no `pulumi` on PATH"]),
        ]
    )
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[2].split() == ["unit", "40", "2", "1", "12", "1:", "a"]
    assert lines[3].strip() == "1: b"
    assert lines[4].endswith("no `pulumi` on PATH")
    assert lines[-1] == "41 passed, 2 failed, 2 skipped"


@pytest.mark.parametrize(
    ("present", "go", "docker", "left_out"),
    [
        (("pulumi",), (1, 26, 8), "absent", ["pods"]),
        ((), (1, 26, 8), "absent", ["engine", "pods"]),
        (("pulumi",), None, "absent", ["cluster", "engine", "pods"]),
        (("pulumi",), (1, 20, 0), "refuses", ["cluster", "engine", "pods"]),
        (("pulumi",), None, "answers", []),
    ],
)
def test_a_tier_is_left_out_for_what_is_missing(monkeypatch, tmp_path: Path, present, go, docker, left_out):
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.delenv(real_stage.CONTEXT, raising=False)
    monkeypatch.setattr(probes, "go_version", lambda: go)
    monkeypatch.setattr(probes, "docker", lambda: Docker(docker))
    monkeypatch.setattr(runner.shutil, "which", lambda name: name if name in present else None)
    tiers = tuple(runner.PARALLEL)
    assert [tier for tier in tiers if next(runner.missing(tier), None)] == left_out
    monkeypatch.setenv(real_stage.CONTEXT, "mine")
    assert next(runner.missing("pods"), None) is None


def test_tools_that_are_built_need_nothing_to_build_with(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(probes, "go_version", lambda: None)
    monkeypatch.setattr(probes, "docker", lambda: Docker("absent"))
    tools.folder(tmp_path).mkdir(parents=True)
    for name in tools.TOOLS:
        tools.path(tmp_path, name).touch()
    assert runner.can_build()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch):
    """A pytest with one worker, and no plugin but the one that starts it."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p xdist.plugin")
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "1")


@pytest.mark.usefixtures("small")
def test_the_tests_of_a_tier_are_counted_as_they_ran(monkeypatch, tmp_path: Path):
    folder = tmp_path / "tests" / "unit"
    folder.mkdir(parents=True)
    bodies = ("pass", "assert False", "raise SystemExit(3)", "__import__('pytest').skip('why')")
    tests = [f"def test_{number}():\n    {body}\n" for number, body in enumerate(bodies)]
    (folder / "test_them.py").write_text("".join(tests))
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    found = runner.run_tier("unit")
    assert (found.passed, found.failed, found.skipped, found.reasons) == (1, 2, 1, ["1: why"])


@pytest.mark.usefixtures("small")
def test_a_tier_that_cannot_even_begin_has_failed(monkeypatch, tmp_path: Path):
    folder = tmp_path / "tests" / "unit"
    folder.mkdir(parents=True)
    (folder / "conftest.py").write_text("raise RuntimeError\n")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    assert runner.run_tier("unit").failed == 1


@pytest.mark.usefixtures("small")
def test_a_tier_without_tests_says_so(monkeypatch, tmp_path: Path):
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    assert runner.run_tier("unit").reasons == ["it has no tests"]


def test_a_check_passes_only_where_all_of_its_commands_do(monkeypatch):
    monkeypatch.setattr(runner, "run_command", lambda command: int("bad" in command[-1]))
    assert runner.check("lint", ["ruff", "good"], ["ruff", "good"]).passed == 1
    assert runner.check("lint", ["ruff", "bad"], ["ruff", "good"]).failed == 1


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (1, 1)])
def test_it_ends_with_0_only_where_nothing_failed(monkeypatch, failed: int, code: int):
    monkeypatch.setattr(runner, "check", lambda name, *_: runner.Result(name, passed=1))
    monkeypatch.setattr(runner, "run_tier", lambda tier: runner.Result(tier, failed=failed))
    assert runner.main() == code


def test_tools_of_the_checks_are_those_of_the_environment_that_runs_them(monkeypatch):
    commands: list[str] = []
    monkeypatch.setattr(runner, "run_command", lambda command: commands.append(command[0]) or 0)
    runner.check("types", ["pyright"])
    assert commands == [str(Path(sys.executable).with_name("pyright"))]
