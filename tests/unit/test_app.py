from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from pulumi import Output

from components.apps.app import App, AppArgs
from components.apps.draining import DEREGISTRATION_SECONDS
from components.apps.needs import Settings
from components.apps.spec import AppSpec, Health, Replicas, Resources, Route
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Secret, reveal
from stacks.services.registry import SERVICES

DATABASE = {
    "url": "postgresql://app:p@database:5432/app",
    "host": "database",
    "port": "5432",
    "name": "app",
    "user": "app",
    "password": "p@ss'word",
    "sslmode": "disable",
}
SETTINGS: Mapping[str, Mapping[str, str]] = {"database": DATABASE, "mail": {"host": "mail", "port": "1025"}}
ROUTER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}


def spec(**fields: Any) -> AppSpec:
    """As the catalogue makes it: a need without templates has the default variables of its service."""
    needs = {need: of or SERVICES[need].default_variables for need, of in fields.pop("needs", {}).items()}
    fields["needs"] = needs
    return AppSpec(**{"name": "web", "image": "example/web", "version": "1.0", "kind": "web", "port": 8000, **fields})


def made(app: AppSpec, secrets: Mapping[str, str] | None = None, **more: Any) -> Graph:
    """The app in namespace `prod`; ``secrets`` by their names in the stage."""

    def program() -> None:
        settings: dict[str, Settings] = {
            need: {key: Output.secret(value) for key, value in SETTINGS[need].items()} for need in app.needs
        }
        found = App(
            app.name,
            AppArgs(
                spec=app,
                project="shop",
                environment="prod",
                namespace="prod",
                rollout_key=Output.secret("key"),
                settings=settings,
                secrets={name: Output.secret(value) for name, value in (secrets or {}).items()},
                **more,
            ),
        )
        pulumi.export("service", found.service)
        pulumi.export("labels", found.labels)

    return evaluate(program)


def pod(graph: Graph, type_: str = "Deployment") -> dict[str, Any]:
    return graph.one(type_).inputs["spec"]["template"]["spec"]


def container(graph: Graph, type_: str = "Deployment") -> dict[str, Any]:
    (only,) = pod(graph, type_)["containers"]
    return only


def variables(graph: Graph) -> dict[str, Any]:
    return {variable["name"]: variable.get("value", variable.get("valueFrom")) for variable in container(graph)["env"]}


def decoded(graph: Graph) -> dict[str, str]:
    data = graph.one("Secret").inputs["data"]
    assert all(isinstance(value, Secret) for value in data.values())
    return {key: base64.b64decode(value).decode() for key, value in reveal(data).items()}


def test_a_web_app_gets_all_that_it_does_not_ask_for():
    graph = made(spec())
    kinds = ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"]
    assert sorted(resource.type.rsplit(":", 1)[-1] for resource in graph if resource.is_kubernetes) == kinds
    assert graph.one("ServiceAccount").inputs["automountServiceAccountToken"] is False
    assert graph.one("PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1
    assert pod(graph)["automountServiceAccountToken"] is False
    assert [constraint["topologyKey"] for constraint in pod(graph)["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]


def test_every_object_has_the_standard_labels_and_the_apps_own():
    graph = made(spec(labels={"team": "red"}))
    standard = {
        "app.kubernetes.io/name": "web",
        "app.kubernetes.io/component": "web",
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/managed-by": "wharf",
        "environment": "prod",
        "team": "red",
    }
    for resource in graph:
        if resource.is_kubernetes:
            assert resource.inputs["metadata"]["namespace"] == "prod"
            assert standard.items() <= resource.inputs["metadata"]["labels"].items()
    assert graph.outputs["labels"] == standard


def test_only_what_a_version_changes_carries_it():
    graph = made(spec(before=["./migrate"]))
    versioned = {r.type.rsplit(":", 1)[-1] for r in graph if "app.kubernetes.io/version" in str(r.inputs)}
    assert versioned == {"Deployment", "Job"}


@pytest.mark.parametrize("kind", ["web", "worker", "job", "cron"])
def test_pods_of_every_kind_are_restricted(kind):
    schedule = {"schedule": "@daily"} if kind == "cron" else {}
    graph = made(spec(kind=kind, port=8000 if kind == "web" else None, user=1000, **schedule))
    type_ = {"job": "Job", "cron": "CronJob"}.get(kind, "Deployment")
    inputs = graph.one(type_).inputs["spec"]
    template = inputs["jobTemplate"]["spec"]["template"] if kind == "cron" else inputs["template"]
    assert template["spec"]["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert template["spec"]["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert template["spec"].get("restartPolicy") == ("Never" if kind in ("job", "cron") else None)


def test_memory_is_request_and_limit_and_cpu_a_request_only():
    resources = container(made(spec(resources=Resources(cpu="100m", memory="64Mi"))))["resources"]
    assert resources == {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}


def test_replicas_are_left_to_the_autoscaler_where_there_is_one():
    scaled = made(spec(replicas=Replicas(min=2, max=6, cpu=60)))
    assert "replicas" not in scaled.one("Deployment").inputs["spec"]
    autoscaler = scaled.one("HorizontalPodAutoscaler").inputs["spec"]
    assert (autoscaler["minReplicas"], autoscaler["maxReplicas"]) == (2, 6)
    assert autoscaler["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert autoscaler["scaleTargetRef"]["name"] == scaled.one("Deployment").inputs["metadata"]["name"]


@pytest.mark.parametrize("replicas", [Replicas(min=3), Replicas(min=3, max=3)])
def test_a_fixed_number_of_replicas_has_no_autoscaler(replicas):
    graph = made(spec(replicas=replicas))
    assert graph.one("Deployment").inputs["spec"]["replicas"] == 3
    assert not graph.of_type("HorizontalPodAutoscaler")


def test_probes_ask_the_paths_of_the_app():
    asked = container(made(spec(health=Health(live="/healthz", ready="/readyz"))))
    assert asked["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "app"}
    assert asked["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "app"}
    assert asked["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "app"}


def test_without_paths_the_port_is_probed_and_without_a_port_nothing():
    assert container(made(spec()))["readinessProbe"]["tcpSocket"] == {"port": "app"}
    silent = container(made(spec(kind="worker", port=None)))
    assert not [key for key in silent if key.endswith("Probe")]


def test_other_apps_reach_it_on_port_80_and_on_its_own():
    graph = made(spec(service="shop"))
    service = graph.one("Service").inputs
    assert service["metadata"]["name"] == "shop"
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [(80, "app"), (8000, "app")]
    assert graph.outputs["service"] == "shop"


def test_a_worker_is_reached_on_its_own_port_only_and_not_at_all_without_one():
    (port,) = made(spec(kind="worker")).one("Service").inputs["spec"]["ports"]
    assert port["port"] == 8000
    silent = made(spec(kind="worker", port=None))
    assert not silent.of_type("Service")
    assert not silent.of_type("NetworkPolicy")
    assert silent.outputs["service"] == ""


def test_selectors_select_the_pods_of_the_app_and_no_migration():
    graph = made(spec(before=["./migrate"]))
    template = graph.one("Deployment").inputs["spec"]["template"]["metadata"]["labels"]
    migration = graph.one("Job").inputs["spec"]["template"]["metadata"]["labels"]
    for selector in (
        graph.one("Deployment").inputs["spec"]["selector"]["matchLabels"],
        graph.one("Service").inputs["spec"]["selector"],
        graph.one("PodDisruptionBudget").inputs["spec"]["selector"]["matchLabels"],
        graph.one("NetworkPolicy").inputs["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector.items() <= template.items()
        assert not selector.items() <= migration.items()


def test_a_rollout_takes_no_pod_before_another_is_ready_and_as_long_for_many_as_for_few():
    rolling = made(spec()).one("Deployment").inputs["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxUnavailable": 0, "maxSurge": "25%"}


def test_nobody_may_call_an_app_that_names_no_caller():
    policy = made(spec(), route_peers=[ROUTER]).one("NetworkPolicy").inputs["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert "ingress" not in policy


def test_callers_and_the_controller_of_the_route_may_call():
    graph = made(spec(from_=["curator"], route=Route(host="web")), route_peers=[ROUTER])
    (rule,) = graph.one("NetworkPolicy").inputs["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8000}]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "curator"}}}, ROUTER]


def test_settings_come_from_a_secret_and_none_is_in_the_pod():
    graph = made(spec(needs={"database": {}}, env={"PLAIN": "1"}, secrets={"TOKEN": "tok"}), {"tok": "t0k3n"})
    secret = graph.one("Secret").inputs["metadata"]["name"]
    assert variables(graph)["PLAIN"] == "1"
    assert variables(graph)["DATABASE_URL"] == {"secretKeyRef": {"name": secret, "key": "DATABASE_URL"}}
    assert decoded(graph) == {
        **{f"DATABASE_{key.upper()}": value for key, value in DATABASE.items()},
        "TOKEN": "t0k3n",
    }
    assert "t0k3n" not in str(graph.one("Deployment").inputs)


def test_templates_take_the_place_of_the_default_variables():
    template = "ENGINE=postgresql:HOST=${host}:PASSWORD=${password}:COST=$$5"
    graph = made(spec(needs={"database": {"DATABASE": template}}))
    assert decoded(graph) == {"DATABASE": "ENGINE=postgresql:HOST=database:PASSWORD=p@ss'word:COST=$5"}


def test_an_app_that_needs_something_says_so_on_its_pods_and_on_its_migration():
    graph = made(spec(needs={"database": {}, "mail": {}}, before=["./migrate"]))
    uses = {"wharf.dev/uses-database": "true", "wharf.dev/uses-mail": "true"}
    for type_ in ("Deployment", "Job"):
        assert uses.items() <= graph.one(type_).inputs["spec"]["template"]["metadata"]["labels"].items()
    assert not uses.items() & graph.one("Deployment").inputs["spec"]["selector"]["matchLabels"].items()


def test_files_are_mounted_one_by_one_and_read_only():
    graph = made(spec(files={"/run/secrets/x": "tok"}), {"tok": "content"})
    mount = next(mount for mount in container(graph)["volumeMounts"] if mount["name"] == "files")
    assert mount == {"name": "files", "mountPath": "/run/secrets/x", "subPath": "file.run.secrets.x", "readOnly": True}
    assert decoded(graph) == {"file.run.secrets.x": "content"}
    volume = next(volume for volume in pod(graph)["volumes"] if volume["name"] == "files")
    assert volume["secret"]["items"] == [{"key": "file.run.secrets.x", "path": "file.run.secrets.x"}]
    assert "file.run.secrets.x" not in variables(graph)


def test_tmp_is_always_writable_and_every_folder_that_is_named():
    graph = made(spec(writable=["/data", "/da-ta", "/da/ta", "/tmp"]))
    mounts = {mount["mountPath"]: mount["name"] for mount in container(graph)["volumeMounts"]}
    assert set(mounts) == {"/tmp", "/data", "/da-ta", "/da/ta"}
    assert len(set(mounts.values())) == 4
    assert {volume["name"] for volume in pod(graph)["volumes"]} == set(mounts.values())
    assert all(volume["emptyDir"] == {} for volume in pod(graph)["volumes"])


def rolled_by(graph: Graph) -> Any:
    return graph.one("Deployment").inputs["spec"]["template"]["metadata"].get("annotations")


def test_a_secret_that_changes_rolls_the_pods_without_telling_its_value():
    one, same, other = (made(spec(secrets={"TOKEN": "tok"}), {"tok": value}) for value in ("a", "a", "b"))
    assert rolled_by(one) == rolled_by(same) != rolled_by(other)
    assert re.fullmatch("[0-9a-f]{16}", rolled_by(one)["wharf.dev/settings"])
    assert rolled_by(made(spec())) is None


def test_what_changes_no_secret_rolls_nothing():
    assert made(spec()).one("Deployment").inputs == made(spec(from_=["other"])).one("Deployment").inputs


def test_commands_before_a_version_run_one_after_another_and_before_the_workload():
    graph = made(spec(before=["./a --b 'c d'", "./e"], command=["./serve"], env={"A": "1"}))
    job = graph.one("Job")
    template = job.inputs["spec"]["template"]["spec"]
    assert [one["command"] for one in template["initContainers"]] == [["./a", "--b", "c d"]]
    assert [one["command"] for one in template["containers"]] == [["./e"]]
    assert template["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert template["restartPolicy"] == "Never"
    assert job.urn in graph.one("Deployment").depends_on
    assert "ttlSecondsAfterFinished" not in job.inputs["spec"]
    assert job.inputs["metadata"]["annotations"] == {"pulumi.com/replaceUnready": "true"}


def job_name(**fields: Any) -> str:
    return made(spec(before=["./migrate"], **fields)).one("Job").inputs["metadata"]["name"]


@pytest.mark.parametrize(
    "changed",
    [{"version": "1.1"}, {"env": {"A": "2"}}, {"before": ["./other"]}, {"labels": {"team": "red"}}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_migration_runs_again_for_every_change_of_its_pod(changed):
    """A Job's template cannot be changed: with the same name it would be refused."""
    before = job_name()
    after = made(spec(**{"before": ["./migrate"], **changed})).one("Job").inputs["metadata"]["name"]
    assert before != after
    assert re.fullmatch("web-before-[0-9a-f]{8}", after)


def test_a_migration_does_not_run_again_for_what_does_not_concern_it():
    assert job_name() == job_name(replicas=Replicas(min=3), from_=["other"], route=Route(host="x"))


def test_a_new_secret_does_not_repeat_a_migration():
    names = {
        made(spec(before=["./migrate"], secrets={"T": "tok"}), {"tok": value}).one("Job").inputs["metadata"]["name"]
        for value in ("a", "b")
    }
    assert len(names) == 1


def test_a_job_runs_once_a_version():
    graph = made(spec(kind="job", port=None, command=["./report"]))
    assert re.fullmatch("web-job-[0-9a-f]{8}", graph.one("Job").inputs["metadata"]["name"])
    assert container(graph, "Job")["command"] == ["./report"]
    assert not graph.of_type("Deployment")
    assert not graph.of_type("PodDisruptionBudget")


def test_a_cron_app_never_runs_twice_at_once():
    graph = made(spec(kind="cron", port=None, schedule="17 * * * *", before=["./migrate"]))
    cron = graph.one("CronJob").inputs["spec"]
    assert cron["schedule"] == "17 * * * *"
    assert cron["concurrencyPolicy"] == "Forbid"
    assert graph.one("Job").urn in graph.one("CronJob").depends_on


@pytest.mark.parametrize(
    ("version", "image", "policy", "label"),
    [
        ("1.0", "example/web:1.0", "IfNotPresent", "1.0"),
        ("latest", "example/web:latest", "Always", "latest"),
        ("1.0@sha256:" + "0" * 64, "example/web:1.0@sha256:" + "0" * 64, "IfNotPresent", "1.0"),
        ("@sha256:" + "0" * 64, "example/web@sha256:" + "0" * 64, "IfNotPresent", "0" * 63),
        ("_v1-", "example/web:_v1-", "IfNotPresent", "v1"),
    ],
)
def test_the_version_makes_the_image_and_a_label_that_kubernetes_takes(version, image, policy, label):
    graph = made(spec(version=version))
    assert container(graph)["image"] == image
    assert container(graph)["imagePullPolicy"] == policy
    labels = graph.one("Deployment").inputs["metadata"]["labels"]
    assert labels["app.kubernetes.io/version"] == label


def test_a_role_and_pull_secrets_are_on_the_service_account():
    graph = made(spec(), role_arn="arn:aws:iam::123456789012:role/web", pull_secrets=["pull-ours"])
    account = graph.one("ServiceAccount").inputs
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/web"}
    assert account["imagePullSecrets"] == [{"name": "pull-ours"}]


def test_the_workload_waits_for_its_account_its_settings_and_what_it_is_told_to():
    def program() -> None:
        from pulumi_kubernetes.core.v1 import ConfigMap

        App(
            "web",
            AppArgs(
                spec=spec(secrets={"T": "tok"}, before=["./migrate"]),
                project="shop",
                environment="prod",
                namespace="prod",
                rollout_key=Output.secret("key"),
                secrets={"tok": Output.secret("x")},
                after=[ConfigMap("first")],
            ),
        )

    graph = evaluate(program)
    for type_ in ("Job", "Deployment"):
        needed = {urn.rsplit("::", 1)[-1] for urn in graph.one(type_).depends_on}
        assert {"web-account", "web-settings", "first"} <= needed


@pytest.mark.parametrize("routed", [True, False])
def test_a_pod_behind_a_load_balancer_answers_until_that_has_let_go_of_it(routed):
    """An ALB sends requests until the deregistration delay is over; SIGTERM comes after, and the kill after that."""
    graph = made(spec(**({"route": Route(host="web")} if routed else {})))
    wait = container(graph)["lifecycle"]["preStop"]["sleep"]["seconds"]
    grace = pod(graph)["terminationGracePeriodSeconds"]
    assert (wait > DEREGISTRATION_SECONDS) is routed
    assert grace - wait >= 25, "the app has time to end by itself"


def test_the_wait_of_a_route_does_not_run_what_comes_before_again():
    graph = made(spec(before=["./migrate"], route=Route(host="web")))
    assert pod(graph, "Job")["terminationGracePeriodSeconds"] == 30
