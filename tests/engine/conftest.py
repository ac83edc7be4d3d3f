from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.engine import Engine

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., Engine]:
    """Makes a stack of one of the small programs in tests/engine/programs."""
    if shutil.which("pulumi") is None:
        pytest.skip("no `pulumi` on PATH")
    return lambda program, **settings: Engine(tmp_path / "stack", PROGRAMS / program, **settings)
