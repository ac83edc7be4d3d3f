"""Projects whose stages the engine brings up, in one simulated account and one kwok cluster."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cli.clusters.choice import Cluster
from tests.engine import charts
from tests.engine.engine import ROOT, Engine, Outcome

KEPT = ("wharf:broker", "wharf:cluster", "wharf:database")
PASSING = ("componentstatuses", "endpoints", "endpointslices", "events", "leases", "nodes", "pods")


@contextmanager
def edited(folder: Path, stage: str) -> Iterator[dict[str, Any]]:
    """The content of a stage's file, written back with what was done to it."""
    file = folder / f"Pulumi.{stage}.yaml"
    content = yaml.safe_load(file.read_text())
    yield content
    file.write_text(yaml.safe_dump(content))


def copied(source: Path, folder: Path) -> Path:
    """A project without its state."""
    (folder / "project").mkdir()
    for file in [*source.glob("Pulumi.*"), source / "apps"]:
        copy = shutil.copytree if file.is_dir() else shutil.copy
        copy(file, folder / "project" / file.name)
    return folder / "project"


def start(folder: Path, cluster: Cluster, stages: Sequence[str]) -> dict[str, Engine]:
    """Stacks for these stages of the project in ``folder``, which is written to.

    Secrets are set anew, since nobody has the passphrase of those that are there; charts are those of the tests.
    """
    charts.write(folder / "charts")
    secrets = {stage: _prepare(folder, stage) for stage in stages}
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"]
    first = Engine(folder, ROOT, kubeconfig=cluster.kubeconfig, stack=stages[0], project=project)
    engines = {stages[0]: first, **{stage: first.sibling(stage) for stage in stages[1:]}}
    for stage, engine in engines.items():
        for secret in secrets[stage]:
            key = f"wharf:secrets.{secret}"
            engine.pulumi("config", "set", "--secret", "--path", "--stack", stage, key, "hidden")
    return engines


def _prepare(folder: Path, stage: str) -> list[str]:
    with edited(folder, stage) as content:
        content.pop("encryptionsalt", None)
        config = content["config"]
        if config["wharf:kind"] in ("aws", "cluster"):
            config["wharf:charts"] = "charts"
        return list(config.pop("wharf:secrets", {}))


def change(engine: Engine, **settings: Any) -> None:
    """Lays each setting over what the stage's file has in that key of ``wharf:``."""
    with edited(engine.folder, engine.stack) as content:
        for key, value in settings.items():
            content["config"][f"wharf:{key}"] = {**content["config"].get(f"wharf:{key}", {}), **value}


def keep_nothing(engine: Engine) -> bool:
    """What comes before destroying a stage that keeps data; False where it keeps none."""
    with edited(engine.folder, engine.stack) as content:
        kept = [key for key in KEPT if content["config"].get(key, {}).pop("keep", False)]
        empties = content["config"].pop("wharf:production", False)  # its bucket of access logs refuses to go otherwise
    return bool(kept or empties)


def succeeded(outcome: Outcome) -> Outcome:
    assert outcome.ok, outcome.messages
    return outcome


def comes_and_goes(folder: Path, cluster: Cluster, source: Path, names: Sequence[str]) -> None:
    """Every stage comes up, in this order; then another up changes nothing, and destroying them leaves nothing.

    Somebody with all rights makes the account; each stage is deployed by its own role, and looked at by the role for
    previews.
    """
    before = objects(cluster)
    project = copied(source, folder)
    with_account(project, names)
    stages = start(project, cluster, ["account", *names])
    account = stages.pop("account")
    succeeded(account.up())
    kept = left(account)
    for name, stage in stages.items():
        stage.takes(policies(account, f"github-deploy-{name}"))
        succeeded(stage.up())
    for name, stage in stages.items():
        stage.takes(policies(account, "github-preview"))
        assert stage.preview("--refresh").nothing
        stage.takes(policies(account, f"github-deploy-{name}"))
        assert stage.up("--refresh").nothing
    for stage in reversed(stages.values()):
        if keep_nothing(stage):
            succeeded(stage.up())  # what keeps it is let go of by an up, not by a destroy
        succeeded(stage.destroy())
    assert left(account) == kept
    assert objects(cluster) == before


def left(stage: Engine) -> list[str]:
    """What is still there after a destroy; the records that prove certificates are meant to stay."""
    return [thing.urn for thing in stage.things() if not thing.urn.endswith("::certificate-proof")]


def with_account(project: Path, names: Sequence[str]) -> None:
    """The stages' account, where the project has none: in its first stage's region, with a role for each."""
    file = project / "Pulumi.account.yaml"
    first = yaml.safe_load((project / f"Pulumi.{names[0]}.yaml").read_text())["config"]
    settings = {"repository": "team/wharf", "stages": [*names]}
    config = {"aws:region": first["aws:region"], "wharf:kind": "account", "wharf:account": settings}
    file.write_text(yaml.safe_dump({"config": config}))


def policies(account: Engine, role: str) -> list[Any]:
    """The documents of a role that the account stage made."""
    documents = [account.thing(f"{role}-policy").inputs["policy"]]
    if role != "github-preview":
        documents.append(account.thing(f"{role}-resources").inputs["policy"])
    return [json.loads(document) for document in documents]


def objects(cluster: Cluster) -> set[str]:
    """Everything in the API server, but for what comes and goes by itself, and CRDs, which Helm leaves on purpose."""
    kinds = cluster.kubectl("api-resources", "--verbs=list", "-o", "name").stdout.split()
    wanted = ",".join(kind for kind in kinds if kind.split(".")[0] not in PASSING)
    found = cluster.kubectl("get", wanted, "--all-namespaces", "-o", "name").stdout.split()
    return {name for name in found if not name.endswith(".elbv2.k8s.aws")}
