"""stages, set-version, help, and what a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.project import CHECKOUT
from tests.local_stages import project
from tests.unit.conftest import Command

STAGE = """\
# Mine.
config:
  wharf:kind: local
  wharf:apps:
    web: {version: "1.0", env: {A: b}}  # the shop
    other:
      # pinned, because of a bug
      version: '1.0'  # not 1.1
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    project(tmp_path, files={"Pulumi.local.yaml": STAGE, "apps/other.yaml": "image: a/b\nkind: worker\n"})
    return tmp_path


@pytest.mark.parametrize(
    ("app", "old", "new"),
    [
        ("web", 'web: {version: "1.0", env', 'web: {version: "2.0-rc.1", env'),
        ("other", "version: '1.0'  # not", 'version: "2.0-rc.1"  # not'),
    ],
)
def test_a_version_is_all_that_changes(wharf: Command, checkout: Path, app: str, old: str, new: str):
    code, out, _ = wharf("set-version", app, "2.0-rc.1")
    assert code == 0
    assert out == f"Pulumi.local.yaml: {app} has version 2.0-rc.1, and had 1.0; `wharf up local` deploys it\n"
    assert (checkout / "Pulumi.local.yaml").read_text() == STAGE.replace(old, new)
    assert wharf("set-version", app, "2.0-rc.1")[1] == f"{app} has version 2.0-rc.1 in local already\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("shop", "2"), "Pulumi.local.yaml: wharf:apps: does not name 'shop': its apps are web, other"),
        (("web", "no good"), "nothing was written, since this would be refused"),
        (("web", "2", "--stage", "prod"), "there is no stage 'prod'"),
    ],
)
def test_a_version_that_cannot_be_changes_nothing(
    wharf: Command, checkout: Path, arguments: tuple[str, ...], told: str
):
    code, _, err = wharf("set-version", *arguments)
    assert (code, err[: len(told)]) == (1, told)
    assert (checkout / "Pulumi.local.yaml").read_text() == STAGE


def test_stages_are_listed_even_if_one_is_broken(wharf: Command, checkout: Path):
    (checkout / "Pulumi.broken.yaml").write_text("config: {wharf:kind: locl}\n")
    code, out, _ = wharf("stages")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["stage", "kind", "region", "apps"]
    assert lines[1].startswith("broken")
    assert "refused: Pulumi.broken.yaml: wharf:kind:" in lines[1]
    assert lines[2].split() == ["local", "local", "2"]
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("arguments", [("help", "up"), ("up", "-h"), ("up", "--help")])
def test_help_is_where_people_look_for_it(wharf: Command, checkout: Path, arguments: tuple[str, ...]):
    code, out, _ = wharf(*arguments)
    assert code == 0
    assert "Create or update a stage" in out


def test_help_of_a_group_and_of_nothing(wharf: Command, checkout: Path):
    assert "Write an app's file" in wharf("help", "new", "app")[1]
    assert "set-version" in wharf("help")[1]
    assert wharf("help", "upp") == (1, "", "there is no verb 'upp': `wharf help` lists them\n")


def test_the_version_is_told(wharf: Command, checkout: Path):
    code, out, _ = wharf("--version")
    assert (code, out.split()[0]) == (0, "wharf")


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("wharf up lo", {"local"}),
        ("wharf up ", {"local", "prod"}),
        ("wharf logs local w", {"web"}),
        ("wharf set-v", {"set-version"}),
        ("wharf set-version ", {"other", "web"}),
        ("wharf status --ex", {"--example"}),
    ],
)
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on PATH")
def test_bash_completes(checkout: Path, typed: str, completed: set[str]):
    """A real bash, with the script that `wharf --show-completion bash` prints."""
    (checkout / "Pulumi.prod.yaml").write_text("")
    command = checkout / "bin" / "wharf"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom cli.main import main\nmain()\n")
    command.chmod(0o755)
    script = """
        source <(_WHARF_COMPLETE=source_bash wharf)
        function=$(complete -p wharf | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<< "$1"
        [[ $1 == *' ' ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        $function wharf
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script, "bash", typed], cwd=checkout, capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": f"{command.parent}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    assert set(done.stdout.split()) == completed, done.stderr
