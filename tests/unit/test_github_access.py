from __future__ import annotations

import json
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from components.account.boundary_policy import boundary_policy
from components.account.deploy_policy import Ground, deploy_policy, resources_policy
from components.account.github_access import GithubAccess, GithubAccessArgs
from components.account.github_policies import github_trust, preview_policy
from components.account.stage_access import StageAccess
from components.network.nat_instance import IMAGE
from components.shared.names import Longest, physical_name
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from tests.access.evaluation import Principal, Request
from tests.iam import findings

BUCKET = "arn:aws:s3:::state-bucket-1a2b3c4"
STATE_KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-4111-8111-111111111111"
SECRETS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-4222-8222-222222222222"
SHARED_KEY = "arn:aws:kms:eu-west-1:123456789012:key/33333333-3333-4333-8333-333333333333"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


GROUND = Ground(
    account_id="123456789012",
    partition="aws",
    state_bucket_arn=BUCKET,
    state_key_arn=STATE_KEY,
    secrets_key_arns={"prod": SECRETS_KEY, "shared": SHARED_KEY},
)
PROD = StageAccess(project="wharf", name="prod", zone_id="Z0123456789ABC")
LONGEST = StageAccess(project="p" * 40, name="s" * 20, cluster_stage="shared", zone_id="Z0123456789ABC")


def deploy(stage: StageAccess = PROD) -> dict:
    ground = replace(GROUND, secrets_key_arns={stage.name: SECRETS_KEY, "shared": SHARED_KEY})
    return json.loads(deploy_policy(stage, ground))


def resources(stage: StageAccess = PROD) -> dict:
    return json.loads(resources_policy(stage))


def limit(stage: StageAccess = PROD) -> dict:
    document = boundary_policy(
        stage, account_id="123456789012", partition="aws", state_bucket_arn=BUCKET, app_services=["dynamodb", "s3"]
    )
    return json.loads(document)


def preview() -> dict:
    return json.loads(preview_policy(BUCKET, STATE_KEY, "aws"))


def allowed(document: dict, action: str, resource: str, **context: str) -> bool:
    return Principal([document]).may(Request(action, resource, context))


def made(**changes: object) -> Graph:
    args = GithubAccessArgs(
        **{
            "repository": "team/wharf",
            "stages": [StageAccess(project="wharf", name=name) for name in ("dev", "prod")],
            "account_id": "123456789012",
            "state_bucket_arn": BUCKET,
            "state_key_arn": STATE_KEY,
            "secrets_key_arns": {"dev": SECRETS_KEY, "prod": SECRETS_KEY},
            **changes,
        }
    )
    return evaluate(lambda: GithubAccess("github", args))


@pytest.mark.parametrize("document", [deploy(), resources(), preview(), limit()], ids=lambda _: "")
def test_policies_have_no_fault_that_parliament_sees(document):
    expected = (
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION: Possible resource policy privilege escalation on arn:aws:s3:::*-acc",
        "MISMATCHED_TYPE_BUT_USABLE: ",  # a boundary is compared as a whole, as AWS's own examples do
        "RESOURCE_MISMATCH: ",  # of actions that go by resources of several kinds, in a statement for each
        "RESOURCE_STAR: ",  # with a condition on tags, which it does not look at
        "UNKNOWN_CONDITION_FOR_ACTION: ",  # its table is of 2023: tests/unit/test_role_attacks.py has a newer one
        "UNKNOWN_ACTION: ",
    )
    assert [finding for finding in findings(document) if not finding.startswith(expected)] == []


def size(document: dict) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def test_policies_fit_what_iam_takes():
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    assert size(deploy(LONGEST)) <= 10_240
    assert size(resources(LONGEST)) <= 6_144
    assert size(limit(replace(LONGEST, environments=["e" * 20] * 20))) <= 6_144


def test_each_deploy_role_trusts_its_own_environment_only():
    roles = {role.inputs["name"]: role for role in made().of_type("aws:iam/role:Role")}
    assert set(roles) == {"wharf-preview", "wharf-deploy-dev", "wharf-deploy-prod"}
    trust = json.loads(roles["wharf-deploy-prod"].inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:team/wharf:environment:prod",
        }
    }
    assert "environment:preview" in roles["wharf-preview"].inputs["assumeRolePolicy"]
    assert json.loads(github_trust(PROVIDER, "team/wharf", "x"))["Statement"][0]["Principal"] == {"Federated": PROVIDER}


def test_a_preview_reads_the_state_and_no_secret():
    policy = preview()
    assert allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/wharf/prod.json")
    assert allowed(policy, "kms:Decrypt", STATE_KEY)
    admin = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    with_all = {**policy, "Statement": [*policy["Statement"], admin]}
    assert not allowed(with_all, "kms:Decrypt", SECRETS_KEY)
    assert not allowed(with_all, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:x")
    assert not allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/wharf/prod.json")


def test_a_deployment_reads_and_writes_its_own_state():
    policy = deploy()
    for path in ("stacks/wharf/prod.json", "stacks/wharf/prod.json.bak", "locks/organization/wharf/prod/1.json"):
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
            assert allowed(policy, action, f"{BUCKET}/.pulumi/{path}")
    assert not allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/wharf/prod2.json")


def test_an_environment_reads_the_outputs_of_its_cluster():
    inside = deploy(replace(PROD, cluster_stage="shared"))
    outputs = f"{BUCKET}/.pulumi/stacks/wharf/shared.json"
    assert allowed(inside, "s3:GetObject", outputs)
    assert allowed(inside, "kms:Decrypt", SHARED_KEY)
    assert not allowed(inside, "s3:PutObject", outputs)
    assert not allowed(inside, "kms:Encrypt", SHARED_KEY)
    assert not allowed(deploy(), "s3:GetObject", outputs)
    assert not allowed(deploy(), "kms:Decrypt", SHARED_KEY)


def test_a_deployment_starts_a_nat_instance_whose_image_is_named_by_a_parameter():
    parameter = IMAGE.removeprefix("resolve:ssm:")
    assert allowed(deploy(), "ssm:GetParameters", f"arn:aws:ssm:eu-west-1::parameter{parameter}")


def test_a_deployment_changes_records_of_its_own_zone():
    zone = "arn:aws:route53:::hostedzone/"
    assert allowed(deploy(), "route53:ChangeResourceRecordSets", f"{zone}Z0123456789ABC")
    assert not allowed(deploy(), "route53:ChangeResourceRecordSets", f"{zone}ZANOTHER")


def test_tags_of_the_log_bucket_are_read_and_set_as_the_provider_does_it():
    for action in ("s3:ListTagsForResource", "s3:TagResource"):
        assert allowed(deploy(), action, "arn:aws:s3:::ingress-logs-access-logs-1a2b3c4")
        assert not allowed(deploy(), action, BUCKET)


def test_roles_whose_names_are_cut_are_the_stages_too():
    name = physical_name(".".join((LONGEST.project, LONGEST.name, "web")), longest=Longest.ROLE)
    assert any(fnmatchcase(name, pattern) for pattern in LONGEST.role_names)


def test_the_provider_of_github_is_protected():
    assert made().one("OpenIdConnectProvider").protect


def test_a_provider_that_the_account_has_is_used():
    graph = made(provider_arn=PROVIDER)
    assert graph.of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    for role in graph.of_type("aws:iam/role:Role"):
        assert PROVIDER in role.inputs["assumeRolePolicy"]


def test_a_repository_that_is_none_is_told():
    with pytest.raises(RefusedError, match="OWNER/NAME"):
        made(repository="wharf")
