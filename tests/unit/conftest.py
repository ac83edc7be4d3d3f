"""`wharf` as it is typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def wharf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in a checkout that is a folder of the test's own."""
    monkeypatch.setattr("evaluation.project.CHECKOUT", tmp_path)
    monkeypatch.setattr("cli.deploy.up.CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wharf", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run
