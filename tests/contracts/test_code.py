"""What the code itself keeps to, beyond what the linters hold."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
LONGEST = 300  # lines of a file


def python_files() -> list[Path]:
    """Those of the project's folders, wherever it was copied to."""
    folders = ("bench", "cli", "components", "evaluation", "policies", "stacks", "tests")
    return sorted([*CHECKOUT.glob("*.py"), *(path for folder in folders for path in (CHECKOUT / folder).rglob("*.py"))])


SOURCES = [path for path in python_files() if not path.is_relative_to(CHECKOUT / "tests")]
COMPONENTS = [path for path in SOURCES if path.is_relative_to(CHECKOUT / "components")]


def shown(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_the_sources_are_found():
    assert {"__main__.py", "cli/main.py", "components/apps/spec.py"} <= {shown(path) for path in SOURCES}


@pytest.mark.parametrize("path", SOURCES, ids=shown)
def test_a_file_is_short_enough_to_be_read_at_once(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", COMPONENTS, ids=shown)
def test_arguments_are_refused_by_values_and_not_by_sentences(path: Path):
    raised = [
        ast.unparse(raising.exc.func)
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and function.name == "__post_init__"
        for raising in ast.walk(function)
        if isinstance(raising, ast.Raise) and isinstance(raising.exc, ast.Call)
    ]
    assert set(raised) <= {"RefusedError"}
