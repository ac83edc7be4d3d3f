"""What `wharf doctor` says of machines that lack one thing or another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import doctor
from cli.clusters.base import state_folder
from cli.clusters.choice import cluster_name
from cli.deploy import up
from cli.doctor import Check
from cli.machine import probes, tools
from cli.machine.probes import Docker
from evaluation.project import Project
from stacks.reading.models import Stage

ABSENT = Docker("absent", "there is no `docker` on PATH")
ANSWERS = Docker("answers", "28.0.1")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    (root / "apps").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: verbs\nruntime: python\n")
    (root / "apps" / "web.yaml").write_text("image: example.com/web\nkind: worker\nuser: 1000\n")
    (root / "Pulumi.trial.yaml").write_text('config: {"wharf:kind": local, "wharf:apps": {web: {version: "1"}}}\n')
    (root / "Pulumi.cloud.yaml").write_text(
        'config: {"wharf:kind": account, "aws:region": eu-west-1, "aws:profile": team, '
        '"aws:allowedAccountIds": ["111111111111"], "wharf:account": {repository: team/wharf, stages: [cloud]}}\n'
    )
    return Project(root, "verbs")


Fake = Callable[..., None]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A machine with nothing on PATH; everything else is fine until a test says otherwise."""
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(doctor, "CHECKOUT", tmp_path)
    monkeypatch.setattr(up, "CHECKOUT", tmp_path)

    def is_(
        *,
        docker: Docker = ABSENT,
        go: tuple[int, ...] | None = (1, 26, 8),
        taken: tuple[int, ...] = (),
        free_gib: float = 50,
        limits: dict[str, int] | None = None,
        built: bool = True,
    ) -> None:
        monkeypatch.setattr(probes, "docker", lambda: docker)
        monkeypatch.setattr(probes, "go_version", lambda: go)
        monkeypatch.setattr(probes, "port_is_free", lambda port: port not in taken)
        monkeypatch.setattr(probes, "port_holder", lambda _: "nginx (pid 312)")
        monkeypatch.setattr(probes, "free_disk", lambda _: round(free_gib * tools.GIB))
        monkeypatch.setattr(probes, "inotify_limits", lambda: limits or {})
        for name in tools.TOOLS:
            tools.folder(tmp_path).mkdir(parents=True, exist_ok=True)
            tools.path(tmp_path, name).touch() if built else tools.path(tmp_path, name).unlink(missing_ok=True)

    is_()
    return is_


def install(name: str, script: str, folder: Path) -> None:
    (folder / "path" / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / "path" / name).chmod(0o755)


def checks(project: Project, stage: str = "trial") -> dict[str, Check]:
    return {check.name: check for check in doctor.examine(project, stage)}


def failed(project: Project, stage: str = "trial") -> list[str]:
    return [check.name for check in doctor.examine(project, stage) if check.verdict == "failed"]


def test_a_machine_with_go_and_no_docker_is_fine_for_a_local_stage(project: Project, fake: Fake):
    assert failed(project) == []
    assert "the cluster is kwok" in checks(project)["Docker"].found


def test_a_cluster_that_was_never_made_is_not_said_to_be_down(tmp_path: Path, project: Project, fake: Fake):
    fake()
    state_folder(tmp_path, cluster_name(tmp_path, "verbs", "trial")).mkdir(parents=True)  # what a refused `up` leaves
    assert checks(project)["cluster"].found == "trial is not up"


def test_with_docker_the_cluster_is_kind_and_go_is_not_needed(project: Project, fake: Fake):
    fake(docker=ANSWERS, go=None, built=False)

    assert failed(project) == []
    assert "the cluster is kind" in checks(project)["Docker"].found


def test_neither_docker_nor_go_fails_where_the_tools_are_not_built_yet(project: Project, fake: Fake):
    fake(go=None, built=False)

    assert failed(project) == ["tools"]
    assert "install Go 1.26 or later" in checks(project)["tools"].remedy


def test_an_old_go_is_as_none(project: Project, fake: Fake):
    fake(go=(1, 25, 1), built=False)

    assert "there is Go 1.25.1" in checks(project)["tools"].found
    assert failed(project) == ["tools"]


def test_a_docker_that_hangs_fails(project: Project, fake: Fake):
    fake(docker=Docker("hangs", "`docker info` did not answer within 5 s"))

    assert "Docker" in failed(project)
    assert "restart Docker" in checks(project)["Docker"].remedy


def test_a_taken_port_moves_unless_the_user_set_it(project: Project, fake: Fake):
    fake(taken=(3300,))
    assert failed(project) == []
    ports = [check for check in doctor.examine(project, "trial") if check.name == "ports"]
    assert any(check.verdict == "note" and "nginx (pid 312)" in check.found for check in ports)

    file = project.root / "Pulumi.trial.yaml"
    file.write_text(file.read_text().replace("config: {", 'config: {"wharf:ingress": {port: 3300}, '))
    assert failed(project) == ["ports"]


def test_too_little_disk_fails(project: Project, fake: Fake):
    fake(free_gib=1.5)

    assert failed(project) == ["disk"]
    assert checks(project)["disk"].found.startswith("1.5 GiB free")


def test_low_inotify_limits_are_noted_where_kind_is_used(project: Project, fake: Fake):
    limits = {"max_user_instances": 128, "max_user_watches": 1_000_000}
    fake(docker=ANSWERS, limits=limits)
    assert failed(project) == []
    [low] = [check for check in doctor.inotify_checks(limits) if check.verdict != "ok"]
    assert "sudo sysctl fs.inotify.max_user_instances=512" in low.remedy

    fake(limits=limits)
    assert "inotify" not in checks(project)


def test_a_stage_file_that_is_wrong_fails_with_what_is_wrong(project: Project, fake: Fake):
    (project.root / "Pulumi.trial.yaml").write_text('config: {"wharf:kind": local, "wharf:colour": red}\n')

    assert "wharf:colour" in checks(project)["stage trial"].found
    assert failed(project, "nope") == ["stage nope"]


def test_a_stage_on_aws_needs_pulumi_and_aws(project: Project, fake: Fake):
    assert failed(project, "cloud") == ["pulumi", "aws"]


@pytest.mark.parametrize(
    ("version", "fine"), [("1.22.0", False), ("1.27.160", True), ("2.0.0", False), ("2.15.1", True), ("3.0.0", True)]
)
def test_aws_must_be_recent_enough_for_eks(version: str, fine: bool, project: Project, fake: Fake, tmp_path: Path):
    install("aws", f"[ $1 = --version ] && echo aws-cli/{version} Python/3.11.4 Linux/6.1 || exit 1", tmp_path)

    assert ("aws" not in failed(project, "cloud")) is fine


def test_credentials_must_be_of_an_account_of_the_stage(project: Project, fake: Fake, tmp_path: Path):
    identity = json.dumps({"Account": "222222222222", "Arn": "arn:aws:iam::222222222222:user/kim"})
    install("pulumi", "echo v3.272.0", tmp_path)
    install("aws", f"[ $1 = --version ] && echo aws-cli/2.15.1 || echo '{identity}'", tmp_path)

    check = checks(project, "cloud")["credentials"]

    assert check.verdict == "failed"
    assert check.found.startswith("arn:aws:iam::222222222222:user/kim is not in an account of the stage (111111111111)")
    assert check.remedy == "aws sso login --profile team"


def test_without_credentials_what_aws_said_is_shown(project: Project, fake: Fake, tmp_path: Path):
    refuse = "echo >&2; echo 'Unable to locate credentials' >&2; exit 253"
    install("aws", f"[ $1 = --version ] && echo aws-cli/2.15.1 || {{ {refuse}; }}", tmp_path)

    assert checks(project, "cloud")["credentials"].found == "Unable to locate credentials"


@pytest.mark.parametrize(
    ("text", "version"),
    [("v3.272.0", (3, 272, 0)), ("aws-cli/2.15.1 Python/3.11.4", (2, 15, 1)), ("none", None), ("", None)],
)
def test_versions_are_read_as_the_tools_print_them(text: str, version: Any):
    assert doctor.parsed(text) == version


def test_the_exit_code_is_1_if_a_check_failed_and_the_remedy_is_printed(
    project: Project, fake: Fake, capsys: pytest.CaptureFixture[str]
):
    assert doctor.show(project, "trial") == 0
    fake(free_gib=0.5)
    assert doctor.show(project, "trial") == 1

    printed = capsys.readouterr().out.splitlines()
    line = next(number for number, text in enumerate(printed) if text.startswith("FAILED  disk"))
    assert printed[line + 1].strip().startswith("-> make room")


def test_as_json_each_check_has_its_fields(project: Project, fake: Fake, capsys: pytest.CaptureFixture[str]):
    doctor.show(project, "trial", as_json=True)

    assert {tuple(check) for check in json.loads(capsys.readouterr().out)} == {("name", "verdict", "found", "remedy")}


def test_a_stage_that_is_refused_is_not_asked_for_more(project: Project, fake: Fake, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> Stage:
        raise doctor.UserError("no")

    monkeypatch.setattr(doctor, "read_stage", refuse)

    assert list(checks(project)) == ["Python", "stage trial"]
