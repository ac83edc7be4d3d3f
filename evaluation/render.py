"""The rendered tree: what a stage registers, as files that a person and a diff can read. Layout: docs/render.md."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evaluation.graph import MASK, Graph, Resource, mask
from stacks.errors import UserError

FORMAT = 1
CLUSTER_SCOPED = "_cluster"  # sorts before every namespace, so that `kubectl apply -R` meets the namespaces first
_Dumper: type = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def write(graph: Graph, out: Path) -> int:
    """Writes the tree to ``out`` and returns how many files it has. An earlier tree there is replaced whole.

    Raises:
        UserError: ``out`` is a file, holds something that is not a rendered tree, or cannot be written.
    """
    files = tree(graph)
    try:
        if out.exists() and not out.is_dir():
            raise UserError(f"{out} is a file: name a folder for the rendered tree")
        if out.is_dir() and any(out.iterdir()) and not _is_tree(out):
            raise UserError(f"{out} holds files that are not a rendered tree: name an empty or a new folder")
        _replace(out.resolve(), files)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror}: name a folder that you may write to") from None
    return len(files)


def _is_tree(folder: Path) -> bool:
    """True if `write` wrote the folder. A graph.json alone does not prove it: other programs write one too."""
    try:
        document = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and {"format", "project", "stack", "resources"} <= set(document)


def _replace(out: Path, files: Mapping[str, str]) -> None:
    """Writes all files to a new folder first, and then puts it in the place of the old one."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".render-") as scratch:
        fresh = Path(scratch) / "tree"
        for folder in {(fresh / path).parent for path in files}:
            folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            (fresh / path).write_text(text, encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)


def tree(graph: Graph) -> dict[str, str]:
    """The text of every file in the tree, by its path.

    Raises:
        UserError: two resources have the same path.
    """
    files: dict[str, str] = {}
    owners: dict[str, str] = {}
    for resource in graph:
        path = path_of(resource)
        if path in owners:
            raise UserError(f"{path} is rendered by both {owners[path]} and {resource.urn}: rename one of them")
        owners[path] = resource.urn
        files[path] = dump(content(resource))
    ordered = sorted(graph, key=lambda resource: resource.urn)
    described = [describe(resource) for resource in ordered]
    document = {"format": FORMAT, "project": graph.project, "stack": graph.stack, "resources": described}
    files["graph.json"] = (
        json.dumps({**document, "outputs": mask(dict(graph.outputs))}, indent=1, sort_keys=True) + "\n"
    )
    return files


def describe(resource: Resource) -> dict[str, Any]:
    """An entry of graph.json."""
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "provider": resource.provider,
        "protect": resource.protect,
        "dependsOn": list(resource.depends_on),
        "aliases": list(resource.aliases),
        "ignoreChanges": list(resource.ignore_changes),
        "file": path_of(resource),
    }


def path_of(resource: Resource) -> str:
    """The path in the tree of the file with the resource's inputs."""
    package = resource.type.split(":", 1)[0]
    if resource.is_kubernetes:
        metadata = resource.inputs.get("metadata", {})
        namespace = metadata.get("namespace", CLUSTER_SCOPED)
        kind = resource.inputs.get("kind", resource.type.rsplit(":", 1)[-1])
        return f"kubernetes/{escape(namespace)}/{escape(kind)}-{escape(metadata.get('name', resource.name))}.yaml"
    if resource.is_chart:
        return f"charts/{escape(resource.name)}.yaml"
    folder = "aws" if package == "aws" else "other"
    return f"{folder}/{escape(resource.type)}/{escape(resource.name)}.yaml"


def escape(name: str) -> str:
    """The name as a file name: ``:`` becomes ``_``, and ``/`` becomes ``.``."""
    return str(name).replace(":", "_").replace("/", ".")


def content(resource: Resource) -> Mapping[str, Any]:
    """Inputs without secret values. A Secret is shown with ``stringData``, because ``<secret>`` is not base64."""
    inputs = mask(dict(resource.inputs))
    if resource.is_kubernetes and inputs.get("kind") == "Secret":
        keys = sorted({*inputs.pop("data", {}), *inputs.get("stringData", {})})
        inputs["stringData"] = dict.fromkeys(keys, MASK)
    return inputs


def dump(value: Mapping[str, Any]) -> str:
    """Canonical YAML: sorted keys, block style, no line folding, no anchors."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=10_000, allow_unicode=True)
