"""`wharf new app`: what it writes passes check, and what it could not take over is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.new.app import new_app
from evaluation.project import CHECKOUT, Project, read_stage
from policies import check
from stacks.errors import UserError
from stacks.reading.problems import InputRefused

DEMOS = sorted((CHECKOUT / "tests" / "systems" / "compose").glob("*.yaml"))
STAGE = """\
# Mine.
config:
  wharf:kind: local  # on this machine
  wharf:apps: {}
"""
REFUSED = ("which the platform has: write `wharf:", "has no image: build and push it")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text(STAGE)
    return Project(tmp_path, "shop")


def app(project: Project, name: str) -> dict:
    return yaml.safe_load((project.root / "apps" / f"{name}.yaml").read_text())


def demo(name: str) -> Path:
    return next(path for path in DEMOS if path.stem == name)


@pytest.mark.parametrize("compose", DEMOS, ids=lambda path: path.stem)
def test_a_demo_becomes_apps_that_pass_check(project: Project, compose: Path):
    services = yaml.safe_load(compose.read_text())["services"]
    refused = {}
    for name in services:
        try:
            new_app(project, name, image=None, compose=compose)
        except UserError as error:
            refused[name] = str(error)
    assert all(any(words in told for words in REFUSED) for told in refused.values()), refused
    assert set(read_stage(project, "local").apps) == {*services} - {*refused} != set()
    report = check.check(project, "local")
    assert report.passed, check.text(report)


def test_there_are_ten_demos():
    assert len(DEMOS) == 10


def test_settings_of_the_platform_come_from_the_platform(project: Project):
    said = new_app(project, "shop", image=None, compose=demo("django"), compose_service="web")
    assert app(project, "shop") == {
        "image": "ghcr.io/example/shop",
        "kind": "web",
        "port": 8000,
        "args": ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000"],
        "user": 1001,
        "needs": {
            "database": {"DATABASE_URL": "${url}"},
            "broker": {"CELERY_BROKER_URL": "${url}"},
            "mail": {"EMAIL_HOST": "${host}"},
        },
        "secrets": {"DJANGO_SECRET_KEY": "shop-django-secret-key"},
        "env": {"DJANGO_DEBUG": "false", "WORKERS": "3"},
        "health": {"live": "/healthz", "ready": "/healthz"},
        "resources": {"cpu": "500m", "memory": "512Mi"},
        "replicas": {"min": 2},
    }
    assert "to do" not in said
    text = (project.root / "Pulumi.local.yaml").read_text()
    assert text.startswith("# Mine.\nconfig:\n  wharf:kind: local  # on this machine\n")
    assert yaml.safe_load(text)["config"]["wharf:secrets"] == {"shop-django-secret-key": "not-so-secret"}


def test_credentials_of_the_database_are_not_copied(project: Project):
    new_app(project, "gitea", image=None, compose=demo("gitea"))
    assert app(project, "gitea")["needs"]["database"] == {
        "DB_HOST": "${host}:${port}",
        "DB_NAME": "${name}",
        "DB_USER": "${user}",
        "DB_PASSWD": "${password}",
    }
    assert app(project, "gitea")["env"] == {"DB_TYPE": "postgres"}


@pytest.mark.parametrize(
    ("compose", "name", "told"),
    [
        (
            "proxy",
            "proxy",
            ["configs: is not taken over", "backend is another app, whose `from` has to name"],
        ),
        ("proxy", "backend", ["secrets: is not taken over"]),
        ("queue", "consumer", ["cap_add: is not taken over"]),
        (
            "elastic",
            "elasticsearch",
            ["ulimits: is not taken over", "not taken over: 9300", "discovery.type cannot be"],
        ),
        ("nextcloud", "nc", ["/var/www/html can be written, and is empty", "./conf on /etc/nc is of your machine"]),
        ("voting", "redis", ["healthcheck: is a command"]),
        ("voting", "vote", ["build: is not taken over: build and push example/vote:1.2"]),
    ],
)
def test_what_is_left_is_said(project: Project, compose: str, name: str, told: list[str]):
    said = new_app(project, name, image=None, compose=demo(compose))
    for words in told:
        assert words in said


def test_dollars_and_digests_are_kept(project: Project):
    new_app(project, "backend", image=None, compose=demo("proxy"))
    assert app(project, "backend")["env"] == {"PRICE": "${PRICE}", "REGION": "eu"}
    assert read_stage(project, "local").apps["backend"].version.startswith("0.9@sha256:2625")


def test_who_depends_on_it_may_call_it(project: Project):
    for name in ("vote", "worker", "redis"):
        new_app(project, name, image=None, compose=demo("voting"))
    assert app(project, "redis")["from"] == ["vote", "worker"]
    assert app(project, "redis")["port"] == 6379


@pytest.mark.parametrize(
    ("name", "image", "told"),
    [
        ("Web", "a:1", "'Web' cannot be an app's name"),
        ("web", None, "give --image NAME:VERSION, or --from"),
        ("web", "localhost:5000/web", "has no version"),
        ("web", "a b:1", "nothing was written, since this would be refused"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(project: Project, name: str, image: str | None, told: str):
    with pytest.raises(UserError, match=told):
        new_app(project, name, image=image, port=80)
    assert not (project.root / "apps").exists()
    assert (project.root / "Pulumi.local.yaml").read_text() == STAGE


def test_an_app_that_is_there_is_left_alone(project: Project):
    new_app(project, "web", image="a:1", port=80)
    with pytest.raises(UserError, match=r"apps/web\.yaml is there"):
        new_app(project, "web", image="b:1")
    (project.root / "Pulumi.local.yaml").write_text("config: [")
    with pytest.raises((UserError, InputRefused)):
        new_app(project, "other", image="b:1")
    assert not (project.root / "apps/other.yaml").exists()
