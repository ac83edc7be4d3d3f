"""`wharf update`: a newer Wharf comes in, and what is the team's stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.new.update import update
from stacks.errors import UserError
from tests.repository import Repository

FIRST = {
    "README.md": "Wharf\n",
    "cli/main.py": "one\n",
    "apps/hello.yaml": "demo\n",
    "Pulumi.yaml": "name: wharf\n",
    "Pulumi.dev.yaml": "demo\n",
    "examples/squad/Pulumi.yaml": "name: squad\n",
}
NEWER = {
    "cli/main.py": "two\n",
    "apps/hello.yaml": "a newer demo\n",
    "apps/more.yaml": "more of the demo\n",
    "Pulumi.yaml": "name: wharf\ndescription: newer\n",
    "Pulumi.dev.yaml": "a newer demo\n",
    "Pulumi.qa.yaml": "a newer demo\n",
    "examples/squad/Pulumi.yaml": "name: squad\ndescription: newer\n",
    "examples/third/Pulumi.yaml": "name: third\n",
    "docs/new.md": "new\n",
}


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A checkout that a team made its own; upstream has a newer Wharf."""
    for variable in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{variable}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{variable}_EMAIL", "test@example.com")
    upstream = Repository(tmp_path / "upstream")
    upstream.root.mkdir()
    upstream.git("init", "--quiet", "--initial-branch=main")
    write(upstream.root, FIRST)
    upstream.commit("first")
    team = upstream.copy(tmp_path / "team")
    team.git("rm", "-rq", "apps", "examples", "Pulumi.dev.yaml")
    write(team.root, {"Pulumi.yaml": "name: shop\n", "Pulumi.prod.yaml": "ours\n", "apps/shop.yaml": "ours\n"})
    team.commit("ours")
    team.git("remote", "add", "upstream", str(upstream.root))
    write(upstream.root, NEWER)
    upstream.commit("newer")
    return team


def files(root: Path) -> dict[str, str]:
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_text() for path in found}


def test_the_program_is_newer_and_the_teams_files_are_the_teams(team: Repository):
    said = update(team.root, None)
    assert files(team.root) == {
        "README.md": "Wharf\n",
        "cli/main.py": "two\n",
        "docs/new.md": "new\n",
        "apps/shop.yaml": "ours\n",
        "Pulumi.yaml": "name: shop\n",
        "Pulumi.prod.yaml": "ours\n",
    }
    assert team.git("status", "--porcelain") == ""
    assert len(team.git("rev-list", "--parents", "-n1", "HEAD").split()) == 3
    assert "merged 1 commits" in said
    assert "kept as you have it: Pulumi.yaml" in said
    assert update(team.root, None).startswith("nothing to update")


def test_what_both_have_changed_is_left_to_git_and_named(team: Repository):
    write(team.root, {"cli/main.py": "ours\n"})
    team.commit("a patch of ours")
    with pytest.raises(UserError, match=r"which you and Wharf have both changed:\n  cli/main\.py\n"):
        update(team.root, None)
    assert "<<<<<<<" in (team.root / "cli/main.py").read_text()
    assert team.git("diff", "--name-only", "--diff-filter=U") == "cli/main.py"
    assert (team.root / "Pulumi.yaml").read_text() == "name: shop\n"
    write(team.root, {"cli/main.py": "both\n"})
    team.commit("merged")
    assert update(team.root, None).startswith("nothing to update")


@pytest.mark.parametrize(
    ("change", "ref", "told"),
    [
        ("dirty", None, "there are changes that are not committed"),
        ("", "v9", "v9: there is no such commit here"),
        ("no remote", None, "there is no remote upstream"),
    ],
)
def test_where_it_cannot_begin_nothing_is_changed(team: Repository, change: str, ref: str | None, told: str):
    if change == "dirty":
        write(team.root, {"README.md": "changed\n"})
    if change == "no remote":
        team.git("remote", "remove", "upstream")
    before, head = files(team.root), team.git("rev-parse", "HEAD")
    with pytest.raises(UserError, match=told):
        update(team.root, ref)
    assert (files(team.root), team.git("rev-parse", "HEAD")) == (before, head)
