from __future__ import annotations

from evaluation.graph import Graph
from tests.aws_stages import stage


def account(folder) -> Graph:
    settings = {"wharf:kind": "account", "wharf:account": {"repository": "team/wharf", "stages": ["dev", "prod"]}}
    return stage(folder, settings, "account")


def test_an_account_has_state_key_and_roles_and_says_how_to_use_them(tmp_path):
    graph = account(tmp_path)
    assert graph.outputs["state"] == f"s3://{graph.one('BucketVersioning').inputs['bucket']}"
    assert graph.outputs["secrets-provider"] == "awskms:///alias/wharf-secrets?region=eu-west-1"
    assert graph.outputs["secrets-providers"] == {
        name: f"awskms:///alias/wharf-{name}-secrets?region=eu-west-1" for name in ("dev", "prod")
    }
    assert graph.outputs["preview-role"] == "arn:aws:iam::123456789012:role/wharf/github/wharf-preview"
    assert graph.outputs["deploy-roles"] == {
        name: f"arn:aws:iam::123456789012:role/wharf/github/wharf-deploy-{name}" for name in ("dev", "prod")
    }


def test_all_of_it_is_tagged_and_by_the_stages_own_provider(tmp_path):
    graph = account(tmp_path)
    provider = graph.one("pulumi:providers:aws")
    assert "account" in str(provider.inputs["defaultTags"])
    assert {resource.provider for resource in graph if resource.type.startswith("aws:")} == {provider.urn}
