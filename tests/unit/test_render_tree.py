"""The rendered tree as values: which resource is which file, and what of it may be seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from evaluation import render
from evaluation.graph import Secret
from stacks.errors import UserError
from tests.graphs import DEPLOYMENT, NAMESPACE, RDS, SECRET, graph, graphs, kubernetes, resource

X_PROD = {"kind": "Secret", "metadata": {"name": "x", "namespace": "prod"}}
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.mark.parametrize(
    ("made", "path"),
    [
        (kubernetes(DEPLOYMENT, "web", "prod"), "kubernetes/prod/Deployment-web.yaml"),
        (kubernetes(NAMESPACE, "prod"), "kubernetes/_cluster/Namespace-prod.yaml"),
        (resource(RELEASE, "traefik", {"chart": "traefik"}), "charts/traefik.yaml"),
        (resource(RDS, "database"), "aws/aws_rds.instance_Instance/database.yaml"),
        (resource("eks:index:Cluster", "a/b"), "other/eks_index_Cluster/a.b.yaml"),
        (resource("wharf:apps:App", "web", custom=False), "other/wharf_apps_App/web.yaml"),
    ],
)
def test_each_resource_has_its_place(made: Any, path: str):
    assert render.path_of(made) == path
    assert path in render.tree(graph(made))


@pytest.mark.parametrize(
    ("one", "other", "path"),
    [
        (resource(RDS, "a/b"), resource(RDS, "a.b"), "aws/aws_rds.instance_Instance/a.b.yaml"),
        (kubernetes(SECRET, "x", "prod"), resource(SECRET, "y", X_PROD), "kubernetes/prod/Secret-x.yaml"),
    ],
)  # fmt: skip
def test_two_resources_for_one_file_are_an_error_that_names_both(one: Any, other: Any, path: str):
    with pytest.raises(UserError) as refused:
        render.tree(graph(one, other))
    assert str(refused.value) == f"{path} is rendered by both {one.urn} and {other.urn}: rename one of them"


def test_of_a_secret_the_keys_are_seen_and_no_value():
    made = kubernetes(SECRET, "web", "prod", data={"TOKEN": Secret("aGk="), "PLAIN": "aGk="}, type="Opaque")
    written = yaml.safe_load(render.tree(graph(made))["kubernetes/prod/Secret-web.yaml"])
    assert written["stringData"] == {"TOKEN": "<secret>", "PLAIN": "<secret>"}
    assert "data" not in written


def test_a_secret_leaf_of_anything_is_masked():
    made = resource(RDS, "database", {"password": Secret("hunter2"), "nested": [{"key": Secret("hunter2")}]})
    files = render.tree(graph(made, outputs={"url": Secret("hunter2")}))
    assert "hunter2" not in "".join(files.values())
    assert json.loads(files["graph.json"])["outputs"] == {"url": "<secret>"}


def test_graph_json_has_what_the_files_do_not():
    owner = resource(NAMESPACE, "owner")
    made = resource(
        RDS,
        "database",
        protect=True,
        parent=owner.urn,
        provider="urn:provider",
        depends_on=(owner.urn,),
        aliases=("urn:old",),
        ignore_changes=("password",),
    )
    document = json.loads(render.tree(graph(made, owner))["graph.json"])
    assert (document["format"], document["project"], document["stack"]) == (1, "shop", "dev")
    found = next(entry for entry in document["resources"] if entry["name"] == "database")
    assert found == {
        "urn": made.urn,
        "type": RDS,
        "name": "database",
        "parent": owner.urn,
        "provider": "urn:provider",
        "protect": True,
        "dependsOn": [owner.urn],
        "aliases": ["urn:old"],
        "ignoreChanges": ["password"],
        "file": "aws/aws_rds.instance_Instance/database.yaml",
    }


@given(graphs())
def test_the_order_of_registration_changes_no_byte(drawn: Any):
    try:
        files = render.tree(drawn)
    except UserError:
        return  # two that would be one file, which is refused in any order
    backwards = graph(*reversed(drawn.resources), outputs=dict(reversed(drawn.outputs.items())))
    assert render.tree(backwards) == files


@given(graphs())
def test_every_file_reads_back_as_what_was_registered(drawn: Any):
    made = [r for r in drawn if r.type == RDS]
    files = render.tree(graph(*made))
    for one in made:
        assert yaml.safe_load(files[render.path_of(one)]) == one.inputs


def test_an_earlier_tree_is_replaced_whole(tmp_path: Path):
    out = tmp_path / "tree"
    assert render.write(graph(resource(RDS, "old"), resource(RDS, "both")), out) == 3
    assert render.write(graph(resource(RDS, "both")), out) == 2
    assert sorted(path.name for path in out.rglob("*.yaml")) == ["both.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files that are not a rendered tree: name an empty or a new folder"):
        render.write(graph(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_folder_with_a_graph_of_its_own_is_left_alone(tmp_path: Path):
    (tmp_path / "graph.json").write_text('{"nodes": []}')
    with pytest.raises(UserError, match="holds files that are not a rendered tree"):
        render.write(graph(), tmp_path)
    assert (tmp_path / "graph.json").read_text() == '{"nodes": []}'


def test_a_link_to_a_tree_is_that_tree(tmp_path: Path):
    render.write(graph(), tmp_path / "tree")
    (tmp_path / "link").symlink_to("tree")
    render.write(graph(resource(RDS, "more")), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(list((tmp_path / "tree").rglob("more.yaml"))) == 1


def test_what_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot be written: File exists: name a folder that you may write to"):
        render.write(graph(), tmp_path / "file" / "tree")


def test_a_file_is_no_folder(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="is a file: name a folder"):
        render.write(graph(), tmp_path / "file")


def test_folders_above_are_made_and_an_empty_one_is_taken(tmp_path: Path):
    render.write(graph(), tmp_path / "a" / "b")
    (tmp_path / "empty").mkdir()
    render.write(graph(), tmp_path / "empty")
    assert (tmp_path / "a" / "b" / "graph.json").read_bytes() == (tmp_path / "empty" / "graph.json").read_bytes()
