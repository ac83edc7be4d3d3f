"""The local stages of the fixture project and of the examples, as `make up` and `make down` run them, on kwok."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cli.deploy import up
from cli.live import status_table
from evaluation import project
from evaluation.project import Project, read_stage
from tests.fixture import PROJECT
from tests.kwok import processes

PROJECTS = (PROJECT, *map(project.find, project.examples()))
OPTIONS = up.Options(engine="direct", cluster="kwok", timeout=180, yes=True)


@pytest.mark.parametrize("found", PROJECTS, ids=lambda found: found.name)
def test_every_example_comes_up_locally(found: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a copy under another name, so that one that somebody runs from this checkout is left alone."""
    for path in (found.root / "apps", *found.root.glob("Pulumi*.yaml")):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, tmp_path / path.name)
    copied = Project(tmp_path, f"{found.name}-{os.getpid()}")
    stage = read_stage(copied, "local")
    cluster = up.local_cluster(copied, stage, "kwok")
    try:
        up.up(copied, "local", OPTIONS)
        status_table.show(copied, "local")
        rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
        for name, app in stage.apps.items():
            assert ("ready" in rows[name]) == app.runs_always
        up.up(copied, "local", OPTIONS)
        assert "local is up: nothing changed (" in capsys.readouterr().err
    finally:
        up.down(copied, "local", OPTIONS)
    assert processes(cluster) == []
    assert not cluster.state.exists()
    assert not copied.state.exists()
