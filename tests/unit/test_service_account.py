"""A role for the pods of one service account."""

from __future__ import annotations

from components.iam.service_account import ServiceAccountRole, ServiceAccountRoleArgs
from evaluation.evaluate import evaluate


def _name(namespace: str, account: str) -> str:
    def program() -> None:
        args = ServiceAccountRoleArgs(
            prefix="wharf",
            namespace=namespace,
            service_account=account,
            oidc_provider_arn="arn:aws:iam::123456789012:oidc-provider/issuer",
            oidc_issuer="issuer",
            policy="{}",
        )
        ServiceAccountRole("role", args)

    return evaluate(program).one("aws:iam/role:Role").inputs["name"]


def test_no_two_apps_of_an_account_have_one_role():
    names = [_name("dev", "web"), _name("dev", "eu-web"), _name("dev-eu", "web"), _name("dev", "node")]
    assert len(set(names)) == len(names)
    assert "wharf-dev-node" not in names  # that of the cluster's nodes


def test_a_role_has_a_name_that_iam_takes_for_the_longest_names():
    assert len(_name("n" * 20, "a" * 63)) <= 64
