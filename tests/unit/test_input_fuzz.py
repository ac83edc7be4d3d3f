"""Whatever stands in the files: either a refusal in words, or a graph that can be rendered."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from components.apps.spec import AppSpec
from evaluation import render
from evaluation.project import Project, evaluate_stage
from stacks.reading.keys import known_keys
from stacks.reading.models import LocalConfig
from stacks.reading.problems import InputRefused

KEYS = st.sampled_from(known_keys(AppSpec, ())) | st.text("abc-_.:/ ", max_size=8)
WORDS = [
    *("web", "worker", "job", "cron", "database", "broker", "mail", "/", "/tmp", "1", "1.0", "latest", "250m", "64Mi"),
    *("@daily", "* * * * *", "${host}", "$", "@", "a:b", "A_B", "é", "'", "-_", "._", "x" * 70, "\ud7ff", ""),
]
SCALARS = st.one_of(
    st.sampled_from(WORDS), st.integers(-1, 70000), st.booleans(), st.none(), st.floats(), st.text(max_size=5)
)
INNER = st.sampled_from(["min", "max", "cpu", "memory", "host", "path", "live", "ready", "actions", "A"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER | st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "image": st.sampled_from(["example/web", "localhost:5000/a", "a:1", "A", ""]),
    "kind": st.sampled_from(["web", "worker", "job", "cron", "wbe"]),
    "port": st.integers(0, 65536),
    "schedule": st.sampled_from(["@daily", "* * * * *", "*/5 1-3 1,2 * mon-fri", "61 * * * *"]),
    "user": st.integers(-1, 2**31),
    "replicas": st.fixed_dictionaries({"min": st.integers(-1, 5), "max": st.integers(0, 9)}),
    "route": st.fixed_dictionaries({"host": st.sampled_from(["a", "@", "a.b"]), "path": st.text("/a.", max_size=4)}),
    "writable": st.lists(st.text("/ab.-: ", max_size=6), max_size=3),
    "files": st.dictionaries(st.text("/ab.", max_size=6), st.sampled_from(["token", "gone"]), max_size=3),
    "labels": st.dictionaries(st.text("ab./-_ ", max_size=8), st.text("ab.-_ ", max_size=8), max_size=3),
    "env": st.dictionaries(st.text("AB_-1=", max_size=4), st.text(max_size=4), max_size=3),
    "secrets": st.dictionaries(st.text("AB_-1", max_size=4), st.sampled_from(["token", "gone"]), max_size=2),
    "needs": st.lists(st.sampled_from(["database", "broker", "mail", "cache"]), max_size=3),
    "from": st.lists(st.sampled_from(["web", "other"]), max_size=2),
    "before": st.lists(st.text("ab '\"\\$;", max_size=8), max_size=2),
    "service": st.text("abA-.", max_size=5),
}  # fmt: skip
APPS = st.fixed_dictionaries({}, optional=PLAUSIBLE) | st.dictionaries(KEYS, VALUES, max_size=8)
SECTIONS = st.sampled_from([f"wharf:{key}" for key in known_keys(LocalConfig, ())]) | st.text(
    string.ascii_lowercase + ":-", max_size=8
)
DRAWN_STAGES = st.dictionaries(SECTIONS, VALUES, max_size=6)
FULL = {"wharf:database": {}, "wharf:broker": {}, "wharf:mail": {}, "wharf:secrets": {"token": "t"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "apps").mkdir()
    (folder / "Pulumi.yaml").write_text("name: wharf\n")
    return folder


def holds(folder: Path, stage: str, app: str) -> None:
    """A refusal in whole lines that begin with a file, or a tree of files."""
    (folder / "apps" / "web.yaml").write_text(app, encoding="utf-8")
    (folder / "Pulumi.local.yaml").write_text(stage, encoding="utf-8")
    problems: list[str] = []
    try:
        assert "graph.json" in render.tree(evaluate_stage(Project(folder, "wharf"), "local"))
    except InputRefused as refused:
        problems = [str(problem) for problem in refused.problems]
    for line in problems:
        assert line.startswith(("Pulumi.local.yaml:", "apps/web.yaml:"))
        assert "\n" not in line


def stage_with(app: dict[str, Any], **more: Any) -> str:
    return yaml.safe_dump({"config": {"wharf:kind": "local", **FULL, "wharf:apps": {"web": app}, **more}})


@given(app=APPS)
@example(app={**dict.fromkeys(PLAUSIBLE), "image": "a", "kind": "cron", "schedule": "@daily"})
def test_any_app_is_refused_or_registered(folder: Path, app: dict[str, Any]):
    holds(folder, stage_with({"version": "1"}), yaml.safe_dump(app))


@given(override=APPS)
def test_any_override_is_refused_or_registered(folder: Path, override: dict[str, Any]):
    app = {"image": "example/web", "kind": "web", "port": 8000, "user": 1000}
    holds(folder, stage_with({"version": "1", **override}), yaml.safe_dump(app))


@given(stage=DRAWN_STAGES)
def test_any_stage_is_refused_or_registered(folder: Path, stage: dict[str, Any]):
    app = {"image": "example/web", "kind": "web", "port": 8000, "user": 1000}
    holds(folder, yaml.safe_dump({"config": {"wharf:kind": "local", **stage}}), yaml.safe_dump(app))


@given(text=st.text("ab:-[]{}#&*!|>'\"%@`, \n\t\x07\ufeff1.", max_size=30) | st.text(max_size=20))
def test_any_text_is_refused_or_registered(folder: Path, text: str):
    written = text.encode(errors="replace").decode()
    holds(folder, stage_with({"version": "1"}), written)
    holds(folder, written, "image: a\nkind: worker\n")
