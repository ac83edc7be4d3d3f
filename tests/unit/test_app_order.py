"""Apps that come after others, and what an environment in a cluster runs its database and broker as."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from evaluation.graph import Graph
from evaluation.project import Project, evaluate_stage
from stacks.reading.problems import InputRefused

ORDERS = ({"web": [], "worker": ["web"], "mailer": ["worker"]}, {"web": ["mailer"], "worker": [], "mailer": ["worker"]})


def render(folder: Path, after: dict[str, list[str]], **settings: Any) -> Graph:
    (folder / "apps").mkdir()
    (folder / "Pulumi.yaml").write_text("name: wharf\nruntime: python\n")
    for name, first in after.items():
        app = {"image": "example/app", "kind": "worker", "after": first}
        (folder / "apps" / f"{name}.yaml").write_text(yaml.safe_dump(app))
    config = {"wharf:kind": "local", "wharf:apps": {name: {"version": "1"} for name in after}, **settings}
    (folder / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": config}))
    return evaluate_stage(Project(folder, "wharf"), "local")


@pytest.mark.parametrize("after", ORDERS)
def test_an_app_waits_for_the_workload_of_each_app_that_it_comes_after(tmp_path: Path, after: dict[str, list[str]]):
    graph = render(tmp_path, after)
    for name, first in after.items():
        deployment = graph.one("Deployment", f"{name}-deployment")
        awaited = {graph.by_urn()[urn].name for urn in deployment.depends_on if "Deployment" in urn.split("::")[2]}
        assert awaited == {f"{other}-deployment" for other in first}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"web": ["nobody"]}, "wharf:apps.web.after: nobody is not an app of this stage; there are web"),
        ({"web": ["web"]}, "web → web: each waits for the next"),
        ({"web": ["worker"], "worker": ["web"]}, "each waits for the next: remove one"),
    ],
)
def test_an_order_that_cannot_be_is_refused(tmp_path: Path, after: dict[str, list[str]], said: str):
    with pytest.raises(InputRefused, match=r"Pulumi\.local\.yaml") as refused:
        render(tmp_path, after)
    assert said in str(refused.value)


def test_a_local_stage_runs_the_versions_that_it_asks_for(tmp_path: Path):
    graph = render(tmp_path, {}, **{"wharf:database": {"engine-version": "17.5"}, "wharf:broker": {"version": "3.13"}})
    images = {
        name: graph.one("StatefulSet", f"{name}-server").inputs["spec"]["template"]["spec"]["containers"][0]["image"]
        for name in ("database", "broker")
    }
    assert images["database"].endswith("postgres:17.5")
    assert images["broker"].endswith("rabbitmq:3.13-management")


def test_a_version_that_is_none_is_refused(tmp_path: Path):
    with pytest.raises(InputRefused, match=r"wharf:broker\.version: 'newest' is not a version"):
        render(tmp_path, {}, **{"wharf:broker": {"version": "newest"}})
