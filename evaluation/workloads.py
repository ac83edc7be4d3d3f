"""Finds the pods of a Kubernetes object, and their containers and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.graph import Resource
from evaluation.inputs import at, items

TEMPLATE: Mapping[str, str] = {
    "apps/v1:Deployment": "spec.template",
    "apps/v1:StatefulSet": "spec.template",
    "apps/v1:DaemonSet": "spec.template",
    "batch/v1:Job": "spec.template",
    "batch/v1:CronJob": "spec.jobTemplate.spec.template",
}
WORKLOADS = (*TEMPLATE, "core/v1:Pod")
SERVING = ("apps/v1:Deployment", "apps/v1:StatefulSet")


def template(resource: Resource) -> Mapping[str, Any]:
    """Metadata and spec of the pods that an object creates. For a Pod, they are its own."""
    path = TEMPLATE.get(resource.type.removeprefix("kubernetes:"))
    return at(resource.inputs, path, {}) if path else resource.inputs


def pod(resource: Resource) -> Mapping[str, Any]:
    """The pod's spec."""
    return at(template(resource), "spec", {})


def containers(resource: Resource) -> Sequence[Mapping[str, Any]]:
    """Containers and init containers."""
    return [*items(pod(resource), "initContainers"), *items(pod(resource), "containers")]


def namespace(resource: Resource) -> str:
    """The namespace of an object: ``default`` if it names none, as in Kubernetes."""
    return at(resource.inputs, "metadata.namespace", "default")


def name(resource: Resource) -> str:
    return at(resource.inputs, "metadata.name", resource.name)


def labels(resource: Resource) -> Mapping[str, str]:
    """Labels of the pods that an object creates."""
    return at(template(resource), "metadata.labels", {})


def selects(selector: Mapping[str, str], pod_labels: Mapping[str, str]) -> bool:
    """True if the labels contain all of ``selector``. An empty selector selects nothing here."""
    return bool(selector) and all(pod_labels.get(key) == value for key, value in selector.items())
