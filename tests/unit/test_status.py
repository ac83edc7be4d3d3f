"""What `wharf status` makes of live objects: those of a stage on kwok, recorded, and single ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.live import status
from cli.live.status import Report, Row
from cli.live.status_table import state, table
from stacks.reading import config
from stacks.reading.models import Stage

RECORDED = json.loads((Path(__file__).parent / "recorded" / "trial.json").read_text())
NOW = datetime(2026, 11, 21, 5, 20, tzinfo=UTC)
PORTS = {"ingress": 3301, "database": 3002}
APPS = {
    "hello": {"kind": "web", "port": 9898, "route": {"host": "hello"}, "before": ["./podinfo --version"]},
    "data": {"kind": "web", "port": 8400},
    "listener": {"kind": "worker"},
    "nightly": {"kind": "cron", "schedule": "* * * * *"},
    "seed": {"kind": "job"},
}
VERSIONS = {"hello": {"version": "6.9.1"}, **{name: {"version": "1.0.0"} for name in APPS if name != "hello"}}


def stage(root: Path, values: Mapping[str, Any] | None = None, **apps: Any) -> Stage:
    (root / "apps").mkdir()
    for name, app in APPS.items():
        (root / "apps" / f"{name}.yaml").write_text(json.dumps({"image": f"example.com/{name}", "user": 1000, **app}))
    settings = {
        "wharf:kind": "local",
        "wharf:database": "{}",
        "wharf:broker": "{}",
        "wharf:mail": "{}",
        "wharf:apps": json.dumps({**VERSIONS, **apps}),
        **(values or {}),
    }
    return config.parse(settings, stack="trial", project="verbs", root=root)


@pytest.fixture
def trial(tmp_path: Path) -> Stage:
    return stage(tmp_path)


def objects(**changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The recorded ones, with some fields of the status of ``Kind_name`` replaced."""
    changed = copy.deepcopy(RECORDED)
    for thing in changed:
        thing["status"] |= changes.get(f"{thing['kind']}_{thing['metadata']['name']}", {})
    return changed


def of(rows: Any, name: str) -> Row:
    return next(row for row in rows if row.name == name)


def report(trial: Stage, found: list[dict[str, Any]] | None = None) -> Report:
    return status.report(trial, found or RECORDED, simulated=True, ports=PORTS)


def test_an_app_is_shown_with_its_pods_and_the_url_on_the_port_that_the_cluster_was_given(trial: Stage):
    hello = of(report(trial).apps, "hello")

    assert (hello.version, hello.ready, hello.wanted, hello.state) == ("6.9.1", 2, 2, "ready")
    assert hello.address == "http://hello.localhost:3301/"


def test_an_app_without_a_route_has_the_name_of_its_service_as_address(trial: Stage):
    assert of(report(trial).apps, "data").address == "data:8400"
    assert of(report(trial).apps, "listener").address is None


def test_restarts_are_summed_and_the_reason_of_the_pod_is_given(trial: Stage):
    listener = of(report(trial).apps, "listener")

    assert (listener.ready, listener.wanted, listener.state) == (0, 1, "unready")
    assert listener.restarts > 0
    assert "CrashLoopBackOff" in listener.reason


def test_a_part_whose_old_pod_still_serves_is_rolling_out(trial: Stage):
    mail = of(report(trial).platform, "mail")

    assert (mail.ready, mail.wanted, mail.state) == (1, 1, "rolling-out")
    assert "ImagePullBackOff" in mail.reason


def test_an_app_of_the_stage_file_that_is_not_in_the_cluster_says_so(trial: Stage):
    assert of(report(trial).apps, "data").state == "not-deployed"


def test_jobs_and_crons_are_told_by_their_last_run(trial: Stage):
    rows = report(trial).apps

    assert of(rows, "seed").state == "done"
    assert of(rows, "seed").last_run is not None
    assert (of(rows, "nightly").state, of(rows, "nightly").wanted) == ("done", None)
    assert of(rows, "nightly").reason == "schedule * * * * *"


def test_a_cron_that_has_not_run_waits_and_one_whose_last_run_failed_has_failed(trial: Stage):
    jobs = [thing for thing in RECORDED if thing["kind"] == "Job"]
    nightly = max((job["metadata"]["name"] for job in jobs if "nightly" in job["metadata"]["name"]), default="")
    failed = {"conditions": [{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]}
    never = [thing for thing in objects(CronJob_nightly={"lastScheduleTime": None}) if thing["kind"] == "CronJob"]

    assert of(report(trial, objects(**{f"Job_{nightly}": failed})).apps, "nightly").state == "failed"
    assert of(report(trial, never).apps, "nightly").state == "waiting"


def test_what_the_stage_does_not_own_is_listed_and_what_its_workloads_own_is_not(trial: Stage):
    assert [(row.kind, row.name) for row in report(trial).other] == [("Service", "byhand")]


def test_an_app_taken_out_of_the_stage_file_is_listed_as_unowned(tmp_path: Path):
    reduced = stage(tmp_path, {"wharf:broker": "{}", "wharf:apps": json.dumps({"hello": {"version": "6.9.1"}})})

    names = {(row.kind, row.name) for row in report(reduced).other}

    assert {("Deployment", "listener"), ("CronJob", "nightly")} <= names
    assert not {name for kind, name in names if kind in ("ReplicaSet", "Pod")}


def test_a_pod_of_wharf_run_is_listed_though_its_app_is_known(trial: Stage):
    labels = {"app.kubernetes.io/name": "hello", "app.kubernetes.io/component": "run"}
    pod = {"kind": "Pod", "metadata": {"name": "hello-run-1", "labels": labels}, "status": {"phase": "Running"}}

    row = of(report(trial, [*RECORDED, pod]).other, "hello-run-1")

    assert row.reason == "of `wharf run trial hello`, running"


def test_a_command_before_a_version_that_failed_is_the_reason_of_its_app(trial: Stage):
    failed = {"conditions": [{"type": "Failed", "status": "True", "message": "deadline"}]}
    name = next(thing["metadata"]["name"] for thing in RECORDED if "before" in thing["metadata"]["name"])

    hello = of(report(trial, objects(**{f"Job_{name}": failed})).apps, "hello")

    assert hello.state == "rolling-out"
    assert hello.reason == "before 6.9.1: failed: deadline"


def test_another_version_than_the_stage_file_says_is_shown_beside_it(tmp_path: Path):
    shown = lines(report(stage(tmp_path, hello={"version": "6.9.2"})))

    assert "6.9.1 (stage file: 6.9.2)" in shown


def test_the_version_that_is_shown_runs_and_one_that_does_not_start_is_not_shown(tmp_path: Path):
    """As during a rollout: the Deployment says the new version, and only the old pods are ready."""
    found = objects()
    for thing in found:
        if thing["metadata"]["name"] == "hello" and thing["kind"] == "Deployment":
            thing["metadata"]["labels"][status.VERSION_LABEL] = "6.9.2"
    pods = [thing for thing in found if thing["kind"] == "Pod" and thing["metadata"]["name"].startswith("hello-")]
    trial = stage(tmp_path, hello={"version": "6.9.2"})

    def version() -> str | None:
        return of(report(trial, found).apps, "hello").version

    assert version() == "6.9.1"
    pods[0]["metadata"]["labels"][status.VERSION_LABEL] = "6.9.2"
    assert version() == "6.9.1, 6.9.2"
    for pod in pods:
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    assert version() is None


def test_the_version_of_a_part_is_the_tag_of_the_image_that_runs_and_not_of_the_one_that_cannot_be_pulled(trial: Stage):
    found = objects()
    for thing in found:
        if thing["kind"] == "Pod" and "ImagePullBackOff" in json.dumps(thing["status"]):
            thing["spec"]["containers"][0]["image"] = "docker.io/axllent/mailpit:v9"
        if thing["kind"] == "Deployment" and thing["metadata"]["name"] == "mail":
            thing["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/axllent/mailpit:v9"

    assert of(report(trial, found).platform, "mail").version == "v1.27"


def test_a_stage_is_ready_when_all_of_it_is(trial: Stage):
    fine = Row(name="a", kind="web", state="ready")
    missing = Row(name="b", kind="web", state="not-deployed")

    assert Report(stage="s", project="p", simulated=False, apps=[fine]).ready
    assert not Report(stage="s", project="p", simulated=False, apps=[fine], platform=[missing]).ready


def test_on_aws_an_address_is_the_host_by_https_and_a_database_outside_the_cluster_says_so(tmp_path: Path):
    ingress = next(copy.deepcopy(thing) for thing in RECORDED if thing["kind"] == "Ingress")
    ingress["spec"]["rules"][0]["host"] = "hello.example.com"
    values = {
        "wharf:kind": "aws",
        "aws:region": "eu-west-1",
        "wharf:network": json.dumps({"zones": ["eu-west-1a", "eu-west-1b"]}),
        "wharf:ingress": json.dumps({"domain": "example.com", "zone-id": "Z0123456789ABCDEFGHIJ"}),
        "wharf:mail": json.dumps({"domain": "example.com"}),
    }
    found = status.report(stage(tmp_path, values), [ingress])

    assert of(found.apps, "hello").address == "https://hello.example.com/"
    assert of(found.platform, "database").state == "external"


def test_the_controllers_are_parts_of_the_platform(trial: Stage):
    traefik = {
        "kind": "Deployment",
        "metadata": {
            "name": "traefik",
            "namespace": "traefik",
            "labels": {"app.kubernetes.io/name": "traefik", "app.kubernetes.io/version": "v3.6"},
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "traefik"}}},
        "status": {"replicas": 1, "updatedReplicas": 1, "readyReplicas": 1},
    }
    row = of(status.report(trial, RECORDED, [traefik], ports=PORTS).platform, "traefik")

    assert (row.kind, row.state, row.address) == ("ingress", "ready", "http://localhost:3301")


def lines(report: Report) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(table(report, NOW))
    return captured.get()


def test_the_table_has_a_line_for_each_app_and_part(trial: Stage):
    shown = lines(report(trial)).splitlines()

    assert shown[0].split() == ["app", "version", "ready", "restarts", "address", "state"]
    hello = next(line for line in shown if line.startswith("hello"))
    assert hello.split() == ["hello", "6.9.1", "2/2", "0", "http://hello.localhost:3301/", "ready"]
    assert any(line.startswith("Service byhand") for line in shown)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-21T05:19:18Z", "done, 42 s ago"),
        ("2026-11-21T05:15:00Z", "done, 5 min ago"),
        ("2026-11-20T23:20:00Z", "done, 6 h ago"),
        ("2026-11-18T05:20:00Z", "done, 3 d ago"),
        ("2026-11-21T05:20:07Z", "done, 0 s ago"),
    ],
)
def test_the_time_of_a_run_is_told_from_now(moment: str, words: str):
    assert state(Row(name="a", kind="job", state="done", last_run=moment), NOW) == words


def test_the_json_has_the_fields_that_are_documented(trial: Stage):
    written = json.loads(json.dumps(report(trial).as_json()))

    assert set(written) == {"format", "stage", "project", "simulated", "ready", "apps", "platform", "other"}
    assert set(written["apps"][0]) == {
        "name", "kind", "state", "reason", "version", "wanted_version", "ready", "wanted", "restarts", "address",
        "last_run",
    }  # fmt: skip
