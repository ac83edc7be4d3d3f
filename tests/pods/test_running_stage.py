"""A stage whose pods run: restricted, read-only, with its data, through rollouts."""

from __future__ import annotations

import re
import time

from tests.pods.real_stage import RealStage, restarts

PARTS = ("web", "caller", "reader", "database", "broker")


def test_everything_runs_under_the_restricted_profile_and_did_not_have_to_be_started_again(stage: RealStage):
    enforced = stage.cluster.kubectl("get", "namespace", "pods", "-o", "jsonpath={.metadata.labels}").stdout
    assert '"pod-security.kubernetes.io/enforce":"restricted"' in enforced
    for part in PARTS:
        assert stage.pods(part), f"{part} has no ready pod"
        assert restarts(stage.pods(part)) == 0, part


def test_only_the_folders_that_are_writable_can_be_written_to(stage: RealStage):
    for part in PARTS:
        pod = stage.pods(part)[0]["metadata"]["name"]
        assert stage.exec(pod, "touch /tmp/written").returncode == 0, part
        refused = stage.exec(pod, "touch /etc/written")
        assert "Read-only file system" in refused.stderr, part


def test_the_command_before_a_version_ran_once_and_found_the_database_at_once(stage: RealStage):
    """Its pod is the first: it did not have to be tried again."""
    assert stage.query("SELECT count(*) FROM runs") == "1"
    jobs = [job for job in stage.get("jobs")["items"] if job["metadata"]["name"].startswith("reader-before")]
    assert [job["status"].get("failed", 0) for job in jobs] == [0]


def test_data_outlives_the_pod(stage: RealStage):
    stage.query("CREATE TABLE kept AS SELECT 42 AS number")
    stage.cluster.kubectl("delete", "pod", "database-0", "-n", "pods", "--wait=true")
    stage.up()
    assert stage.query("SELECT number FROM kept") == "42"
    stage.query("DROP TABLE kept")


def test_a_rotation_changes_the_password_and_no_new_pod_starts_with_the_wrong_one(stage: RealStage):
    def password() -> str:
        return stage.exec("database-0", "cat /run/credentials/password").stdout

    def accepted(known: str) -> bool:
        """By TCP from another pod, where a password is asked for."""
        reader = stage.pods("reader")[0]["metadata"]["name"]
        return stage.exec(reader, f"PGPASSWORD={known} psql -h database -U app app -c 'SELECT 1'").returncode == 0

    before = password()
    assert accepted(before)
    stage.write({"wharf:database": {"storage-gib": 1, "rotation": 2}})
    stage.up()
    assert password() != before
    assert accepted(password())
    assert not accepted(before)
    assert restarts(stage.pods("reader")) == 0


def test_no_request_is_lost_in_a_rolling_update_and_in_a_restart(stage: RealStage):
    before = {pod["metadata"]["uid"] for pod in stage.pods("web")}
    said_before = stage.logs("caller")  # it may have called before anybody was there to answer
    stage.write(web={"env": {"GREETING": "changed"}})
    stage.up()
    updated = {pod["metadata"]["uid"] for pod in stage.pods("web")}
    assert not before & updated
    stage.cluster.kubectl("rollout", "restart", "deployment/web", "-n", "pods")
    stage.cluster.kubectl("rollout", "status", "deployment/web", "-n", "pods", "--timeout=120s", timeout=130)
    time.sleep(3)
    told = stage.logs("caller").removeprefix(said_before)
    assert told.count("got") > 100, "there was no load"
    assert "lost" not in told


def test_the_broker_blocks_publishers_long_before_its_container_is_killed(stage: RealStage):
    told = stage.exec("broker-0", "rabbitmq-diagnostics -q status").stdout
    computed = re.search(r"computed to: ([\d.]+) gb", told)
    assert computed, told
    assert 0.1 < float(computed[1]) < 0.45, "of 512 MiB"
