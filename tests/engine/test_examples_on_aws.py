"""The examples whose environments share a cluster, whole, as in tests/engine/test_aws_stages.py."""

from __future__ import annotations

import pytest

from evaluation.project import examples
from tests.engine.engine import ROOT
from tests.engine.stages import comes_and_goes

STAGES = {"squad": ["cluster", "staging", "production"], "epid": ["cluster", "dev", "prod"]}


pytestmark = pytest.mark.skipif(not {*STAGES} <= set(examples()), reason="the examples were taken out of this checkout")


@pytest.mark.parametrize("example", STAGES)
def test_stages_come_up_once_and_leave_nothing(tmp_path, cluster, example):
    comes_and_goes(tmp_path, cluster, ROOT / "examples" / example, STAGES[example])
