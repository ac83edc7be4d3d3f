"""The local stage by the direct way, against a real API server: what `up`, `preview` and `down` promise."""

from __future__ import annotations

from pathlib import Path

from cli.deploy import up
from cli.deploy.direct import Outcome
from evaluation import render
from evaluation.project import evaluate_stage
from tests.cluster.local_stage import STAGE, LocalStage, pod_of, serves
from tests.kwok import processes, until


def test_everything_is_ready(stage: LocalStage):
    for workload in stage.items("deployments,statefulsets").values():
        assert workload["status"]["readyReplicas"] == workload["spec"]["replicas"]
    for job in stage.items("jobs").values():
        assert job["status"]["succeeded"] == 1
    kinds = [name.split("/", maxsplit=1)[0] for name in stage.items("deployments,statefulsets,jobs,cronjobs")]
    assert sorted(kinds) == ["CronJob", *["Deployment"] * 4, *["Job"] * 2, *["StatefulSet"] * 2]


def test_a_second_up_changes_no_object(stage: LocalStage):
    before = stage.versions()
    outcome = stage.up()
    assert str(outcome).startswith("nothing changed (")
    assert stage.versions() == before


def test_a_preview_of_nothing_says_nothing_and_changes_nothing(stage: LocalStage):
    before = stage.versions()
    assert stage.preview().startswith("nothing would change (")
    assert stage.versions() == before


def test_a_preview_names_what_up_would_do_and_changes_nothing(stage: LocalStage):
    stage.write(apps={"listener": None, "data": {"version": "1.1"}, "hello": {"port": 9899}})
    before = stage.versions()
    lines = stage.preview().splitlines()
    assert stage.versions() == before
    assert f"- Deployment {STAGE}/listener" in lines
    assert f"~ Deployment {STAGE}/data" in lines
    assert [line for line in lines if line.startswith(f"+ Job {STAGE}/data-before-")]
    assert [line for line in lines if line.startswith(f"- Job {STAGE}/data-before-")]
    assert {f"~ Service {STAGE}/hello", f"~ NetworkPolicy {STAGE}/hello"} <= set(lines)
    assert f"~ Deployment {STAGE}/hello" in lines
    assert not [line for line in lines if "database" in line]


def test_a_new_version_touches_that_app_only(stage: LocalStage):
    before = stage.versions()
    stage.write(apps={"data": {"version": "1.1"}})
    outcome = stage.up()
    assert outcome == Outcome(created=1, changed=1, unchanged=outcome.unchanged, deleted=1)
    now = stage.versions()
    touched = {name for name in {**before, **now} if before.get(name) != now.get(name)}
    assert {name.split("/")[2].split("-")[0] for name in touched} == {"data"}
    assert stage.items("deployments")["Deployment/data"]["spec"]["template"]["spec"]["containers"][0]["image"].endswith(
        ":1.1"
    )


def test_a_migration_runs_to_completion_before_its_version_is_rolled_out(stage: LocalStage):
    stage.write(apps={"data": {"version": "1.2"}})
    stage.up()
    (job,) = [job for name, job in stage.items("jobs").items() if "data-before" in name]
    newest = max(pod["metadata"]["creationTimestamp"] for pod in stage.pods("data").values() if serves(pod))
    assert job["status"]["completionTime"] <= newest
    assert pod_of(job)["spec"]["initContainers"][0]["command"] == ["./prepare"]
    assert pod_of(job)["spec"]["containers"][0]["command"] == ["./migrate", "--all"]


def test_a_label_of_an_app_can_change(stage: LocalStage):
    stage.write(apps={"data": {"labels": {"team": "red"}}})
    stage.up()
    assert stage.items("deployments")["Deployment/data"]["metadata"]["labels"]["team"] == "red"


def test_an_app_that_is_taken_out_goes_with_exactly_what_it_had(stage: LocalStage):
    before = set(stage.inventory())
    stage.write(apps={"listener": None})
    stage.up()
    until(lambda: not stage.pods("listener"))
    until(lambda: not [name for name in stage.inventory() if "listener" in name])
    gone = before - set(stage.inventory())
    assert {name.split("/")[2].split("-")[0] for name in gone} == {"listener"}
    assert {name.split("/")[0] for name in gone} == {
        *("Deployment", "ReplicaSet", "Pod", "PodDisruptionBudget", "Secret", "ServiceAccount")
    }


def test_the_autoscaler_scales_and_up_leaves_it_alone(stage: LocalStage):
    for pod in stage.pods("hello").values():
        stage.cluster.kubectl(
            "annotate", "pod", pod["metadata"]["name"], "-n", STAGE, "kwok.x-k8s.io/usage-cpu=180m", "--overwrite"
        )
    until(lambda: stage.items("deployments")["Deployment/hello"]["spec"]["replicas"] == 6, seconds=120)
    until(lambda: len(stage.pods("hello")) == 6)
    generation = stage.items("deployments")["Deployment/hello"]["metadata"]["generation"]
    assert str(stage.up()).startswith("nothing changed (")
    scaled = stage.items("deployments")["Deployment/hello"]
    assert (scaled["spec"]["replicas"], scaled["metadata"]["generation"]) == (6, generation)


def test_our_own_drift_is_repaired_and_what_others_wrote_is_kept(stage: LocalStage):
    stage.cluster.kubectl("set", "image", "deployment/listener", "listener=example/other:9", "-n", STAGE)
    stage.cluster.kubectl("annotate", "deployment/listener", "example.com/owner=somebody", "-n", STAGE)
    assert stage.up().changed == 1
    listener = stage.items("deployments")["Deployment/listener"]
    assert pod_of(listener)["spec"]["containers"][0]["image"] == "example/app:1.0"
    assert listener["metadata"]["annotations"]["example.com/owner"] == "somebody"


def test_the_masked_tree_is_accepted_object_by_object(stage: LocalStage, tmp_path: Path):
    count = render.write(evaluate_stage(stage.project, STAGE), tmp_path / "tree")
    folder = tmp_path / "tree" / "kubernetes"
    before = stage.versions()
    accepted = stage.cluster.kubectl("apply", "--dry-run=server", "-R", "-f", str(folder)).stdout.splitlines()
    assert len(accepted) == len(list(folder.rglob("*.yaml"))) > count / 2
    assert all(line.endswith("(server dry run)") for line in accepted)
    assert stage.versions() == before


def test_down_leaves_no_process_and_no_file(stage: LocalStage):
    cluster = stage.cluster
    assert processes(cluster)
    try:
        up.down(stage.project, STAGE, up.Options(yes=True))
        assert not processes(cluster)
        assert not cluster.state.exists()
        left = sorted(path.name for path in stage.project.root.iterdir())
        assert left == ["Pulumi.tested.yaml", "Pulumi.yaml", "apps"]
    finally:
        stage.start()
