"""The parts of a local platform: what each registers, and who gets in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi import Output

from components.apps.autoscaling import autoscaler_spec
from components.apps.environment import DEFAULT_QUOTA, Environment, EnvironmentArgs
from components.apps.pull_secret import PullSecret, PullSecretArgs
from components.apps.spec import Replicas, Resources
from components.apps.traefik_route import TraefikRoute, TraefikRouteArgs
from components.data import rabbitmq as rabbitmq_module
from components.data.postgres import Postgres, PostgresArgs
from components.data.rabbitmq import RabbitMQ, RabbitMQArgs
from components.mail.mail_catcher import MailCatcher, MailCatcherArgs
from components.shared.labels import identity, standard
from components.shared.network_policy import allow, callers, users_of
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Resource, Secret, reveal

SHARED: dict[str, Any] = {"project": "shop", "environment": "local", "namespace": "local"}
OUTSIDE = {"ipBlock": {"cidr": "0.0.0.0/0"}}
STANDARD = {"app.kubernetes.io/part-of": "shop", "app.kubernetes.io/managed-by": "wharf", "environment": "local"}


def postgres(**more: Any) -> Graph:
    def program() -> None:
        args = PostgresArgs(**SHARED, rollout_key=Output.secret("key"), version="18.4", **more)
        made = Postgres("database", args)
        pulumi.export("url", made.url)
        pulumi.export("password", made.password)
        pulumi.export("address", [made.host, made.port, made.name, made.username, made.tls])

    return evaluate(program)


def rabbitmq(**more: Any) -> Graph:
    def program() -> None:
        args = RabbitMQArgs(**SHARED, rollout_key=Output.secret("key"), version="4.3", **more)
        made = RabbitMQ("broker", args)
        pulumi.export("url", made.url)
        pulumi.export("password", made.password)
        pulumi.export("address", [made.host, made.port, made.username, made.tls])

    return evaluate(program)


def mail_catcher(**more: Any) -> Graph:
    return evaluate(lambda: MailCatcher("mail", MailCatcherArgs(**SHARED, **more)))


def environment(**more: Any) -> Graph:
    return evaluate(lambda: Environment("environment", EnvironmentArgs(namespace="local", project="shop", **more)))


def template(graph: Graph) -> dict[str, Any]:
    (workload,) = [*graph.of_type("StatefulSet"), *graph.of_type("Deployment")]
    return workload.inputs["spec"]["template"]


def policy(graph: Graph, name: str) -> dict[str, Any]:
    return graph.one("NetworkPolicy", name).inputs["spec"]


def objects(graph: Graph) -> list[Resource]:
    return [resource for resource in graph if resource.is_kubernetes]


@pytest.mark.parametrize("make", [postgres, rabbitmq, mail_catcher, environment])
def test_every_object_has_the_standard_labels(make: Callable[[], Graph]):
    for resource in objects(make()):
        assert STANDARD.items() <= resource.inputs["metadata"]["labels"].items()


@pytest.mark.parametrize(("make", "user"), [(postgres, 999), (rabbitmq, 999), (mail_catcher, 1000)])
def test_pods_of_the_platform_are_restricted(make: Callable[[], Graph], user: int):
    pod = template(make())["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == user
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"livenessProbe", "readinessProbe"} <= set(container)
    assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]


@pytest.mark.parametrize("make", [postgres, rabbitmq, mail_catcher])
def test_volumes_and_mounts_of_the_platform_fit(make: Callable[[], Graph]):
    graph = make()
    pod = template(graph)["spec"]
    claims = [r.inputs["spec"]["volumeClaimTemplates"] for r in graph.of_type("StatefulSet")]
    volumes = {volume["name"] for volume in pod["volumes"]} | {c["metadata"]["name"] for (c,) in claims}
    mounts = pod["containers"][0]["volumeMounts"]
    assert {mount["name"] for mount in mounts} == volumes
    assert len({mount["mountPath"] for mount in mounts}) == len(mounts)


@pytest.mark.parametrize("make", [postgres, rabbitmq])
@pytest.mark.parametrize("keep", [True, False])
def test_a_volume_is_kept_and_protected_only_where_the_stage_says_so(make: Callable[..., Graph], keep: bool):
    server = make(keep=keep, storage_gib=7).one("StatefulSet")
    assert server.protect is keep
    policy = server.inputs["spec"]["persistentVolumeClaimRetentionPolicy"]
    assert policy == {"whenDeleted": "Retain" if keep else "Delete", "whenScaled": "Retain"}
    (claim,) = server.inputs["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "7Gi"


@pytest.mark.parametrize("make", [postgres, rabbitmq])
def test_a_pod_that_cannot_start_is_replaced_and_sets_made_before_keep_what_they_have(make: Callable[..., Graph]):
    server = make().one("StatefulSet")
    assert server.inputs["spec"]["podManagementPolicy"] == "Parallel"
    assert server.ignore_changes == ("spec.podManagementPolicy",)


def test_the_broker_is_told_the_memory_that_its_container_has():
    graph = rabbitmq()
    (written,) = reveal(graph.one("Secret").inputs["data"]).values()
    told = dict(line.split(" = ") for line in base64.b64decode(written).decode().splitlines())
    (container,) = template(graph)["spec"]["containers"]
    limit = Resources(memory=container["resources"]["limits"]["memory"]).mebibytes
    assert int(told["total_memory_available_override_value"]) == limit * 1024 * 1024


def test_the_broker_starts_anew_when_a_line_of_its_file_changes(monkeypatch: pytest.MonkeyPatch):
    before = template(rabbitmq())["metadata"]["annotations"]
    assert template(rabbitmq())["metadata"]["annotations"] == before
    real = rabbitmq_module._config
    monkeypatch.setattr(rabbitmq_module, "_config", lambda password: real(password) + "heartbeat = 30\n")
    assert template(rabbitmq())["metadata"]["annotations"] != before


def test_whether_the_database_answers_is_asked_as_a_user_that_exists():
    (container,) = template(postgres())["spec"]["containers"]
    asked = [line for line in re.split(r";|\[", json.dumps(container)) if "pg_isready" in line]
    assert len(asked) == 4
    assert all(re.search(r"-U\W+app\W+-d\W+app\b", line) for line in asked), asked


def test_the_databases_url_is_secret_and_complete():
    outputs = postgres().outputs
    assert isinstance(outputs["url"], Secret)
    assert outputs["url"].value == f"postgresql://app:{outputs['password'].value}@database:5432/app?sslmode=disable"
    assert outputs["address"] == ["database", 5432, "app", "app", False]


def test_the_brokers_url_is_secret_and_complete():
    outputs = rabbitmq().outputs
    assert isinstance(outputs["url"], Secret)
    assert outputs["url"].value == f"amqp://app:{outputs['password'].value}@broker:5672/"
    assert outputs["address"] == ["broker", 5672, "app", False]


@pytest.mark.parametrize("make", [postgres, rabbitmq])
def test_a_password_reaches_the_server_by_a_file_and_stands_nowhere_else(make: Callable[[], Graph]):
    graph = make()
    password = graph.outputs["password"].value
    (written,) = reveal(graph.one("Secret").inputs["data"]).values()
    assert password in base64.b64decode(written).decode()
    assert password not in str(
        [reveal(dict(r.inputs)) for r in objects(graph) if r.type.rsplit(":", 1)[-1] != "Secret"]
    )


def test_a_password_needs_no_quoting_in_urls_and_files():
    inputs = postgres().one("RandomPassword").inputs
    assert inputs["special"] is False
    assert inputs["length"] >= 24


def test_raising_the_rotation_makes_another_password_and_rolls_the_server():
    keepers = [postgres(rotation=number).one("RandomPassword").inputs["keepers"] for number in (1, 1, 2)]
    assert keepers[0] == keepers[1] != keepers[2]
    assert template(postgres())["metadata"]["annotations"]["wharf.dev/settings"]


def test_the_database_is_on_a_port_of_the_machine_only_where_that_is_asked_for():
    closed, opened = postgres().one("Service").inputs["spec"], postgres(node_port=30432).one("Service").inputs["spec"]
    assert (closed["type"], opened["type"]) == ("ClusterIP", "NodePort")
    assert [port["nodePort"] for port in opened["ports"]] == [30432]


@pytest.mark.parametrize("port", [80, 29999, 32768])
def test_a_node_port_that_kubernetes_does_not_give_is_told(port: int):
    with pytest.raises(RefusedError, match=f"^node-port: {port} is not from 30000 to 32767$"):
        postgres(node_port=port)


def test_only_apps_that_need_the_database_get_in_and_whom_the_stage_lets_in():
    (rule,) = policy(postgres(outside=[OUTSIDE]), "database-policy")["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"wharf.dev/uses-database": "true"}}}, OUTSIDE]
    assert [port["port"] for port in rule["ports"]] == [5432]


def test_only_apps_that_need_the_broker_get_in():
    (rule,) = policy(rabbitmq(), "broker-policy")["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"wharf.dev/uses-broker": "true"}}}]


def test_apps_send_mail_and_people_read_it():
    graph = mail_catcher(page_peers=[OUTSIDE])
    (smtp,), (page,) = policy(graph, "mail-policy")["ingress"], policy(graph, "mail-page-policy")["ingress"]
    assert smtp["from"] == [{"podSelector": {"matchLabels": {"wharf.dev/uses-mail": "true"}}}]
    assert [port["port"] for port in smtp["ports"]] == [1025]
    assert page["from"] == [OUTSIDE]
    assert [port["port"] for port in page["ports"]] == [8025]
    assert "ingress" not in policy(mail_catcher(), "mail-page-policy")


@pytest.mark.parametrize(("make", "name"), [(postgres, "database"), (rabbitmq, "broker"), (mail_catcher, "mail")])
def test_services_and_policies_select_the_pods_they_are_for(make: Callable[[], Graph], name: str):
    graph = make()
    labels = template(graph)["metadata"]["labels"].items()
    assert graph.one("Service").inputs["spec"]["selector"].items() <= labels
    assert policy(graph, f"{name}-policy")["podSelector"]["matchLabels"].items() <= labels
    (workload,) = [*graph.of_type("StatefulSet"), *graph.of_type("Deployment")]
    assert workload.inputs["spec"]["selector"]["matchLabels"].items() <= labels


def test_a_namespace_refuses_pods_that_are_not_restricted():
    labels = environment().one("Namespace").inputs["metadata"]["labels"]
    modes = {key: value for key, value in labels.items() if key.startswith("pod-security")}
    assert modes == {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}


def test_a_namespace_lets_nobody_in_until_a_policy_does():
    spec = policy(environment(), "environment-default-deny")
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress"]}


def test_a_quota_is_laid_over_the_default_one():
    hard = environment(quota={"pods": "5"}).one("ResourceQuota").inputs["spec"]["hard"]
    assert hard == {**DEFAULT_QUOTA, "pods": "5"}
    assert hard["services.loadbalancers"] == hard["services.nodeports"] == "0"


@pytest.mark.parametrize("keep", [True, False])
def test_a_namespace_is_protected_only_where_it_is_kept(keep: bool):
    assert environment(keep=keep).one("Namespace").protect is keep


def test_everything_in_a_namespace_waits_for_it():
    graph = environment()
    namespace = graph.one("Namespace").urn
    for resource in objects(graph):
        assert resource.urn == namespace or namespace in resource.depends_on


def test_a_pull_secret_is_what_the_kubelet_reads():
    def program() -> None:
        args = PullSecretArgs(
            namespace="local", labels={"a": "b"}, server="ghcr.io", username="me", password=Output.secret("p:w")
        )
        pulumi.export("name", PullSecret("ours", args).name)

    graph = evaluate(program)
    secret = graph.one("Secret").inputs
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    assert isinstance(secret["data"][".dockerconfigjson"], Secret)
    document = json.loads(base64.b64decode(reveal(secret)["data"][".dockerconfigjson"]))
    login = {"username": "me", "password": "p:w", "auth": base64.b64encode(b"me:p:w").decode()}
    assert document == {"auths": {"ghcr.io": login}}
    assert graph.outputs["name"] == secret["metadata"]["name"] == "pull-ours"


def test_a_route_is_one_host_and_path():
    def program() -> None:
        args = TraefikRouteArgs(
            namespace="local", labels={"a": "b"}, host="hello.localhost", path="/api", service="hello", port=9898
        )
        TraefikRoute("hello", args)

    graph = evaluate(program)
    ingress = graph.one("Ingress").inputs["spec"]
    assert ingress["ingressClassName"] == "traefik"
    (rule,) = ingress["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == ("hello.localhost", "/api", "Prefix")
    assert path["backend"] == {"service": {"name": "hello", "port": {"number": 9898}}}


def test_a_policy_without_peers_lets_nobody_in():
    assert allow({"a": "b"}, [], [80]) == {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Ingress"]}
    (rule,) = allow({"a": "b"}, [*callers(["x"]), *users_of("mail")], [80, 81])["ingress"]
    assert len(rule["from"]) == len(rule["ports"]) == 2


def test_an_autoscaler_keeps_between_its_bounds():
    spec = autoscaler_spec("web", Replicas(min=2, max=5, cpu=60))
    assert (spec["minReplicas"], spec["maxReplicas"], spec["scaleTargetRef"]["name"]) == (2, 5, "web")


def test_what_selects_is_part_of_what_is_labelled():
    assert (
        identity("web", "worker").items() <= standard("web", project="p", environment="e", component="worker").items()
    )
