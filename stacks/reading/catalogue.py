"""The apps of a stage: each app file, merged with what the stage file says about that app."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydantic

from components.apps.needs import template_refusals
from components.apps.spec import AppSpec
from components.shared.refusal import Refusal, RefusedError
from stacks.reading.problems import InputRefused, Problem, explain, located, unknown_key
from stacks.reading.stage_file import read_yaml
from stacks.services.registry import SERVICES

_APP = pydantic.TypeAdapter(AppSpec)


def load(
    root: Path, apps_dir: str, overrides: Mapping[str, Mapping[str, Any]], file: str
) -> tuple[dict[str, AppSpec], list[Problem]]:
    """The apps that the stage names, and every problem with them. Other apps do not run in it."""
    apps: dict[str, AppSpec] = {}
    problems: list[Problem] = []
    for name, override in sorted(overrides.items()):
        path = root / apps_dir / f"{name}.yaml"
        shown = f"{apps_dir}/{name}.yaml"
        if "/" in name or not _is_file(path):
            app_names = ", ".join(sorted(p.stem for p in (root / apps_dir).glob("*.yaml"))) or "none"
            missing = Refusal(f"wharf:apps.{name}", f"there is no {shown}; the apps are: {app_names}")
            problems.append(Problem(file, missing))
            continue
        try:
            written = read_yaml(path, shown)
        except InputRefused as refused:
            problems += refused.problems
            continue
        problems += _misplaced(name, written, override, file, shown)
        app, refusals = _app({**_with_variables(merge(_normal(written), _normal(override))), "name": name})
        problems += [_located(refusal, name, override, file, shown) for refusal in refusals]
        if app:
            apps[name] = app
    return apps, problems


def unused_problems(root: Path, apps_dir: str, named: Set[str]) -> list[Problem]:
    """The problems of the app files that no stage names. Each is checked alone, as if a stage gave it a version."""
    problems: list[Problem] = []
    for path in sorted((root / apps_dir).glob("*.yaml")):
        name, shown = path.stem, f"{apps_dir}/{path.name}"
        if name in named:
            continue
        try:
            written = read_yaml(path, shown)
        except InputRefused as refused:
            problems += refused.problems
            continue
        problems += _misplaced(name, written, {}, "the stage file", shown)
        alone = {key: value for key, value in _normal(written).items() if key not in ("name", "version")}
        problems += located(shown, _app({**alone, "name": name, "version": "0"})[1])
    return problems


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # some names cannot be file names, such as very long ones
        return path.is_file()
    return False


def _misplaced(
    name: str, written: Mapping[str, Any], override: Mapping[str, Any], file: str, shown: str
) -> Iterator[Problem]:
    """Keys in the wrong place: an app's name is that of its file, and its version belongs into the stage file."""
    unknown = Refusal("name", f"is not a known key: the app's name is that of its file, {name}")
    if "name" in written:
        yield Problem(shown, unknown)
    if "name" in override:
        yield Problem(file, unknown.under(f"wharf:apps.{name}"))
    if "version" in written:
        yield Problem(
            shown, Refusal("version", f"belongs to the stage: move it to wharf:apps.{name}.version in {file}")
        )


def _app(written: Mapping[str, Any]) -> tuple[AppSpec | None, list[Refusal]]:
    """The app, and its problems. Wrong keys are left out, so that the others can still be checked with the stage."""
    problems: list[Refusal] = []
    wrong: set[str] = set()
    while True:
        left = {key: value for key, value in written.items() if key not in wrong}
        try:
            app = _APP.validate_json(json.dumps({**_stand_ins(wrong), **left}), strict=True)
        except pydantic.ValidationError as error:
            told = explain(error, AppSpec)
        else:
            return app, [*problems, *_need_refusals(app)]
        problems += [refusal for refusal in told if _field(refusal) not in wrong]
        fields = {_field(refusal) for refusal in told}
        if fields <= wrong or "kind" in fields:  # the kind decides which other keys are valid
            return None, problems
        wrong |= fields


def _field(refusal: Refusal) -> str:
    return refusal.key.split(".")[0]


def _stand_ins(wrong: Set[str]) -> dict[str, Any]:
    """Values for required keys that are wrong. They have no effect, because an app with a wrong key is refused."""
    required = {"name": "app", "image": "image", "version": "0", "port": 1, "schedule": "@daily"}
    return {key: value for key, value in required.items() if key in wrong}


def _normal(app: Mapping[str, Any]) -> dict[str, Any]:
    """``needs: [database]`` is short for ``needs: {database: {}}``, so that a stage can add to either."""
    needs = app.get("needs")
    if isinstance(needs, list) and all(isinstance(need, str) for need in needs):
        return {**app, "needs": {need: {} for need in needs}}
    if isinstance(needs, Mapping):
        return {**app, "needs": {need: templates or {} for need, templates in needs.items()}}
    return dict(app)


def _with_variables(app: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a need without templates the default variables of its service."""
    needs = app.get("needs")
    if not isinstance(needs, Mapping):
        return dict(app)
    known = {need: dict(SERVICES[need].default_variables) for need in needs if need in SERVICES}
    return {**app, "needs": {need: templates or known.get(need, {}) for need, templates in needs.items()}}


def _need_refusals(app: AppSpec) -> Iterator[Refusal]:
    for need, templates in app.needs.items():
        if need not in SERVICES:
            yield Refusal(f"needs.{need}", unknown_key(need, list(SERVICES)))
            continue
        for refusal in template_refusals(templates, SERVICES[need].settings):
            yield refusal.under(f"needs.{need}")


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merges maps key by key, at every level. Lists and single values are replaced. Null in ``over`` removes a key."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            beneath = merged.get(key)
            merged[key] = merge(beneath if isinstance(beneath, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _located(refusal: Refusal, name: str, override: Mapping[str, Any], file: str, shown: str) -> Problem:
    """Names the file that contains the wrong key. For a version, this is always the stage file."""
    if refusal.key == "version" or _stated(refusal.key, override):
        return Problem(file, refusal.under(f"wharf:apps.{name}"))
    return Problem(shown, refusal)


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
) -> tuple[dict[str, AppSpec], list[Problem]]:
    """The apps, with the images that environment variables set for this run: ``WHARF_IMAGE_<APP>=repository:tag``."""
    if images and not local:
        unset = Refusal("", "works in local stages only: unset it")
        return dict(apps), [Problem(name, unset) for name in sorted(images)]
    by_variable = {image_variable(name): name for name in apps}
    replaced, problems = dict(apps), []
    for variable, reference in sorted(images.items()):
        repository, separator, version = _split(reference)
        if variable not in by_variable:
            known = ", ".join(sorted(by_variable)) or "none"
            problems.append(
                Problem(variable, Refusal("", f"no app of this stage has this variable; the variables are {known}"))
            )
        elif not separator or not repository or not version:
            malformed = Refusal("", f"{reference!r} is not repository:tag or repository@sha256:…")
            problems.append(Problem(variable, malformed))
        else:
            name = by_variable[variable]
            try:
                replaced[name] = dataclasses.replace(replaced[name], image=repository, version=version)
            except RefusedError as error:
                problems += located(variable, error.refusals)
    return replaced, problems


def _split(reference: str) -> tuple[str, str, str]:
    before, at, digest = reference.partition("@")
    path, slash, last = before.rpartition("/")
    repository, colon, tag = last.partition(":")
    version = tag + (f"@{digest}" if at else "")
    return f"{path}{slash}{repository}", colon or at, version
