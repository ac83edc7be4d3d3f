"""Stages of kind aws and cluster, whole: what waits for what, and what is exported."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from components.eks import fargate
from components.shared.charts import CHARTS
from evaluation.graph import Graph
from evaluation.project import is_production
from stacks.reading.problems import InputRefused
from tests.aws_stages import INSIDE, NETWORK, OWN, SHARED, project, stage, waits_for


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> Graph:
    return stage(tmp_path_factory.mktemp("own"), OWN)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Graph:
    return stage(tmp_path_factory.mktemp("shared"), SHARED, "shared")


@pytest.fixture(scope="module")
def inside(tmp_path_factory) -> Graph:
    return stage(tmp_path_factory.mktemp("inside"), INSIDE, shared=SHARED)


def test_what_is_destroyed_before_what(own):
    order = [
        own.one("Ingress", "web-ingress"),
        own.one("IngressClass"),
        own.one("Release", "load-balancers-release"),
        own.one("RolePolicy", "load-balancers-account-policy"),
        own.one("OpenIdConnectProvider"),
        own.one("eks:index:Cluster"),
        own.one("aws:ec2/vpc:Vpc"),
    ]
    for first, then in pairwise(order):
        assert then.name in waits_for(own, first), f"{first.name} must go before {then.name}"


def test_the_controller_can_work_until_the_last_ingress_is_gone(own):
    needs = waits_for(own, own.one("Release", "load-balancers-release"))
    assert {"cluster-coredns", "cluster-fargate-system", "load-balancers-backend", "network-nat-eu-west-1a"} <= needs
    assert {"network-private-eu-west-1a-route", "network-private-eu-west-1a-association"} <= needs


def test_an_old_pod_goes_once_the_load_balancer_sends_requests_to_the_new_one(own):
    labels = own.one("Namespace", "environment-namespace").inputs["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
    values = own.one("Release", "load-balancers-release").inputs["values"]
    assert values["podMutatorWebhookConfig"] == {"failurePolicy": "Ignore"}, "pods start without the controller too"


def test_names_are_taken_back_before_external_dns_goes(own):
    assert "names-release" in waits_for(own, own.one("Ingress", "web-ingress"))


@pytest.mark.parametrize("type_", ["Job", "Deployment"])
def test_apps_wait_for_what_their_pods_need(own, type_):
    workload = next(resource for resource in own.of_type(type_) if resource.name.startswith("web"))
    needs = waits_for(own, workload)
    assert {"cluster-fargate-apps", "cluster-coredns", "fargate-logs-config", "fargate-logs-policy"} <= needs
    assert {"web-network-policy", "web-network-to-database", "web-network-to-broker", "web-network-to-mail"} <= needs
    assert {"web-permissions-policy", "database-instance", "broker-instance"} <= needs


def test_database_broker_and_groups_do_not_wait_for_the_cluster(own):
    for name in ("database-instance", "broker-instance", "web-network-pods", "web-network-to-database"):
        (resource,) = [resource for resource in own if resource.name == name]
        assert "cluster-eks" not in waits_for(own, resource)


def test_the_controller_does_not_wait_for_the_profile_of_the_apps(own):
    assert "cluster-fargate-apps" not in waits_for(own, own.one("Release", "load-balancers-release"))


def test_everything_has_an_explicit_provider(own, inside):
    for graph in (own, inside):
        for resource in graph:
            if resource.custom and resource.type.split(":")[0] in ("aws", "kubernetes"):
                assert resource.provider, resource.urn


def test_another_kubeconfig_replaces_nothing(own, inside):
    assert own.one("pulumi:providers:kubernetes").inputs["clusterIdentifier"] == "wharf-wharf-dev"
    assert inside.one("pulumi:providers:kubernetes").inputs["clusterIdentifier"] == "wharf-wharf-dev"


def test_tags_are_on_everything_and_name_no_commit(own):
    tags = json.loads(own.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]
    assert tags == {
        "project": "wharf",
        "stack": "dev",
        "environment": "dev",
        "owner": "wharf",
        "managed-by": "wharf",
    }


def test_a_cluster_exports_what_its_environments_read(shared, inside):
    assert shared.outputs["cluster"] == "wharf-shared"
    subnets = inside.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"]
    assert subnets == shared.outputs["private_subnet_ids"]
    assert not inside.of_type("eks:index:Cluster")
    assert not inside.of_type("aws:ec2/vpc:Vpc")
    trust = json.loads(inside.one("aws:iam/role:Role", "web-permissions-role").inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Federated": shared.outputs["oidc_provider_arn"]}


def test_what_an_app_adds_to_its_labels_is_on_its_route_too(own):
    assert own.one("Ingress", "web-ingress").inputs["metadata"]["labels"]["team"] == "red"


def test_an_environment_is_the_same_in_its_own_cluster_and_in_another(own, inside):
    owned = {resource.name for resource in own}
    assert {resource.name for resource in inside} <= owned
    missing = owned - {resource.name for resource in inside}
    assert all(name.startswith(("network", "cluster", "fargate-logs", "load-balancers", "metrics")) for name in missing)


def test_nothing_secret_is_exported(own, shared):
    for graph in (own, shared):
        assert "password" not in json.dumps(dict(graph.outputs), default=repr).lower()


def test_what_a_person_needs_next_is_exported(own):
    assert own.outputs["urls"] == {"web": "https://web.dev.example.com/"}
    assert own.outputs["kubeconfig-command"] == "aws eks update-kubeconfig --region eu-west-1 --name wharf-dev"
    assert own.outputs["database-host"].endswith(".rds.amazonaws.com")
    assert "notice" not in own.outputs


def test_records_of_a_mail_domain_without_a_zone_here_are_told(own, tmp_path):
    assert "mail-records" not in own.outputs
    elsewhere = stage(tmp_path, {**OWN, "wharf:mail": {"domain": "example.org"}})
    assert {record["type"] for record in elsewhere.outputs["mail-records"]} == {"CNAME"}


def test_without_a_domain_it_is_http_and_said_so(tmp_path):
    graph = stage(tmp_path, {**OWN, "wharf:ingress": None})
    assert "unencrypted" in graph.outputs["notice"]
    assert not graph.of_type("aws:acm/certificate:Certificate")
    assert not [resource for resource in graph if resource.name == "names-release"]
    (rule,) = graph.one("Ingress", "web-ingress").inputs["spec"]["rules"]
    assert "host" not in rule
    assert "certificateArn" not in graph.one("IngressClassParams").inputs["spec"]


def test_the_profile_fetches_tokens_and_is_not_exported(tmp_path):
    graph = stage(tmp_path, {**SHARED, "aws:profile": "team"}, "shared")
    kubeconfig = json.loads(graph.one("pulumi:providers:kubernetes").inputs["kubeconfig"])
    assert kubeconfig["users"][0]["user"]["exec"]["args"][-2:] == ["--profile", "team"]
    assert "team" not in graph.outputs["kubeconfig"]
    assert graph.outputs["kubeconfig-command"].endswith("--profile team")


def test_every_pod_goes_where_fargate_takes_it(own):
    profiles = {
        profile.name: [selector["namespace"] for selector in profile.inputs["selectors"]]
        for profile in own.of_type("FargateProfile")
    }
    namespaces = {
        resource.inputs["metadata"]["namespace"]
        for resource in own
        if resource.type.rsplit(":", 1)[-1] in ("Deployment", "Job", "StatefulSet", "CronJob")
    }
    namespaces |= {release.inputs["namespace"] for release in own.of_type("Release")}
    assert namespaces == {"dev", "kube-system"}
    assert all(fargate.runs(namespace, profiles) for namespace in namespaces)


def test_charts_ask_for_what_is_declared_of_them(own):
    for release in own.of_type("Release"):
        workload, values = CHARTS[release.inputs["chart"]].workload, release.inputs["values"]
        assert values["resources"] == workload.resources
        assert 10250 not in workload.ports
    assert own.one("Release", "metrics-release").inputs["values"]["containerPort"] == 10251


def test_charts_come_from_a_mirror(tmp_path):
    graph = stage(tmp_path, {**OWN, "wharf:charts": "oci://mirror.example.com/charts/"})
    release = graph.one("Release", "load-balancers-release").inputs
    assert release["chart"] == "oci://mirror.example.com/charts/aws-load-balancer-controller"
    assert "repositoryOpts" not in release


def test_charts_come_from_a_folder(tmp_path):
    for name in ("aws-load-balancer-controller", "metrics-server"):
        (tmp_path / "charts" / name).mkdir(parents=True)
    archive = tmp_path / "charts" / "external-dns-1.22.0.tgz"
    archive.touch()
    graph = stage(tmp_path, {**OWN, "wharf:charts": "charts"})
    assert graph.one("Release", "names-release").inputs["chart"] == str(archive)
    assert Path(graph.one("Release", "metrics-release").inputs["chart"]).name == "metrics-server"


def test_a_folder_without_the_chart_is_refused(tmp_path):
    (tmp_path / "charts").mkdir()
    with pytest.raises(InputRefused, match=r"neither charts/.* nor charts/.* exists"):
        stage(tmp_path, {**OWN, "wharf:charts": "charts"})


def test_a_broker_on_nodes_is_kept_off_fargate_and_has_a_volume(tmp_path):
    cluster = {**OWN["wharf:cluster"], "system-nodes": {"count": 1}}
    graph = stage(tmp_path, {**OWN, "wharf:broker": {"kind": "in-cluster"}, "wharf:cluster": cluster})
    server = graph.one("StatefulSet")
    annotations = server.inputs["spec"]["template"]["metadata"]["annotations"]
    assert annotations["eks.amazonaws.com/compute-type"] == "ec2"
    assert {"volumes-class", "volumes-driver", "cluster-nodes-group"} <= waits_for(graph, server)
    assert not graph.of_type("aws:mq/broker:Broker")


@pytest.mark.parametrize("nat", ["gateway", "gateway-per-zone", "instance", "none"])
def test_every_way_out_renders(tmp_path, nat):
    graph = stage(tmp_path, {**SHARED, "wharf:network": {**NETWORK, "nat": nat}}, "shared")
    assert len(graph.of_type("aws:ec2/natGateway:NatGateway")) == {"gateway": 1, "gateway-per-zone": 2}.get(nat, 0)


def test_names_on_aws_fit_for_the_longest_stage_and_app(tmp_path):
    graph = stage(tmp_path, OWN, "a" * 20)
    for role in graph.of_type("aws:iam/role:Role"):
        assert len(role.inputs["name"]) <= 64


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (INSIDE, r"wharf:cluster.stack: wharf:cluster.profiles in Pulumi.shared.yaml does not name dev"),
        ({**SHARED, "wharf:cluster": {"endpoint-access": {"public": []}}}, r"wharf:cluster.profiles: is missing"),
        (
            {**SHARED, "wharf:cluster": {"profiles": ["dev"], "log-retention": 31}},
            r"wharf:cluster.log-retention: CloudW",
        ),
    ],
)
def test_a_cluster_that_would_not_run_the_pods_is_refused(tmp_path, settings, line):
    elsewhere = {**SHARED, "wharf:cluster": {"profiles": ["prod"]}}
    with pytest.raises(InputRefused, match=line):
        stage(tmp_path, settings, shared=elsewhere)


@pytest.mark.parametrize("production", [True, False])
def test_a_cluster_that_production_lives_in_is_judged_as_production(tmp_path, production):
    """The environment's own rules cannot see what it stands on."""
    here = project(tmp_path, shared=SHARED, dev={**INSIDE, "wharf:production": production}, own=OWN)
    assert is_production(here, "shared") is production
    assert is_production(here, "dev") is production
    assert is_production(here, "own") is False
