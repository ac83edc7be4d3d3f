"""A stage as its files describe it: what is merged, what is decoded, what is secret, and what has defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.apps.spec import AppSpec, Resources
from evaluation.project import Project, config_of, evaluate_stage, read_stage
from stacks.reading import catalogue, config
from stacks.reading.catalogue import image_variable, merge
from stacks.reading.keys import known_keys
from stacks.reading.models import LocalConfig, Stage
from stacks.reading.stage_file import is_encrypted, plain_paths
from stacks.services.registry import SERVICES
from tests.local_stages import APP, graph, project

CIPHERTEXT = {"secure": "v1:abc:def"}
KEYS = st.text("abc", min_size=1, max_size=2)
TREES = st.recursive(
    st.integers(0, 3) | st.text("xy", max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=5,
)
MAPS = st.dictionaries(KEYS, TREES, max_size=3)


def read(folder: Path, settings: dict[str, Any] | None = None, app: dict[str, Any] | None = None) -> Stage:
    return read_stage(project(folder, settings, app), "local")


def local(stage: Stage) -> LocalConfig:
    assert isinstance(stage.config, LocalConfig)
    return stage.config


def test_what_is_left_out_has_the_documented_default(tmp_path: Path):
    stage = read(tmp_path)
    assert (local(stage).production, local(stage).services) == (False, {})
    assert stage.owner == "wharf"
    app = stage.apps["web"]
    assert app == AppSpec(name="web", version="1.0", **APP)
    assert (app.resources, app.replicas.min, app.replicas.max) == (Resources(cpu="250m", memory="512Mi"), 1, None)


def test_every_field_of_the_app_file_is_read(tmp_path: Path):
    settings = {"wharf:database": {}, "wharf:secrets": {"tok": "x"}, "wharf:kind": "local"}
    written = {
        **{"image": "example/web", "kind": "web", "port": 8000, "user": 1000, "service": "shop", "labels": {"a": "b"}},
        **{"command": ["./serve"], "args": ["--fast"], "writable": ["/data"], "env": {"A": "1"}},
        **{"secrets": {"T": "tok"}, "files": {"/run/x": "tok"}, "needs": {"database": {"D": "${url}"}}},
        **{"resources": {"cpu": "1", "memory": "1Gi"}, "replicas": {"min": 2, "max": 3, "cpu": 50}},
        **{"health": {"live": "/l", "ready": "/r"}, "route": {"host": "@", "path": "/a"}, "from": ["web"]},
        "permissions": [{"actions": ["dynamodb:PutItem"], "resources": ["arn:aws:dynamodb:::table/x"]}],
        **{"before": ["./migrate --all"], "after": []},
    }
    app = read(tmp_path, settings, written).apps["web"]
    assert set(written) | {"schedule"} == set(known_keys(AppSpec, ())) - {"name", "version"}
    assert (app.service_name, app.from_, app.needs) == ("shop", ["web"], {"database": {"D": "${url}"}})
    assert (app.resources.millicores, app.resources.mebibytes) == (1000, 1024)
    assert app.route is not None
    assert app.route.address == "@/a/"
    assert app.permissions[0].actions == ["dynamodb:PutItem"]


@pytest.mark.parametrize(
    ("cpu", "memory", "millicores", "mebibytes"),
    [("250m", "512Mi", 250, 512), ("2", "2Gi", 2000, 2048), ("0.5", "1Ki", 500, 1), ("1.25", "1025Ki", 1250, 2)],
)
def test_quantities_are_numbers(cpu: str, memory: str, millicores: int, mebibytes: int):
    resources = Resources(cpu=cpu, memory=memory)
    assert (resources.millicores, resources.mebibytes) == (millicores, mebibytes)


def test_what_the_stage_says_of_an_app_is_laid_over_its_file(tmp_path: Path):
    over = {"version": "2.0", "env": {"B": "2", "A": None}, "writable": ["/b"], "replicas": {"max": 4}}
    file = {"env": {"A": "1", "C": "3"}, "writable": ["/a"], "replicas": {"min": 2}}
    app = read(tmp_path, {"wharf:apps": {"web": over}}, file).apps["web"]
    assert app.env == {"B": "2", "C": "3"}
    assert list(app.writable) == ["/b"]
    assert (app.replicas.min, app.replicas.max, app.version) == (2, 4, "2.0")


@pytest.mark.parametrize(
    ("file", "over", "needs"),
    [
        (["mail"], ["database"], {"mail": {}, "database": {}}),
        (["database"], {"database": {"D": "${url}"}}, {"database": {"D": "${url}"}}),
        ({"database": None}, {}, {"database": {}}),
        (["database", "mail"], {"database": None}, {"database": {}, "mail": {}}),
    ],
)
def test_a_list_of_needs_and_a_map_of_them_add_up(tmp_path: Path, file: Any, over: Any, needs: dict):
    settings = {"wharf:database": {}, "wharf:mail": {}, "wharf:apps": {"web": {"version": "1", "needs": over}}}
    defaults = {need: dict(SERVICES[need].default_variables) for need in needs}
    expected = {need: templates or defaults[need] for need, templates in needs.items()}
    assert read(tmp_path, settings, {"needs": file}).apps["web"].needs == expected


def test_only_apps_that_the_stage_names_run_in_it(tmp_path: Path):
    found = project(tmp_path, files={"apps/other.yaml": yaml.safe_dump(APP)})
    assert list(read_stage(found, "local").apps) == ["web"]


def test_the_catalogue_is_where_the_stage_says(tmp_path: Path):
    files = {"services/web.yaml": yaml.safe_dump({**APP, "port": 9000})}
    found = project(tmp_path, {"wharf:apps-dir": "services"}, files=files)
    assert read_stage(found, "local").apps["web"].port == 9000


def test_an_image_of_the_environment_replaces_image_and_version_of_one_app(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("WHARF_IMAGE_WEB", "localhost:5000/mine:dev-7")
    app = read(tmp_path).apps["web"]
    assert (app.image, app.version, app.image_reference) == (
        "localhost:5000/mine",
        "dev-7",
        "localhost:5000/mine:dev-7",
    )


@pytest.mark.parametrize(
    ("reference", "image", "version"),
    [
        ("a:1", "a", "1"),
        (f"h:5000/a/b:1@sha256:{'0' * 64}", "h:5000/a/b", f"1@sha256:{'0' * 64}"),
        (f"a@sha256:{'0' * 64}", "a", f"@sha256:{'0' * 64}"),
    ],
)
def test_references_are_split_where_the_version_begins(tmp_path: Path, monkeypatch, reference, image, version):
    monkeypatch.setenv("WHARF_IMAGE_WEB", reference)
    app = read(tmp_path).apps["web"]
    assert (app.image, app.version, app.image_reference) == (image, version, reference)


def test_the_variable_of_an_app_with_dashes_has_underscores():
    assert image_variable("my-app") == "WHARF_IMAGE_MY_APP"


def test_keys_without_a_namespace_are_the_projects_own_and_so_refused_elsewhere(tmp_path: Path):
    found = project(tmp_path, base={"kind": "local", "apps": {"web": {"version": "1"}}})
    assert read_stage(found, "local").config.kind == "local"
    values, _ = config_of(Project(tmp_path, "shop"), "local")
    assert set(values) == {"shop:kind", "shop:apps"}


def test_encrypted_values_are_not_opened_and_stay_secret(tmp_path: Path):
    settings = {"wharf:secrets": {"a": CIPHERTEXT, "b": "plain"}, "wharf:owner": CIPHERTEXT}
    found = project(tmp_path, settings, {"secrets": {"A": "a", "B": "b"}})
    values, secret = config_of(found, "local")
    assert {"wharf:secrets", "wharf:pull-secrets", "wharf:owner"} <= set(secret)
    assert "v1:abc" not in str(values)
    assert local(read_stage(found, "local")).secrets["a"].get_secret_value().startswith("encrypted wharf:secrets.a ")


def test_only_a_value_that_pulumi_encrypted_counts_as_one():
    assert is_encrypted(CIPHERTEXT)
    assert not is_encrypted({"secure": 5})
    assert not is_encrypted({**CIPHERTEXT, "more": 1})
    assert plain_paths({"a": CIPHERTEXT, "b": {"c": "x"}, "d": ["y"]}, "k") == ["k.b.c", "k.d"]


def test_on_aws_the_password_of_a_login_must_be_encrypted_and_its_name_need_not(tmp_path: Path):
    login = {"server": "ghcr.io", "username": "robot", "password": CIPHERTEXT}
    settings = {
        **{"aws:region": "eu-west-1", "wharf:kind": "aws", "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]}},
        **{"wharf:apps": {"web": {"version": "1"}}, "wharf:pull-secrets": {"ghcr": login}},
        "wharf:cluster": {"endpoint-access": {"private": True, "public": []}},
    }
    assert read_stage(project(tmp_path, base=settings, stage="dev"), "dev").config.kind == "aws"


def test_what_looks_like_a_number_in_text_stays_text():
    assert config._decoded("0123") == "0123"
    assert config._decoded("{broken") == "{broken"
    assert config._decoded('["a"]') == ["a"]
    assert config._decoded("true") is True


def test_null_takes_a_variable_away_whether_or_not_the_app_file_has_any(tmp_path: Path):
    override = {"wharf:apps": {"web": {"version": "1", "env": {"A": None}}}}
    for env in ({"A": "1", "B": "2"}, {"B": "2"}, {}, None):
        app = read_stage(project(tmp_path, override, {"env": env}), "local").apps["web"]
        assert "A" not in app.env


def test_dates_and_keys_that_are_numbers_are_text(tmp_path: Path):
    found = project(tmp_path, files={"apps/web.yaml": "image: a\nkind: worker\nlabels: {since: 2026-01-02, '1': x}\n"})
    assert read_stage(found, "local").apps["web"].labels == {"since": "2026-01-02", "1": "x"}


def test_an_empty_stage_file_is_a_stage_without_settings(tmp_path: Path):
    assert config_of(project(tmp_path, files={"Pulumi.local.yaml": ""}), "local")[0] == {}


def test_the_stages_of_a_folder_are_its_stage_files(tmp_path: Path):
    found = project(tmp_path, files={"Pulumi.dev.yaml": "", "Pulumi.yaml": "name: wharf\n"})
    assert found.stages() == ["dev", "local"]


@given(MAPS)
def test_nothing_laid_over_changes_nothing(tree: dict):
    assert merge(tree, {}) == tree
    assert merge({}, tree) == tree
    assert merge(tree, tree) == tree


@given(MAPS, MAPS, MAPS)
def test_what_is_laid_over_later_wins(one: dict, two: dict, three: dict):
    merged = merge(one, two)
    assert set(merged) == set(one) | set(two)
    assert all(merged[key] == two[key] for key in two if not isinstance(two[key], dict))
    assert merge(merge(one, two), two) == merged
    assert merge(one, dict.fromkeys(one)) == {}
    assert set(merge(merged, three)) == set(one) | set(two) | set(three)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("health",), ["live", "ready"]),
        (("permissions", 0), ["actions", "resources"]),
        (("env",), []),
        (("nowhere",), []),
    ],
)
def test_known_keys_are_those_of_the_type_at_a_path(path: tuple, keys: list[str]):
    assert known_keys(AppSpec, path) == keys


def test_known_keys_are_written_as_in_the_file():
    assert "pull-secrets" in known_keys(LocalConfig, ())
    assert known_keys(LocalConfig, ("pull-secrets", "any")) == ["password", "server", "username"]


def test_the_same_app_runs_on_every_kind_of_stage(tmp_path: Path):
    aws = {
        **{"aws:region": "eu-west-1", "wharf:kind": "aws", "wharf:network": {"zones": ["eu-west-1a", "eu-west-1b"]}},
        **{"wharf:apps": {"web": {"version": "1.0"}}, "wharf:cluster": {"endpoint-access": {"private": True}}},
    }
    project(tmp_path, stage="dev", base=aws)
    found = project(tmp_path)
    pods = []
    for stage in ("local", "dev"):
        deployment = evaluate_stage(found, stage).one("Deployment", "web-deployment").inputs["spec"]
        pods.append(deployment["template"]["spec"]["containers"])
    assert pods[0][0]["image"] == pods[1][0]["image"] == "example/web:1.0"
    assert pods[0][0].keys() == pods[1][0].keys()
    assert catalogue.load(tmp_path, "apps", {"web": {"version": "1.0"}}, "x")[0]["web"].image == "example/web"


def test_what_an_app_adds_to_its_labels_is_on_its_route_too(tmp_path):
    routed = {"route": {"host": "web"}, "labels": {"team": "red"}}
    local = graph(tmp_path / "local", app=routed)
    assert local.one("Ingress").inputs["metadata"]["labels"] == local.one("Service").inputs["metadata"]["labels"]
    assert local.one("Ingress").inputs["metadata"]["labels"]["team"] == "red"
