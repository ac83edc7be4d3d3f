"""`wharf new stage`: a stage like another, which passes check and shares nothing with it that it must not."""

from __future__ import annotations

import ipaddress
import shutil
from pathlib import Path
from typing import Any

import pytest

from cli.new.stage import new_stage
from evaluation.project import Project, read_stage
from policies import check
from stacks.errors import UserError
from tests.fixture import PROJECT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(PROJECT.root, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path, PROJECT.name)


@pytest.mark.parametrize("like", ["local", "dev", "staging", "prod"])
def test_it_passes_check_and_has_a_range_and_a_domain_of_its_own(project: Project, like: str):
    new_stage(project, "own", like)
    report = check.check(project, "own")
    assert report.passed, check.text(report)
    made: Any = read_stage(project, "own").config
    others: list[Any] = [read_stage(project, stage).config for stage in ("dev", "staging", "prod")]
    if like == "local":
        return
    ranges = [ipaddress.ip_network(other.network.cidr) for other in others]
    assert not any(ipaddress.ip_network(made.network.cidr).overlaps(other) for other in ranges)
    assert made.ingress.domain is None or made.ingress.domain not in {other.ingress.domain for other in others}


def test_comments_stay_and_what_nobody_needs_goes(project: Project):
    file = project.root / "Pulumi.dev.yaml"
    lines = [line for line in file.read_text().splitlines() if "consumer:" not in line and "producer:" not in line]
    file.write_text("\n".join(lines))
    new_stage(project, "own", "dev")
    text = (project.root / "Pulumi.own.yaml").read_text()
    assert "# put in the range that you deploy from" in text
    assert "wharf:broker" not in text
    assert "wharf:database" in text


@pytest.mark.parametrize(
    ("name", "like", "told"),
    [
        ("dev", "prod", r"Pulumi\.dev\.yaml is there"),
        ("Own", "prod", "cannot be a stage's name"),
        ("own", "prd", "there is no stage 'prd'"),
        ("own", "account", "account is an account"),
    ],
)
def test_what_cannot_be_is_refused(project: Project, name: str, like: str, told: str):
    with pytest.raises(UserError, match=told):
        new_stage(project, name, like)
    assert not (project.root / "Pulumi.own.yaml").exists()
