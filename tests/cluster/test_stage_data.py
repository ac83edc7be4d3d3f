"""What holds data in the local stage: rotated, kept, and not deleted unasked."""

from __future__ import annotations

import pytest

from cli.deploy import direct
from stacks.errors import UserError
from tests.cluster.local_stage import STAGE, LocalStage, serves
from tests.kwok import until


def test_a_rotation_rolls_only_the_pods_that_use_the_database(stage: LocalStage):
    names = ("hello", "data", "listener", "database", "broker", "mail")
    before = {name: set(stage.pods(name)) for name in names}
    stage.write({"wharf:database": {"rotation": 2}})
    stage.up()
    rolled = {name for name in names if not before[name] & set(stage.pods(name))}
    untouched = {name for name in names if before[name] >= set(stage.pods(name)) > set()}
    assert "database" in rolled
    assert not {uid for uid, pod in stage.pods("data").items() if serves(pod)} & before["data"]
    assert untouched == {"hello", "listener", "broker", "mail"}


def test_a_rotation_changes_the_password_of_server_and_app_alike(stage: LocalStage):
    def passwords() -> tuple[str, str]:
        secrets = stage.items("secrets")
        return secrets["Secret/database"]["data"]["password"], secrets["Secret/data"]["data"]["DATABASE_PASSWORD"]

    (server, app) = passwords()
    assert server == app
    stage.write({"wharf:database": {"rotation": 3}})
    stage.up()
    assert passwords() == (passwords()[0],) * 2
    assert passwords()[0] != server


def test_generated_passwords_are_kept_for_their_owner_only(stage: LocalStage):
    file = direct.values_file(stage.project, STAGE)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    stage.up()
    assert file.read_text() == before


def test_a_database_does_not_go_unasked(stage: LocalStage):
    before = stage.versions()
    stage.write({"wharf:database": None}, {"data": None})
    with pytest.raises(UserError) as refused:
        stage.up()
    assert str(refused.value) == (
        f"these hold data and would be deleted; to delete them, pass --yes:\n  StatefulSet {STAGE}/database"
    )
    assert stage.versions() == before
    stage.up(yes=True)
    until(lambda: "PersistentVolumeClaim/data-database-0" not in stage.items("pvc"))


def test_a_kept_volume_outlives_its_database(stage: LocalStage):
    stage.write({"wharf:database": {"keep": True}})
    stage.up()
    uid = stage.items("pvc")["PersistentVolumeClaim/data-database-0"]["metadata"]["uid"]
    stage.write({"wharf:database": None}, {"data": None})
    stage.up(yes=True)
    until(lambda: not stage.pods("database"))
    assert stage.items("pvc")["PersistentVolumeClaim/data-database-0"]["metadata"]["uid"] == uid
