"""The artifact that one workflow hands to the next.

Anybody who opens a pull request can write this artifact, so every part of it is checked.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cli.diff import as_json
from cli.diff.model import Diff
from stacks.errors import UserError

FORMAT = 2
RISKS = 3  # the exit code of a diff that loses data, opens something or waives a rule
LARGEST = 20_000_000  # bytes; if a hundred apps all change, it is about two million
Text = Annotated[str, StringConstraints(max_length=100_000)]
Line = Annotated[str, StringConstraints(max_length=2_000)]
NAME = re.compile(r"\A[a-z][-a-z0-9]{0,19}\Z")
Name = Annotated[str, StringConstraints(pattern=NAME)]
Sha = Annotated[str, StringConstraints(pattern=re.compile(r"\A([0-9a-f]{40}|[0-9a-f]{64})\Z"))]
Urn = Annotated[str, StringConstraints(max_length=2_000, pattern=re.compile(r"\Aurn:pulumi:.*::.*::.+::"))]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Many = 50_000
DEEPEST = 100  # levels of a value; a deeper one could only be meant to exhaust the stack


def _shallow(value: Any, depth: int = 0) -> Any:
    if depth > DEEPEST:
        raise ValueError("it is nested too deep")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _shallow(item, depth + 1)
    return value


Value = Annotated[Any, pydantic.AfterValidator(_shallow)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Property(_Strict):
    path: Line
    old: Value = None
    new: Value = None
    secret: bool = False
    replaces: bool = False


class _Change(_Strict):
    kind: Literal["created", "deleted", "changed", "replaced", "renamed"]
    urn: Urn
    type: Line
    name: Line
    component: Line
    old_urn: Line
    properties: Annotated[list[_Property], Field(max_length=Many)]
    because: Annotated[list[Line], Field(max_length=Many)]
    loses: Text
    notes: Annotated[list[Line], Field(max_length=100)]


class _Opening(_Strict):
    urn: Urn
    resource: Line
    what: Text


class _Diff(_Strict):
    format: Literal[2]
    project: Line
    stack: Name
    base: Line
    head: Line
    exitCode: Literal[0, 2, 3]  # noqa: N815 the JSON's own key
    total: Count
    summary: dict[Literal["created", "deleted", "changed", "replaced", "renamed"], Count]
    waives: Annotated[list[Text], Field(max_length=Many)]
    opens: Annotated[list[_Opening], Field(max_length=Many)]
    changes: Annotated[list[_Change], Field(max_length=Many)]
    outputs: Annotated[list[_Property], Field(max_length=Many)]
    followers: Annotated[list[Urn], Field(max_length=Many)]


class StageReview(_Strict):
    """One stage: its diff and the violations of rules, or why there is no diff or no check.

    Attributes:
        gone: True if the stage is in the base and no longer in the head.
    """

    stage: Name
    diff: _Diff | None = None
    problem: Text = ""
    violations: Annotated[list[Text], Field(max_length=Many)] = []
    rules: Count = 0
    gone: bool = False

    @property
    def is_unchecked(self) -> bool:
        """True if the head is refused, so that no rule could be checked."""
        return not self.gone and not self.rules

    @pydantic.model_validator(mode="after")
    def _one_stage(self) -> StageReview:
        if self.diff and self.diff.stack != self.stage:
            raise ValueError(f"the diff is of another stage than {self.stage}")
        return self

    def as_diff(self) -> Diff | None:
        """The diff as the class that `cli.diff` works with."""
        return as_json.from_json(self.diff.model_dump()) if self.diff else None


class Review(_Strict):
    """All stages of one commit against one base."""

    format: Literal[2]
    head: Sha
    base: Sha
    stages: Annotated[list[StageReview], Field(min_length=1, max_length=100)]


def parse(text: bytes) -> Review:
    """The review in an artifact.

    Raises:
        UserError: it is too large, not JSON, or not a review. The message says where.
    """
    if len(text) > LARGEST:
        raise UserError(f"the review has {len(text)} bytes, and {LARGEST} are taken at most")
    try:
        return Review.model_validate(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise UserError(f"the review is not what `wharf review collect` writes: {_first(error)}") from None


def _first(error: Exception) -> str:
    if isinstance(error, pydantic.ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))[:200]}: {first['msg'][:200]}"
    return "it is not JSON" if not isinstance(error, RecursionError) else "it is nested too deep"


def to_json(review: Review) -> str:
    return review.model_dump_json(indent=1) + "\n"


def blocking(review: Review) -> list[str]:
    """Why the change must not be merged unless somebody allows it.

    Reasons are: it loses data, opens something, waives a rule, removes a stage, or cannot be compared.
    """
    reasons = []
    for stage in review.stages:
        diff = stage.as_diff()
        if stage.gone:
            reasons.append(f"{stage.stage}: the stage is taken away")
        elif diff is None and not stage.is_unchecked:
            reasons.append(f"{stage.stage}: not comparable")
        elif diff and diff.exit_code == RISKS:
            reasons.append(f"{stage.stage}: {_risks(diff)}")
    return reasons


def broken(review: Review) -> list[str]:
    """What has to be fixed, and what no label allows: stages that break rules, or that are refused."""
    return [
        f"{s.stage}: {'refused' if s.is_unchecked else _count(len(s.violations), 'violation', 'of a rule', 'of rules')}"
        for s in review.stages
        if s.violations or s.is_unchecked
    ]


def _risks(diff: Diff) -> str:
    """For example ``2 resources lose data, 1 right is new``."""
    risks = [
        _count(len(diff.waives), "rule", "is waived", "are waived"),
        _count(len(diff.losing), "resource", "loses data", "lose data"),
        _count(len(diff.opens), "right", "is new", "are new"),
    ]
    return ", ".join(text for text in risks if not text.startswith("0 "))


def _count(number: int, noun: str, one: str, many: str) -> str:
    return f"1 {noun} {one}" if number == 1 else f"{number} {noun}s {many}"
