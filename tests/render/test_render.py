"""Every stage and every example renders offline, always the same, and without a secret."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from cli import agreed
from evaluation import project, render
from evaluation.graph import Graph, Resource
from tests.fixture import PROJECT

PROJECTS = (PROJECT, *map(project.find, project.examples()))
STAGES = [(found, stage) for found in PROJECTS for stage in found.stages()]
CANARY = "canary-4d1c-value"


@pytest.fixture(scope="module", params=STAGES, ids=lambda one: f"{one[0].name}-{one[1]}")
def graph(request: pytest.FixtureRequest) -> Graph:
    """Evaluated with no way to the world: whoever opens a connection fails."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", _refused)
        patched.setattr(socket.socket, "connect_ex", _refused)
        patched.setattr(socket, "getaddrinfo", _refused)
        for variable in [name for name in os.environ if name.startswith(("AWS_", "PULUMI_", "KUBE"))]:
            patched.delenv(variable)
        return project.evaluate_stage(*request.param)


def _refused(*address: Any, **_: Any) -> None:
    raise AssertionError(f"rendering asked the world: {address[1:]}")


@pytest.mark.parametrize("found", PROJECTS, ids=lambda found: found.name)
def test_every_stage_is_agreed_on(found: project.Project) -> None:
    assert agreed.stages(found) == found.stages()


def test_the_graph_is_what_was_agreed(graph: Graph, request: pytest.FixtureRequest) -> None:
    """A rename, or a resource that comes or goes, shows here, and has to be meant."""
    found, stage = request.node.callspec.params["graph"]
    changes = agreed.differences(found, stage, graph)
    assert changes == [], f"if that is meant: cd {found.shown} && wharf agree {stage}"


def test_a_tree_has_a_file_for_each_resource_and_each_is_plain_yaml(graph: Graph) -> None:
    files = render.tree(graph)
    described = json.loads(files.pop("graph.json"))
    assert described["format"] == render.FORMAT
    assert sorted(entry["file"] for entry in described["resources"]) == sorted(files)
    for text in files.values():
        assert isinstance(yaml.safe_load(text), dict)


def test_every_dependency_is_in_the_graph_and_nothing_waits_for_itself(graph: Graph) -> None:
    there = graph.by_urn()
    for resource in graph:
        assert resource.urn not in resource.depends_on
        elsewhere = [urn for urn in resource.depends_on if urn not in there]
        assert [urn for urn in elsewhere if "::pulumi:pulumi:StackReference::" not in urn] == []


def test_every_object_is_made_by_a_provider_of_ours(graph: Graph) -> None:
    for resource in graph:
        if resource.type.split(":")[0] in ("aws", "kubernetes"):
            assert resource.provider, f"{resource.urn} would be made by a default provider"


@pytest.mark.parametrize("stage", ["local", "prod"])
def test_two_processes_write_the_same_bytes(stage: str, tmp_path: Path) -> None:
    trees = []
    for seed in ("1", "2"):  # of the order of sets
        out = tmp_path / seed
        command = [sys.executable, "-c", "from cli.main import main; main()", "render", stage, "--out", str(out)]
        subprocess.run(command, cwd=PROJECT.root, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        trees.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert trees[0] == trees[1]


def test_no_secret_is_in_the_tree_in_any_form(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "apps").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: canaries\nruntime: python\n")
    (root / "apps" / "hello.yaml").write_text(
        "image: example.com/hello\nkind: web\nport: 80\nsecrets: {TOKEN: token}\nfiles: {/run/secrets/token: token}\n"
        "needs: {database: {DSN: '${url}'}, broker: {}}\n"
    )
    config = {
        "wharf:kind": "local",
        "wharf:database": {},
        "wharf:broker": {},
        "wharf:secrets": {"token": CANARY},
        "wharf:pull-secrets": {"ghcr": {"server": "ghcr.io", "username": "robot", "password": CANARY}},
        "wharf:apps": {"hello": {"version": "1"}},
    }
    (root / "Pulumi.local.yaml").write_text(json.dumps({"config": config}))
    files = render.tree(project.evaluate_stage(project.Project(root, "canaries"), "local"))
    everything = "\n".join(files.values())
    auth = base64.b64encode(f"robot:{CANARY}".encode()).decode()
    for form in (CANARY, base64.b64encode(CANARY.encode()).decode(), quote(CANARY, safe=""), auth):
        assert form not in everything
    secret = yaml.safe_load(files["kubernetes/local/Secret-hello.yaml"])
    assert set(secret["stringData"]) >= {"TOKEN", "DSN", "BROKER_URL"}
    assert set(secret["stringData"].values()) == {"<secret>"}


def test_two_resources_for_one_file_are_an_error() -> None:
    inputs = {"kind": "ConfigMap", "metadata": {"name": "same", "namespace": "one"}}
    twins = tuple(
        Resource(urn=f"urn:{name}", type="kubernetes:core/v1:ConfigMap", name=name, inputs=inputs) for name in "ab"
    )
    with pytest.raises(Exception, match=r"ConfigMap-same\.yaml is rendered by both urn:a and urn:b"):
        render.tree(Graph("wharf", "dev", twins))


def test_what_is_not_a_rendered_tree_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(Exception, match="holds files that are not a rendered tree"):
        render.write(Graph("wharf", "dev", ()), tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
