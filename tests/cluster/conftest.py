"""The local stage that the tests of this tier share, since bringing one up takes longer than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.local_stage import LocalStage


@pytest.fixture(scope="package")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStage]:
    stage = LocalStage(tmp_path_factory.mktemp("cluster") / "project")
    try:
        stage.start()
        yield stage
    finally:
        stage.write()
        stage.stop()


@pytest.fixture
def stage(shared: LocalStage) -> LocalStage:
    """The stage as it was at first, whatever the test before did to it."""
    if shared.changed:
        shared.write()
        shared.up(yes=True)
        shared.changed = False
    return shared
