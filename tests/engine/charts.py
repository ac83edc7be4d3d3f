"""Small charts that stand in for upstream's, so that Helm runs for real: a Deployment by the same name and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.shared.charts import AWS_LOAD_BALANCER_CONTROLLER, CHARTS

IMAGE = "registry.k8s.io/pause:3.10"

ACCOUNT = """\
{{- with .Values.serviceAccount }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  annotations: {{ .annotations | toJson }}
{{- end }}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Chart.Name }}
spec:
  replicas: {{ .Values.replicaCount | default .Values.replicas | default 1 }}
  selector: {matchLabels: {app: {{ .Chart.Name }}}}
  template:
    metadata: {labels: {app: {{ .Chart.Name }}}}
    spec:
      {{- with .Values.serviceAccount }}
      serviceAccountName: {{ .name }}
      {{- end }}
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: main
          image: IMAGE
          resources: {{ .Values.resources | toJson }}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


def write(folder: Path) -> None:
    """All the charts that a stage may install, unpacked, each at the version that is pinned."""
    for chart in CHARTS.values():
        root = folder / chart.name
        (root / "templates").mkdir(parents=True)
        about = {"apiVersion": "v2", "name": chart.name, "version": chart.version}
        (root / "Chart.yaml").write_text(json.dumps(about))
        (root / "values.yaml").write_text("{}")
        (root / "templates" / "account.yaml").write_text(ACCOUNT)
        (root / "templates" / "deployment.yaml").write_text(DEPLOYMENT.replace("IMAGE", IMAGE))
    kinds = {"IngressClassParams": "Cluster", "TargetGroupBinding": "Namespaced"}
    crds = folder / AWS_LOAD_BALANCER_CONTROLLER.name / "crds"
    crds.mkdir()
    for kind, scope in kinds.items():
        (crds / f"{kind.lower()}.yaml").write_text(json.dumps(definition("elbv2.k8s.aws", kind, scope)))


def definition(group: str, kind: str, scope: str = "Namespaced", version: str = "v1beta1") -> Mapping[str, Any]:
    """A CustomResourceDefinition that takes anything."""
    singular = kind.lower()
    plural = f"{singular[:-1]}ies" if singular.endswith("y") else singular.removesuffix("s") + "s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "singular": singular, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }


BROUGHT_BY_EKS = definition("vpcresources.k8s.aws", "SecurityGroupPolicy")
