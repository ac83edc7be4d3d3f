"""App files that no stage names yet: `wharf check` reads them too, so that they are right on the day they are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policies import check
from stacks.reading.problems import InputRefused
from tests.local_stages import project

GOOD = "image: example/new\nkind: worker\nuser: 1000\n"
OTHER_STAGE = json.dumps({"config": {"wharf:kind": "local", "wharf:apps": {"new": {"version": "1", "user": 7}}}})


def problems(folder: Path, **files: str) -> list[str]:
    """What `check` of a stage refuses, when the project has these files besides those of the app that it names."""
    found = project(folder, files={path.replace("__", "/") + ".yaml": text for path, text in files.items()})
    try:
        check.check(found, "local")
    except InputRefused as refused:
        return list(map(str, refused.problems))
    return []


def test_a_file_that_is_right_is_no_problem(tmp_path: Path):
    assert problems(tmp_path, apps__new=GOOD) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("image: [unclosed", ["apps/new.yaml:1:17: is not YAML: expected ',' or ']', but got '<stream end>'"]),
        ("- a", ["apps/new.yaml:1:1: does not hold keys and values: write one key: value on each line"]),
        (f"{GOOD}prot: 1\n", ["apps/new.yaml: prot: is not a known key: did you mean port?"]),
        ("kind: worker\nuser: 1000\n", ["apps/new.yaml: image: is missing"]),
        (
            f"{GOOD}version: '1'\n",
            [
                "apps/new.yaml: version: belongs to the stage: move it to wharf:apps.new.version in the stage file"
            ],
        ),
        (f"{GOOD}name: other\n", ["apps/new.yaml: name: is not a known key: the app's name is that of its file, new"]),
        (
            f"{GOOD}needs: {{mail: {{URL: '${{nope}}'}}}}\n",
            ["apps/new.yaml: needs.mail.URL: ${nope} is not known: the placeholders are ${host}, ${port}"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_told_with_its_file_and_key(tmp_path: Path, text: str, told: list[str]):
    assert problems(tmp_path, apps__new=text) == told


def test_every_such_file_is_told_of_at_once(tmp_path: Path):
    told = problems(tmp_path, apps__new="kind: [", apps__newer="kind: nothing\nimage: a\n")
    assert [line.partition(":")[0] for line in told] == ["apps/new.yaml", "apps/newer.yaml"]


def test_what_another_stage_names_is_read_with_what_that_stage_adds(tmp_path: Path):
    incomplete = "image: example/new\nkind: worker\nuser: root\n"
    assert problems(tmp_path, apps__new=incomplete) == ["apps/new.yaml: user: 'root' is text, not a whole number"]
    files = {"apps__new": incomplete, "Pulumi.other": OTHER_STAGE}
    assert problems(tmp_path, **files) == []


def test_a_stage_file_that_cannot_be_read_is_not_this_stages_problem(tmp_path: Path):
    assert problems(tmp_path, apps__new=GOOD, **{"Pulumi.other": "config: ["}) == []


def test_a_stage_with_a_folder_of_its_own_has_its_files_read_there(tmp_path: Path):
    other = json.dumps({"config": {"wharf:kind": "local", "wharf:apps-dir": "more"}})
    told = problems(tmp_path, more__new="kind: worker\n", **{"Pulumi.other": other})
    assert told == ["more/new.yaml: image: is missing"]
