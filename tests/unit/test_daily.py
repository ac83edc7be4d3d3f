"""The verbs that are kubectl with the right arguments, over a kubectl that notes how it is called."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import Output

from cli import main
from cli.live import access, daily, one_off, targets
from cli.live.access import Access
from components.data.postgres import Postgres, PostgresArgs
from evaluation.evaluate import evaluate
from evaluation.graph import reveal
from evaluation.project import Project
from stacks.errors import UserError
from stacks.reading import config

KUBECTL = """#!/bin/sh
echo "$*" >> {folder}/calls
case "$*" in
  "get pod "*) cat {folder}/pod.json 2>/dev/null || true ;;
  get\\ *) file={folder}/$(echo "$2" | tr , _).json; [ -f "$file" ] && cat "$file" || echo '{{"items": []}}' ;;
  *"-- sh -c :"*) cat {folder}/probe >&2 2>/dev/null && exit 1; exit 0 ;;
  create*) cat > {folder}/created.json ;;
  delete*) rm -f {folder}/pod.json ;;
  attach*) [ -f {folder}/attached.json ] && mv {folder}/attached.json {folder}/pod.json ;;
  logs*) echo "from the pod" ;;
esac
exit $(cat {folder}/code 2>/dev/null || echo 0)
"""
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/component": "web"}},
    "spec": {
        "selector": {"matchLabels": {"app.kubernetes.io/name": "web", "app.kubernetes.io/component": "web"}},
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/component": "web",
                    "wharf.dev/uses-database": "true",
                },
                "annotations": {"wharf.dev/settings": "f00"},
            },
            "spec": {
                "serviceAccountName": "web",
                "securityContext": {"runAsNonRoot": True},
                "topologySpreadConstraints": [{}],
                "volumes": [{"name": "w-tmp", "emptyDir": {}}],
                "containers": [
                    {
                        "name": "web",
                        "image": "example.com/web:1",
                        "args": ["serve"],
                        "env": [{"name": "A", "value": "1"}],
                        "ports": [{"containerPort": 80}],
                        "livenessProbe": {},
                        "readinessProbe": {},
                        "startupProbe": {},
                        "lifecycle": {},
                        "volumeMounts": [{"name": "w-tmp", "mountPath": "/tmp"}],
                    }
                ],
            },
        },
    },
}
SERVICE = {
    "metadata": {"name": "web"},
    "spec": {"ports": [{"name": "http", "port": 80}, {"name": "app", "port": 8080}]},
}


class FakeCluster:
    """A folder with what kubectl answers, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubectl = folder / "kubectl"
        self.kubectl.write_text(KUBECTL.format(folder=folder))
        self.kubectl.chmod(0o755)
        self.simulated = False

    def has(self, kinds: str, *items: dict[str, Any]) -> None:
        (self.folder / f"{kinds.replace(',', '_')}.json").write_text(json.dumps({"items": items}))

    def runs_pod(self, **state: Any) -> None:
        """What the pod that is asked for by name looks like."""
        self._pod("pod.json", state)

    def ends_when_attached(self, **terminated: Any) -> None:
        """The pod runs until `kubectl attach` is called."""
        self._pod("pod.json", {"running": {}})
        self._pod("attached.json", {"terminated": terminated})

    def _pod(self, file: str, state: Mapping[str, Any]) -> None:
        status = {"phase": "Running", "containerStatuses": [{"name": "web", "state": state}]}
        (self.folder / file).write_text(json.dumps({"metadata": {"name": "p"}, "status": status}))

    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    def access(self) -> Access:
        return Access(
            stage="trial", namespace="trial", kubectl=self.kubectl, environment=os.environ, simulated=self.simulated
        )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "apps").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: verbs\nruntime: python\n")
    (tmp_path / "apps" / "web.yaml").write_text("image: example.com/web\nkind: web\nport: 8080\nuser: 1000\n")
    (tmp_path / "Pulumi.trial.yaml").write_text(
        'config:\n  wharf:kind: local\n  wharf:mail: {}\n  wharf:apps: {web: {version: "1"}}\n'
    )
    return Project(tmp_path, "verbs")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    (tmp_path / "cluster").mkdir()
    fake = FakeCluster(tmp_path / "cluster")

    @contextmanager
    def reach(_project: Project, _stage: config.Stage) -> Iterator[Access]:
        yield fake.access()

    monkeypatch.setattr(daily, "reach", reach)
    monkeypatch.setattr(one_off, "reach", reach)
    monkeypatch.setattr(one_off, "POLL_SECONDS", 0.01)
    fake.has("deployments,statefulsets,jobs,cronjobs", DEPLOYMENT)
    return fake


def test_logs_are_of_all_pods_of_the_app(project: Project, cluster: FakeCluster, capfd: pytest.CaptureFixture[str]):
    cluster.has("pods", {"metadata": {"name": "web-1"}})

    assert daily.logs(project, "trial", "web", follow=True, tail=5, since="10m") == 0

    asked = cluster.calls()[-1]
    assert asked.startswith("logs -l app.kubernetes.io/name=web --prefix")
    assert {"--follow", "--tail=5", "--since=10m"} <= set(asked.split())
    assert capfd.readouterr().out == "from the pod\n"


def test_an_app_without_pods_has_no_logs(project: Project, cluster: FakeCluster):
    with pytest.raises(UserError, match="web has no pod in trial"):
        daily.logs(project, "trial", "web", follow=False, tail=5, since=None)


@pytest.mark.parametrize(
    "verb",
    [
        lambda project, app: daily.logs(project, "trial", app, follow=False, tail=5, since=None),
        lambda project, app: daily.shell(project, "trial", app),
        lambda project, app: daily.forward(project, "trial", app, None),
        lambda project, app: daily.restart(project, "trial", app, timeout=1),
        lambda project, app: one_off.run(project, "trial", app, ["ls"], interactive=False, timeout=1),
    ],
)
def test_an_app_that_the_stage_does_not_have_is_answered_with_those_that_it_has(verb: Any, project: Project):
    with pytest.raises(UserError, match=r"no app 'wep' in trial: its apps are web, and of its platform mail"):
        verb(project, "wep")


@pytest.mark.parametrize(
    "verb",
    [
        lambda project: daily.logs(project, "trial", "web", follow=False, tail=5, since=None),
        lambda project: daily.shell(project, "trial", "web"),
        lambda project: daily.forward(project, "trial", "web", None),
        lambda project: one_off.run(project, "trial", "web", ["ls"], interactive=False, timeout=1),
    ],
)
def test_what_needs_a_process_is_refused_where_pods_are_simulated(verb: Any, project: Project, cluster: FakeCluster):
    cluster.simulated = True

    with pytest.raises(UserError, match="simulated by kwok and no process runs in them"):
        verb(project)


def test_an_app_that_is_not_deployed_says_so(project: Project, cluster: FakeCluster):
    cluster.has("deployments,statefulsets,jobs,cronjobs")

    with pytest.raises(UserError, match=r"web is in Pulumi\.trial\.yaml and not deployed: `wharf up trial`"):
        daily.restart(project, "trial", "web", timeout=1)


def running_pod(name: str, *, ready: str, created: str) -> dict[str, Any]:
    labels = DEPLOYMENT["spec"]["selector"]["matchLabels"]
    return {
        "metadata": {"name": name, "labels": labels, "creationTimestamp": created},
        "spec": {"containers": [{"name": "web"}]},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_a_shell_is_opened_in_the_youngest_pod_that_is_ready(project: Project, cluster: FakeCluster):
    run = running_pod("web-run", ready="True", created="4")
    run["metadata"]["labels"] = {"app.kubernetes.io/name": "web", "app.kubernetes.io/component": "run"}
    cluster.has(
        "pods",
        running_pod("old", ready="True", created="1"),
        running_pod("young", ready="True", created="2"),
        running_pod("unready", ready="False", created="3"),
        run,
    )

    assert daily.shell(project, "trial", "web") == 0

    assert cluster.calls()[-1] == "exec young --container web --stdin -- sh"


def test_an_image_without_a_shell_is_named_with_another_way_in(project: Project, cluster: FakeCluster):
    cluster.has("pods", running_pod("web-1", ready="True", created="1"))
    (cluster.folder / "probe").write_text('OCI runtime exec failed: "sh": executable file not found in $PATH\n')

    with pytest.raises(UserError, match=r"the image of web has no shell: `wharf k trial -- debug -it web-1"):
        daily.shell(project, "trial", "web")


def test_forward_leads_a_free_port_to_the_port_of_the_app(project: Project, cluster: FakeCluster):
    cluster.has("services", SERVICE)

    assert daily.forward(project, "trial", "web", "18123") == 0

    assert cluster.calls()[-1] == "port-forward --address=127.0.0.1 service/web 18123:8080"


@pytest.mark.parametrize("port", ["x", "0", "65536", "80:", ":80", "80:y", "-1"])
def test_a_port_that_is_none_is_refused(port: str):
    with pytest.raises(UserError, match="write a port of this machine"):
        daily.ports_asked(port)


def test_the_port_of_the_other_end_must_be_one_of_its_service():
    assert daily.pick_port(SERVICE, 80, "web") == 80
    with pytest.raises(UserError, match=r"web does not listen on 81: its ports are 80 \(http\), 8080 \(app\)"):
        daily.pick_port(SERVICE, 81, "web")


def test_restart_waits_and_fails_with_the_reason(project: Project, cluster: FakeCluster):
    assert daily.restart(project, "trial", "web", timeout=7) == 0
    assert cluster.calls()[-2:] == [
        "rollout restart deployment/web",
        "rollout status deployment/web --timeout=7s",
    ]


def test_a_job_cannot_be_restarted(project: Project, cluster: FakeCluster):
    cluster.has("deployments,statefulsets,jobs,cronjobs", {**DEPLOYMENT, "kind": "CronJob"})

    with pytest.raises(UserError, match="web is a CronJob and does not run all the time"):
        daily.restart(project, "trial", "web", timeout=7)


@pytest.mark.parametrize(("code", "ours"), [("0", 0), ("1", 1), ("126", 1)])
def test_k_passes_everything_on_and_fails_with_1(project: Project, cluster: FakeCluster, code: str, ours: int):
    (cluster.folder / "code").write_text(code)

    assert daily.kubectl(project, "trial", ["get", "pods", "-o", "wide"]) == ours

    assert cluster.calls() == ["get pods -o wide"]


def test_the_pod_of_a_command_is_as_the_apps_own_and_no_service_selects_it():
    pod = one_off.pod_of(DEPLOYMENT, "web", ["./manage.py", "migrate"])

    container = pod["spec"]["containers"][0]
    assert container["command"] == ["./manage.py", "migrate"]
    assert container["env"] == [{"name": "A", "value": "1"}]
    assert container["volumeMounts"] == [{"name": "w-tmp", "mountPath": "/tmp"}]
    assert not {"args", "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} & set(container)
    assert pod["spec"]["serviceAccountName"] == "web"
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["metadata"]["labels"]["wharf.dev/uses-database"] == "true"
    selected = DEPLOYMENT["spec"]["selector"]["matchLabels"].items()
    assert not selected <= pod["metadata"]["labels"].items()


def test_the_pod_of_a_cron_apps_command_is_as_its_jobs():
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": DEPLOYMENT["spec"]["template"]}}}}

    assert one_off.pod_of(cron, "web", ["ls"])["spec"]["containers"][0]["image"] == "example.com/web:1"


def test_the_pod_of_a_parts_command_is_let_in_by_it_and_has_folders_of_its_own_where_the_part_has_its_volume():
    def program() -> None:
        shared: Any = {"project": "shop", "environment": "local", "namespace": "local"}
        Postgres("database", PostgresArgs(**shared, rollout_key=Output.secret("key"), version="18.4"))

    graph = evaluate(program)
    server = reveal(dict(graph.one("StatefulSet").inputs))

    pod = one_off.pod_of(server, "database", ["psql", "-h", "database"])

    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in pod["spec"]["containers"][0]["volumeMounts"]} == set(volumes)
    assert volumes["data"] == {"name": "data", "emptyDir": {}}
    (rule,) = graph.one("NetworkPolicy").inputs["spec"]["ingress"]
    allowed = [peer["podSelector"]["matchLabels"].items() for peer in rule["from"]]
    assert any(labels <= pod["metadata"]["labels"].items() for labels in allowed)
    assert not graph.one("Service").inputs["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def run(project: Project, *command: str, interactive: bool | None = False) -> int:
    return one_off.run(project, "trial", "web", command, interactive=interactive, timeout=0.2)


def test_a_command_that_ends_well_leaves_no_pod(
    project: Project, cluster: FakeCluster, capfd: pytest.CaptureFixture[str]
):
    cluster.runs_pod(terminated={"exitCode": 0})

    assert run(project, "ls") == 0

    created = json.loads((cluster.folder / "created.json").read_text())
    assert cluster.calls()[-1].startswith(f"delete pod {created['metadata']['name']} ")
    assert capfd.readouterr().out == "from the pod\n"


def test_a_command_that_fails_is_told_with_its_status_and_ends_with_1(
    project: Project, cluster: FakeCluster, capfd: pytest.CaptureFixture[str]
):
    cluster.runs_pod(terminated={"exitCode": 3, "reason": "Error", "message": "the log, again"})

    assert run(project, "./manage.py", "a b") == 1

    assert capfd.readouterr().err.splitlines()[-1] == "`./manage.py 'a b'` exited with 3"


def test_a_command_that_the_image_does_not_have_is_told_as_such(
    project: Project, cluster: FakeCluster, capfd: pytest.CaptureFixture[str]
):
    cluster.runs_pod(terminated={"exitCode": 128, "reason": "StartError", "message": 'exec: "lss": not found'})

    assert run(project, "lss") == 1

    assert capfd.readouterr().err.splitlines()[-1] == '`lss` exited with 128: StartError: exec: "lss": not found'


def test_a_pod_that_does_not_start_is_given_up_with_the_reason_and_removed(project: Project, cluster: FakeCluster):
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}
    status = {"phase": "Pending", "containerStatuses": [{"name": "web", "state": waiting}]}
    (cluster.folder / "pod.json").write_text(json.dumps({"metadata": {"name": "p"}, "status": status}))

    with pytest.raises(UserError, match=r"did not start: web: ImagePullBackOff: no such tag"):
        run(project, "ls")

    assert cluster.calls()[-1].startswith("delete pod web-run-")


def test_a_pod_whose_command_is_stopped_is_removed(
    project: Project, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: str) -> int:
        raise KeyboardInterrupt

    cluster.runs_pod(running={})
    monkeypatch.setattr(Access, "stream", interrupted)

    with pytest.raises(UserError, match=r"stopped: the pod web-run-.* is removed"):
        run(project, "sleep", "1000")

    assert cluster.calls()[-1].startswith("delete pod web-run-")


def test_input_is_connected_where_that_is_asked_for(project: Project, cluster: FakeCluster):
    cluster.ends_when_attached(exitCode=0)

    assert run(project, "psql", interactive=True) == 0

    assert not (cluster.folder / "pod.json").exists()
    assert any(call.startswith("attach web-run-") and "--tty" not in call for call in cluster.calls())
    created = json.loads((cluster.folder / "created.json").read_text())
    assert created["spec"]["containers"][0]["stdin"] is True


def test_without_a_terminal_a_command_must_be_named(project: Project):
    with pytest.raises(UserError, match="name a command: `wharf run trial web -- COMMAND`"):
        run(project, interactive=None)


KUBECONFIG = """
current-context: there
contexts:
- {name: here, context: {cluster: a, user: a}}
- {name: there, context: {cluster: b, user: b, namespace: default}}
"""


def test_a_kubeconfig_is_put_into_the_namespace_of_the_stage():
    contexts = yaml.safe_load(access.in_namespace(KUBECONFIG, "trial"))["contexts"]

    assert [one["context"].get("namespace") for one in contexts] == [None, "trial"]


@pytest.mark.parametrize("text", ["", "[]", "{}", "contexts: []\ncurrent-context: x", "a: b"])
def test_what_is_no_kubeconfig_is_refused_in_words(text: str):
    with pytest.raises(UserError, match="names no current context"):
        access.in_namespace(text, "trial")


def aws_stage(project: Project, kind: str = "aws") -> config.Stage:
    parsed = config.parse(
        {"wharf:kind": "local"}, stack="dev", project=project.name, root=project.root
    )  # a stage of its own kind needs more than this test is about
    object.__setattr__(parsed.config, "kind", kind)
    return parsed


def install(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("error: no stack named 'dev' found", "there is no stack dev in this backend: `wharf up dev` makes it"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login", "pulumi is not logged in to the backend of dev"),
        ("error: current stack does not have output property 'kubeconfig'", "puts out no kubeconfig yet: `wharf up"),
        ("error: AccessDenied: not you", "AccessDenied: not you"),
    ],
)
def test_why_a_stack_gives_no_kubeconfig_is_one_sentence(
    said: str, meant: str, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install(tmp_path / "bin", "pulumi", f'echo "{said}" >&2; exit 255', monkeypatch)

    with pytest.raises(UserError, match=meant) as refused:
        access.stack_kubeconfig(project, aws_stage(project))
    assert "\n" not in str(refused.value)


def test_without_pulumi_a_stage_on_aws_says_what_is_missing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UserError, match="no pulumi command to ask"):
        access.stack_kubeconfig(project, aws_stage(project))


def test_an_account_has_no_cluster(project: Project):
    with (
        pytest.raises(UserError, match="dev is an account and has no cluster"),
        access.reach(project, aws_stage(project, "account")),
    ):
        pass


def test_the_kubeconfig_of_a_stack_is_private_and_gone_after_the_call(
    project: Project, cluster: FakeCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install(tmp_path / "bin", "pulumi", f"cat <<'END'\n{KUBECONFIG}\nEND", monkeypatch)
    monkeypatch.setattr(access, "_any_kubectl", lambda: cluster.kubectl)

    with access.reach(project, aws_stage(project)) as reached:
        file = Path(reached.environment["KUBECONFIG"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert yaml.safe_load(file.read_text())["contexts"][1]["context"]["namespace"] == "dev"

    assert not file.exists()
    assert cluster.calls() == ["get --raw /readyz --request-timeout=20s"]


ENDED = """
import signal, sys
from pathlib import Path
from cli.live import access

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests with & has it ignored
with access._terminated_as_interrupted():
    reached = access.Access(stage="s", namespace="s", kubectl=Path(sys.argv[1]), environment={})
    try:
        reached.stream("logs")
    except KeyboardInterrupt:
        print("removed", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_kubectl_ends_with_us_however_we_are_told_to_end(number: signal.Signals, tmp_path: Path):
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/part; mv {tmp_path}/part {tmp_path}/pid\nexec sleep 60\n")
    kubectl.chmod(0o755)
    root = Path(targets.__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", ENDED, str(kubectl)], cwd=root, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "pid").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)  # kubectl runs before the call that started it has returned

    process.send_signal(number)

    assert process.communicate(timeout=20)[0] == "removed\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_help_imports_no_sdk():
    code = "import sys; from cli import deploy_verbs, live_verbs, main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(targets.__file__).parents[1], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"pulumi", "pulumi_kubernetes", "pydantic", "rich", "ruamel", "yaml"} & set(loaded)


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["run", "s", "a", "--", "ls", "-l", "--", "x"], ["ls", "-l", "--", "x"]),
        (["run", "s", "a", "ls"], ["ls"]),
        (["run", "s", "a"], []),
        (
            ["k", "s", "--", "get", "pods", "-o", "wide", "--example", "x"],
            ["get", "pods", "-o", "wide", "--example", "x"],
        ),
        (["k", "s", "get", "pods", "-o", "wide"], ["get", "pods", "-o", "wide"]),
        (["k", "s", "--", "exec", "p", "--", "ls"], ["exec", "p", "--", "ls"]),
    ],
)
def test_what_follows_the_dashes_is_passed_on_as_it_is(
    typed: list[str], command: list[str], monkeypatch: pytest.MonkeyPatch
):
    passed: list[str] = []

    def note(*arguments: Any, **_: Any) -> int:
        passed.extend(arguments[-1])
        return 1

    monkeypatch.setattr(one_off, "run", note)
    monkeypatch.setattr(daily, "kubectl", note)
    monkeypatch.setattr(sys, "argv", ["wharf", *typed])

    with pytest.raises(SystemExit) as ended:
        main.main()

    assert (passed, ended.value.code) == (command, 1)
