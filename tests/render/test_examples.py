"""What the READMEs of the examples promise their teams, on the rendered stages."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import pytest

from evaluation import project
from evaluation.graph import Graph, Resource

EPID_STAGES = ("dev", "prod")
SQUAD_STAGES = ("local", "staging", "production")
SQUAD_ON_AWS = ("staging", "production")


pytestmark = pytest.mark.skipif(
    not {"squad", "epid"} <= set(project.examples()), reason="the examples were taken out of this checkout"
)


@functools.cache
def render(example: str, stage: str) -> Graph:
    return project.evaluate_stage(project.find(example), stage)


def pod(graph: Graph, app: str) -> Mapping[str, Any]:
    return graph.one("Deployment", f"{app}-deployment").inputs["spec"]["template"]["spec"]


def container(graph: Graph, app: str) -> Mapping[str, Any]:
    return pod(graph, app)["containers"][0]


def variables(graph: Graph, app: str) -> dict[str, Any]:
    """Environment variables by name; where one comes from a Secret, the reference."""
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container(graph, app)["env"]}


def depends_on(graph: Graph, resource: Resource) -> set[str]:
    return {graph.by_urn()[urn].name for urn in resource.depends_on if urn in graph.by_urn()}


# squad


@pytest.mark.parametrize("stage", SQUAD_STAGES)
def test_squad_migrates_before_any_of_its_apps_runs_a_new_version(stage: str) -> None:
    graph = render("squad", stage)
    migration = graph.one("Job", "web-before").inputs["spec"]["template"]["spec"]["containers"][0]
    assert migration["command"] == ["squad-admin", "migrate"]
    assert migration["image"] == container(graph, "web")["image"]
    assert "web-before" in depends_on(graph, graph.one("Deployment", "web-deployment"))
    for app in ("listener", "worker"):
        assert "web-deployment" in depends_on(graph, graph.one("Deployment", f"{app}-deployment"))


@pytest.mark.parametrize("stage", SQUAD_STAGES)
def test_squad_has_its_settings_in_its_own_variables_and_from_secrets_only(stage: str) -> None:
    graph = render("squad", stage)
    found = variables(graph, "worker")
    for name in ("DATABASE", "SQUAD_CELERY_BROKER_URL", "SQUAD_EMAIL_HOST", "SQUAD_EMAIL_PORT"):
        assert found[name] == {"secretKeyRef": {"name": "worker", "key": name}}
    assert not {name for name in found if name.startswith(("DATABASE_", "BROKER_", "SMTP_"))}


@pytest.mark.parametrize("stage", SQUAD_STAGES)
def test_squads_worker_has_512_mib_and_does_not_mingle(stage: str) -> None:
    worker = container(render("squad", stage), "worker")
    assert worker["resources"]["limits"]["memory"] == "512Mi"
    assert "--without-mingle" in worker["command"]
    assert container(render("squad", stage), "listener")["resources"]["limits"]["memory"] == "512Mi"


def test_squads_environments_share_a_cluster_with_one_node_and_a_nat_instance() -> None:
    cluster = render("squad", "cluster")
    assert cluster.one("NodeGroup").inputs["scalingConfig"]["desiredSize"] == 1
    assert len(cluster.of_type("Instance")) == 1
    assert cluster.of_type("NatGateway") == []
    profiles = [profile.inputs["selectors"] for profile in cluster.of_type("FargateProfile")]
    assert {selector["namespace"] for selectors in profiles for selector in selectors} == {"staging", "production"}
    for stage in SQUAD_ON_AWS:
        assert render("squad", stage).of_type("Vpc") == render("squad", stage).of_type("FargateProfile") == []
        assert [one.inputs["metadata"]["name"] for one in render("squad", stage).of_type("Namespace")] == [stage]


@pytest.mark.parametrize("stage", SQUAD_ON_AWS)
def test_squads_relay_sends_by_a_role_of_its_own_on_fargate(stage: str) -> None:
    graph = render("squad", stage)
    account = next(one for one in graph.of_type("ServiceAccount") if one.inputs["metadata"]["name"] == "mail")
    assert account.inputs["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].startswith("arn:aws:iam::")
    assert account.inputs["metadata"]["namespace"] == stage
    assert any(one.inputs["metadata"]["namespace"] == stage for one in graph.of_type("SecurityGroupPolicy"))


def test_squads_database_is_kept_in_production_only() -> None:
    for stage, kept in (("staging", False), ("production", True)):
        instance = render("squad", stage).one("aws:rds/instance:Instance")
        assert (instance.protect, instance.inputs["multiAz"]) == (kept, kept)


# epid


@pytest.mark.parametrize("stage", EPID_STAGES)
def test_epids_pods_have_its_labels(stage: str) -> None:
    for app in ("curator", "data"):
        template = render("epid", stage).one("Deployment", f"{app}-deployment").inputs["spec"]["template"]
        assert template["metadata"]["labels"].items() >= {"app": app, "environment": stage}.items()


@pytest.mark.parametrize("stage", EPID_STAGES)
def test_epids_services_carry_the_environment_in_their_names(stage: str) -> None:
    graph = render("epid", stage)
    names = {one.inputs["metadata"]["name"] for one in graph.of_type("Service")}
    assert {f"curator-{stage}", f"data-{stage}"} <= names
    assert variables(graph, "curator")["DATASERVER_URL"] == f"http://data-{stage}"
    service = graph.one("Service", "data-service").inputs["spec"]
    assert {"name": "http", "port": 80, "targetPort": "app"} in service["ports"]


@pytest.mark.parametrize("stage", EPID_STAGES)
def test_epids_secrets_are_per_service_and_environment(stage: str) -> None:
    graph = render("epid", stage)
    keys = {app: set(graph.one("Secret", f"{app}-settings").inputs["data"]) for app in ("curator", "data")}
    assert keys["data"] == {"DB_CONNECTION_STRING"}
    assert keys["curator"] > {"DB_CONNECTION_STRING", "SESSION_COOKIE_KEY"}
    assert {one.inputs["metadata"]["namespace"] for one in graph.of_type("Secret")} == {stage}


@pytest.mark.parametrize("stage", EPID_STAGES)
def test_epids_curator_is_behind_https_and_its_data_is_inside(stage: str) -> None:
    graph = render("epid", stage)
    ingress = graph.one("kubernetes:networking.k8s.io/v1:Ingress").inputs
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] == f"curator-{stage}"
    assert '"HTTPS": 443' in ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/listen-ports"]
    assert graph.one("CertificateValidation")
    assert graph.one("kubernetes:helm.sh/v3:Release").inputs["chart"] == "external-dns"
    rules = graph.one("NetworkPolicy", "data-policy").inputs["spec"]["ingress"]
    assert [rule["from"] for rule in rules] == [
        [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "curator"}}}]
    ]


def test_epid_runs_the_latest_in_dev_and_versions_in_prod() -> None:
    assert container(render("epid", "dev"), "data")["image"].endswith("dataservice:latest")
    assert container(render("epid", "dev"), "data")["imagePullPolicy"] == "Always"
    assert container(render("epid", "prod"), "data")["image"].endswith("dataservice:0.1.2")


def test_epids_cluster_is_all_fargate_without_a_node() -> None:
    cluster = render("epid", "cluster")
    assert cluster.of_type("NodeGroup") == []
    profiles = [profile.inputs["selectors"] for profile in cluster.of_type("FargateProfile")]
    assert {selector["namespace"] for selectors in profiles for selector in selectors} == {"kube-system", *EPID_STAGES}
