"""The stage that the tests of this tier share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pods.real_stage import RealStage, missing


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStage]:
    if reason := missing():
        pytest.skip(reason)
    stage = RealStage(tmp_path_factory.mktemp("pods") / "project")
    stage.cluster.up(print, 600)
    try:
        stage.up()
        yield stage
    finally:
        stage.cluster.down(print, 600)


@pytest.fixture
def stage(shared: RealStage) -> RealStage:
    """The stage as it was at first, whatever the test before did to it."""
    shared.write()
    shared.up()
    return shared
