"""The local stage by the real engine, on a kwok cluster: what the direct way does, with state, diffs and recovery."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ruamel.yaml import YAML

from cli.clusters.base import state_folder
from cli.clusters.choice import cluster_name
from evaluation.project import CHECKOUT
from tests.fixture import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("pulumi") is None, reason="no `pulumi` on PATH")

STAGE = "kept"
CANARY = "canary-7f3a-value"
APP = """
image: ghcr.io/stefanprodan/podinfo
kind: web
port: 9898
user: 100
secrets: {API_TOKEN: token}
needs: [database]
resources: {cpu: 50m, memory: 64Mi}
before: ["./podinfo --version"]
"""
OTHER = "image: docker.io/library/busybox\nkind: worker\nuser: 100\ncommand: [sleep, '3600']\n"


class Local:
    """A project of its own in a scratch folder, brought up by `wharf` with the engine."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        (folder / "apps").mkdir(parents=True)
        (folder / "apps" / "hello.yaml").write_text(APP)
        (folder / "apps" / "other.yaml").write_text(OTHER)
        shutil.copy(CHECKOUT / "__main__.py", folder)
        settings = {"name": "engine-tier", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
        (folder / "Pulumi.yaml").write_text(json.dumps(settings))
        salt = next(
            line for line in (PROJECT.root / "Pulumi.local.yaml").read_text().splitlines() if "encryptionsalt" in line
        )
        self.salt = salt.partition(": ")[2]
        self.token: object = "to be encrypted"
        self.configure()
        self._encrypt()

    def _encrypt(self) -> None:
        """As a user would: the engine keeps a history of config, so what is plain in a stage file is plain there."""
        (self.root / ".wharf" / "state").mkdir(parents=True)
        self.pulumi("stack", "init", "--no-select")
        self.pulumi("config", "set", "--secret", "--path", "wharf:secrets.token", CANARY)
        written = YAML(typ="safe").load((self.root / f"Pulumi.{STAGE}.yaml").read_text())
        self.token = dict(written["config"]["wharf:secrets"]["token"])
        assert set(self.token) == {"secure"}
        self.configure()

    def configure(
        self, version: str = "6.9.1", rotation: int = 1, other: bool = True, **more: Mapping[str, Any]
    ) -> None:
        apps = {"hello": {"version": version}, **({"other": {"version": "1.37"}} if other else {})}
        config = {
            "pulumi:disable-default-providers": ["aws", "kubernetes"],
            "wharf:kind": "local",
            "wharf:database": {"storage-gib": 1, "rotation": rotation},
            "wharf:secrets": {"token": self.token},
            "wharf:apps": apps,
            **{f"wharf:{key}": section for key, section in more.items()},
        }
        (self.root / f"Pulumi.{STAGE}.yaml").write_text(json.dumps({"encryptionsalt": self.salt, "config": config}))

    def command(self, *verb: str) -> list[str]:
        script = (
            "import sys; from pathlib import Path; from cli.deploy import up; from evaluation import project; "
            "found = project.Project(Path(sys.argv[1]), 'engine-tier'); "
            "options = up.Options(engine='pulumi', cluster='kwok', timeout=300, yes='--yes' in sys.argv); "
            "getattr(up, sys.argv[2])(found, sys.argv[3], options) if sys.argv[2] != 'down' else "
            "up.down(found, sys.argv[3], up.Options(yes=True))"
        )
        return [sys.executable, "-c", script, str(self.root), *verb]

    def wharf(self, verb: str, *flags: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(verb, STAGE, *flags), cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command("up", STAGE), cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Plain pulumi, with the two exports that the README names and nothing of ours around it."""
        environ = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{self.root}/.wharf/state",
            "PULUMI_CONFIG_PASSPHRASE": "local",
            "PYTHONPATH": str(CHECKOUT),
        }
        return subprocess.run(
            ["pulumi", *arguments, "--stack", STAGE, "--non-interactive"],
            cwd=self.root, env=environ, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip

    def kubectl(self, *arguments: str) -> str:
        command = [str(CHECKOUT / ".wharf/bin/kubectl"), "--kubeconfig", str(self.root / f".wharf/{STAGE}.kubeconfig")]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout

    def pending_creates(self) -> str:
        """The types of what is being made, as the state says it."""
        exported = self.pulumi("stack", "export")
        deployment = json.loads(exported.stdout or "{}").get("deployment") or {}
        pending = deployment.get("pending_operations") or []
        return " ".join(one["resource"]["type"] for one in pending if one["type"] == "creating")

    def locked(self) -> bool:
        return any((self.root / ".wharf/state/.pulumi/locks").rglob("*.json"))

    def versions(self) -> dict[str, str]:
        """resourceVersion of everything that the stage made, by kind and name."""
        kinds = "deploy,sts,svc,sa,secret,networkpolicy,ingress,job,pdb,quota,limits"
        items = json.loads(self.kubectl("get", kinds, "-n", STAGE, "-o", "json"))["items"]
        return {f"{i['kind']}/{i['metadata']['name']}": i["metadata"]["resourceVersion"] for i in items}

    def contents(self) -> dict[str, str]:
        """The same objects, without what controllers note in them."""
        kinds = "deploy,sts,svc,sa,secret,networkpolicy,ingress,job,pdb,quota,limits"
        items = json.loads(self.kubectl("get", kinds, "-n", STAGE, "-o", "json"))["items"]
        own = [{k: v for k, v in item.items() if k not in ("metadata", "status")} for item in items]
        names = [f"{item['kind']}/{item['metadata']['name']}" for item in items]
        return {name: json.dumps(content, sort_keys=True) for name, content in zip(names, own, strict=True)}

    def pod_uids(self) -> dict[str, str]:
        items = json.loads(self.kubectl("get", "pods", "-n", STAGE, "-o", "json"))["items"]
        return {i["metadata"]["uid"]: i["metadata"]["labels"]["app.kubernetes.io/name"] for i in items}

    def state(self) -> str:
        return "".join(p.read_text() for p in (self.root / ".wharf/state").rglob("*.json"))

    def password(self) -> str:
        encoded = self.kubectl("get", "secret", "database", "-n", STAGE, "-o", "jsonpath={.data.password}")
        return base64.b64decode(encoded).decode()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    stage = Local(tmp_path_factory.mktemp("engine") / "project")
    stage.wharf("up")
    yield stage
    stage.wharf("down", check=False)


def test_a_second_up_and_a_refresh_change_nothing(local: Local) -> None:
    before = local.versions()
    local.wharf("up")
    assert local.versions() == before
    assert local.pulumi("preview", "--expect-no-changes").returncode == 0
    assert local.pulumi("refresh", "--yes", "--expect-no-changes").returncode == 0


def test_no_secret_is_in_plain_text_in_state_history_or_output(local: Local) -> None:
    shown = local.pulumi("preview", "--diff").stdout + local.pulumi("stack", "output", "--json").stdout
    texts = local.state() + shown + local.pulumi("stack", "export").stdout
    for secret in (CANARY, local.password()):
        for form in (secret, base64.b64encode(secret.encode()).decode(), quote(secret, safe="")):
            assert form not in texts


def test_a_new_version_touches_only_that_app_and_leaves_the_password(local: Local) -> None:
    before, password = local.contents(), local.password()
    local.configure(version="6.9.2")
    local.wharf("up")
    changed = {name for name, content in local.contents().items() if before.get(name) != content}
    assert {name.split("-")[0] for name in changed} == {"Deployment/hello", "Job/hello"}
    assert local.password() == password


def test_a_rotation_rolls_only_the_pods_that_use_the_database(local: Local) -> None:
    before, password = local.pod_uids(), local.password()
    local.configure(version="6.9.2", rotation=2)
    local.wharf("up")
    rolled = {name for uid, name in before.items() if uid not in local.pod_uids()}
    assert rolled - {"hello", "database"} == set()
    assert {"hello", "database"} <= rolled
    assert local.password() != password


def test_an_app_that_is_taken_out_goes_with_all_that_it_had(local: Local) -> None:
    local.configure(version="6.9.2", rotation=2, other=False)
    local.wharf("up")
    assert not [name for name in local.versions() if name.endswith("/other")]
    local.configure(version="6.9.2", rotation=2)
    local.wharf("up")
    assert "Deployment/other" in local.versions()


@pytest.mark.parametrize(("seconds", "everything"), [(0.2, True), (2.0, False), (4.0, True)])
def test_a_killed_up_is_recovered_by_the_next(local: Local, seconds: float, everything: bool) -> None:
    """Killed while it holds its lock: the whole run at once, or the command alone, which leaves its plugins."""
    local.configure(version="6.9.2", rotation=2, other=False)
    local.wharf("up")
    local.configure(version=f"6.0.{seconds * 10:.0f}", rotation=2)
    running = local.start()
    while not local.locked():
        assert running.poll() is None, "the run ended before it had begun"
        time.sleep(0.05)
    time.sleep(seconds)
    if everything:
        os.killpg(running.pid, signal.SIGKILL)
    else:
        subprocess.run(["pkill", "-9", "-f", f"pulumi up .*--stack {STAGE}"], check=False)
        running.kill()
    running.wait()
    assert local.locked(), "the run had ended before it was killed"
    told = local.wharf("up").stderr
    assert "recovered: removed the lock" in told
    assert local.pulumi("preview", "--expect-no-changes").returncode == 0
    assert not json.loads(local.pulumi("stack", "export").stdout)["deployment"].get("pending_operations")


def test_a_set_that_is_deleted_alone_is_made_anew_with_its_data(local: Local) -> None:
    """As docs/upgrade.md tells users of a set that an earlier Wharf made."""

    def claim() -> str:
        return local.kubectl("get", "pvc", "data-database-0", "-n", STAGE, "-o", "jsonpath={.metadata.uid}")

    before = claim()
    local.kubectl("delete", "statefulset", "database", "--cascade=orphan", "-n", STAGE)
    assert local.pulumi("refresh", "--yes").returncode == 0
    local.wharf("up")
    policy = local.kubectl("get", "statefulset", "database", "-n", STAGE, "-o", "jsonpath={.spec.podManagementPolicy}")
    assert policy == "Parallel"
    assert claim() == before
    assert local.pulumi("preview", "--expect-no-changes").returncode == 0


def pulumis_managers(local: Local, target: str) -> list[str]:
    """Who wrote fields of an object, of those that are the engine."""
    found = json.loads(local.kubectl("get", target, "-n", STAGE, "-o", "json", "--show-managed-fields"))
    return [entry["manager"] for entry in found["metadata"]["managedFields"] if "pulumi" in entry["manager"]]


@pytest.mark.parametrize("times", [1, 2])
def test_an_up_that_is_killed_while_it_makes_a_stateful_set_is_recovered(local: Local, times: int) -> None:
    """Killed when that is pending, whatever the clock says: no node takes its pod, so that it stays pending."""
    local.configure(version="6.9.2", rotation=2)
    local.wharf("up", "--yes")
    local.configure(version="6.9.2", rotation=2, broker={})
    local.kubectl("cordon", "node-a", "node-b")
    try:
        for _ in range(times):
            running = local.start()
            while "StatefulSet" not in local.pending_creates():
                assert running.poll() is None, "the run ended before it had made the set"
                time.sleep(0.1)
            while "statefulset.apps/broker" not in local.kubectl("get", "statefulsets", "-n", STAGE, "-o", "name"):
                time.sleep(0.1)
            subprocess.run(["pkill", "-9", "-f", f"pulumi up .*--stack {STAGE}"], check=False)
            running.kill()
            running.wait()
    finally:
        local.kubectl("uncordon", "node-a", "node-b")
    assert "operations were pending (creating" in local.wharf("up").stderr
    again = local.pulumi("preview", "--expect-no-changes", "--diff")
    assert again.returncode == 0, again.stdout
    assert not json.loads(local.pulumi("stack", "export").stdout)["deployment"].get("pending_operations")
    local.configure(version="6.9.2", rotation=2, broker={"keep": True})
    local.wharf("up")
    assert len(pulumis_managers(local, "statefulset/broker")) == 1, "a field that is taken out would stay"
    local.configure(version="6.9.2", rotation=2, broker={})
    local.wharf("up")


def test_down_leaves_no_state_process_or_file(local: Local) -> None:
    cluster = cluster_name(CHECKOUT, "engine-tier", STAGE)
    assert cluster in _running()
    local.wharf("down")
    assert not (local.root / ".wharf").exists()
    assert not state_folder(CHECKOUT, cluster).exists()
    assert cluster not in _running()


def _running() -> str:
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
