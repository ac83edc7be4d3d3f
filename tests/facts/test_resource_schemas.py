"""What cannot change in place, and which versions and sizes there are, against CloudFormation's schemas.

Where the table differs, terraform-provider-aws decides, since it is what makes the change: each difference is listed
with the file that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.data import offers
from components.data.broker import FAMILIES
from evaluation.aws_types import AWS_TYPES
from evaluation.aws_types.row import AwsType
from tests.facts.cloudformation import TYPES, WITHOUT_TYPE, create_only, property_of, read
from tests.facts.rendered import resources

EGRESS, INGRESS = (f"aws:vpc/securityGroup{way}Rule:SecurityGroup{way}Rule" for way in ("Egress", "Ingress"))
RULE = "vpc_security_group_ingress_rule.go: Update calls ModifySecurityGroupRules; ModifyPlan replaces for another kind"
ONLY_REPLACED = "ForceNew in the provider, though AWS has a call that changes it"

# (type, property): why the table says otherwise than CloudFormation.
DIFFERENCES: Mapping[tuple[str, str], str] = {
    ("aws:acm/certificate:Certificate", "validationMethod"): f"certificate.go: {ONLY_REPLACED}",
    ("aws:cloudwatch/logGroup:LogGroup", "logGroupClass"): f"logs/group.go: {ONLY_REPLACED}",
    ("aws:ec2/eip:Eip", "domain"): f"ec2_eip.go: {ONLY_REPLACED}",
    ("aws:ec2/eip:Eip", "publicIpv4Pool"): f"ec2_eip.go: {ONLY_REPLACED}",
    ("aws:ec2/launchTemplate:LaunchTemplate", "namePrefix"): "part of the name, which is createOnly",
    ("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId"): (
        "vpc_route_table_association.go: Update calls ReplaceRouteTableAssociation"
    ),
    ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "accessScope"): "a resource of its own, without Update",
    ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "policyArn"): "a resource of its own, without Update",
    ("aws:eks/cluster:Cluster", "remoteNetworkConfig"): "eks/cluster.go: CustomizeDiff replaces where it is taken away",
    ("aws:eks/nodeGroup:NodeGroup", "launchTemplate"): "eks/node_group.go: id and name are ForceNew, version is not",
    ("aws:elasticache/replicationGroup:ReplicationGroup", "securityGroupNames"): (
        f"elasticache/replication_group.go: {ONLY_REPLACED}"
    ),
    ("aws:kms/key:Key", "customerMasterKeySpec"): f"kms/key.go: {ONLY_REPLACED}",
    ("aws:kms/key:Key", "keyUsage"): f"kms/key.go: {ONLY_REPLACED}",
    ("aws:kms/key:Key", "multiRegion"): f"kms/key.go: {ONLY_REPLACED}",
    ("aws:mq/broker:Broker", "dataReplicationPrimaryBrokerArn"): f"mq/broker.go: {ONLY_REPLACED}",
    ("aws:mq/broker:Broker", "ldapServerMetadata"): f"mq/broker.go: {ONLY_REPLACED}",
    ("aws:rds/instance:Instance", "dbSubnetGroupName"): "rds/instance.go: Update moves the instance",
    (
        "aws:rds/instance:Instance",
        "identifier",
    ): "rds/instance.go: Update renames; components/data/database.py replaces",
    ("aws:route53/record:Record", "name"): f"route53/record.go: {ONLY_REPLACED}",
    ("aws:s3/bucket:Bucket", "objectLockEnabled"): f"s3/bucket.go: {ONLY_REPLACED}",
    (EGRESS, "cidrIpv4"): RULE,
    (EGRESS, "ipProtocol"): RULE,
    (EGRESS, "referencedSecurityGroupId"): RULE,
    (INGRESS, "cidrIpv4"): RULE,
    (INGRESS, "fromPort"): RULE,
    (INGRESS, "ipProtocol"): RULE,
    (INGRESS, "referencedSecurityGroupId"): RULE,
    (INGRESS, "toPort"): RULE,
}


def differences(token: str, row: AwsType, used: set[str]) -> Iterator[tuple[str, str]]:
    """Properties that the table and CloudFormation judge differently; where it depends, either is right."""
    type_ = TYPES[token][0]
    theirs, depends = create_only(type_), create_only(type_, "conditionalCreateOnlyProperties")
    ours = {path.split(".")[0] for path in row.immutable}
    for name in sorted(used | ours):
        found = property_of(token, name)
        if found and found not in depends and (name in ours) != (found in theirs):
            yield token, name


def used() -> Mapping[str, set[str]]:
    """What the stages set, by type."""
    found: dict[str, set[str]] = {}
    for resource in resources():
        found.setdefault(resource.type, set()).update(resource.inputs)
    return found


def test_every_row_of_the_table_has_a_type_or_a_reason_why_not() -> None:
    assert set(AWS_TYPES) == {*TYPES, *WITHOUT_TYPE}


def test_what_cannot_change_in_place_is_what_cloudformation_says_but_for_the_known_differences() -> None:
    rendered = used()
    found = {pair for token in TYPES for pair in differences(token, AWS_TYPES[token], rendered.get(token, set()))}
    assert found == set(DIFFERENCES)


def test_a_seeded_mistake_in_the_table_is_found() -> None:
    """One that is forgotten, and one too many."""
    subnet = "aws:ec2/subnet:Subnet"
    assert (subnet, "cidrBlock") in differences(subnet, AwsType(subnet, source="", id="", immutable=()), {"cidrBlock"})
    every = AwsType(subnet, source="", id="", immutable=(*AWS_TYPES[subnet].immutable, "mapPublicIpOnLaunch"))
    assert [*differences(subnet, every, set())] == [(subnet, "mapPublicIpOnLaunch")]


def conditions(file: str) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """cfn-lint's rules of a file: the properties that each looks at, and what it then says of others."""
    return [(rule["if"]["properties"], rule["then"]["properties"]) for rule in read(f"extensions/{file}")["allOf"]]


def postgres_versions() -> set[str]:
    (found,) = [
        then["EngineVersion"]["enum"]
        for when, then in conditions("aws_rds_dbinstance/engine_version.json")
        if when["Engine"].get("const") == "postgres"
    ]
    return set(found)


def postgres_classes() -> set[str]:
    """Instance classes that are sold for PostgreSQL in some region, and run a version that we offer."""
    sold: set[str] = set()
    for rules in read("extensions/aws_rds_dbinstance/dbinstanceclass_enum.json").values():
        for rule in rules["allOf"]:
            if rule["if"]["properties"].get("Engine", {}).get("const") == "postgres":
                sold |= set(rule["then"]["properties"]["DBInstanceClass"]["enum"])
    run: set[str] = set()
    for when, then in conditions("aws_rds_dbinstance/db_instance_class.json"):
        pattern = when["EngineVersion"]["pattern"]
        if when["Engine"].get("const") == "postgres" and pattern[2:4] in offers.POSTGRES and "limitless" not in pattern:
            run |= set(then["DBInstanceClass"]["enum"])
    return sold & run


def test_the_versions_of_postgresql_are_those_that_rds_offers() -> None:
    ours = {f"{major}.{minor}" for major, minors in offers.POSTGRES.items() for minor in minors}
    theirs = {found for found in postgres_versions() if re.fullmatch(r"\d+\.\d+", found)}
    assert ours == {found for found in theirs if found.split(".")[0] in offers.POSTGRES}
    newer = {found.split(".")[0] for found in theirs if int(found.split(".")[0]) > max(map(int, offers.POSTGRES))}
    assert newer == set(), "a major version that components/data/offers.py does not have"


def test_the_instance_classes_are_those_that_rds_sells() -> None:
    assert set(offers.offered("db", offers.DATABASE_SIZES)) == postgres_classes()


def test_the_instance_types_of_a_broker_are_those_that_amazon_mq_sells() -> None:
    """The price list that cfn-lint reads writes 2xl for 2xlarge."""
    regions = list(read("extensions/aws_amazonmq_broker/instancetype_enum.json").values())
    sold = {name for region in regions if isinstance(region, dict) for name in region.get("enum", ())}
    theirs = {re.sub(r"(\d+)xl$", r"\1xlarge", name) for name in sold}
    families = {family for families in FAMILIES.values() for family in families}
    assert set(offers.BROKER_SIZES) == families
    assert set(offers.offered("mq", offers.BROKER_SIZES)) == {name for name in theirs if name.split(".")[1] in families}


def test_the_lists_are_of_the_day_that_they_name() -> None:
    assert read("version.json")["schema_date"].startswith(offers.AS_OF)
