"""Somebody who has the deploy role of `dev` wants more: to be administrator, or to reach `prod`.

The roles are those of the account stage in tests/project, the requests what AWS would see, and the judge is IAM's
published logic (tests/access). Beside the attacks that we thought of, every action that AWS has is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from components.account.deploy_policy import CREATES, TAGS
from evaluation.graph import Graph
from evaluation.placeholders import ACCOUNT
from evaluation.project import evaluate_stage
from tests.access.evaluation import Principal, Request
from tests.access.offline import boundary, deployer
from tests.access.reference import changing_actions, has_key, targets
from tests.fixture import PROJECT

IAM = f"arn:aws:iam::{ACCOUNT}"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
BOUNDARY = {stage: f"{IAM}:policy/wharf/boundary/wharf-{stage}" for stage in ("dev", "prod")}
ROLE = {stage: f"{IAM}:role/wharf-{stage}-new" for stage in ("dev", "prod")}


@pytest.fixture(scope="module")
def account() -> Graph:
    return evaluate_stage(PROJECT, "account")


@pytest.fixture(scope="module")
def dev(account) -> Principal:
    return deployer(account, "dev")


@pytest.fixture(scope="module")
def taken(account) -> Principal:
    """A role that the deploy role made, gave all rights and took."""
    return Principal([EVERYTHING], boundary(account, "dev"))


def tags(stage: str, key: str = "aws:ResourceTag") -> dict[str, str]:
    of_stage = {"project": "wharf", "stack": stage, "environment": stage, "managed-by": "wharf"}
    return {f"{key}/{name}": value for name, value in of_stage.items()}


def bounded(arn: str | None) -> dict[str, str]:
    return {"iam:PermissionsBoundary": arn} if arn else {}


def bucket(account: Graph) -> str:
    name = account.one("BucketVersioning").inputs["bucket"]
    return f"arn:aws:s3:::{name}"


def key(account: Graph, name: str) -> str:
    found = next(resource for resource in account if resource.name == f"{name}-alias")
    return f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{found.inputs['targetKeyId']}"


@pytest.mark.parametrize("limit", [None, BOUNDARY["prod"], ADMINISTRATOR])
def test_a_role_without_its_boundary_is_not_made(dev, limit):
    made = tags("dev", "aws:RequestTag")
    assert dev.may(Request("iam:CreateRole", ROLE["dev"], {**made, **bounded(BOUNDARY["dev"])}))
    assert not dev.may(Request("iam:CreateRole", ROLE["dev"], {**made, **bounded(limit)}))


@pytest.mark.parametrize("action", ["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"])
def test_a_role_without_its_boundary_is_given_nothing(dev, action):
    attached = {"iam:PolicyARN": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}
    assert dev.may(Request(action, ROLE["dev"], {**tags("dev"), **attached, **bounded(BOUNDARY["dev"])}))
    for limit in (None, BOUNDARY["prod"]):
        assert not dev.may(Request(action, ROLE["dev"], {**tags("dev"), **attached, **bounded(limit)}))


def test_administrator_access_is_not_attached(dev):
    asked = {**tags("dev"), **bounded(BOUNDARY["dev"]), "iam:PolicyARN": ADMINISTRATOR}
    assert not dev.may(Request("iam:AttachRolePolicy", ROLE["dev"], asked))


def test_a_boundary_is_put_on_a_role_and_never_taken_off(dev):
    put = Request("iam:PutRolePermissionsBoundary", ROLE["dev"], {**tags("dev"), **bounded(BOUNDARY["dev"])})
    assert dev.may(put)
    for limit in (ADMINISTRATOR, BOUNDARY["prod"]):
        assert not dev.may(Request(put.action, put.resource, {**tags("dev"), **bounded(limit)}))
    taken_off = "iam:DeleteRolePermissionsBoundary"
    assert not dev.may(Request(taken_off, ROLE["dev"], {**tags("dev"), **bounded(BOUNDARY["dev"])}))


@pytest.mark.parametrize(
    "action",
    [
        *("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicyVersion", "iam:DeletePolicy"),
        *("iam:CreatePolicy", "iam:TagPolicy", "iam:UntagPolicy"),
    ],
)
@pytest.mark.parametrize("policy", [*BOUNDARY.values(), f"{IAM}:policy/wharf/github/wharf-deploy-dev"])
def test_neither_boundary_nor_deploy_policy_is_edited(dev, taken, action, policy):
    assert not dev.may(Request(action, policy, tags("account")))
    assert not taken.may(Request(action, policy, tags("account")))


@pytest.mark.parametrize("role", ["wharf-deploy-dev", "wharf-deploy-prod", "wharf-preview"])
def test_the_roles_of_workflows_are_not_changed(dev, taken, role):
    arn = f"{IAM}:role/wharf/github/{role}"
    for action in (action for action in changing_actions() if action.startswith("iam:")):
        for told in ({}, tags("account"), tags("dev"), {**tags("dev"), **bounded(BOUNDARY["dev"])}):
            assert not dev.may(Request(action, arn, told))
            assert not taken.may(Request(action, arn, told))


def test_a_role_that_was_taken_is_no_administrator(taken):
    linked = f"{IAM}:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    given = {
        action
        for action in changing_actions()
        if action.split(":")[0] in ("iam", "sts", "organizations", "account", "sso", "ram")
        for resource in ("*", ROLE["dev"], f"{IAM}:user/ann", linked)
        if taken.may(Request(action, resource, {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}))
    }
    assert given == {"iam:CreateServiceLinkedRole"}


def test_an_app_reads_its_bucket_and_not_the_state(account, taken):
    assert taken.may(Request("s3:GetObject", "arn:aws:s3:::files/a"))
    for stage in ("dev", "prod"):
        assert not taken.may(Request("s3:GetObject", f"{bucket(account)}/.pulumi/stacks/wharf/{stage}.json"))


@pytest.mark.parametrize("kept", ["stacks/wharf/prod.json", "history/wharf/prod/1", "backups/wharf/prod/1"])
def test_the_state_of_another_stage_is_neither_read_nor_written(account, dev, kept):
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"):
        assert not dev.may(Request(action, f"{bucket(account)}/.pulumi/{kept}"))
    own = Request("s3:GetObject", f"{bucket(account)}/.pulumi/{kept.replace('prod', 'dev')}")
    assert dev.may(own)


def test_the_state_of_a_stage_whose_name_begins_the_same_is_not_read(account, dev):
    for path in ("stacks/wharf/dev-eu.json", "stacks/other/dev.json", "history/wharf/dev-eu/1"):
        assert not dev.may(Request("s3:GetObject", f"{bucket(account)}/.pulumi/{path}"))


def test_what_another_stage_encrypted_is_not_decrypted(account, dev, taken):
    assert dev.may(Request("kms:Decrypt", key(account, "secrets-dev"), tags("account")))
    for name in ("secrets-prod", "secrets"):
        assert not dev.may(Request("kms:Decrypt", key(account, name), tags("account")))
        assert not taken.may(Request("kms:Decrypt", key(account, name), tags("account")))
    stages = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0"
    assert dev.may(Request("kms:Decrypt", stages, tags("dev")))
    assert not dev.may(Request("kms:Decrypt", stages, tags("prod")))


def test_no_alias_is_deleted(dev, taken):
    for stage in ("dev", "prod", "account"):
        for arn in ("alias/wharf-prod-secrets", "alias/wharf-dev-eks", "key/0"):
            asked = Request("kms:DeleteAlias", f"arn:aws:kms:eu-west-1:{ACCOUNT}:{arn}", tags(stage))
            assert not dev.may(asked)
            assert not taken.may(asked)


def test_the_group_of_another_stages_cluster_is_not_made_ones_own(dev):
    group, made = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/sg-1", tags("dev", "aws:RequestTag")
    assert dev.may(Request("ec2:CreateTags", group, made))  # the group that a VPC begins with
    assert not dev.may(Request("ec2:CreateTags", group, {**made, "aws:ResourceTag/aws:eks:cluster-name": "wharf-prod"}))


def test_githubs_provider_is_not_changed(dev):
    provider = f"{IAM}:oidc-provider/token.actions.githubusercontent.com"
    for action in (action for action in changing_actions() if "OpenIDConnectProvider" in action):
        for told in ({}, tags("dev"), tags("dev", "aws:RequestTag")):
            assert not dev.may(Request(action, provider, told))


def test_a_role_of_a_stage_whose_name_begins_the_same_is_not_changed(dev):
    theirs = f"{IAM}:role/wharf-dev-eu-node"
    for action in ("iam:PutRolePolicy", "iam:DeleteRole", "iam:UpdateAssumeRolePolicy"):
        assert not dev.may(Request(action, theirs, {**tags("dev-eu"), **bounded(BOUNDARY["dev"])}))


def of_prod(action: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Each thing of prod's that AWS checks the action on, as far as AWS tells its tags; asked for in every way."""
    for target in targets(action):
        if has_key(target, "aws:RequestTag/stack") and not has_key(target, "aws:ResourceTag/stack"):
            continue  # what the action makes
        arn = re.sub(r"\$\{Partition\}", "aws", target.arn).replace("${Account}", ACCOUNT)
        arn = re.sub(r"\$\{(\w+)\}", lambda found: "eu-west-1" if found[1] == "Region" else "wharf-prod-x", arn)
        for asked_for in ({}, tags("dev", "aws:RequestTag"), {"aws:TagKeys": "stack"}):
            told = {**tags("prod"), **asked_for, **bounded(BOUNDARY["dev"])}
            yield arn if target.name else "*", {name: told[name] for name in told if has_key(target, name)}


def given_on_prod(principal: Principal) -> set[str]:
    return {
        action
        for action in changing_actions()
        if principal.is_named(action)
        for arn, told in of_prod(action)
        if arn != "*" and principal.may(Request(action, arn, told))
    }


def test_no_action_that_aws_has_changes_what_is_prods(dev):
    assert given_on_prod(dev) == set()


def test_a_role_that_was_taken_reaches_of_prod_what_aws_tells_no_tags_of(taken):
    """By what apps may be given: docs/aws.md says so, and that an account for each stage is what keeps these apart."""
    assert {action.split(":")[0] for action in given_on_prod(taken)} == {"dynamodb", "s3"}


def test_what_has_no_tag_can_be_claimed_and_not_be_used(dev):
    """The same sweep on things without tags, which somebody else made; docs/aws.md says what that means."""
    new_or_claimed = {
        action
        for action in changing_actions()
        if dev.is_named(action)
        for target in targets(action)
        if target.name and has_key(target, "aws:ResourceTag/stack")
        for told in ({}, tags("dev", "aws:RequestTag"))
        if dev.may(Request(action, re.sub(r"\$\{\w+\}", "x", target.arn).replace("arn:x", "arn:aws"), told))
    }
    makes = ("CreateNetworkInterface", "CreateNetworkInterfacePermission", "RunInstances", "RestoreDBInstance")
    assert {action for action in new_or_claimed - {*CREATES, *TAGS} if not action.split(":")[1].startswith(makes)} == {
        "ec2:CreateTags"
    }
