"""Values, enums, required properties and partitions, against the models of AWS's API that botocore ships."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import pulumi_aws
import pytest

from components.iam.documents import partition_of
from evaluation.aws_types import AWS_TYPES
from tests.facts.calls import CALLS, WITHOUT_CALL, child, items_of, locate
from tests.facts.rendered import resources

CLASSES = {r"\p{L}": "a-zA-Z", r"\p{Z}": r"\s", r"\p{N}": "0-9", r"\p{M}": "", r"\p{S}": "", r"\p{P}": ""}
# The provider compares these without regard to case: internal/service/mq/broker.go.
ANY_CASE = "aws:mq/broker:Broker"
# Values of the provider's own, which it does not hand on to AWS.
OF_THE_PROVIDER = {
    ("aws:acm/certificate:Certificate", "validationMethod"): {"NONE"},  # certificate.go: of an imported one
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status"): {
        "Disabled"
    },  # bucket_versioning.go
}


def leaf_problems(value: Any, shape: Any) -> Iterator[str]:
    """What AWS's model holds against one value."""
    limits = shape.metadata
    allowed = limits.get("enum")
    if allowed and str(value) not in allowed and str(value).upper() not in allowed:
        yield f"{value!r} is none of {', '.join(allowed)}"
    if shape.type_name == "string":
        text = str(value)
        if not limits.get("min", 0) <= len(text) <= (limits.get("max") or len(text)):
            yield f"{text[:40]!r} has {len(text)} characters, not {limits.get('min', 0)} to {limits.get('max')}"
        if (pattern := limits.get("pattern")) and not re.fullmatch(_python(pattern), text):
            yield f"{text[:80]!r} does not match {pattern}"
    is_number = shape.type_name in ("integer", "long") and not isinstance(value, bool)
    if is_number and not limits.get("min", int(value)) <= int(value) <= limits.get("max", int(value)):
        yield f"{value} is not from {limits.get('min')} to {limits.get('max')}"


def _python(pattern: str) -> str:
    for theirs, ours in CLASSES.items():
        pattern = pattern.replace(theirs, ours)
    return pattern


def problems(value: Any, shape: Any) -> Iterator[str]:
    """The same at every depth of a value."""
    if shape.type_name == "list":
        for item in value if isinstance(value, list) else [value]:
            yield from problems(item, shape.member)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if found := child(shape, key):
                yield from (f"{key}: {problem}" for problem in problems(item, found[1]))
    elif value is not None and not isinstance(value, list):
        yield from leaf_problems(value, shape)


def value_problems(token: str, inputs: Mapping[str, Any]) -> list[str]:
    return [
        f"{key}: {problem}"
        for key, value in inputs.items()
        if (member := locate(token, key))
        for problem in problems(value, member.shape)
    ]


def test_every_row_of_the_table_has_a_call_or_a_reason_why_not() -> None:
    assert set(AWS_TYPES) == {*CALLS, *WITHOUT_CALL}


def test_aws_would_take_every_value_that_the_stages_render() -> None:
    found = {
        f"{resource.place}: {problem}"
        for resource in resources()
        if resource.type in CALLS
        for problem in value_problems(resource.type, resource.inputs)
    }
    assert sorted(found) == []
    assert len({resource.type for resource in resources()} & set(CALLS)) > 35, "most types of the table are looked at"


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("aws:kms/key:Key", {"deletionWindowInDays": 400}),
        ("aws:eks/nodeGroup:NodeGroup", {"amiType": "AL9"}),
        ("aws:eks/nodeGroup:NodeGroup", {"taints": [{"effect": "SOMETIMES"}]}),
        ("aws:iam/role:Role", {"name": "r" * 65}),
        ("aws:ec2/flowLog:FlowLog", {"trafficType": "SOME"}),
        ("aws:route53/record:Record", {"ttl": -1}),
        ("eks:index:Cluster", {"authenticationMode": "CONFIG"}),
        ("aws:s3/bucketVersioning:BucketVersioning", {"versioningConfiguration": {"status": "On"}}),
    ],
)
def test_a_seeded_wrong_value_is_found(token: str, inputs: dict[str, Any]) -> None:
    assert value_problems(token, inputs)


def enum_of(token: str, path: str) -> set[str] | None:
    member = locate(token, path) if token in CALLS else None
    return set(getattr(items_of(member.shape), "enum", ()) or ()) or None if member else None


def test_enums_of_the_table_are_awss() -> None:
    """The table may know fewer values than AWS, and none that AWS does not."""
    compared = 0
    for token, row in AWS_TYPES.items():
        for path, values in row.enums.items():
            theirs = enum_of(token, path)
            if theirs is None:
                continue
            compared += 1
            ours = {str(value) for value in values} - OF_THE_PROVIDER.get((token, path), set())
            if token == ANY_CASE:
                ours, theirs = ({value.upper() for value in listed} for listed in (ours, theirs))
            assert ours <= theirs, f"{token} {path}"
    assert compared > 15


def required_by_aws(token: str) -> set[str]:
    """What the call requires, by Pulumi's name in lowercase; without the blocks that the provider makes itself."""
    call = CALLS[token]
    targets = {ours: target for ours, target in call.renames.items() if isinstance(target, str)}
    blocks = {target.split(".")[0].lower() for ours, target in targets.items() if "." in target or ours == "*"}
    back: dict[str, str] = {target.lower(): ours.lower() for ours, target in targets.items()}
    names = {str(name).lower() for name in call.shape.required_members} - blocks
    return {back.get(name, name) for name in names}


# What AWS requires and the table does not, and where terraform-provider-aws fills it in.
FILLED_IN = {
    ("aws:ec2/flowLog:FlowLog", "resourcetype"): "vpc_flow_log.go: follows from vpcId and the like",
    ("aws:ec2/instance:Instance", "maxcount"): "ec2_instance.go: always 1",
    ("aws:ec2/instance:Instance", "mincount"): "ec2_instance.go: always 1",
    ("aws:ec2/securityGroup:SecurityGroup", "description"): "vpc_security_group.go: has a default",
    ("aws:elasticache/subnetGroup:SubnetGroup", "description"): "subnet_group.go: has a default",
    ("aws:mq/broker:Broker", "deploymentmode"): "broker.go: the default is SINGLE_INSTANCE",
    ("aws:mq/broker:Broker", "publiclyaccessible"): "broker.go: the default is false",
    ("aws:rds/instance:Instance", "engine"): "instance.go: comes with the snapshot that is restored",
    ("aws:rds/parameterGroup:ParameterGroup", "description"): "parameter_group.go: has a default",
    ("aws:rds/subnetGroup:SubnetGroup", "description"): "subnet_group.go: has a default",
    ("eks:index:Cluster", "name"): "pulumi-eks makes one up",
    ("eks:index:Cluster", "rolearn"): "pulumi-eks makes the role",
}


def test_the_table_requires_what_aws_requires() -> None:
    missing = set()
    for token in CALLS:
        row = AWS_TYPES[token]
        known = {*row.required, row.auto_name, *(path for group in row.one_of for path in group)}
        missing |= {(token, name) for name in required_by_aws(token) - {path.lower() for path in known}}
    assert missing == set(FILLED_IN)


def partitions() -> list[dict[str, Any]]:
    return json.loads((files("botocore") / "data/partitions.json").read_text())["partitions"]


@pytest.mark.parametrize("region", sorted(str(region.value) for region in pulumi_aws.Region))
def test_a_region_is_in_the_partition_that_aws_says(region: str) -> None:
    (theirs,) = [
        found["id"] for found in partitions() if region in found["regions"] or re.match(found["regionRegex"], region)
    ]
    assert partition_of(region) == theirs
