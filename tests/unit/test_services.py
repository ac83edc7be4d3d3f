"""Every registered service is in every place that is derived from the registry, and its makers keep what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest
from pulumi import Output, ResourceOptions
from typer.testing import CliRunner

from cli.clusters.local import local_cluster
from cli.command import app as command
from cli.live import status, targets
from components.network.pod_network import Target
from components.shared.log_retention import RETENTIONS
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from evaluation.project import CHECKOUT, evaluate_stage, read_stage
from stacks.services import NAMES
from stacks.services.registry import SERVICES
from stacks.services.service import AwsPlace, LocalPlace, Made, Service, Where
from tests.local_stages import APP, project, refusal

PEER = {"namespaceSelector": {}}
MINIMAL: dict[str, dict[str, Any]] = {"mail": {"domain": "example.com"}}  # of a stage on AWS; of the others {}
every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=lambda service: service.need)
in_every_place = pytest.mark.parametrize("kind", ["local", "aws"])


def section(service: Service) -> Any:
    return service.section.model_validate(MINIMAL.get(service.need, {}))


def graph_of(service: Service, kind: str) -> tuple[Graph, list[Made]]:
    """What a maker registers, and what it says that it has made."""
    said: list[Made] = []

    def program() -> None:
        cluster = k8s.Provider("kubernetes", kubeconfig="x")
        amazon = aws.Provider("aws", region="eu-west-1")
        where: dict[str, Any] = {"project": "shop", "environment": "e", "namespace": Output.from_input("e")}
        where |= {"rollout_key": Output.secret("k"), "opts": ResourceOptions(providers=[cluster, amazon])}
        if kind == "local":
            said.append(service.local(LocalPlace(**where, controller=[PEER], machine=[PEER]), section(service)))
        else:
            place = AwsPlace(
                **where,
                on_aws=ResourceOptions(providers=[amazon]),
                region="eu-west-1",
                account_id=Output.from_input("123456789012"),
                vpc_id="vpc-1",
                subnet_ids=["subnet-1", "subnet-2"],
                cluster_security_group_id="sg-1",
                identity={"oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/x", "oidc_issuer": "x"},
                log_days=RETENTIONS[0],
                domain="example.com",
                zone_id="Z1",
            )
            said.append(service.aws(place, section(service)))
        pulumi.export("settings", dict(said[0].settings))

    return evaluate(program, stack="e"), said


@every_service
@in_every_place
def test_both_makers_give_exactly_the_settings_that_templates_can_name(service: Service, kind: str):
    graph, _ = graph_of(service, kind)
    assert tuple(graph.outputs["settings"]) == tuple(sorted(service.settings))


@every_service
@in_every_place
def test_what_a_password_is_in_is_secret(service: Service, kind: str):
    graph, _ = graph_of(service, kind)
    settings = graph.outputs["settings"]
    for key in {"url", "password"} & set(settings):
        assert repr(settings[key]) == "<secret>"


@every_service
def test_a_local_service_takes_the_names_that_it_says_and_no_others(service: Service):
    graph, _ = graph_of(service, "local")
    names = {resource.inputs["metadata"]["name"] for resource in graph if resource.is_kubernetes}
    assert names == set(service.objects)


@every_service
def test_what_listens_outside_of_the_cluster_is_behind_a_security_group(service: Service):
    _, [made] = graph_of(service, "aws")
    assert service.in_cluster(section(service)) or isinstance(made.target, Target)


@every_service
@in_every_place
def test_the_least_that_can_be_written_is_within_the_limits(service: Service, kind: Any):
    assert not list(service.limits(section(service), Where(kind)))


def local_project(tmp_path: Path, service: Service, **app: Any):
    web = {**APP, "needs": [service.need], **app}
    return project(tmp_path, {f"wharf:{service.need}": {}}, web)


@every_service
def test_a_stage_without_it_refuses_an_app_that_needs_it(tmp_path: Path, service: Service):
    need = service.need
    assert refusal(project(tmp_path, app={**APP, "needs": [need]})) == [
        f"Pulumi.local.yaml: wharf:apps.web: needs a {need}, and the stage has none: add wharf:{need}"
    ]


@every_service
def test_an_app_gets_its_variables_and_the_label_that_it_is_let_in_by(tmp_path: Path, service: Service):
    graph = evaluate_stage(local_project(tmp_path, service), "local")
    assert set(graph.one("Secret", "web-settings").inputs["data"]) == set(service.default_variables)
    pods = graph.one("Deployment", "web-deployment").inputs["spec"]["template"]["metadata"]["labels"]
    assert pods[f"wharf.dev/uses-{service.need}"] == "true"


@every_service
def test_verbs_know_it_by_its_name(tmp_path: Path, service: Service):
    stage = read_stage(local_project(tmp_path, service), "local")
    targets.require_known(stage, service.need)
    assert [row.name for row in status.report(stage, []).platform] == [service.need]


@every_service
def test_a_service_with_a_port_of_this_machine_gets_it_from_the_cluster(tmp_path: Path, service: Service):
    found = local_project(tmp_path, service)
    ports = {port.name: port.wanted for port in local_cluster(found, read_stage(found, "local")).wanted}
    assert ports.get(service.need) == (service.machine_port.port if service.machine_port else None)


@pytest.mark.parametrize("verb", ["logs", "shell", "run", "forward", "restart"])
def test_help_names_every_service(verb: str):
    from cli import live_verbs  # noqa: F401 registers the verbs

    shown = re.sub(r"\s+", " ", CliRunner().invoke(command, [verb, "--help"], env={"COLUMNS": "200"}).output)
    assert ", ".join(SERVICES) in shown


@every_service
def test_the_docs_have_a_row_for_it(service: Service):
    page = (CHECKOUT / "docs" / "apps.md").read_text()
    variables = ", ".join(f"`{name}`" for name in service.default_variables)
    assert f"| `{service.need}` | {service.title} | {variables} |" in page


def test_the_names_that_help_texts_use_are_those_of_the_registry():
    assert list(NAMES) == [service.need for service in SERVICES.values()]


@pytest.mark.parametrize(("place", "given"), [("charts", "{root}/charts"), ("oci://mirror/x", "oci://mirror/x")])
def test_a_local_cluster_takes_its_charts_from_where_the_stage_says(tmp_path: Path, place: str, given: str):
    found = project(tmp_path, {"wharf:charts": place})
    assert local_cluster(found, read_stage(found, "local")).charts == given.format(root=tmp_path)
