"""The apps of a stage: each app file, with what the stage says of that app laid over it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic

from components.spec import AppSpec
from stacks.problems import InputRefused, explain
from stacks.stage_file import read_yaml

_APP = pydantic.TypeAdapter(AppSpec)


def load(
    root: Path, apps_dir: str, overrides: Mapping[str, Mapping[str, Any]], file: str
) -> tuple[dict[str, AppSpec], list[str]]:
    """The apps that the stage names, and every problem with them. What is not named by the stage does not run in it."""
    apps: dict[str, AppSpec] = {}
    problems: list[str] = []
    for name, override in sorted(overrides.items()):
        path = root / apps_dir / f"{name}.yaml"
        shown = f"{apps_dir}/{name}.yaml"
        if not path.is_file():
            there = ", ".join(sorted(p.stem for p in (root / apps_dir).glob("*.yaml"))) or "none"
            problems.append(f"{file}: wharf:apps.{name}: there is no {shown}; the apps there: {there}")
            continue
        try:
            apps[name] = _app(name, read_yaml(path, shown), override)
        except InputRefused as refused:
            problems += refused.problems
        except pydantic.ValidationError as error:
            problems += [_located(path, text, name, override, file, shown) for path, text in explain(error)]
    return apps, problems


def _app(name: str, written: Mapping[str, Any], override: Mapping[str, Any]) -> AppSpec:
    merged = merge(_normal(written), _normal(override))
    return _APP.validate_json(json.dumps({**merged, "name": name}, default=str), strict=True)


def _normal(app: Mapping[str, Any]) -> dict[str, Any]:
    """``needs: [database]`` is short for ``needs: {database: {}}``, so that a stage can add to either."""
    needs = app.get("needs")
    if isinstance(needs, list):
        return {**app, "needs": {need: {} for need in needs}}
    if isinstance(needs, Mapping):
        return {**app, "needs": {need: templates or {} for need, templates in needs.items()}}
    return dict(app)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Maps merge, key by key and deep; lists and single values replace; a null in ``over`` takes the key away."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _located(path: str, text: str, name: str, override: Mapping[str, Any], file: str, shown: str) -> str:
    """Blames the file in which the offending key stands; a version can only stand in the stage file."""
    if path == "version" or _stated(path, override):
        return f"{file}: wharf:apps.{name}.{path}: {text}"
    return f"{shown}: {path}: {text}" if path else f"{shown}: {text}"


def _stated(path: str, override: Any) -> bool:
    for part in path.split("."):
        if not isinstance(override, Mapping) or part not in override:
            return False
        override = override[part]
    return True


def image_variable(name: str) -> str:
    return "WHARF_IMAGE_" + name.upper().replace("-", "_")


def with_images(
    apps: Mapping[str, AppSpec], images: Mapping[str, str], *, local: bool
) -> tuple[dict[str, AppSpec], list[str]]:
    """The apps with the images that the environment gives for this run, ``WHARF_IMAGE_<APP>=repository:tag``."""
    if images and not local:
        return dict(apps), [f"{name}: replaces an image in local stages only: unset it" for name in sorted(images)]
    by_variable = {image_variable(name): name for name in apps}
    replaced, problems = dict(apps), []
    for variable, reference in sorted(images.items()):
        repository, separator, version = _split(reference)
        if variable not in by_variable:
            known = ", ".join(sorted(by_variable)) or "none"
            problems.append(f"{variable}: names no app of this stage; there are {known}")
        elif not separator or not repository or not version:
            problems.append(f"{variable}: {reference!r} is not repository:tag or repository@sha256:…")
        else:
            name = by_variable[variable]
            replaced[name] = dataclasses.replace(replaced[name], image=repository, version=version)
    return replaced, problems


def _split(reference: str) -> tuple[str, str, str]:
    before, at, digest = reference.partition("@")
    path, slash, last = before.rpartition("/")
    repository, colon, tag = last.partition(":")
    version = tag + (f"@{digest}" if at else "")
    return f"{path}{slash}{repository}", colon or at, version
