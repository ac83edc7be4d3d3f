from __future__ import annotations

import json

import pytest

from components.account.github_access import GithubAccess, GithubAccessArgs
from components.account.github_policies import deploy_policy, github_trust, preview_policy
from components.network.nat_instance import IMAGE
from components.shared.refusal import RefusedError
from evaluation.evaluate import evaluate
from evaluation.graph import Graph
from tests.iam import findings

BUCKET = "arn:aws:s3:::state-bucket-1a2b3c4"
STATE_KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-1111-4111-8111-111111111111"
SECRETS_KEY = "arn:aws:kms:eu-west-1:123456789012:key/22222222-2222-4222-8222-222222222222"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


def deploy(stage: str = "prod") -> dict:
    return parsed(
        deploy_policy(
            stage=stage,
            account_id="123456789012",
            partition="aws",
            state_bucket_arn=BUCKET,
            key_arns=[STATE_KEY, SECRETS_KEY],
        )
    )


def preview() -> dict:
    return parsed(preview_policy(BUCKET, STATE_KEY))


def parsed(document: str) -> dict:
    return json.loads(document)


def made(**changes: object) -> Graph:
    args = GithubAccessArgs(
        **{
            "repository": "team/wharf",
            "stages": ["dev", "prod"],
            "account_id": "123456789012",
            "state_bucket_arn": BUCKET,
            "state_key_arn": STATE_KEY,
            "secrets_key_arn": SECRETS_KEY,
            **changes,
        }
    )
    return evaluate(lambda: GithubAccess("github", args))


def test_policies_have_no_fault_that_parliament_sees():
    assert findings(preview()) == []
    expected = (
        "RESOURCE_STAR: ['acm:",  # SERVICES, which a deployment does all with
        "RESOURCE_POLICY_PRIVILEGE_ESCALATION: Possible resource policy privilege escalation on arn:aws:s3:::*-acc",
    )
    assert [finding for finding in findings(deploy()) if not finding.startswith(expected)] == []


def test_a_deploy_policy_fits_a_role_of_the_longest_stage_name():
    assert len(json.dumps(deploy("s" * 20), separators=(",", ":"))) <= 10_240


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
    assert parsed(github_trust(PROVIDER, "team/wharf", "x"))["Statement"][0]["Principal"] == {"Federated": PROVIDER}


def allowed(document: dict, action: str, resource: str) -> bool:
    """A policy engine just large enough: wildcards in actions and resources, denials first."""
    from fnmatch import fnmatchcase

    def many(value: str | list[str]) -> list[str]:
        return value if isinstance(value, list) else [value]

    def hit(statement: dict) -> bool:
        if not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in many(statement["Action"])):
            return False
        if "NotResource" in statement:
            return not any(fnmatchcase(resource, pattern) for pattern in many(statement["NotResource"]))
        return any(fnmatchcase(resource, pattern) for pattern in many(statement["Resource"]))

    hits = [statement["Effect"] for statement in document["Statement"] if hit(statement)]
    return "Allow" in hits and "Deny" not in hits


def test_a_preview_reads_the_state_and_no_secret():
    policy = preview()
    assert allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/wharf/prod.json")
    assert allowed(policy, "kms:Decrypt", STATE_KEY)
    admin = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    with_all = {"Statement": [*policy["Statement"], admin]}
    assert not allowed(with_all, "kms:Decrypt", SECRETS_KEY)
    assert not allowed(with_all, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:1:secret:x")
    assert not allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/wharf/prod.json")


def test_a_deployment_writes_its_own_state_and_reads_the_others():
    policy = deploy("prod")
    assert allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/wharf/prod.json")
    assert allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/locks/organization/wharf/prod/1.json")
    assert not allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/wharf/prod2.json")
    assert not allowed(policy, "s3:PutObject", f"{BUCKET}/.pulumi/stacks/wharf/dev.json")
    assert allowed(policy, "s3:GetObject", f"{BUCKET}/.pulumi/stacks/wharf/dev.json")


@pytest.mark.parametrize(
    "action", ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRole"]
)
def test_a_deployment_cannot_change_who_may_deploy(action):
    assert not allowed(deploy(), action, "arn:aws:iam::123456789012:role/wharf/github/wharf-deploy-prod")
    assert allowed(deploy(), action, "arn:aws:iam::123456789012:role/prod-hello")


def test_a_deployment_starts_a_nat_instance_whose_image_is_named_by_a_parameter():
    parameter = IMAGE.removeprefix("resolve:ssm:")
    assert allowed(deploy(), "ssm:GetParameters", f"arn:aws:ssm:eu-west-1::parameter{parameter}")


def test_a_deployment_cannot_delete_the_accounts_keys():
    assert not allowed(deploy(), "kms:ScheduleKeyDeletion", SECRETS_KEY)
    assert allowed(deploy(), "kms:Decrypt", SECRETS_KEY)


def test_a_repository_that_is_none_is_told():
    with pytest.raises(RefusedError, match="OWNER/NAME"):
        made(repository="wharf")
