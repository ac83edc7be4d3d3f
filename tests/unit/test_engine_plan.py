"""What the engine would do, shown to whoever approves and held to afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.review import engine_plan
from stacks.errors import UserError

URN = "urn:pulumi:prod::wharf::wharf:data:Database$aws:rds/instance:Instance::database-instance"


def preview(path: Path, *steps: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"config": {"wharf:secrets": "[secret]"}, "steps": list(steps)}))
    return path


def step(operation: str = "update", **more: Any) -> dict[str, Any]:
    return {"op": operation, "urn": URN, "newState": {"inputs": {"password": "canary"}}, **more}


RESIZED = step(detailedDiff={"instanceClass": {"kind": "update"}})


def test_a_plan_is_shown_and_kept_without_values(tmp_path: Path):
    steps = engine_plan.of_preview(preview(tmp_path / "p.json", RESIZED, step("same")))
    engine_plan.save(steps, tmp_path / "plan.json")
    shown = engine_plan.markdown(steps, "prod")
    assert "  aws:rds/instance:Instance database-instance: update (instanceClass)" in shown
    assert "canary" not in shown + (tmp_path / "plan.json").read_text()
    assert engine_plan.load(tmp_path / "plan.json") == steps


def test_what_is_as_approved_goes_on(tmp_path: Path):
    steps = engine_plan.of_preview(preview(tmp_path / "p.json", RESIZED))
    engine_plan.require_same(steps, engine_plan.of_preview(preview(tmp_path / "q.json", step("same"), RESIZED)))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ([], "would not be done:   aws:rds"),
        ([step("replace", detailedDiff={"kmsKeyId": {}})], "would now also be done: ! aws:rds"),
        ([step(diffReasons=["instanceClass", "multiAz"])], r"\(instanceClass, multiAz\)"),
    ],
)
def test_what_is_not_as_approved_stops_and_says_what(tmp_path: Path, now: list[dict[str, Any]], said: str):
    approved = engine_plan.of_preview(preview(tmp_path / "p.json", RESIZED))
    with pytest.raises(UserError, match=said):
        engine_plan.require_same(approved, engine_plan.of_preview(preview(tmp_path / "q.json", *now)))


@pytest.mark.parametrize("content", ["", "[]", '{"steps": [1]}', "{}"])
def test_what_is_no_preview_is_one_line(tmp_path: Path, content: str):
    (tmp_path / "p.json").write_text(content)
    for read in (engine_plan.of_preview, engine_plan.load):
        with pytest.raises(UserError, match="is not what"):
            read(tmp_path / "p.json")
