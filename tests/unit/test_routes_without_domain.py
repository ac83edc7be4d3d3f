"""Without a domain the load balancer's own name is the only host."""

import pytest

from components.apps.spec import AppSpec, Route
from stacks.reading import checks_aws, sections
from stacks.reading.models import AwsConfig


def _app(name: str, path: str) -> AppSpec:
    route = Route(host=name, path=path)
    return AppSpec(name=name, image="example.com/image", version="1", kind="web", port=80, route=route)


@pytest.mark.parametrize(
    ("domain", "path", "refused"), [(None, "/", True), (None, "/other", False), ("example.com", "/", False)]
)
def test_two_apps_share_a_path_only_where_hosts_tell_them_apart(domain: str | None, path: str, refused: bool) -> None:
    config = AwsConfig(kind="aws", ingress=sections.Ingress(domain=domain))
    apps = {"one": _app("one", "/"), "two": _app("two", path)}
    refusals = list(checks_aws.routes(config, apps))
    assert bool(refusals) == refused
    assert all(refusal.key == "wharf:apps.two.route.path" for refusal in refusals)
