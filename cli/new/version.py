"""`wharf set-version`: writes another version of an app into the stage file. The comments in the file stay."""

from __future__ import annotations

import json

import yaml

from cli.new import edit, files
from evaluation.project import Project
from stacks.errors import UserError

APPS = "wharf:apps"


def set_version(project: Project, stage: str, app: str, version: str) -> str:
    """Writes the version. Returns what was written.

    Raises:
        UserError: the stage does not run the app, or would be refused with this version. Nothing was written.
    """
    project.require(stage)
    file = f"Pulumi.{stage}.yaml"
    text = (project.root / file).read_text(encoding="utf-8")
    running = (yaml.safe_load(text) or {}).get("config", {}).get(APPS) or {}
    if app not in running:
        raise UserError(f"{file}: {APPS}: does not name {app!r}: its apps are {', '.join(running) or 'none'}")
    before = (running[app] or {}).get("version")
    if before == version:
        return f"{app} has version {version} in {stage} already"
    path = ["config", APPS, app, "version"]
    change = edit.with_value if before is not None else edit.with_entry
    files.write(project, {file: change(text, path, json.dumps(version))}, [stage])
    return f"{file}: {app} has version {version}, and had {before or 'none'}; `wharf up {stage}` deploys it"
