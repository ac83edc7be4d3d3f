"""`wharf` as it is typed: what the user can mend is told in words on stderr, with exit code 1."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cli.clusters.base import Record, state_folder
from cli.clusters.choice import cluster_name
from tests.local_stages import project
from tests.unit.conftest import Command


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("verb", ["up", "preview", "down", "render", "status"])
def test_bad_input_is_told_by_every_verb_and_changes_nothing(wharf: Command, tmp_path: Path, verb: str):
    project(tmp_path, {"wharf:databse": {}}, {"port": 0})
    before = files(tmp_path)
    code, out, err = wharf(verb, "local", *(("--out", str(tmp_path / "tree")) if verb == "render" else ()))
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "Pulumi.local.yaml: wharf:databse: is not a known key: did you mean database?",
        "apps/web.yaml: port: 0 is not from 1 to 65535",
    ]
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("up", "prod"), "there is no stage 'prod' in this checkout: the stages are local"),
        (("up", "local", "--example", "squad"), "there is no example 'squad': the examples are none"),
        (("up", "local", "--engine", "terraform"), "--engine 'terraform': write pulumi or direct"),
        (("up", "local", "--cluster", "k3s"), "--cluster 'k3s': write kind or kwok"),
        (
            ("up", "local", "--timeout", "soon"),
            "Invalid value for '--timeout': Input should be a valid number, unable to parse string as a number",
        ),
        (("up", "local", "--tiemout", "5"), "No such option: --tiemout (Possible options: --timeout)"),
        (("graph",), "Missing argument 'STAGE'."),
        (("upp", "local"), "No such command 'upp'. Did you mean 'up'?"),
        (("render", "local", "--out", "Pulumi.yaml"), "Pulumi.yaml is a file: name a folder for the rendered tree"),
    ],
)
def test_wrong_usage_is_told_in_one_line(
    wharf: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
):
    project(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = files(tmp_path)
    code, _, err = wharf(*arguments)
    assert code == 1
    assert err.strip() == told
    assert files(tmp_path) == before


@pytest.mark.parametrize("text", ["", "name: 5\n", "- a\n", "name: [\n"])
def test_a_project_file_without_a_name_is_told(wharf: Command, tmp_path: Path, text: str):
    project(tmp_path, files={"Pulumi.yaml": text})
    code, _, err = wharf("up", "local")
    assert code == 1
    assert err.startswith("Pulumi.yaml:")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["a b", "a/b", "a" * 64, "-a"])
def test_a_project_whose_name_cannot_be_a_label_is_told(wharf: Command, tmp_path: Path, name: str):
    project(tmp_path, files={"Pulumi.yaml": f"name: {name}\n"})
    code, _, err = wharf("up", "local")
    assert code == 1
    assert err == f"Pulumi.yaml: name: {name!r} is a label of all objects: at most 63 letters, digits and . _ -\n"


def test_a_rendered_stage_says_how_many_files_it_has(wharf: Command, tmp_path: Path):
    project(tmp_path)
    code, out, err = wharf("render", "local", "--out", str(tmp_path / "tree"))
    assert (code, err) == (0, "")
    assert out == f"{len(files(tmp_path / 'tree'))} files in {tmp_path / 'tree'}\n"


def test_what_is_no_mistake_of_the_user_is_not_hidden(wharf: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    project(tmp_path)
    monkeypatch.setattr("evaluation.render.write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wharf("render", "local", "--out", str(tmp_path / "tree"))


def test_ctrl_c_is_told_in_words(wharf: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    project(tmp_path)
    monkeypatch.setattr("evaluation.render.write", interrupted)
    code, _, err = wharf("render", "local", "--out", str(tmp_path / "tree"))
    assert (code, err) == (1, "stopped: run the same again, it goes on from where it was\n")


def test_what_cannot_be_written_is_named(wharf: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system", "/mnt/x")

    project(tmp_path)
    monkeypatch.setattr("evaluation.render.write", refused)
    code, _, err = wharf("render", "local", "--out", str(tmp_path / "tree"))
    assert (code, err) == (1, "/mnt/x: Read-only file system: wharf needs to read and write there\n")


@pytest.mark.parametrize("verb", ["up", "down"])
def test_a_file_where_the_state_is_kept_is_named(wharf: Command, tmp_path: Path, verb: str):
    project(tmp_path)
    (tmp_path / ".wharf").write_text("mine")
    code, _, err = wharf(verb, "local")
    assert code == 1
    assert err.splitlines()[-1] == f"{tmp_path}/.wharf: File exists: wharf needs to read and write there"


def test_down_of_what_is_not_up_removes_nothing(wharf: Command, tmp_path: Path):
    project(tmp_path)
    code, _, err = wharf("down", "local")
    assert code == 0
    assert err.splitlines() == [
        "project wharf (this checkout), stage local",
        "local is down: no process, container or file of it is left",
    ]


@pytest.mark.parametrize("change", ["an app file", "the stage file", "no stage file", "another kind"])
def test_down_removes_the_cluster_whatever_the_files_say_now(wharf: Command, tmp_path: Path, change: str):
    file = project(tmp_path).root / "Pulumi.local.yaml"
    state = state_folder(tmp_path, cluster_name(tmp_path, "wharf", "local"))
    Record(runtime="kwok").write(state)
    match change:
        case "an app file":
            (tmp_path / "apps/web.yaml").write_text("a: [")
        case "the stage file":
            file.write_text("a: [")
        case "no stage file":
            file.unlink()
        case _:
            file.write_text(
                "config:\n  wharf:kind: account\n  aws:region: eu-west-1\n"
                "  wharf:account: {repository: a/b, stages: [dev]}\n"
            )

    code, _, err = wharf("down", "local")
    assert code == 1
    assert "these hold data and would be deleted; to delete them, pass --yes:\n  cluster wharf-wharf-local-" in err
    assert state.exists()

    code, _, err = wharf("down", "local", "--yes")
    assert code == 0
    assert err.endswith("local is down: no process, container or file of it is left\n")
    assert not (tmp_path / ".wharf").exists()
