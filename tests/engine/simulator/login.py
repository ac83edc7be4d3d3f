"""The `aws` command as far as a kubeconfig calls it: ``aws eks get-token`` gives the real cluster's credentials."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

import yaml

from tests.engine.simulator.cloud import KUBECONFIG


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write("aws-cli/2.30.0 simulated\n")
        return
    if "get-token" not in sys.argv:
        sys.exit(f"the simulated aws command does not know {' '.join(sys.argv[1:])}")
    user = yaml.safe_load(Path(os.environ[KUBECONFIG]).read_text())["users"][0]["user"]
    opened = {
        key: base64.b64decode(user[f"client-{name}-data"]).decode()
        for key, name in (("clientCertificateData", "certificate"), ("clientKeyData", "key"))
    }
    credential = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": opened}
    sys.stdout.write(json.dumps(credential))


if __name__ == "__main__":
    main()
