"""Every AWS resource of every stage and example, rendered once a process."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation import project
from evaluation.graph import reveal
from tests.fixture import PROJECT

PROJECTS = (PROJECT, *(project.find(example) for example in project.examples()))


@dataclass(frozen=True)
class Rendered:
    """A resource, and the stage that it is of."""

    stage: str
    type: str
    name: str
    inputs: Mapping[str, Any]

    @property
    def place(self) -> str:
        return f"{self.stage}: {self.type.rsplit(':', 1)[-1]} {self.name}"


@functools.cache
def resources() -> tuple[Rendered, ...]:
    found = []
    for here in PROJECTS:
        for stage in here.stages():
            found += [
                Rendered(f"{here.name}/{stage}", resource.type, resource.name, reveal(resource.inputs))
                for resource in project.evaluate_stage(here, stage)
                if resource.type.startswith(("aws:", "eks:"))
            ]
    return tuple(found)
