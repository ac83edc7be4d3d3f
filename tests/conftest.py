"""What every tier shares: profiles of hypothesis, and a guard of the files that are the team's."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from evaluation.project import CHECKOUT

# The same examples every time: a checkout that passed passes again. A deadline would fail on a busy machine.
settings.register_profile(
    "wharf",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=False,
)
# Many, and others every time, to look for what is not known yet: `pytest tests/unit --hypothesis-profile=thorough`.
settings.register_profile(
    "thorough", settings.get_profile("wharf"), derandomize=False, max_examples=500, print_blob=True
)
settings.load_profile("wharf")

# A team replaces apps and stages by its own on the first day. What the product's tests expect must not depend on them.
TEAMS = re.compile(rf"{re.escape(str(CHECKOUT))}/(apps/.*|Pulumi\.[^/]+\.yaml|agreed/.*)")
READERS_OF_THE_TEAMS = ("test_own_stages.py", "test_ours_and_theirs.py", "test_new_project.py")
_opened: set[str] = set()


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str):
        path = os.path.abspath(arguments[0])
        if TEAMS.fullmatch(path):
            _opened.add(path)


sys.addaudithook(_note)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    _opened.clear()
    report = yield
    if _opened and collector.path.name not in READERS_OF_THE_TEAMS:
        report.outcome, report.longrepr = "failed", _told()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _opened.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    yield
    if _opened and item.path.name not in READERS_OF_THE_TEAMS:
        pytest.fail(_told(), pytrace=False)


def _told() -> str:
    return f"a test of the product reads files of the team, {', '.join(sorted(_opened))}: use tests.fixture.PROJECT"
