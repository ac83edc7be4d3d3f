"""The pages for users say all that the code takes, and nothing that it does not."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
import yaml

from cli import reference
from components.apps.fields import yaml_key
from components.apps.spec import AppSpec
from stacks.reading import config, sections
from stacks.services.registry import SERVICES
from tests.fixture import PROJECT

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([A-Za-z:.-]+)` \|", re.MULTILINE)
LEAF_SECTIONS = (sections.PullSecret, sections.Exemption)  # described in the row of the key that holds them
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.glob("**/*.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
KINDS = (config.LocalConfig, config.AwsConfig, config.ClusterConfig, config.AccountConfig)


def documented(page: str) -> set[str]:
    return set(ROW.findall((ROOT / "docs" / page).read_text()))


def parts(annotation: Any) -> list[Any]:
    """A type, or what a union is made of."""
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return list(typing.get_args(annotation)) if union else [annotation]


def app_fields(of: Any = AppSpec, prefix: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(of)
    for field in dataclasses.fields(of):
        nested = [part for part in parts(hints[field.name]) if dataclasses.is_dataclass(part)]
        key = prefix + yaml_key(field.name)
        yield from app_fields(nested[0], f"{key}.") if nested else [key]


def config_keys(model: type[pydantic.BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        nested = [
            part for part in parts(field.annotation) if isinstance(part, type) and issubclass(part, sections.Section)
        ]
        key = prefix + yaml_key(name)
        yield from config_keys(nested[0], f"{key}.") if nested else [key]


def test_every_field_of_an_app_is_described():
    assert documented("apps.md") - set(SERVICES) == set(app_fields()) - {"name"}


def test_every_default_variable_is_described():
    page = (ROOT / "docs" / "apps.md").read_text()
    for need, service in SERVICES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{need}` |"))
        assert re.findall(r"`([A-Z_]+)`", row) == list(service.default_variables)


def test_every_key_of_a_stage_is_described():
    keys = {key for kind in KINDS for key in config_keys(kind, "wharf:")}
    assert documented("config.md") == keys | set(config.AWS_KEYS)


@pytest.mark.parametrize("section", LEAF_SECTIONS)
def test_the_fields_of_lists_and_maps_are_named_where_their_key_is(section: type[pydantic.BaseModel]):
    holder = {sections.PullSecret: "wharf:pull-secrets", sections.Exemption: "wharf:exemptions"}[section]
    page = (ROOT / "docs" / "config.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{holder}` |"))
    assert {yaml_key(name) for name in section.model_fields} <= set(re.findall(r"`([a-z-]+)`", row))


DEFAULTS = re.compile(r"^\| `(wharf:[a-z:.-]+)` \|.*\| `([^`|]+)` \|$", re.MULTILINE)


def default_of(path: str) -> Any:
    """What the models have for a key that nobody wrote."""
    for kind in KINDS:
        model: Any = kind
        for part in path.removeprefix("wharf:").split("."):
            field = next((f for name, f in model.model_fields.items() if yaml_key(name) == part), None)
            if field is None:
                break
            nested = [p for p in parts(field.annotation) if isinstance(p, type) and issubclass(p, sections.Section)]
            model = nested[0] if nested else field
        else:
            return model.default
    raise LookupError(path)


@pytest.mark.parametrize(("path", "written"), DEFAULTS.findall((ROOT / "docs" / "config.md").read_text()))
def test_the_default_that_is_written_is_the_one_that_holds(path: str, written: str):
    default = default_of(path)
    if default is not None:  # decided further in: the default of a component
        assert yaml.safe_load(written) == default


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_that_are_there(page: str):
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        taken_out = "examples/" in target and not (ROOT / "examples").exists()
        if "://" not in target and not taken_out:
            assert (ROOT / page).parent.joinpath(target).exists(), f"{page}: {target}"


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a stage file by their dotted keys."""
    if isinstance(value, dict):
        return {key: leaf for name, item in value.items() for key, leaf in flat(item, f"{path}.{name}").items()}
    return {path.removeprefix("."): value}


def test_what_differs_between_staging_and_prod_is_listed():
    staging, prod = (
        flat(yaml.safe_load((PROJECT.root / f"Pulumi.{stage}.yaml").read_text())["config"])
        for stage in ("staging", "prod")
    )
    differing = {key for key in staging | prod if staging.get(key) != prod.get(key)}
    page = (ROOT / "docs" / "aws.md").read_text()
    assert set(ROW.findall(page)) == differing


def test_every_test_that_a_page_names_is_there():
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*/test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", tests, flags=re.MULTILINE))
    for page in PAGES:
        text = (ROOT / page).read_text()
        assert set(re.findall(r"`(test_\w+)`", text)) - there == set(), page
        for file in re.findall(r"`(tests/[\w/]+\.py)`", text):
            assert (ROOT / file).is_file(), f"{page}: {file}"


def test_the_reference_is_made_of_the_command():
    written = (ROOT / "docs" / "reference.md").read_text()
    assert written == reference.page(), "run: .venv/bin/python -m cli.reference > docs/reference.md"


def test_no_usage_line_calls_a_stage_a_stack():
    for page in PAGES:
        assert re.findall(r"wharf [a-z ]*STACK", (ROOT / page).read_text()) == [], page
