"""Answers for the offline evaluation.

They have the right type and form. They are made from the URN, so the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable, Mapping
from typing import Any

from evaluation.aws_types import AWS_TYPES, invoked
from evaluation.graph import Resource, Secret

ACCOUNT = "123456789012"
ALPHANUMERIC = string.ascii_letters + string.digits

StackOutputs = Callable[[str], Mapping[str, Any]]


def _no_other_stack(name: str) -> Mapping[str, Any]:
    raise LookupError(f"the outputs of stack {name} are not known here")


def letters(urn: str, length: int) -> str:
    """A fixed alphanumeric string of ``length`` characters for this URN."""
    stream = hashlib.shake_256(urn.encode()).digest(length)
    return "".join(ALPHANUMERIC[byte % len(ALPHANUMERIC)] for byte in stream)


def random_outputs(resource: Resource, text: Callable[[int], str]) -> tuple[str, dict[str, Any]]:
    """Id and outputs of a pulumi_random resource. ``text`` returns as many characters as its argument says.

    Raises:
        LookupError: Wharf does not use this type of pulumi_random.
    """
    kind = resource.type.rsplit(":", 1)[-1]
    length = int(resource.inputs.get("length", 16))
    if kind == "RandomPassword":
        return "none", {"result": Secret(text(length)), "bcryptHash": Secret("")}
    if kind == "RandomString":
        return text(length), {"result": text(length)}
    if kind == "RandomId":
        hex_ = hashlib.sha256(text(32).encode()).hexdigest()[: 2 * int(resource.inputs["byteLength"])]
        return hex_, {"hex": hex_}
    raise LookupError(f"no placeholder is known for {resource.type}: add one to evaluation/placeholders.py")


def kubernetes_id(resource: Resource) -> str:
    """The id that the Kubernetes provider gives: ``namespace/name``, or ``name``."""
    metadata = resource.inputs.get("metadata", {})
    return "/".join(filter(None, (metadata.get("namespace"), metadata.get("name", resource.name))))


class Placeholders:
    """Answers that need no cloud.

    Args:
        region: the region in ids and ARNs.
        other_stack: returns the outputs of another stack, by its name.
    """

    def __init__(self, region: str = "us-east-1", other_stack: StackOutputs = _no_other_stack) -> None:
        self.region = region
        self.other_stack = other_stack

    def created(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        package = resource.type.split(":", 1)[0]
        if resource.type.startswith("pulumi:providers:"):
            return "00000000-0000-4000-8000-" + hashlib.sha256(resource.urn.encode()).hexdigest()[:12], {}
        if resource.is_kubernetes:
            return kubernetes_id(resource), {}
        if resource.type == "kubernetes:helm.sh/v3:Release":
            name = resource.inputs.get("name", resource.name)
            namespace = resource.inputs.get("namespace", "default")
            return f"{namespace}/{name}", {"status": {"name": name, "namespace": namespace, "status": "deployed"}}
        if package == "random":
            return random_outputs(resource, lambda length: letters(resource.urn, length))
        if package in ("aws", "eks"):
            return self._aws(resource)
        raise LookupError(f"no placeholder is known for {resource.type}: add one to evaluation/placeholders.py")

    def _aws(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        if resource.type not in AWS_TYPES:
            raise LookupError(f"no placeholder is known for {resource.type}: add it to evaluation/aws_types")
        outputs = AWS_TYPES[resource.type].outputs(resource.urn, resource.name, resource.inputs, self.region, ACCOUNT)
        return str(outputs.pop("id", "")), outputs

    def read(self, type_: str, name: str, id_: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        if type_ == "pulumi:pulumi:StackReference":
            target = str(properties.get("name", name))
            return {
                "name": target,
                "outputs": dict(self.other_stack(target.rsplit("/", 1)[-1])),
                "secretOutputNames": [],
            }
        raise LookupError(f"{type_} {name} cannot be read offline")

    def invoked(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        return invoked(token, args, self.region, ACCOUNT)
