"""A wheel of this checkout, installed elsewhere, runs a project that has no code of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation import render
from evaluation.project import CHECKOUT, evaluate_stage
from tests.local_stages import project

PACKAGES = ("cli", "components", "evaluation", "policies", "stacks")
AWS = {
    "aws:region": "eu-west-1",
    "wharf:kind": "aws",
    "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]},
    "wharf:apps": {"web": {"version": "1.0"}},
    "wharf:database": {},
}


def files_of_git(*patterns: str) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (CHECKOUT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, since setuptools writes into the folder that it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in files_of_git(*PACKAGES, "__main__.py", "pyproject.toml", "README.md", "LICENSE"):
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, target)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-build-isolation", "--wheel-dir", folder, folder / "source"], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`wharf` of an environment of its own, which shares only the packages that the wheel depends on."""
    root = tmp_path_factory.mktemp("elsewhere")
    venv.create(root, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(root), "platbase": str(root)}))
    shared = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "shared.pth").write_text("".join(f"{path}\n" for path in shared))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", root / "bin" / "python", "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--no-index", "--force-reinstall", wheel], check=True)
    return root / "bin" / "wharf"


def run(command: Path, arguments: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": "120"}
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_wheel_holds_every_module_and_file_of_the_packages(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == set(files_of_git(*PACKAGES))


def test_what_is_installed_tells_its_verbs(command: Path, tmp_path: Path):
    done = run(command, ["--help"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "render" in done.stdout


@pytest.mark.parametrize(("stage", "config"), [("local", None), ("dev", AWS)])
def test_what_is_installed_renders_a_project_as_the_checkout_does(command: Path, tmp_path: Path, stage: str, config):
    here = project(tmp_path / "mine", stage=stage, **({"base": config} if config else {}))
    done = run(command, ["render", stage, "--out", tmp_path / "tree"], here.root / "apps")
    assert done.returncode == 0, done.stderr
    written = {
        str(path.relative_to(tmp_path / "tree")): path for path in (tmp_path / "tree").rglob("*") if path.is_file()
    }
    expected = render.tree(evaluate_stage(here, stage))
    assert {name: path.read_text(encoding="utf-8") for name, path in written.items()} == expected


def test_what_is_installed_checks_a_project_by_the_rules(command: Path, tmp_path: Path):
    done = run(command, ["check", "local"], project(tmp_path / "mine").root)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_that_runs_is_the_wheel_and_not_this_checkout(command: Path, tmp_path: Path):
    where = [command.parent / "python", "-c", "import evaluation.project as p; print(p.__file__)"]
    printed = subprocess.run(where, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(printed.strip()).is_relative_to(command.parents[1])


def test_outside_every_project_the_remedy_is_told(command: Path, tmp_path: Path):
    done = run(command, ["check", "local"], tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "there is no Pulumi.yaml in this folder or in one above it: cd to the folder of your project\n"
    )
