"""The resources that a team has agreed on for a stage: a file to commit. `make test` compares the stage with it."""

from __future__ import annotations

from pathlib import Path

from evaluation.graph import Graph
from evaluation.project import Project, evaluate_stage
from stacks.errors import UserError

FOLDER = "agreed"


def file_of(project: Project, stage: str) -> Path:
    return project.root / FOLDER / f"{stage}.txt"


def agree(project: Project, stage: str) -> str:
    """Writes the stage's resources to its file. Returns a text that lists those that were added and removed."""
    file, graph = file_of(project, stage), evaluate_stage(project, stage)
    changes = differences(project, stage, graph) if file.is_file() else []
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in (_head(stage), *_lines(graph))), encoding="utf-8")
    counted = f"{sum(line[0] == '+' for line in changes)} came, {sum(line[0] == '-' for line in changes)} went"
    return "\n".join([*changes, f"{FOLDER}/{file.name}: {len(graph.resources)} resources, {counted}: commit it"])


def differences(project: Project, stage: str, graph: Graph) -> list[str]:
    """The resources that only the stage has (`+ URN`), and those that only its file has (`- URN`).

    Raises:
        UserError: the stage has no such file.
    """
    file = file_of(project, stage)
    if not file.is_file():
        raise UserError(f"{FOLDER}/{file.name} does not exist: `wharf agree {stage}` writes it")
    agreed = {line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    now = set(_lines(graph))
    return [*(f"+ {urn}" for urn in sorted(now - agreed)), *(f"- {urn}" for urn in sorted(agreed - now))]


def stages(project: Project) -> list[str]:
    """The stages that have such a file."""
    return sorted(path.stem for path in (project.root / FOLDER).glob("*.txt"))


def _head(stage: str) -> str:
    return f"# The resources of stage {stage}, by URN. `wharf agree {stage}` writes this file."


def _lines(graph: Graph) -> list[str]:
    return sorted(resource.urn for resource in graph)
