"""The stages of the checkout's own project, which are its team's: each renders, keeps every rule, and is as agreed."""

from __future__ import annotations

import pytest

from cli import agreed
from evaluation.project import CHECKOUT, Project, evaluate_stage
from policies import check
from stacks.reading.stage_file import read_yaml

OWN = Project(CHECKOUT, read_yaml(CHECKOUT / "Pulumi.yaml", "Pulumi.yaml")["name"])


@pytest.mark.parametrize("stage", OWN.stages())
def test_it_renders_and_keeps_every_rule(stage: str):
    report = check.check(OWN, stage)
    assert report.passed, check.text(report)


@pytest.mark.parametrize("stage", agreed.stages(OWN))
def test_it_is_what_was_agreed(stage: str):
    """Of the stages that somebody agreed on; none has to be."""
    assert stage in OWN.stages(), f"there is no Pulumi.{stage}.yaml: remove agreed/{stage}.txt"
    changes = agreed.differences(OWN, stage, evaluate_stage(OWN, stage))
    assert changes == [], f"if that is meant: wharf agree {stage}"
