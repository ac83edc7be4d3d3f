"""A team's apps and stages can be any: the tests of the product hold whatever they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation.project import CHECKOUT
from tests.repository import copied_checkout

VOTING = CHECKOUT / "tests" / "systems" / "voting"


def pytest_in(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=root, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(root)},
    )  # fmt: skip


def own_stages(root: Path) -> subprocess.CompletedProcess[str]:
    return pytest_in(root, "tests/render/test_own_stages.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copied_checkout(tmp_path / "checkout")


def make_it_voting(root: Path) -> None:
    """Takes the demo and the examples out, and puts in a system that somebody else designed."""
    for path in (root / "apps", root / "agreed", root / "examples"):
        shutil.rmtree(path, ignore_errors=True)
    for path in root.glob("Pulumi*.yaml"):
        path.unlink()
    shutil.copytree(VOTING, root, dirs_exist_ok=True)


def test_another_system_in_the_place_of_the_demo(checkout: Path):
    """The guard in tests/conftest.py holds for every other test, so that it is enough to collect them."""
    make_it_voting(checkout)
    done = own_stages(checkout)
    assert done.returncode == 0, done.stdout
    assert "2 passed, 1 skipped" in done.stdout
    everything = pytest_in(checkout, "--collect-only", "--import-mode=importlib", "--snapshot-warn-unused")
    assert everything.returncode == 0, everything.stdout[-2000:]


def test_one_more_app_and_one_more_stage(checkout: Path):
    shutil.copy(VOTING / "apps" / "redis.yaml", checkout / "apps" / "redis.yaml")
    shutil.copy(checkout / "Pulumi.local.yaml", checkout / "Pulumi.mine.yaml")
    with (checkout / "Pulumi.mine.yaml").open("a") as file:
        file.write('    redis: {version: "7", from: null}\n')
    done = own_stages(checkout)
    assert done.returncode == 0, done.stdout


BREAKING: Sequence[tuple[str, str, str]] = (
    ("apps/vote.yaml", "port: 80", "prot: 80"),  # does not render
    ("Pulumi.live.yaml", "203.0.113.0/24", "0.0.0.0/0"),  # breaks a rule
)


@pytest.mark.parametrize(("file", "old", "new"), BREAKING)
def test_what_is_wrong_with_a_teams_own_stage_is_found(checkout: Path, file: str, old: str, new: str):
    make_it_voting(checkout)
    text = (checkout / file).read_text()
    assert old in text
    (checkout / file).write_text(text.replace(old, new))
    assert own_stages(checkout).returncode == 1


def test_what_was_agreed_has_to_be_agreed_anew(checkout: Path):
    make_it_voting(checkout)
    wharf = [sys.executable, "-c", "from cli.main import main; main()"]
    environ = {**os.environ, "PYTHONPATH": str(checkout)}

    def agree() -> str:
        return subprocess.run(
            [*wharf, "agree", "live"], cwd=checkout, env=environ, check=True, capture_output=True, text=True
        ).stdout

    assert "agreed/live.txt: " in agree()
    assert "3 passed" in own_stages(checkout).stdout
    file = checkout / "apps" / "worker.yaml"
    file.write_text(file.read_text().replace("needs: [database]\n", ""))
    done = own_stages(checkout)
    assert done.returncode == 1
    assert "if that is meant: wharf agree live" in done.stdout
    assert "- urn:pulumi:live::voting::wharf:apps:App$kubernetes:core/v1:Secret::worker-settings" in done.stdout
    assert "0 came, 5 went: commit it" in agree()
    assert "3 passed" in own_stages(checkout).stdout
    (checkout / "Pulumi.live.yaml").unlink()
    assert "there is no Pulumi.live.yaml: remove agreed/live.txt" in own_stages(checkout).stdout
