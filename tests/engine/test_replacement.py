"""Whether `wharf diff` foresees what the real engine replaces, over the simulated AWS."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from typing import Any

from cli.diff.compare import compare
from cli.diff.model import Kind
from cli.diff.replacement import immutable
from evaluation.aws_types import AWS_TYPES
from evaluation.evaluate import evaluate
from evaluation.graph import Graph, Resource
from tests.engine.conftest import PROGRAMS

PROJECT = "wharf"
REPLACING = ("replace", "create-replacement", "delete-replaced")
# Of hundreds of resources, the state is written once; after each of them it would take four fifths of the time.
STATE_AT_THE_END = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
PLAIN = {"kmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/2", "cidrBlock": "10.9.0.0/16", "ipv4NetmaskLength": 20}


def offline(cases: dict[str, Any], *, mutate: bool) -> Graph:
    config = {"wharf:cases": json.dumps(cases), "wharf:mutate": str(mutate).lower()}
    return evaluate(
        lambda: runpy.run_path(str(PROGRAMS / "mutants" / "__main__.py")), project=PROJECT, stack="dev", config=config
    )


def another(resource: Resource, property_: str) -> Any:
    """A value that is not the one that there is, of its kind, and that AWS takes."""
    there = resource.inputs.get(property_)
    allowed = AWS_TYPES[resource.type].enums.get(property_, ()) if resource.type in AWS_TYPES else ()
    if allowed:
        return next(value for value in reversed(allowed) if value != there)
    if property_ in PLAIN:
        return PLAIN[property_]
    if isinstance(there, bool) or (there is None and property_ in BOOLEAN):
        return not there
    if isinstance(there, int):
        return there + 1
    if isinstance(there, list):
        return there[1:] or ["another"]
    if isinstance(there, dict):
        return {**there, "another": "one"}
    return BLOCKS.get(property_, f"{there or ''}x")


NONE = {"name": "", "property": "", "value": ""}
BOOLEAN = ("multiRegion", "ipv6Native", "publiclyAccessible", "storageEncrypted")
BLOCKS = {
    "restoreToPointInTime": {"useLatestRestorableTime": True},
    "encryptionOptions": {"useAwsOwnedKey": False},
    "ldapServerMetadata": {"roleBase": "x"},
}


def mutations(kind: str) -> Iterator[dict[str, Any]]:
    """One for each property that cannot change of each resource of one copy, upstream ones among them."""
    for resource in offline({f"{kind}0": NONE}, mutate=False):
        if not resource.custom or resource.type.startswith("pulumi:"):
            continue
        for property_ in dict.fromkeys(path.split(".")[0] for path in immutable(resource)):
            for name in sorted(resource.inputs) if property_ == "*" else [property_]:
                yield {"name": resource.name, "property": name, "value": another(resource, name)}


def every_case() -> dict[str, dict[str, Any]]:
    """A copy for each mutation; of the components one for each resource that others refer to."""
    graph = offline({"w0": NONE}, mutate=False)
    referred_to = {urn.rsplit("::", 1)[1] for r in graph for urns in r.property_depends_on.values() for urn in urns}
    bare = list(mutations("c"))
    of_components = {m["name"]: m for m in mutations("w") if m["name"] in referred_to}
    numbered = [("c", mutation) for mutation in bare] + [("w", mutation) for mutation in of_components.values()]
    return {
        f"{kind}{n}": {**mutation, "name": mutation["name"].replace(f"{kind}0-", f"{kind}{n}-", 1)}
        for n, (kind, mutation) in enumerate(numbered)
    }


def replaced_by_engine(engine: Any, cases: dict[str, Any]) -> set[str]:
    engine.environ |= STATE_AT_THE_END
    engine.configure(cases=json.dumps(cases), mutate="false")
    made = engine.up("--parallel", "16")
    assert made.ok, made.messages
    engine.configure(mutate="true")
    done = engine.pulumi("preview", "--json", "--stack", "dev")
    steps = json.loads(done.stdout)["steps"]
    assert steps, done.stderr
    return {step["urn"] for step in steps if step["op"] in REPLACING}


def test_whatever_the_engine_replaces_is_foreseen(engine):
    cases = every_case()
    assert len(cases) > 50
    real = replaced_by_engine(engine("mutants"), cases)
    diff = compare(offline(cases, mutate=False), offline(cases, mutate=True))
    foreseen = {change.urn for change in diff.changes if change.kind is Kind.REPLACED}
    data = {
        urn for urn in real if AWS_TYPES.get(urn.split("::")[2].split("$")[-1], AWS_TYPES["aws:ec2/vpc:Vpc"]).holds_data
    }
    assert len(data) > len(cases) / 3
    assert real - foreseen == set()
    assert {change.urn for change in diff.losing} >= data
    assert foreseen - real == set()
