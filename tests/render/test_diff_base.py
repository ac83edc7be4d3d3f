"""`wharf diff` against the history of real git repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.diff import base as bases
from stacks.errors import UserError
from tests.repository import Repository


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.of_checkout(tmp_path_factory.mktemp("original") / "wharf")


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    return original.copy(tmp_path / "wharf")


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with nothing of ours in it, which `cli.diff.base` takes for its checkout."""
    repository = Repository(tmp_path / "small")
    repository.root.mkdir()
    repository.git("init", "--quiet", "--initial-branch=main")
    monkeypatch.setattr(bases, "CHECKOUT", repository.root)
    return repository


def version_of(repository: Repository) -> str:
    stage = (repository.root / "Pulumi.local.yaml").read_text()
    return stage.split(" hello:")[1].split('version: "')[1].split('"')[0]


def test_a_new_version_of_one_app_changes_its_objects_and_nothing_else(repository: Repository):
    repository.replace("Pulumi.local.yaml", version_of(repository), "6.0.0")
    repository.commit("bump")
    done = repository.wharf("diff", "local", "--base", "HEAD~1", "--format", "json")
    assert done.returncode == 2, done.stderr
    diff = json.loads(done.stdout)
    assert {change["component"] for change in diff["changes"]} == {"App hello"}
    assert "Deployment" in {change["type"].rsplit(":")[-1] for change in diff["changes"]}
    again = repository.wharf("diff", "local", "--base", "HEAD")
    assert again.returncode == 0
    assert len(again.stdout.splitlines()) == 1
    assert repository.git("worktree", "list").count("\n") == 0
    assert repository.git("status", "--porcelain") == ""


def test_a_dirty_tree_is_the_head_and_said_so(repository: Repository):
    repository.replace("Pulumi.local.yaml", version_of(repository), "6.0.0")
    done = repository.wharf("diff", "local", "--format", "json")
    assert done.returncode == 2, done.stderr
    assert "not committed" in json.loads(done.stdout)["head"]


def test_a_database_renamed_without_alias_loses_data(repository: Repository):
    repository.replace("stacks/services/database.py", 'Postgres("database"', 'Postgres("store"')
    repository.commit("rename")
    done = repository.wharf("diff", "local", "--base", "HEAD~1")
    assert done.returncode == 3, done.stderr
    assert "local loses data:" in done.stdout


def test_a_base_that_does_not_render_is_named_and_the_head_shown_alone(repository: Repository):
    app = repository.root / "apps" / "hello.yaml"
    good = app.read_text()
    app.write_text(good + "nonsense: true\n")
    broken = repository.commit("broken")
    app.write_text(good)
    repository.commit("mended")
    done = repository.wharf("diff", "local", "--base", "HEAD~1")
    assert done.returncode == 1
    assert "resources in the working tree alone" in done.stdout
    assert broken[:10] in done.stderr
    assert "apps/hello.yaml: nonsense" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_base_that_needs_other_packages_is_not_comparable(repository: Repository):
    (repository.root / "requirements.txt").write_text("pulumi==1.0\n")
    repository.commit("other packages")
    done = repository.wharf("diff", "local", "--base", "HEAD~1")
    assert done.returncode == 1
    assert "requirements.txt" in done.stderr
    assert "resources in the working tree alone" in done.stdout


def test_a_stage_that_the_base_does_not_have_is_created(repository: Repository):
    local = (repository.root / "Pulumi.local.yaml").read_text()
    (repository.root / "Pulumi.laptop.yaml").write_text(local)
    repository.commit("another stage")
    done = repository.wharf("diff", "laptop", "--base", "HEAD~1", "--format", "json")
    assert done.returncode == 3, done.stderr  # its routes and accesses are new
    assert set(json.loads(done.stdout)["summary"]) == {"created"}


def test_without_a_base_it_is_where_the_work_left_main(small: Repository):
    left = small.commit("on main")
    small.git("checkout", "--quiet", "-b", "work")
    small.commit("mine")
    small.git("checkout", "--quiet", "main")
    small.commit("theirs")
    small.git("checkout", "--quiet", "work")
    assert bases.merge_base().id == left
    small.git("merge", "--quiet", "--no-edit", "main")
    assert bases.merge_base().id == small.git("rev-parse", "main")


def test_a_commit_that_is_not_there_is_named(small: Repository):
    small.commit("first")
    with pytest.raises(UserError, match="--base v9: there is no such commit"):
        bases.commit("v9")


def test_an_option_is_no_ref(small: Repository):
    small.commit("first")
    with pytest.raises(UserError, match="there is no such commit"):
        bases.commit("--all")


def test_a_shallow_clone_is_told_how_to_deepen(small: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for message in ("first", "second", "third"):
        small.commit(message)
    small.git("clone", "--quiet", "--depth", "1", f"file://{small.root}", str(tmp_path / "shallow"))
    monkeypatch.setattr(bases, "CHECKOUT", tmp_path / "shallow")
    with pytest.raises(UserError, match=r"shallow: `git fetch --unshallow`"):
        bases.commit("HEAD~2")


def test_outside_of_git_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bases, "CHECKOUT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(UserError, match="is not a git repository"):
        bases.commit("HEAD")


def test_without_main_the_user_names_the_base(small: Repository):
    small.commit("first")
    small.git("branch", "--quiet", "--move", "trunk")
    with pytest.raises(UserError, match="give --base REF"):
        bases.merge_base()


def test_an_encrypted_secret_that_changed_is_told_and_not_shown(repository: Repository):
    repository.replace("Pulumi.local.yaml", "reader-admin: local-only", "reader-admin: {secure: v1:canary:one}")
    repository.commit("encrypted")
    repository.replace("Pulumi.local.yaml", "canary:one", "canary:two")
    for arguments in ((), ("--format", "markdown"), ("--format", "json")):
        done = repository.wharf("diff", "local", "--base", "HEAD", *arguments)
        assert done.returncode == 2, done.stderr
        assert "canary" not in done.stdout
        assert "file.run.secrets.admin-password" in done.stdout
    assert '"secret": true' in done.stdout


def test_an_alias_makes_a_new_name_of_a_component_a_renaming(repository: Repository):
    path = repository.root / "stacks" / "local.py"
    made = 'Environment(\n        "environment",'
    text = path.read_text()
    assert made in text
    path.write_text(text.replace(made, 'Environment(\n        "place",'))
    without = repository.wharf("diff", "local", "--base", "HEAD", "--format", "json")
    assert without.returncode == 3, without.stderr
    alias = "aliases=[pulumi.Alias(name='environment')]"
    aliased = text.replace(made, 'Environment(\n        "place",').replace(
        "opts=into,\n    )\n    place",
        f"opts=ResourceOptions.merge(into, ResourceOptions({alias})),\n    )\n    place",
    )
    assert alias in aliased
    path.write_text(aliased)
    done = repository.wharf("diff", "local", "--base", "HEAD", "--format", "json")
    assert done.returncode == 2, done.stderr
    assert set(json.loads(done.stdout)["summary"]) == {"renamed"}


def test_a_check_ends_with_1_and_a_line_for_each_rule_that_is_broken(repository: Repository):
    repository.replace("Pulumi.prod.yaml", "multi-zone: true, backup-days: 30, keep: true", "backup-days: 5")
    repository.replace("Pulumi.prod.yaml", "[203.0.113.0/24]", "[0.0.0.0/0]")
    done = repository.wharf("check", "prod")
    *lines, total = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert {line.split(": ")[0] for line in lines} == {
        *("cluster-api-is-not-open", "data-is-protected", "database-is-backed-up", "database-survives"),
    }
    assert total.endswith(f"{len(lines)} to fix")
    assert json.loads(repository.wharf("check", "prod", "--format", "json").stdout)["passed"] is False
