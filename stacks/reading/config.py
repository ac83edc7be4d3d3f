"""The one reader of configuration: from what Pulumi passes to a typed stage, or every problem at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pydantic
from pulumi.runtime import config as pulumi_config

from components.apps.spec import AppSpec
from stacks.reading import catalogue, checks, checks_aws, sections, stage_file
from stacks.reading.models import AccountConfig, AwsConfig, ClusterConfig, Config, Environment, LocalConfig, Stage
from stacks.reading.problems import InputRefused, explain

RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease")
AWS_KEYS = ("aws:region", "aws:profile", "aws:allowedAccountIds")
IMAGE_OVERRIDE = "WHARF_IMAGE_"


def load() -> Stage:
    """The stage that is being run.

    Raises:
        InputRefused: every problem of the stage file and of the app files it uses.
    """
    stack, root = pulumi.get_stack(), Path(pulumi.get_root_directory())
    return parse(_values(), stack=stack, project=pulumi.get_project(), root=root, environ=os.environ)


def _values() -> dict[str, str]:
    return {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}


def parse(
    values: Mapping[str, str], *, stack: str, project: str, root: Path, environ: Mapping[str, str] | None = None
) -> Stage:
    """The stage that these values describe; see `load`. ``values`` are full keys to strings, JSON where structured."""
    file = f"Pulumi.{stack}.yaml"
    written = stage_file.read_stage(root / file, file) if (root / file).is_file() else {}
    project_file = root / "Pulumi.yaml"
    settings = stage_file.read_yaml(project_file, project_file.name) if project_file.is_file() else {}
    problems = stage_file.file_problems(settings, written, stack)
    problems += _name_problems(stack) + _namespace_problems(values, file)
    if "wharf:kind" not in values:
        raise InputRefused([*problems, f"{file}: wharf:kind: is missing: write local, aws, cluster or account"])
    mine = {k.removeprefix("wharf:"): _decoded(v) for k, v in values.items() if k.startswith("wharf:")}
    config, found = _config(mine, file)
    problems += found
    apps, found = _apps(mine, root, file)
    problems += found
    if config is None:
        raise InputRefused(problems)
    if isinstance(config, Environment):
        images = {k: v for k, v in (environ or {}).items() if k.startswith(IMAGE_OVERRIDE)}
        apps, found = catalogue.with_images(apps, images, local=config.kind == "local")
        problems += found
        problems += checks.environment(config, apps, file)
        problems += checks.local(config, file) if isinstance(config, LocalConfig) else checks.encrypted(written, file)
    aws = {key.removeprefix("aws:"): _decoded(value) for key, value in values.items() if key.startswith("aws:")}
    if config.kind != "local":
        problems += checks_aws.problems(config, aws, root, file)
        if isinstance(config, AwsConfig):
            problems += checks_aws.routes(config, apps, file)
    if problems:
        raise InputRefused(problems)
    return Stage(name=stack, project=project, root=root, config=config, apps=apps, aws=aws)


def _config(mine: Mapping[str, Any], file: str) -> tuple[Config | None, list[str]]:
    kinds = {"local": LocalConfig, "aws": AwsConfig, "cluster": ClusterConfig, "account": AccountConfig}
    model = kinds.get(str(mine["kind"]))
    if model is None:
        return None, [f"{file}: wharf:kind: {mine['kind']!r} is not a kind of stage: there are {', '.join(kinds)}"]
    try:
        return model.model_validate_json(json.dumps(mine), strict=True, by_alias=True, by_name=False), []
    except pydantic.ValidationError as error:
        return None, [f"{file}: wharf:{path}: {text}" for path, text in explain(error, model)]


def _apps(mine: Mapping[str, Any], root: Path, file: str) -> tuple[Mapping[str, AppSpec], list[str]]:
    """The apps, also where the rest of the stage is wrong, so that what is wrong with both is told at once."""
    overrides, folder = mine.get("apps"), mine.get("apps-dir", "apps")
    if not isinstance(overrides, dict) or not isinstance(folder, str):
        return {}, []
    legible = {name: override for name, override in overrides.items() if isinstance(override, dict)}
    return catalogue.load(root, folder, legible, file)


def _decoded(value: str) -> Any:
    """Objects, lists, numbers and booleans arrive as JSON; a text that only looks like a number stays one."""
    if value[:1] in ("{", "[") or value in ("true", "false"):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _name_problems(stack: str) -> list[str]:
    if not sections.STAGE_NAME.fullmatch(stack) or stack in RESERVED or stack.startswith("kube-"):
        return [
            f"Pulumi.{stack}.yaml: stage name {stack!r}: it is a namespace and a part of names on AWS, so lowercase "
            f"letters, digits and dashes, at most 20, and none of {', '.join(RESERVED)}"
        ]
    return []


def _namespace_problems(values: Mapping[str, str], file: str) -> list[str]:
    problems = []
    for key in sorted(values):
        if key.startswith(("wharf:", "pulumi:")) or key in AWS_KEYS:
            continue
        known = "wharf:…, " + ", ".join(AWS_KEYS)
        problems.append(f"{file}: {key}: is not a known key: there are {known}")
    return problems
