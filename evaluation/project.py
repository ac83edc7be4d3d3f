"""Where things are: the checkout, the projects in it (its own and the examples), and their stages."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.apps.spec import LABEL_VALUE
from evaluation.evaluate import Answers, evaluate
from evaluation.graph import Graph
from evaluation.placeholders import Placeholders
from stacks.errors import UserError
from stacks.program import build
from stacks.reading import catalogue, config, stage_file
from stacks.reading.models import Stage
from stacks.reading.problems import InputRefused, Problem
from stacks.reading.stage_file import read_yaml


def _above_working_directory() -> tuple[Path, ...]:
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # somebody removed it
        return ()
    return (folder, *folder.parents)


def _checkout() -> Path:
    """The checkout that this code is in. If the code is installed as a package, it is the user's own project."""
    if (PACKAGES / "Pulumi.yaml").is_file():
        return PACKAGES
    return next((folder for folder in _above_working_directory() if (folder / "Pulumi.yaml").is_file()), PACKAGES)


PACKAGES = Path(__file__).resolve().parent.parent
OWN_CODE = Path(__file__).resolve().relative_to(PACKAGES)
CHECKOUT = _checkout()


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml and stage files."""

    root: Path
    name: str

    @property
    def state(self) -> Path:
        """The git-ignored folder for data of local stages: kubeconfigs, generated values, the engine's state."""
        return self.root / ".wharf"

    def stages(self) -> list[str]:
        return sorted(path.name.split(".")[1] for path in self.root.glob("Pulumi.*.yaml"))

    def require(self, stage: str) -> None:
        """Raises:
        UserError: there is no such stage. The message lists the stages.
        """
        if stage not in self.stages():
            raise UserError(f"there is no stage {stage!r} in {self.shown}: the stages are {', '.join(self.stages())}")

    @property
    def shown(self) -> str:
        if self.root == CHECKOUT:
            return "this checkout"
        return str(self.root.relative_to(CHECKOUT) if self.root.is_relative_to(CHECKOUT) else self.root)

    @property
    def example(self) -> str | None:
        """The name of the project for `--example`, or None if it is not an example."""
        return self.root.name if self.root.parent == CHECKOUT / "examples" else None


def find(example: str | None = None) -> Project:
    """The example of that name, or without a name the project of the working directory (see `root_of`).

    Raises:
        UserError: there is no such project, or its Pulumi.yaml cannot be used.
    """
    root = root_of(example)
    name = read_yaml(root / "Pulumi.yaml", "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise UserError("Pulumi.yaml: name: is missing: write the project's name")
    if not name or not LABEL_VALUE.fullmatch(name):
        raise UserError(f"Pulumi.yaml: name: {name!r} is a label of all objects: at most 63 letters, digits and . _ -")
    return Project(root, name)


def examples() -> list[str]:
    return sorted(path.parent.name for path in (CHECKOUT / "examples").glob("*/Pulumi.yaml"))


def root_of(example: str | None = None) -> Path:
    """The folder of a project: of an example by its name, otherwise the nearest folder with a Pulumi.yaml.

    It is searched from the working directory upwards. Where there is none, it is the checkout that this code is in.

    Raises:
        UserError: there is no such example or no project at all, or the working directory is in another checkout,
            which has its own code.
    """
    if example is not None:
        if example not in examples():
            raise UserError(f"there is no example {example!r}: the examples are {', '.join(examples()) or 'none'}")
        return CHECKOUT / "examples" / example
    for folder in _above_working_directory():
        if (folder / "Pulumi.yaml").is_file():
            _require_no_other_checkout(folder)
            return folder
    if not (CHECKOUT / "Pulumi.yaml").is_file():
        raise UserError("there is no Pulumi.yaml in this folder or in one above it: cd to the folder of your project")
    return CHECKOUT


def _require_no_other_checkout(root: Path) -> None:
    for folder in (root, *root.parents):
        if folder != CHECKOUT and (folder / OWN_CODE).is_file() and (folder / "Pulumi.yaml").is_file():
            raise UserError(
                f"this wharf is of {CHECKOUT}, and {folder} is another checkout with code of its own: "
                f"use {folder}/.venv/bin/wharf, or cd to {CHECKOUT}"
            )
        if folder == CHECKOUT:
            return


def config_of(project: Project, stage: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """The values of a stage's file, and which keys of them are secret."""
    return stage_file.config_of(_written(project, stage), project.name)


def _written(project: Project, stage: str) -> dict[str, Any]:
    project.require(stage)
    file = f"Pulumi.{stage}.yaml"
    return stage_file.read_stage(project.root / file, file)


def read_stage(project: Project, stage: str) -> Stage:
    """The stage as its files describe it, checked."""
    written = _written(project, stage)
    values, _ = stage_file.config_of(written, project.name)
    return config.parse(
        values, stack=stage, project=project.name, root=project.root, environ=os.environ, written=written
    )


def unused_app_problems(project: Project) -> list[Problem]:
    """What is wrong with the app files that no stage of the project names. Other commands never read them."""
    named: dict[str, set[str]] = {}
    for stage in project.stages():
        with suppress(InputRefused):  # a command for that stage refuses a stage file that cannot be read
            apps_dir, apps = config.named_apps(config_of(project, stage)[0])
            named.setdefault(apps_dir, set()).update(apps)
    return [
        p for apps_dir, apps in sorted(named.items()) for p in catalogue.unused_problems(project.root, apps_dir, apps)
    ]


def is_production(project: Project, stage: str) -> bool:
    """True if the strict rules apply: the stage is for production, or its cluster runs a stage that is."""
    for other in project.stages():
        with suppress(InputRefused):  # a command for that stage refuses a stage file that cannot be read
            file = f"Pulumi.{other}.yaml"
            settings = read_yaml(project.root / file, file).get("config") or {}
            lives_here = (settings.get("wharf:cluster") or {}).get("stack") == stage
            if lives_here and settings.get("wharf:production") is True:
                return True
    return read_stage(project, stage).config.production


def evaluate_stage(project: Project, stage: str, answers: Answers | None = None) -> Graph:
    """What the program registers for a stage, offline: no credentials, no passphrase, no network.

    Raises:
        InputRefused, UserError: the input is wrong.
    """
    return graph_of(read_stage(project, stage), answers)


def graph_of(stage: Stage, answers: Answers | None = None) -> Graph:
    """What the program registers, offline, for a stage that has been read already."""
    return evaluate(
        lambda: build(stage),
        answers=answers or placeholders(stage),
        project=stage.project,
        stack=stage.name,
        root=stage.root,
    )


def placeholders(stage: Stage) -> Placeholders:
    """The answers with which a stage is evaluated offline. Another stage is evaluated too, if its outputs are used."""
    project = Project(stage.root, stage.project)
    return Placeholders(
        region=stage.aws.get("region", "us-east-1"), other_stack=lambda other: evaluate_stage(project, other).outputs
    )
