"""The daily verbs on a stage that is up on kwok: its API server is real, and its pods are simulated."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.deploy import up
from cli.live import daily, one_off, status, status_table
from cli.live.access import Access, reach
from cli.live.status import Row
from evaluation.project import Project, read_stage
from stacks.errors import UserError

STAGE = "trial"
APPS = {
    "hello": "kind: web\nport: 9898\nroute: {host: hello}\nneeds: [database]\n",
    "data": "kind: web\nport: 8400\nfrom: [hello]\n",
    "listener": "kind: worker\n",
    "seed": "kind: job\n",
    "nightly": 'kind: cron\nschedule: "0 3 * * *"\n',
}


def stage_file(*apps: str) -> str:
    versions = "".join(f'    {app}: {{version: "1.0"}}\n' for app in apps)
    return f"config:\n  wharf:kind: local\n  wharf:database: {{}}\n  wharf:apps:\n{versions}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("verbs")
    (root / "apps").mkdir()
    for name, app in APPS.items():
        (root / "apps" / f"{name}.yaml").write_text(f"image: example.com/{name}\nuser: 1000\n{app}")
    name = f"verbs-{os.getpid()}"
    (root / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (root / f"Pulumi.{STAGE}.yaml").write_text(stage_file(*APPS))
    found = Project(root, name)
    try:
        up.up(found, STAGE, up.Options(engine="direct", cluster="kwok", timeout=180))
        yield found
    finally:
        up.down(found, STAGE, up.Options(yes=True))


@pytest.fixture
def access(project: Project) -> Iterator[Access]:
    with reach(project, read_stage(project, STAGE)) as reached:
        yield reached


def rows(project: Project, access: Access) -> dict[str, Row]:
    report = status.gather(access, read_stage(project, STAGE))
    return {row.name: row for row in [*report.apps, *report.platform, *report.other]}


def test_status_shows_every_app_and_part_ready(project: Project, access: Access):
    shown = rows(project, access)

    assert {name: row.state for name, row in shown.items()} == {
        "hello": "ready",
        "data": "ready",
        "listener": "ready",
        "seed": "done",
        "nightly": "waiting",
        "database": "ready",
    }
    assert shown["hello"].address == f"http://hello.localhost:{access.ports['ingress']}/"
    assert shown["data"].address == "data:8400"


def test_status_says_that_the_pods_are_simulated(project: Project, capsys: pytest.CaptureFixture[str]):
    status_table.show(project, STAGE)
    assert "no process runs in them, and no address answers" in capsys.readouterr().out

    status_table.show(project, STAGE, as_json=True)
    assert json.loads(capsys.readouterr().out)["simulated"] is True


def test_status_shows_what_is_of_the_stage_file_only_and_what_is_of_the_cluster_only(project: Project, access: Access):
    file = project.root / f"Pulumi.{STAGE}.yaml"
    (project.root / "apps" / "later.yaml").write_text("image: example.com/later\nkind: worker\nuser: 1000\n")
    try:
        file.write_text(stage_file("hello", "later"))
        shown = rows(project, access)
    finally:
        file.write_text(stage_file(*APPS))

    assert shown["later"].state == "not-deployed"
    assert shown["listener"].state == shown["data"].state == "unowned"


@pytest.mark.parametrize(
    "verb",
    [
        lambda project: daily.logs(project, STAGE, "hello", follow=False, tail=5, since=None),
        lambda project: daily.shell(project, STAGE, "hello"),
        lambda project: daily.forward(project, STAGE, "database", None),
        lambda project: one_off.run(project, STAGE, "hello", ["ls"], interactive=False, timeout=1),
    ],
)
def test_what_a_simulated_pod_cannot_do_is_refused_in_words(verb: Any, project: Project):
    with pytest.raises(UserError, match="simulated by kwok and no process runs in them"):
        verb(project)


def test_restart_replaces_the_pods_and_waits_until_they_are_ready(project: Project, access: Access):
    def pods() -> set[str]:
        return {pod["metadata"]["name"] for pod in access.objects("pods", "-l", "app.kubernetes.io/name=listener")}

    before = pods()

    assert daily.restart(project, STAGE, "listener", timeout=60) == 0

    assert rows(project, access)["listener"].state == "ready"
    assert before.isdisjoint(after := pods())
    up.up(project, STAGE, up.Options(timeout=60))
    assert pods() == after


def test_k_is_in_the_namespace_of_the_stage_and_fails_as_kubectl_does(
    project: Project, capfd: pytest.CaptureFixture[str]
):
    assert daily.kubectl(project, STAGE, ["get", "deployments", "-o", "name"]) == 0
    assert "deployment.apps/hello" in capfd.readouterr().out
    assert daily.kubectl(project, STAGE, ["get", "deployment", "nothing"]) == 1


def test_no_kubeconfig_is_left_behind(project: Project):
    daily.kubectl(project, STAGE, ["version"])

    left = [
        *project.root.rglob("reach-*"),
        *up.local_cluster(project, read_stage(project, STAGE)).state.glob("reach-*"),
    ]
    assert left == []


def one_off_pods(access: Access) -> list[Any]:
    return list(access.objects("pods", "-l", "app.kubernetes.io/component=run"))


def ends(access: Access, seen: list[Any]) -> None:
    """Does what a kubelet would do when the command of the first one-off pod ends with 3."""
    while not (pods := one_off_pods(access)) or not pods[0]["status"].get("containerStatuses"):
        pass
    seen += pods
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    one = {**pods[0]["status"]["containerStatuses"][0], "ready": False, "state": ended}
    patch = json.dumps({"status": {"phase": "Failed", "containerStatuses": [one]}})
    access.ask("patch", "pod", pods[0]["metadata"]["name"], "--subresource=status", "--type=merge", "-p", patch)


def test_the_pod_of_a_command_is_admitted_serves_nobody_and_is_removed(
    access: Access, capsys: pytest.CaptureFixture[str]
):
    hello = access.objects("deployments", "-l", "app.kubernetes.io/name=hello")[0]
    seen: list[Any] = []
    kubelet = threading.Thread(target=ends, args=(access, seen))
    kubelet.start()
    try:
        manifest = one_off.pod_of(hello, "hello", ["./manage.py", "migrate"])
        code = one_off.run_pod(dataclasses.replace(access, simulated=False), manifest, timeout=60)
    finally:
        kubelet.join(60)

    assert code == 1
    assert "`./manage.py migrate` exited with 3" in capsys.readouterr().err
    slices = access.objects("endpointslices", "-l", "kubernetes.io/service-name=hello")
    addressed = {end["targetRef"]["name"] for one in slices for end in one.get("endpoints") or []}
    assert addressed
    assert seen[0]["metadata"]["name"] not in addressed
    assert one_off_pods(access) == []


def test_a_command_of_an_app_whose_pods_are_refused_says_why(access: Access):
    hello = access.objects("deployments", "-l", "app.kubernetes.io/name=hello")[0]
    manifest = one_off.pod_of(hello, "hello", ["id"])
    manifest["spec"]["securityContext"]["runAsNonRoot"] = False

    with pytest.raises(UserError, match="violates PodSecurity"):
        one_off.run_pod(access, manifest, timeout=5)


def test_a_cluster_that_is_not_up_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "Pulumi.yaml").write_text("name: verbs-none\nruntime: python\n")
    (tmp_path / "Pulumi.none.yaml").write_text("config: {wharf:kind: local}\n")

    with pytest.raises(UserError, match=r"none is not up: `wharf up none` brings it up"):
        daily.kubectl(Project(tmp_path, "verbs-none"), "none", ["get", "pods"])
