"""What stands between the world and the pods."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest
from pulumi import ResourceOptions

from components.apps.alb_route import AlbRoute, AlbRouteArgs
from components.ingress.access_logs import AccessLogs, AccessLogsArgs
from components.ingress.certificate import Certificate, CertificateArgs
from components.ingress.ingress import Ingress, IngressArgs
from components.ingress.load_balancer_controller import LoadBalancerController, LoadBalancerControllerArgs
from components.network.pod_network import PodNetwork, PodNetworkArgs, Target
from evaluation.evaluate import evaluate
from evaluation.graph import Graph

ORDER = "alb.ingress.kubernetes.io/group.order"
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
IDENTITY: dict[str, Any] = {"oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/oidc", "oidc_issuer": "oidc"}


def made(make) -> Graph:
    def program() -> None:
        kubernetes = k8s.Provider("kubernetes", kubeconfig="{}")
        make(ResourceOptions(providers=[aws.Provider("aws", region="eu-west-1"), kubernetes]))

    return evaluate(program)


def ingress(**changes: object) -> Graph:
    settings = {
        "environment": "prod",
        "namespace": "prod",
        "log_bucket": "logs",
        "public_subnet_ids": ["subnet-1", "subnet-2"],
        "tags": {"stack": "prod"},
    }

    def make(opts: ResourceOptions) -> None:
        door = Ingress("ingress", IngressArgs(**{**settings, **changes}), opts)
        pulumi.export("annotations", dict(door.annotations))

    return made(make)


def parameters(**changes: object):
    return ingress(**changes).one("IngressClassParams").inputs["spec"]


def route(**changes: object) -> Graph:
    settings = {
        "namespace": "prod",
        "labels": {},
        "class_name": "prod",
        "annotations": {"a": "b"},
        "host": "web.example.com",
        "path": "/",
        "service": "web",
        "port": 8000,
    }

    def make(opts: ResourceOptions) -> None:
        pulumi.export("url", AlbRoute("web", AlbRouteArgs(**{**settings, **changes}), opts).url)

    return made(make)


def controller() -> Graph:
    args = LoadBalancerControllerArgs(
        cluster_name="wharf-prod",
        region="eu-west-1",
        account_id="123456789012",
        vpc_id="vpc-1",
        cluster_security_group_id="sg-1",
        **IDENTITY,
    )
    return made(lambda opts: LoadBalancerController("load-balancers", args, opts))


def test_one_load_balancer_for_the_environment_and_its_namespace_only():
    graph = ingress()
    spec = graph.one("IngressClassParams").inputs["spec"]
    assert spec["group"] == {"name": "prod"}
    assert spec["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "prod"}}
    assert spec["targetType"] == "ip"
    assert spec["tags"] == [{"key": "stack", "value": "prod"}]
    class_ = graph.one("IngressClass").inputs["spec"]
    assert class_["controller"] == "ingress.k8s.aws/alb"
    assert class_["parameters"] == {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "prod"}


def test_it_drops_bad_headers_and_writes_down_who_asked():
    attributes = {entry["key"]: entry["value"] for entry in parameters()["loadBalancerAttributes"]}
    assert attributes == {
        "routing.http.drop_invalid_header_fields.enabled": "true",
        "access_logs.s3.enabled": "true",
        "access_logs.s3.bucket": "logs",
    }


def test_with_a_certificate_it_is_tls_1_2_at_least_and_http_leads_there():
    graph = ingress(certificate_arn=CERTIFICATE)
    spec = graph.one("IngressClassParams").inputs["spec"]
    assert spec["certificateArn"] == [CERTIFICATE]
    assert spec["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert spec["sslRedirectPort"] == "443"
    (ports,) = graph.outputs["annotations"].values()
    assert json.loads(ports) == [{"HTTP": 80}, {"HTTPS": 443}]


def test_without_one_it_is_http():
    graph = ingress()
    assert not {"certificateArn", "sslPolicy", "sslRedirectPort"} & set(graph.one("IngressClassParams").inputs["spec"])
    (ports,) = graph.outputs["annotations"].values()
    assert json.loads(ports) == [{"HTTP": 80}]


@pytest.mark.parametrize(("allow", "expected"), [((), ["0.0.0.0/0"]), (["203.0.113.0/24"], ["203.0.113.0/24"])])
def test_who_may_connect(allow, expected):
    assert parameters(allow=allow)["inboundCIDRs"] == expected


def test_a_route_names_the_class_and_asks_for_the_apps_health():
    inputs = route(health_path="/ready").one("Ingress").inputs
    assert inputs["spec"]["ingressClassName"] == "prod"
    annotations = inputs["metadata"]["annotations"]
    assert annotations["a"] == "b"
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == "/ready"
    assert annotations["alb.ingress.kubernetes.io/success-codes"] == "200-399"


def test_where_health_is_not_stated_any_answer_but_a_failure_will_do():
    annotations = route().one("Ingress").inputs["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == "/"
    assert annotations["alb.ingress.kubernetes.io/success-codes"] == "200-499"


def test_a_longer_path_is_asked_for_first():
    order = {
        path: int(route(path=path).one("Ingress").inputs["metadata"]["annotations"].get(ORDER, 0))
        for path in ("/", "/a", "/a/b", "/" + 2000 * "a")
    }
    assert sorted(order.values(), reverse=True) == list(order.values()) == [0, -1, -3, -1000]


@pytest.mark.parametrize(
    ("https", "host", "url"),
    [(True, "web.example.com", "https://web.example.com/"), (False, "web.example.com", "http://web.example.com/")],
)
def test_the_url_is_what_a_person_opens(https, host, url):
    assert route(https=https, host=host).outputs["url"] == url


def test_the_controllers_webhooks_stop_nobody_and_its_certificate_stays():
    values = controller().one("Release").inputs["values"]
    assert values["enableServiceMutatorWebhook"] is False
    assert values["keepTLSSecret"] is True
    assert values["replicaCount"] == 2
    assert (values["region"], values["vpcId"], values["clusterName"]) == ("eu-west-1", "vpc-1", "wharf-prod")
    assert not {values["enableShield"], values["enableWaf"], values["enableWafv2"]} - {False}
    assert values["createIngressClassResource"] is False
    assert "defaultTags" not in values, "they would go before those of the environment"


def test_load_balancers_reach_pods_from_a_group_of_ours():
    graph = controller()
    group = graph.one("SecurityGroup")
    release = graph.one("Release")
    assert release.inputs["values"]["backendSecurityGroup"].startswith("sg-")
    assert {group.urn, graph.one("SecurityGroupEgressRule").urn} <= set(release.depends_on)


def test_the_controller_waits_for_what_it_may_do():
    graph = controller()
    role = graph.one("aws:iam/role:Role")
    assert graph.one("RolePolicy").urn in graph.one("Release").depends_on
    account = graph.one("Release").inputs["values"]["serviceAccount"]
    assert account["annotations"]["eks.amazonaws.com/role-arn"].endswith(role.inputs["name"])
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Condition"]["StringEquals"]
    assert trust["oidc:sub"] == f"system:serviceaccount:kube-system:{account['name']}"


def test_a_failed_release_leaves_nothing_pending():
    inputs = controller().one("Release").inputs
    assert inputs["atomic"] is True
    assert inputs["timeout"] == 600
    assert "skipAwait" not in inputs


def test_a_certificate_is_used_once_it_is_valid():
    def make(opts: ResourceOptions) -> None:
        args = CertificateArgs(domain="example.com", zone_id="Z1")
        pulumi.export("arn", Certificate("certificate", args, opts).arn)

    graph = made(make)
    certificate, record = graph.one("aws:acm/certificate:Certificate"), graph.one("Record")
    assert certificate.inputs["subjectAlternativeNames"] == ["*.example.com"]
    assert (record.inputs["zoneId"], record.inputs["type"]) == ("Z1", "CNAME")
    assert record.inputs["records"][0].endswith(".acm-validations.aws.")
    assert record.inputs["allowOverwrite"] is True, "another certificate of the domain may have made it"
    assert record.retain_on_delete, "another certificate of the domain may need it"
    assert record.urn in graph.one("CertificateValidation").depends_on
    assert graph.outputs["arn"].startswith("arn:aws:acm:")


@pytest.mark.parametrize("keep", [True, False])
def test_access_logs_are_private_and_end(keep):
    graph = made(lambda opts: AccessLogs("logs", AccessLogsArgs(account_id="123456789012", days=30, keep=keep), opts))
    assert graph.one("Bucket").inputs["forceDestroy"] is not keep
    private = graph.one("BucketPublicAccessBlock").inputs
    assert all(value is True for key, value in private.items() if key != "bucket")
    (rule,) = graph.one("BucketLifecycleConfiguration").inputs["rules"]
    assert rule["expiration"] == {"days": 30}


def test_an_app_is_let_in_by_its_own_group_which_pods_have_beside_the_clusters():
    reaches = {"database": Target(security_group_id="sg-database", port=5432)}
    args = PodNetworkArgs(
        app="web", vpc_id="vpc-1", namespace="prod", cluster_security_group_id="sg-cluster", reaches=reaches
    )
    graph = made(lambda opts: PodNetwork("web-network", args, opts))
    rule, policy = graph.one("SecurityGroupIngressRule").inputs, graph.one("SecurityGroupPolicy").inputs["spec"]
    assert (rule["securityGroupId"], rule["fromPort"], rule["toPort"]) == ("sg-database", 5432, 5432)
    assert policy["securityGroups"]["groupIds"] == ["sg-cluster", rule["referencedSecurityGroupId"]]
    assert policy["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "web"}}
    assert "tags" not in graph.one("SecurityGroup").inputs  # the cluster's would confuse the controller
