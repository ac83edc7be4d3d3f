"""Controls: the API server of the other tests really refuses what it should."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request

from tests.cluster.local_stage import STAGE, LocalStage


def test_a_pod_that_is_not_restricted_is_refused(stage: LocalStage):
    refused = stage.cluster.kubectl("run", "bad", "--image=example/app", "-n", STAGE, check=False)
    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted:latest"' in refused.stderr


def test_an_app_may_not_ask_the_api_server_for_anything(stage: LocalStage):
    """With the token of its own service account, which it would have to steal: no pod mounts one."""
    token = stage.cluster.kubectl("create", "token", "hello", "-n", STAGE).stdout.strip()
    assert _asks(stage, token, "/api") == 200
    for path in (f"/api/v1/namespaces/{STAGE}/secrets", f"/api/v1/namespaces/{STAGE}/pods", "/api/v1/nodes"):
        assert _asks(stage, token, path) == 403
    assert _asks(stage, "no-token", "/api") == 401


def _asks(stage: LocalStage, token: str, path: str) -> int:
    config = json.loads(stage.cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json").stdout)
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    trusted = ssl.create_default_context(cadata=authority)
    request = urllib.request.Request(cluster["server"] + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, context=trusted, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code
