"""`wharf stages`: the stages of a project, and what each is."""

from __future__ import annotations

from evaluation.project import Project, read_stage
from stacks.errors import UserError

COLUMNS = ("stage", "kind", "region", "apps", "")


def listed(project: Project) -> str:
    """One line for each stage, in columns."""
    rows = [COLUMNS, *(_row(project, stage) for stage in project.stages())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(project: Project, name: str) -> tuple[str, ...]:
    try:
        stage = read_stage(project, name)
    except UserError as error:
        return name, "", "", "", f"refused: {str(error).splitlines()[0]}"
    shared = getattr(getattr(stage.config, "cluster", None), "stack", None)
    notes = ["production"] if stage.config.production else []
    notes += [f"in the cluster of {shared}"] if shared else []
    return name, stage.config.kind, str(stage.aws.get("region", "")), str(len(stage.apps)), ", ".join(notes)
