"""A stage is read once, and what is read is what the program under the engine would read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.deploy import up
from evaluation.evaluate import evaluate
from evaluation.project import config_of, graph_of, placeholders, read_stage
from stacks.program import run
from stacks.reading import config
from tests.local_stages import project

AWS = {
    "aws:region": "eu-west-1",
    "wharf:kind": "aws",
    "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]},
    "wharf:secrets": {"token": {"secure": "v1:abc:def"}},
    "wharf:apps": {"web": {"version": "1.0", "secrets": {"TOKEN": "token"}}},
}


@pytest.mark.parametrize(("stage", "base"), [("local", None), ("dev", AWS)])
def test_the_program_that_reads_for_itself_registers_the_same(tmp_path: Path, stage: str, base: Any):
    """Under the engine there is nobody who has read the stage before: the values come from Pulumi."""
    found = project(tmp_path, stage=stage, **({"base": base} if base else {}))
    read = read_stage(found, stage)
    values, secret_keys = config_of(found, stage)
    itself = evaluate(
        run, answers=placeholders(read), project="wharf", stack=stage, config=values, secret_keys=secret_keys,
        root=found.root,
    )  # fmt: skip
    given = graph_of(read)
    assert given.by_urn() == itself.by_urn()
    assert given.outputs == itself.outputs
    assert itself.resources


def test_a_verb_opens_the_file_once_and_parses_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    opened: Counter[str] = Counter()
    parsed: list[str] = []
    read_text, parse = Path.read_text, config.parse

    def counted(path: Path, *args: Any, **kwargs: Any) -> str:
        opened[path.name] += 1
        return read_text(path, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", counted)
    monkeypatch.setattr(config, "parse", lambda *args, **kwargs: parsed.append("") or parse(*args, **kwargs))

    up.preview(project(tmp_path), "local", up.Options())

    assert "local is not up" in capsys.readouterr().out
    assert opened["Pulumi.local.yaml"] == 1
    assert opened["web.yaml"] == 1
    assert len(parsed) == 1
