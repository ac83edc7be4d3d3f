"""Applies a whole stage at once and prunes what is no longer in it, with kubectl's ApplySet.

The parent object of the ApplySet is cluster-scoped, because each stage has a namespace of its own.
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cli.clusters.base import Cluster
from stacks.errors import UserError

GROUP, PLURAL, KIND = "wharf.dev", "stages", "Stage"
MANAGER = "wharf"
PART_OF = "applyset.kubernetes.io/part-of"
KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"


def set_id(stage: str) -> str:
    """The id of the ApplySet. Each member has it as the value of the label `PART_OF`."""
    digest = hashlib.sha256(f"{stage}..{KIND}.{GROUP}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def parent_objects(stage: str) -> list[dict[str, Any]]:
    """The definition of the parent's type, and the parent.

    Wharf creates both before the first apply and does not apply them again: kubectl keeps its notes in the parent.
    """
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}", "labels": {"applyset.kubernetes.io/is-parent-type": "true"}},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {"kind": KIND, "plural": PLURAL, "singular": "stage"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    parent = {
        "apiVersion": f"{GROUP}/v1",
        "kind": KIND,
        "metadata": {
            "name": stage,
            "labels": {"applyset.kubernetes.io/id": set_id(stage)},
            "annotations": {
                "applyset.kubernetes.io/tooling": "kubectl/v1.0",
                KINDS: "",
                NAMESPACES: "",
            },
        },
    }
    return [definition, parent]


class ApplySet:
    """The objects of one stage in one cluster."""

    def __init__(self, cluster: Cluster, stage: str) -> None:
        self.cluster, self.stage = cluster, stage

    def prepare(self) -> None:
        """Creates the parent if there is none. An existing one stays: kubectl prunes by the notes in it."""
        if self.exists():
            return
        definition, parent = parent_objects(self.stage)
        self.cluster.kubectl(
            "apply", "--server-side", f"--field-manager={MANAGER}", "-f", "-", stdin=json.dumps(definition)
        )
        self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", f"crd/{PLURAL}.{GROUP}")
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(parent))

    def exists(self) -> bool:
        answer = self.cluster.kubectl("get", f"{PLURAL}.{GROUP}", self.stage, "-o", "name", check=False)
        return answer.returncode == 0

    def members(self) -> list[dict[str, Any]]:
        """The live objects of the set, of the kinds that the parent notes."""
        answer = self.cluster.kubectl("get", f"{PLURAL}.{GROUP}", self.stage, "-o", "json", check=False)
        if answer.returncode != 0:
            return []
        annotations = json.loads(answer.stdout)["metadata"].get("annotations", {})
        kinds = annotations.get(KINDS, "")
        if not kinds:
            return []
        listed = self.cluster.kubectl(
            "get", kinds, "--all-namespaces", "-l", f"{PART_OF}={set_id(self.stage)}", "-o", "json"
        )
        return json.loads(listed.stdout)["items"]

    def apply_some(self, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Applies these and prunes nothing.

        They become members at once. So if this run ends early, the next `apply_all` prunes those that are not in it.
        """
        self._remember(manifests)
        self._apply([_as_member(manifest, self.stage) for manifest in manifests])

    def apply_all(self, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Applies these and prunes every other member."""
        self._apply(manifests, "--prune", f"--applyset={PLURAL}.{GROUP}/{self.stage}")

    def _remember(self, manifests: Sequence[Mapping[str, Any]]) -> None:
        """Notes the kinds and namespaces in the parent, as kubectl does. When kubectl prunes, it looks only there."""
        answer = self.cluster.kubectl("get", f"{PLURAL}.{GROUP}", self.stage, "-o", "json")
        noted: dict[str, str] = json.loads(answer.stdout)["metadata"]["annotations"]
        new = {
            KINDS: {group_kind(manifest) for manifest in manifests},
            NAMESPACES: {namespace for m in manifests if (namespace := m["metadata"].get("namespace"))},
        }
        changed = {key: ",".join(sorted(more.union(filter(None, noted[key].split(","))))) for key, more in new.items()}
        if any(noted[key] != value for key, value in changed.items()):
            written = [f"{key}={value}" for key, value in changed.items()]
            self.cluster.kubectl("annotate", "--overwrite", f"{PLURAL}.{GROUP}", self.stage, *written)

    def _apply(self, manifests: Sequence[Mapping[str, Any]], *more: str) -> None:
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        done = self.cluster.kubectl(
            "apply", "--server-side", "--force-conflicts", f"--field-manager={MANAGER}", *more, "-f", "-",
            stdin=document, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise UserError(f"the API server refuses:\n{_sentences(done.stderr)}")


def group_kind(manifest: Mapping[str, Any]) -> str:
    """For example ``Deployment.apps``; of the core group only the kind: ``Secret``."""
    group = manifest["apiVersion"].rpartition("/")[0]
    return f"{manifest['kind']}.{group}" if group else manifest["kind"]


def _as_member(manifest: Mapping[str, Any], stage: str) -> Mapping[str, Any]:
    labels = {**manifest["metadata"].get("labels", {}), PART_OF: set_id(stage)}
    return {**manifest, "metadata": {**manifest["metadata"], "labels": labels}}


def _sentences(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith("Warning:")]
    return "\n".join(f"  {line}" for line in lines[-12:])
