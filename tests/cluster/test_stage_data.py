"""What holds data in the local stage: rotated, kept, and not deleted unasked."""

from __future__ import annotations

import json

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


def test_in_a_rotation_no_new_pod_of_an_app_starts_before_the_database_has_the_new_password(stage: LocalStage):
    """By the times that the API server gave: the database's new pod was ready before the first new pod of the app."""
    before = set(stage.pods("data"))
    stage.write({"wharf:database": {"rotation": 4}})
    stage.up()
    (database,) = stage.pods("database").values()
    (ready,) = [c["lastTransitionTime"] for c in database["status"]["conditions"] if c["type"] == "Ready"]
    new = [pod for uid, pod in stage.pods("data").items() if uid not in before and serves(pod)]
    assert new
    assert all(pod["metadata"]["creationTimestamp"] >= ready for pod in new)


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
        "these hold data and would be deleted; to delete them, pass --yes:\n"
        f"  StatefulSet {STAGE}/database: its volumes"
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


@pytest.mark.parametrize("keep", [False, True])
def test_a_set_that_an_earlier_wharf_made_keeps_its_policy_until_it_is_made_anew(stage: LocalStage, keep: bool):
    """Its data stays in both cases. See docs/upgrade.md."""

    def made() -> tuple[str, str, str]:
        found = stage.items("statefulsets")["StatefulSet/database"]
        claim = stage.items("pvc")["PersistentVolumeClaim/data-database-0"]
        return found["spec"]["podManagementPolicy"], found["metadata"]["uid"], claim["metadata"]["uid"]

    def delete_the_set_alone() -> None:
        stage.cluster.kubectl("delete", "statefulset", "database", "--cascade=orphan", "-n", STAGE)

    stage.write({"wharf:database": {"keep": keep, "rotation": 7}})
    stage.up()
    old = stage.items("statefulsets")["StatefulSet/database"]
    old["spec"]["podManagementPolicy"] = "OrderedReady"
    for key in ("uid", "resourceVersion", "managedFields", "creationTimestamp", "generation"):
        old["metadata"].pop(key, None)
    delete_the_set_alone()
    stage.cluster.kubectl("create", "-f", "-", stdin=json.dumps({**old, "status": {}}))
    policy, uid, claim = made()
    assert policy == "OrderedReady"

    stage.write({"wharf:database": {"keep": keep, "rotation": 8}})
    stage.up()
    assert made() == (policy, uid, claim)

    pods = set(stage.pods("database"))
    delete_the_set_alone()
    stage.up()
    assert made()[0] == "Parallel"
    assert made()[2] == claim
    assert set(stage.pods("database")) == pods
