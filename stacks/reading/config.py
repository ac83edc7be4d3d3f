"""Reads the configuration that Pulumi passes: the result is a typed stage, or all problems at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pydantic
from pulumi.runtime import config as pulumi_config

from components.apps.spec import AppSpec
from components.shared.refusal import Refusal
from stacks.reading import accounts, catalogue, checks, checks_aws, sections, stage_file
from stacks.reading.models import AccountConfig, AwsConfig, ClusterConfig, Config, Environment, LocalConfig, Stage
from stacks.reading.problems import InputRefused, Problem, explain, located

RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease")
AWS_KEYS = ("aws:region", "aws:profile", "aws:allowedAccountIds")
IMAGE_OVERRIDE = "WHARF_IMAGE_"


def load() -> Stage:
    """The stage that is being run.

    Raises:
        InputRefused: the stage file or its app files are wrong. The error lists every problem.
    """
    stack, root = pulumi.get_stack(), Path(pulumi.get_root_directory())
    return parse(_values(), stack=stack, project=pulumi.get_project(), root=root, environ=os.environ)


def _values() -> dict[str, str]:
    return {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}


def parse(
    values: Mapping[str, str],
    *,
    stack: str,
    project: str,
    root: Path,
    environ: Mapping[str, str] | None = None,
    written: Mapping[str, Any] | None = None,
) -> Stage:
    """The stage that these values describe; see `load`.

    Args:
        values: strings by full key. Lists and maps are JSON.
        environ: environment variables, which may replace images.
        written: the content of the stage file, if it has been read already.
    """
    file = f"Pulumi.{stack}.yaml"
    if written is None:
        written = stage_file.read_stage(root / file, file) if (root / file).is_file() else {}
    project_file = root / "Pulumi.yaml"
    settings = stage_file.read_yaml(project_file, project_file.name) if project_file.is_file() else {}
    problems = stage_file.file_problems(settings, written, file)
    problems += located(file, [*_name_refusals(stack), *_namespace_refusals(values)])
    if "wharf:kind" not in values:
        missing = Refusal("wharf:kind", "is missing: write local, aws, cluster or account")
        raise InputRefused([*problems, Problem(file, missing)])
    wharf = {k.removeprefix("wharf:"): _decoded(v) for k, v in values.items() if k.startswith("wharf:")}
    aws = {key.removeprefix("aws:"): _decoded(value) for key, value in values.items() if key.startswith("aws:")}
    config, refusals = _config(wharf)
    problems += located(file, refusals)
    apps, app_problems = _apps(wharf, root, file)
    problems += app_problems
    if config is None:
        raise InputRefused(problems)
    if isinstance(config, Environment):
        images = {k: v for k, v in (environ or {}).items() if k.startswith(IMAGE_OVERRIDE)}
        apps, app_problems = catalogue.with_images(apps, images, local=config.kind == "local")
        problems += app_problems
    problems += located(file, _checks(config, apps, written, aws, root, stack))
    if problems:
        raise InputRefused(problems)
    bounded = config.kind in ("aws", "cluster") and accounts.account_of(root, stack) is not None
    return Stage(name=stack, project=project, root=root, config=config, apps=apps, aws=aws, is_bounded=bounded)


def _checks(
    config: Config,
    apps: Mapping[str, AppSpec],
    written: Mapping[str, Any],
    aws: Mapping[str, Any],
    root: Path,
    stack: str,
) -> Iterator[Refusal]:
    """The checks for this kind of stage, across keys and files."""
    if isinstance(config, Environment):
        yield from checks.environment(config, apps)
    if isinstance(config, LocalConfig):
        yield from checks.local(config)
        return
    if isinstance(config, AwsConfig):
        yield from checks.encrypted(written)
        yield from checks_aws.routes(config, apps)
        yield from checks_aws.permissions(apps, root, stack)
    yield from checks_aws.stage(config, aws, root, stack)


def _config(wharf: Mapping[str, Any]) -> tuple[Config | None, list[Refusal]]:
    kinds = {"local": LocalConfig, "aws": AwsConfig, "cluster": ClusterConfig, "account": AccountConfig}
    model = kinds.get(str(wharf["kind"]))
    if model is None:
        text = f"{wharf['kind']!r} is not a kind of stage: the kinds are {', '.join(kinds)}"
        return None, [Refusal("wharf:kind", text)]
    try:
        config = model.model_validate_json(json.dumps(wharf), strict=True, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        return None, [Refusal(f"wharf:{refusal.key}", refusal.text) for refusal in explain(error, model)]
    empty = [key for key, value in wharf.items() if value == "null"]  # Pulumi's text for a key without a value
    return config, [Refusal(f"wharf:{key}", "is empty, not text: write a value, or remove it") for key in empty]


def named_apps(values: Mapping[str, str]) -> tuple[str, list[str]]:
    """The folder of a stage's app files, and the apps that the stage names. ``values`` are as in `parse`."""
    folder, overrides = _decoded(values.get("wharf:apps-dir", "apps")), _decoded(values.get("wharf:apps", "{}"))
    return folder if isinstance(folder, str) else "apps", list(overrides) if isinstance(overrides, dict) else []


def _apps(wharf: Mapping[str, Any], root: Path, file: str) -> tuple[Mapping[str, AppSpec], list[Problem]]:
    """The apps. They are read even if the rest of the stage is wrong, so that all problems are reported at once."""
    overrides, folder = wharf.get("apps"), wharf.get("apps-dir", "apps")
    if not isinstance(overrides, dict) or not isinstance(folder, str):
        return {}, []
    legible = {name: override for name, override in overrides.items() if isinstance(override, dict)}
    return catalogue.load(root, folder, legible, file)


def _decoded(value: str) -> Any:
    """Decodes objects, lists and booleans from JSON. Text that looks like a number stays text."""
    if value[:1] in ("{", "[") or value in ("true", "false"):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value


def _name_refusals(stack: str) -> Iterator[Refusal]:
    if not sections.STAGE_NAME.fullmatch(stack) or stack in RESERVED or stack.startswith("kube-"):
        yield Refusal(
            f"stage name {stack!r}",
            "it becomes a namespace and a part of names on AWS: write lower-case letters, digits and dashes, at most "
            f"20, and not {', '.join(RESERVED)}",
        )


def _namespace_refusals(values: Mapping[str, str]) -> Iterator[Refusal]:
    known = "wharf:…, " + ", ".join(AWS_KEYS)
    for key in sorted(values):
        if not key.startswith(("wharf:", "pulumi:")) and key not in AWS_KEYS:
            yield Refusal(key, f"is not a known key: the known keys are {known}")
