"""`wharf new app`: an app file, and the app's version in the stage files that are to run it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from cli.new import edit, files
from cli.new.compose import Converted, service, split
from evaluation.project import Project
from stacks.errors import UserError
from stacks.reading.stage_file import read_stage as read_file

NAME = re.compile(r"[a-z]([-a-z0-9]{0,50}[a-z0-9])?")


def new_app(
    project: Project,
    name: str,
    *,
    image: str | None,
    port: int | None = None,
    compose: Path | None = None,
    compose_service: str | None = None,
    stages: Sequence[str] = (),
) -> str:
    """Writes the app. Returns what was written and what is left to do.

    Args:
        stages: the stages that are to run the app. If it is empty, all local stages.
    """
    if not NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be an app's name: lowercase letters, digits and dashes, a letter first")
    path = f"apps/{name}.yaml"
    if (project.root / path).exists():
        raise UserError(f"{path} is there: edit it, or choose another name")
    for stage in stages:
        project.require(stage)
    converted = service(compose, compose_service or name, name, image, port) if compose else _plain(image, port)
    existing_apps = {file.stem for file in (project.root / "apps").glob("*.yaml")}
    if callers := sorted(set(converted.callers) & existing_apps):
        converted.fields["from"] = callers
    chosen = list(stages) or [stage for stage in project.stages() if _kind(project, stage) == "local"]
    if not chosen:
        raise UserError(f"no stage of {project.shown} is local: name those that are to run it with --stage")
    written = {path: _text(name, converted, compose)}
    for stage in chosen:
        file = f"Pulumi.{stage}.yaml"
        written[file] = _in_stage((project.root / file).read_text(encoding="utf-8"), name, converted, stage)
    files.write(project, written, chosen)
    lines = [f"wrote {path} and its version in {', '.join(f'Pulumi.{stage}.yaml' for stage in chosen)}"]
    lines += [f"  to do: {one}" for one in converted.left]
    others = [stage for stage in project.stages() if stage not in chosen and _kind(project, stage) == "aws"]
    if others:
        entry = f'{name}: {{version: "{converted.version}"}}'
        lines.append(f"  to run it in {', '.join(others)} too: write {entry} under wharf:apps there")
    return "\n".join([*lines, f"next: `wharf up {chosen[0]}`"])


def _plain(image: str | None, port: int | None) -> Converted:
    if not image:
        raise UserError("give --image NAME:VERSION, or --from compose.yaml")
    name, version = split(image)
    if not version:
        raise UserError(f"--image {image}: has no version: write {image}:VERSION")
    fields = {"image": name, "kind": "web", "port": port} if port else {"image": name, "kind": "worker"}
    left = ["user: 1000 is a guess: look it up, docker image inspect -f '{{.Config.User}}' IMAGE"]
    if not port:
        left.append("kind: it is a worker, since no --port was given; a web app has a port")
    return Converted(fields={**fields, "user": 1000}, version=version, left=left)


def _text(name: str, converted: Converted, compose: Path | None) -> str:
    origin = f", from {compose.name}" if compose else ""
    body = yaml.safe_dump(converted.fields, sort_keys=False, width=110, default_flow_style=None)
    return f"# The app {name}{origin}. Every field: docs/apps.md\n{body}"


def _in_stage(text: str, name: str, converted: Converted, stage: str) -> str:
    """The text of the stage file with the app's version and the services that it needs; if local, also its secrets."""
    config = read_text(text, stage)
    for part in converted.fields.get("needs", {}):
        if f"wharf:{part}" not in config:
            text = edit.with_entry(text, ["config", f"wharf:{part}"], "{}")
    if config.get("wharf:kind") == "local":
        for secret, value in converted.secrets.items():
            if secret not in (config.get("wharf:secrets") or {}):
                text = edit.with_entry(text, ["config", "wharf:secrets", secret], json.dumps(value))
    return edit.with_entry(text, ["config", "wharf:apps", name], f"{{version: {json.dumps(converted.version)}}}")


def read_text(text: str, stage: str) -> dict:
    loaded = yaml.safe_load(text) or {}
    config = loaded.get("config") if isinstance(loaded, dict) else None
    if not isinstance(config, dict):
        raise UserError(f"Pulumi.{stage}.yaml: holds no config: `wharf check {stage}` says more")
    return config


def _kind(project: Project, stage: str) -> str:
    file = f"Pulumi.{stage}.yaml"
    return (read_file(project.root / file, file).get("config") or {}).get("wharf:kind", "")
