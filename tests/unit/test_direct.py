"""Generated values of a local stage without an engine, and the order in which its objects are applied."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi_kubernetes as k8s
import pulumi_random as random
import pytest

from cli.deploy import rollout
from cli.deploy.applyset import KINDS, NAMESPACES, PART_OF, ApplySet, group_kind, parent_objects, set_id
from cli.deploy.direct import Outcome, lost_data, manifests_of, waves_of
from cli.deploy.values import Kept
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from stacks.errors import UserError
from tests import local_stages
from tests.graphs import CLAIM, DEPLOYMENT, NAMESPACE, STATEFUL_SET, graph, kubernetes, resource, stateful_set


def password(file: Path, rotation: int = 1, name: str = "password", *, save: bool = True) -> str:
    """What a run of a program with one password makes of it."""
    answers = Kept(file)

    def program() -> None:
        made = random.RandomPassword(name, length=32, special=False, keepers={"rotation": str(rotation)})
        k8s.core.v1.Secret("secret", data={"password": made.result})

    found = evaluate(program, answers=answers).one("Secret").inputs["data"]["password"].value
    if save:
        answers.save()
    return found


def test_a_value_is_made_once_and_kept(tmp_path: Path):
    file = tmp_path / "folder" / "values.json"
    first = password(file)
    assert re.fullmatch("[A-Za-z0-9]{32}", first)
    assert password(file) == first


def test_two_stages_never_have_the_same_value(tmp_path: Path):
    assert password(tmp_path / "a.json") != password(tmp_path / "b.json")


def test_a_value_is_made_anew_when_its_keepers_change(tmp_path: Path):
    first = password(tmp_path / "values.json")
    second = password(tmp_path / "values.json", rotation=2)
    assert second != first
    assert password(tmp_path / "values.json", rotation=2) == second


def test_what_is_not_used_any_more_is_forgotten(tmp_path: Path):
    file = tmp_path / "values.json"
    first = password(file)
    password(file, name="other")
    assert password(file) != first
    assert len(json.loads(file.read_text())) == 1


def test_a_run_that_does_not_save_changes_nothing(tmp_path: Path):
    file = tmp_path / "values.json"
    password(file, save=False)
    assert not file.exists()


def test_only_their_owner_reads_the_values(tmp_path: Path):
    file = tmp_path / "folder" / "values.json"
    password(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["values.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"urn": 5}', '{"urn": {"value": "x"}}', "null"])
def test_a_file_that_was_changed_by_hand_is_not_overwritten(tmp_path: Path, text: str):
    file = tmp_path / "values.json"
    file.write_text(text)
    with pytest.raises(UserError, match="is damaged, and it contains the local stage's passwords"):
        Kept(file)
    assert file.read_text() == text


@pytest.fixture
def ordered(tmp_path: Path) -> Graph:
    """A stage with a database, an app that needs it, and a migration before each version of that."""
    return local_stages.graph(tmp_path, {"wharf:database": {}}, {"needs": ["database"], "before": ["./migrate"]})


def test_an_object_is_applied_after_what_must_have_finished_before_it(ordered: Graph):
    by_urn = ordered.by_urn()
    waves = {f"{by_urn[urn].inputs['kind']} {by_urn[urn].name}": wave for urn, wave in waves_of(ordered).items()}
    assert waves["Namespace environment-namespace"] == waves["StatefulSet database-server"] == 0
    assert waves["Secret web-settings"] == waves["Job web-before"] == 1
    assert waves["Deployment web-deployment"] == 2
    assert set(waves.values()) == {0, 1, 2}


def test_manifests_come_in_that_order_with_their_secrets(ordered: Graph):
    manifests = list(manifests_of(ordered).values())
    kinds = [manifest["kind"] for manifest in manifests]
    assert kinds[0] == "Namespace"
    assert kinds[-1] == "Deployment"
    assert kinds.index("StatefulSet") < kinds.index("Job") < kinds.index("Deployment")
    (settings,) = [m for m in manifests if m["kind"] == "Secret" and m["metadata"]["name"] == "web"]
    assert base64.b64decode(settings["data"]["DATABASE_HOST"]) == b"database"


@pytest.mark.parametrize("path", ["spec.podManagementPolicy", "spec.template.note"])
def test_what_the_program_ignores_changes_of_stays_as_it_is_in_the_cluster(path: str):
    def one(**spec: Any) -> dict[str, Any]:
        (made,) = manifests_of(graph(server), {rollout.key(server.inputs): {"spec": spec}} if spec else None).values()
        return made["spec"]

    spec = {"podManagementPolicy": "new", "template": {"note": "new", "b": 1}}
    server = replace(kubernetes(STATEFUL_SET, "database", "local", spec=spec), ignore_changes=(path,))
    asked_for = {**spec, "template": {**spec["template"]}}
    assert one() == asked_for
    old = one(podManagementPolicy="old", template={"note": "old", "b": 2}, replicas=1)
    assert old["podManagementPolicy"] == ("old" if path == "spec.podManagementPolicy" else "new")
    assert old["template"] == {"note": "old" if path == "spec.template.note" else "new", "b": 1}
    assert "replicas" not in old
    assert path.rpartition(".")[2] not in str(one(template={}))


@pytest.mark.parametrize("type_", ["kubernetes:helm.sh/v3:Release", "aws:s3/bucket:Bucket", "eks:index:Cluster"])
def test_what_kubectl_cannot_apply_needs_the_engine(type_: str):
    with pytest.raises(UserError, match=f"^{type_} x needs the Pulumi engine: install pulumi$"):
        manifests_of(graph(resource(type_, "x")))


def manifests(*resources: Any) -> list[dict[str, Any]]:
    return [dict(found.inputs) for found in resources]


def test_what_holds_data_and_is_not_wanted_any_more_is_told():
    database = stateful_set("database", "local", when_deleted="Delete")
    namespace, web = kubernetes(NAMESPACE, "local"), kubernetes(DEPLOYMENT, "web", "local")
    there = manifests(namespace, database, web)
    assert lost_data(there, there) == []
    assert lost_data(manifests(namespace), there) == ["StatefulSet local/database: its volumes"]
    whole = "Namespace local: all that is in it, with the volumes of StatefulSet database"
    assert lost_data(manifests(database, web), there) == [whole]


def test_a_volume_that_is_left_of_an_earlier_stateful_set_is_lost_with_its_namespace():
    namespace, claim = kubernetes(NAMESPACE, "local"), kubernetes(CLAIM, "data-database-0", "local")
    there = manifests(namespace)
    assert lost_data([], there) == []
    whole = "Namespace local: all that is in it, with the volumes of PersistentVolumeClaim data-database-0"
    assert lost_data([], there, manifests(claim)) == [whole]


def test_a_stateful_set_whose_volumes_stay_is_pruned_without_a_question():
    database = stateful_set("database", "local", when_deleted="Retain")
    assert lost_data([], manifests(database)) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(0, 0, 5, 0), "nothing changed (5 objects)"),
        (Outcome(3, 0, 0, 0), "3 created, 0 unchanged"),
        (Outcome(1, 2, 3, 4), "1 created, 2 changed, 4 deleted, 3 unchanged"),
    ],
)
def test_an_outcome_says_what_was_done(outcome: Outcome, words: str):
    assert str(outcome) == words


def test_a_stage_has_a_parent_of_its_own_as_kubectl_wants_it():
    definition, parent = parent_objects("local")
    assert definition["metadata"]["labels"] == {"applyset.kubernetes.io/is-parent-type": "true"}
    assert definition["spec"]["scope"] == "Cluster"
    assert parent["metadata"]["labels"] == {"applyset.kubernetes.io/id": set_id("local")}
    assert re.fullmatch(r"applyset-[A-Za-z0-9_-]{43}-v1", set_id("local"))
    assert set_id("local") != set_id("other")


class Kubectl:
    """A cluster that notes what is asked of it."""

    def __init__(self, annotations: dict[str, str]) -> None:
        self.annotations = annotations
        self.calls: list[tuple[str, ...]] = []
        self.applied: list[dict[str, Any]] = []

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> Any:
        self.calls.append(arguments)
        self.applied += json.loads(stdin)["items"] if stdin else []
        written = json.dumps({"metadata": {"annotations": self.annotations}})
        return type("Done", (), {"stdout": written, "returncode": 0, "stderr": ""})


def test_what_is_applied_in_part_is_a_member_at_once():
    cluster: Any = Kubectl({KINDS: "Secret", NAMESPACES: ""})
    (web,) = manifests(kubernetes(DEPLOYMENT, "web", "local", apiVersion="apps/v1"))
    ApplySet(cluster, "local").apply_some([web])
    assert [made["metadata"]["labels"] for made in cluster.applied] == [{PART_OF: set_id("local")}]
    (noted,) = [call for call in cluster.calls if call[0] == "annotate"]
    assert noted[-2:] == (f"{KINDS}=Deployment.apps,Secret", f"{NAMESPACES}=local")
    assert cluster.calls.index(noted) < len(cluster.calls) - 1
    assert not [call for call in cluster.calls if "--prune" in call]
    assert PART_OF not in str(web)


def test_what_the_parent_knows_already_is_not_noted_again():
    cluster: Any = Kubectl({KINDS: "Deployment.apps,Secret", NAMESPACES: "local"})
    (web,) = manifests(kubernetes(DEPLOYMENT, "web", "local", apiVersion="apps/v1"))
    ApplySet(cluster, "local").apply_some([web])
    assert [call[0] for call in cluster.calls] == ["get", "apply"]


def test_the_kind_of_a_member_is_written_as_kubectl_writes_it():
    assert group_kind({"apiVersion": "v1", "kind": "Secret"}) == "Secret"
    assert group_kind({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}) == "Ingress.networking.k8s.io"


def test_what_the_api_server_refuses_comes_out_in_its_words():
    cluster: Any = Kubectl({})
    refusal = "Warning: unrelated\nError from server: spec.selector: field is immutable\n"
    cluster.kubectl = lambda *_, **__: type("Done", (), {"returncode": 1, "stderr": refusal, "stdout": ""})
    with pytest.raises(UserError) as refused:
        ApplySet(cluster, "local").apply_all([])
    assert str(refused.value) == "the API server refuses:\n  Error from server: spec.selector: field is immutable"
