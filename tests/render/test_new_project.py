"""`wharf new project`: a copy of the checkout becomes a team's own, and passes what `make test` asks of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.new.app import new_app
from cli.new.project import Answers, new_project
from evaluation.project import Project
from policies import check
from stacks.errors import UserError
from tests.repository import Repository, copied_checkout

SHOP = Answers(
    name="shop", stages=["local", "dev", "prod"], region="eu-central-1", domain="example.org", repository="us/shop"
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.com")
    repository = Repository(copied_checkout(tmp_path / "checkout"))
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit("Wharf")
    return repository


def test_every_stage_of_it_passes_check_before_and_after_the_first_app(checkout: Repository):
    said = new_project(Project(checkout.root, "wharf"), SHOP)
    assert checkout.git("status", "--porcelain") == ""
    assert not (checkout.root / "examples").exists()
    assert "put the range that you deploy from" in said
    shop = Project(checkout.root, "shop")
    assert shop.stages() == ["account", "dev", "local", "prod"]
    for stage in shop.stages():
        report = check.check(shop, stage)
        assert report.passed, check.text(report)
    digest = "sha256:" + "0" * 64
    new_app(shop, "web", image=f"example/web:1.0@{digest}", port=8080, stages=["local", "dev", "prod"])
    for stage in ("local", "dev"):
        report = check.check(shop, stage)
        assert report.passed, check.text(report)


def test_the_examples_stay_where_they_are_wanted(checkout: Repository):
    new_project(Project(checkout.root, "wharf"), Answers(name="shop", stages=["local"], keep_examples=True))
    assert (checkout.root / "examples" / "squad").is_dir()
    assert Project(checkout.root, "shop").stages() == ["local"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (Answers(name="My Shop", stages=["local"]), "--name 'My Shop'"),
        (Answers(name="shop", stages=["local", "dev"]), "--region ''.*dev need one"),
        (Answers(name="shop", stages=["local", "local"]), "--stages: name each stage once"),
        (Answers(name="shop", stages=["local"], domain="nowhere"), "--domain 'nowhere'"),
        (Answers(name="shop", stages=["local"], repository="shop"), "--repository 'shop'"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(tmp_path: Path, answers: Answers, told: str):
    with pytest.raises(UserError, match=told):
        new_project(Project(tmp_path, "wharf"), answers)


def test_changes_that_are_not_committed_are_not_lost(checkout: Repository):
    (checkout.root / "apps" / "hello.yaml").write_text("mine\n")
    with pytest.raises(UserError, match="not committed"):
        new_project(Project(checkout.root, "wharf"), SHOP)
    assert (checkout.root / "apps" / "hello.yaml").read_text() == "mine\n"
