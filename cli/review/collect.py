"""`wharf review collect`: renders every stage, compares it with a base and checks the rules."""

from __future__ import annotations

import json
import subprocess
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from cli.diff import as_json, run
from cli.diff import base as bases
from cli.review.model import FORMAT, NAME, Review, StageReview
from evaluation import project
from evaluation.graph import Graph
from policies.check import Report, judged
from stacks.errors import UserError
from stacks.reading.problems import InputRefused


def collect(pulumi_project: project.Project, ref: str | None, example: str | None) -> Review:
    """What the working tree changes in every stage, including stages that only one of the two sides has.

    Raises:
        UserError: there is no such base, or the name of a stage is not valid.
    """
    commit = bases.commit(ref) if ref else bases.merge_base()
    present = pulumi_project.stages()
    stages = sorted({*present, *bases.stages(commit, example)})
    for stage in stages:
        if not NAME.fullmatch(stage):
            raise UserError(
                f"Pulumi.{stage}.yaml: {stage!r} names no stage: use at most 20 of a-z, 0-9 and -, a-z first"
            )
    with ThreadPoolExecutor(1) as beside:
        base = beside.submit(bases.evaluate, commit, stages, example)
        heads = {stage: _head(pulumi_project, stage) for stage in present}
        graphs = base.result()
    reviews = [
        _reviewed(pulumi_project, stage, commit, graphs[stage], heads[stage])
        if stage in heads
        else StageReview(stage=stage, gone=True)
        for stage in stages
    ]
    return Review(format=FORMAT, head=_commit(), base=commit.id, stages=reviews)


def _head(pulumi_project: project.Project, stage: str) -> tuple[Graph, Report] | str:
    """The graph of the stage and the report of the rules, or why the stage is refused."""
    try:
        config = project.read_stage(pulumi_project, stage).config
        graph = run.head(pulumi_project, stage)
    except (InputRefused, UserError) as refused:
        return str(refused)
    except Exception as raised:  # the code of the request may raise anything, and the review shows it
        traceback.print_exc()
        return f"the program ends with {type(raised).__name__}: {raised}"
    return graph, judged(graph, config.exemptions, production=config.production, today=date.today())


def _reviewed(
    pulumi_project: project.Project,
    stage: str,
    commit: bases.Commit,
    base: bases.Evaluated,
    head: tuple[Graph, Report] | str,
) -> StageReview:
    if isinstance(head, str):
        return StageReview(stage=stage, problem=head)
    graph, report = head
    judgement = {
        "stage": stage,
        "rules": report.rules,
        "violations": [*map(str, report.violations), *report.problems],
    }
    try:
        diff = as_json.to_json(run.between(pulumi_project, stage, commit, base, graph))
    except bases.NotComparableError as reason:
        return StageReview.model_validate({**judgement, "problem": str(reason)})
    return StageReview.model_validate({**judgement, "diff": json.loads(json.dumps(diff))})


def _commit() -> str:
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project.CHECKOUT, capture_output=True, text=True, check=True
    ).stdout.strip()
