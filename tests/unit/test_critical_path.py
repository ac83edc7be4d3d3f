from __future__ import annotations

from bench.critical_path import longest_chain

STACK = "urn:pulumi:dev::wharf::pulumi:pulumi:Stack::wharf-dev"


def urn(name: str) -> str:
    return f"urn:pulumi:dev::wharf::t::{name}"


def resource(name: str, *needs: str, **more: object) -> dict:
    return {"urn": urn(name), "custom": True, "dependencies": [urn(need) for need in needs], **more}


def chain(*resources: dict, **seconds: float) -> list[str]:
    return [link.name for link in longest_chain(resources, {urn(name): took for name, took in seconds.items()})]


def test_the_longest_chain_is_that_of_the_most_seconds_not_of_the_most_links():
    network, cluster, app = resource("network"), resource("cluster", "network"), resource("app", "cluster")
    database = resource("database", "network")
    assert chain(network, cluster, app, database, network=1, cluster=2, app=1, database=9) == ["network", "database"]
    assert chain(network, cluster, app, database, network=1, cluster=9, app=1, database=9) == [
        "network",
        "cluster",
        "app",
    ]


def test_what_needs_a_component_waits_for_all_of_it():
    component = resource("component", custom=False)
    slow, quick = resource("slow", parent=urn("component")), resource("quick", parent=urn("component"))
    assert chain(component, slow, quick, resource("user", "component"), slow=5, quick=1, user=1) == ["slow", "user"]


def test_what_a_provider_needs_its_resources_wait_for():
    provider = resource("kubernetes", "cluster")
    within = resource("object", provider=f"{urn('kubernetes')}::some-id")
    assert chain(resource("cluster"), provider, within, cluster=5, kubernetes=0, object=1) == [
        "cluster",
        "kubernetes",
        "object",
    ]
