"""Which project a verb means: that of the working directory, or the example that is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.machine.terminal import EXAMPLE, as_typed, with_paths
from evaluation import project
from stacks.errors import UserError
from tests.local_stages import project as written
from tests.unit.conftest import Command


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a project of its own and the example squad; the command runs in it."""
    written(tmp_path)
    written(tmp_path / "examples/squad", files={"Pulumi.yaml": "name: squad\n", "Pulumi.staging.yaml": ""})
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "example", "found"),
    [
        (".", None, "."),
        ("apps", None, "."),
        ("examples", None, "."),
        ("examples/squad", None, "examples/squad"),
        ("examples/squad/apps", None, "examples/squad"),
        (".", "squad", "examples/squad"),
        ("examples/squad", "squad", "examples/squad"),
    ],
)
def test_the_project_is_the_nearest_above_the_working_directory(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, folder: str, example: str | None, found: str
):
    monkeypatch.setattr(project, "CHECKOUT", checkout)
    monkeypatch.chdir(checkout / folder)
    assert project.find(example).root == checkout / found


def test_where_there_is_no_project_it_is_the_checkouts_own(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
):
    monkeypatch.setattr(project, "CHECKOUT", checkout)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    assert project.find().root == checkout
    elsewhere.rmdir()
    assert project.find().root == checkout


def test_a_checkout_with_its_own_code_is_not_run_by_the_code_of_this_one(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
):
    other = checkout / "other"
    written(other, files={"evaluation/project.py": ""})
    written(other / "examples/squad")
    monkeypatch.setattr(project, "CHECKOUT", checkout)
    for folder in (other, other / "apps", other / "examples/squad"):
        monkeypatch.chdir(folder)
        with pytest.raises(UserError, match=f"{other} is another checkout .*: use {other}/.venv/bin/wharf"):
            project.find()


def test_what_is_changed_is_named_first(wharf: Command, checkout: Path, monkeypatch: pytest.MonkeyPatch):
    assert wharf("down", "local")[2].splitlines()[0] == "project wharf (this checkout), stage local"
    first = "project squad (examples/squad), stage local"
    assert wharf("down", "local", "--example", "squad")[2].splitlines()[0] == first
    monkeypatch.chdir(checkout / "examples/squad")
    assert wharf("down", "local")[2].splitlines()[0] == first


@pytest.mark.parametrize("verb", ["status", "restart"])
def test_a_hint_names_the_example_that_was_typed(
    wharf: Command, checkout: Path, monkeypatch: pytest.MonkeyPatch, verb: str
):
    app = ["web"] if verb == "restart" else []
    hint = "local is not up: `wharf up local{}` brings it up"
    assert wharf(verb, "local", *app, "--example", "squad")[2].splitlines()[-1] == hint.format(" --example squad")
    assert wharf(verb, "local", *app)[2].splitlines()[-1] == hint.format("")
    monkeypatch.chdir(checkout / "examples/squad")
    assert wharf(verb, "local", *app)[2].splitlines()[-1] == hint.format("")


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("`wharf up local` makes it", "`wharf up local --example squad` makes it"),
        ("`wharf up`", "`wharf up --example squad`"),
        ("`wharf run local web -- COMMAND` runs it", "`wharf run local web --example squad -- COMMAND` runs it"),
        ("`wharf up local --cluster kwok`", "`wharf up local --cluster kwok --example squad`"),
        ("`pulumi login`, `wharf down a`", "`pulumi login`, `wharf down a --example squad`"),
        ("wharf is up", "wharf is up"),
    ],
)
def test_the_example_stands_before_what_is_for_another_program(written: str, typed: str):
    assert as_typed(written) == written
    token = EXAMPLE.set("squad")
    try:
        assert as_typed(written) == typed
    finally:
        EXAMPLE.reset(token)


def test_files_are_named_from_the_working_directory(wharf: Command, checkout: Path, monkeypatch: pytest.MonkeyPatch):
    (checkout / "examples/squad/apps/web.yaml").write_text("port: [")
    told = wharf("preview", "local", "--example", "squad")[2]
    assert told.startswith("examples/squad/apps/web.yaml:1:8: is not YAML")
    monkeypatch.chdir(checkout / "examples/squad/apps")
    assert wharf("preview", "local")[2].startswith("../apps/web.yaml:1:8: is not YAML")
    monkeypatch.chdir(checkout / "examples/squad")
    assert wharf("preview", "local")[2].startswith("apps/web.yaml:1:8: is not YAML")


def test_only_files_of_the_project_are_given_a_path(checkout: Path, tmp_path_factory: pytest.TempPathFactory):
    text = "apps/web.yaml: port: wrong\napps/gone.yaml: is missing\nsee apps/web.yaml: there"
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("elsewhere"))
        assert with_paths(text, checkout) == text.replace("apps/web.yaml", f"{checkout}/apps/web.yaml", 1)
