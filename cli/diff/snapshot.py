"""A graph as JSON. Each side of a comparison is evaluated by its own code, and hands its graph on as JSON.

As a script this file runs in a checkout of the base and uses the code of that checkout. So it imports only the project
module, which was in `ops` before 0.1. Secrets are written as fingerprints: these show that a secret changed, but not
its value.
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluation.graph import Graph

FORMAT = 1
SECRET = "$secret"  # noqa: S105 the key of a fingerprint
ROOT = "<checkout>"


def to_json(graph: Graph, *, root: Path, key: bytes) -> dict[str, Any]:
    """The graph in plain values. Paths below ``root`` are written so that they are the same in all checkouts.

    Args:
        key: the key of the fingerprints. Both sides must have the same.
    """
    return {"format": FORMAT, **_plain(graph, str(root), key)}


def from_json(document: Mapping[str, Any]) -> Graph:
    """The graph that `to_json` made the document from. Each secret is a `Secret` with its fingerprint as the value.

    Raises:
        KeyError, TypeError: the document is not one that `to_json` makes.
    """
    from evaluation.graph import Graph, Resource

    known = {field.name for field in fields(Resource)}
    resources = []
    for entry in document["resources"]:
        values = {name: _tuples(name, value) for name, value in entry.items() if name in known}
        values["inputs"] = _secrets(entry["inputs"])
        resources.append(Resource(**values))
    return Graph(document["project"], document["stack"], tuple(resources), _secrets(document["outputs"]))


def _plain(value: Any, root: str, key: bytes) -> Any:
    if isinstance(value, str):
        return value.replace(root, ROOT)
    if isinstance(value, dict):
        return {name: _plain(item, root, key) for name, item in value.items()}
    if type(value).__name__ == "Secret":
        text = json.dumps(_plain(value.value, root, key), sort_keys=True)
        return {SECRET: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16]}
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), root, key) for field in fields(value)}
    return [_plain(item, root, key) for item in value] if isinstance(value, (list, tuple)) else value


def _secrets(value: Any) -> Any:
    from evaluation.graph import Secret

    if isinstance(value, dict):
        return Secret(value[SECRET]) if [*value] == [SECRET] else {k: _secrets(item) for k, item in value.items()}
    return [_secrets(item) for item in value] if isinstance(value, list) else value


def _tuples(name: str, value: Any) -> Any:
    if name == "property_depends_on":
        return {key: tuple(urns) for key, urns in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _project_of_the_base() -> Any:
    """Imports the project module by the folders of the checkout, because the name alone could find installed code."""
    return import_module("evaluation.project" if Path("evaluation").is_dir() else "ops.project")


def main() -> None:
    """``snapshot.py EXAMPLE STAGE…``: prints one line of JSON for each stage of the checkout in the working directory.

    The line has the stage and its graph, or the error if there is no graph. The key is read from stdin.
    """
    project = _project_of_the_base()
    example, *stages = sys.argv[1:]
    root, key = Path.cwd().resolve(), bytes.fromhex(sys.stdin.read())
    if not Path(project.__file__).resolve().is_relative_to(root):
        raise SystemExit(f"{project.__file__} is not of the base checkout {root}")
    pulumi_project = project.find(example or None)
    gc.disable()  # the process ends before its garbage matters
    for stage in stages:
        try:
            line = {"stage": stage, "graph": to_json(project.evaluate_stage(pulumi_project, stage), root=root, key=key)}
        except Exception as error:  # the code of the base may raise anything, and this is shown as the reason
            line = {"stage": stage, "error": str(error) or type(error).__name__}
        print(json.dumps(line), flush=True)
    gc.freeze()  # nor is it looked for at the end


if __name__ == "__main__":
    main()
