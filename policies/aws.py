"""Rules about AWS resources: the cluster, the database, the broker, networks, keys, logs, buckets and mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evaluation.graph import Resource
from evaluation.inputs import at, is_true, items
from policies.rule import Check, Context, Rule, Severity
from policies.samples import Sample, example

ANYWHERE = ("0.0.0.0/0", "::/0")
LOG_TYPES = {"api", "audit", "authenticator", "controllerManager", "scheduler"}
WEB_PORTS = (80, 443)
CLUSTERS = ("eks:index:Cluster",)
DATABASE, BROKER = ("rds/instance:Instance",), ("mq/broker:Broker",)
RULE_TYPES = ("securityGroupIngressRule:SecurityGroupIngressRule", "securityGroupRule:SecurityGroupRule")
MINIMUM_BACKUP = 7  # days, in production


def _unless(wrong: Callable[[Mapping[str, Any]], bool], text: str) -> Check:
    """A check that reports ``text`` if the inputs are ``wrong``."""

    def check(resource: Resource, context: Context) -> Iterator[str]:
        if wrong(resource.inputs):
            yield text

    return check


def _open_api(resource: Resource, context: Context) -> Iterator[str]:
    if resource.inputs.get("endpointPublicAccess") is False:
        return
    ranges = list(items(resource.inputs, "publicAccessCidrs"))
    if not ranges or set(ranges) & set(ANYWHERE):
        yield "its API answers the whole internet"


def _unlogged_cluster(resource: Resource, context: Context) -> Iterator[str]:
    missing = sorted(LOG_TYPES - set(items(resource.inputs, "enabledClusterLogTypes")))
    if missing:
        yield f"it does not log {', '.join(missing)}"


def _metadata(resource: Resource, context: Context) -> Iterator[str]:
    options = at(resource.inputs, "metadataOptions", {})
    if not options and resource.inputs.get("launchTemplate"):
        return  # the launch template has the options, and is checked itself
    if options.get("httpTokens") != "required":
        yield "its metadata service answers without a token (IMDSv1)"
    if options.get("httpPutResponseHopLimit", 1) != 1:
        yield "its metadata service answers pods: the hop limit is not 1"


def _open_group(resource: Resource, context: Context) -> Iterator[str]:
    inputs = resource.inputs
    if inputs.get("type") == "egress":
        return
    sources = [
        inputs.get("cidrIpv4"),
        inputs.get("cidrIpv6"),
        *items(inputs, "cidrBlocks"),
        *items(inputs, "ipv6CidrBlocks"),
    ]
    if set(filter(None, sources)) & set(ANYWHERE) and inputs.get("fromPort") not in WEB_PORTS:
        yield f"it opens port {inputs.get('fromPort', 'any')} to the whole internet"


def _open_inline(resource: Resource, context: Context) -> Iterator[str]:
    for rule in items(resource.inputs, "ingress"):
        if set(items(rule, "cidrBlocks")) & set(ANYWHERE) and rule.get("fromPort") not in WEB_PORTS:
            yield f"it opens port {rule.get('fromPort')} to the whole internet"


def _default_group(resource: Resource, context: Context) -> Iterator[str]:
    if items(resource.inputs, "ingress") or items(resource.inputs, "egress"):
        yield "it has rules, so resources without a group of their own can be reached"


def _weak_backup(resource: Resource, context: Context) -> Iterator[str]:
    days = resource.inputs.get("backupRetentionPeriod", 0)
    if days < (MINIMUM_BACKUP if context.production else 0):
        yield f"its backups are kept for {days} days"


def _unsafe_production(resource: Resource, context: Context) -> Iterator[str]:
    if not is_true(resource.inputs.get("multiAz")):
        yield "it is in one zone"
    if not is_true(resource.inputs.get("deletionProtection")):
        yield "it has no deletion protection"
    if resource.inputs.get("skipFinalSnapshot") is True:
        yield "it is deleted without a last snapshot"


def _private_bucket(resource: Resource, context: Context) -> Iterator[str]:
    blocks = [r for r in context.graph if r.type.endswith(":BucketPublicAccessBlock")]
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    its_blocks = [block for block in blocks if resource.urn in block.property_depends_on.get("bucket", ())]
    if not any(all(is_true(block.inputs.get(key)) for key in keys) for block in its_blocks):
        yield "nothing prevents somebody from making it public"


def _plain_http(resource: Resource, context: Context) -> Iterator[str]:
    spec = resource.inputs.get("spec", {})
    attributes = {item.get("key"): item.get("value") for item in items(spec, "loadBalancerAttributes")}
    if attributes.get("routing.http.drop_invalid_header_fields.enabled") != "true":
        yield "it passes malformed headers on"
    if context.production and not items(spec, "certificateArn"):
        yield "it has no certificate"
    if items(spec, "certificateArn") and not at(spec, "sslRedirectPort"):
        yield "it does not redirect port 80 to HTTPS"
    if items(spec, "certificateArn") and "TLS13" not in at(spec, "sslPolicy", ""):
        yield f"its policy {at(spec, 'sslPolicy', 'of AWS by default')} accepts TLS older than 1.2"
    if context.production and attributes.get("access_logs.s3.enabled") != "true":
        yield "it keeps no access log"


def _rule(
    id_: str,
    why: str,
    types: tuple[str, ...],
    check: Check,
    good: Mapping[str, Any],
    bad: Mapping[str, Any],
    remedy: str,
    *,
    severity: Severity = "high",
    **more: Any,
) -> Rule:
    """``bad`` holds the inputs in which the failing example differs from the passing one."""
    token = types[0] if types[0].startswith(("eks:", "kubernetes:")) else f"aws:{types[0]}"
    return Rule(
        id=id_, severity=severity, why=why, remedy=remedy, types=types, check=check,
        passes=example(Sample(token, good).named()), fails=example(Sample(token, {**good, **bad}).named()), **more,
    )  # fmt: skip


PUBLIC = _unless(lambda inputs: inputs.get("publiclyAccessible") is True, "it has a public address")
GOOD_DATABASE = {
    "storageEncrypted": True,
    "publiclyAccessible": False,
    "backupRetentionPeriod": 7,
    "multiAz": True,
    "deletionProtection": True,
    "skipFinalSnapshot": False,
}
GOOD_CLUSTER = {
    "endpointPublicAccess": True,
    "publicAccessCidrs": ["203.0.113.0/24"],
    "enabledClusterLogTypes": sorted(LOG_TYPES),
    "encryptionConfigKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
    "authenticationMode": "API",
}
GOOD_METADATA = {"metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1}}
OPEN_RULE = {"cidrIpv4": "0.0.0.0/0", "fromPort": 5432}
GOOD_FRONT = {
    "spec": {
        "certificateArn": ["arn:aws:acm:eu-west-1:123456789012:certificate/1"],
        "sslRedirectPort": "443",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "loadBalancerAttributes": [
            {"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"},
            {"key": "access_logs.s3.enabled", "value": "true"},
        ],
    }
}
BUCKET = Sample("aws:s3/bucket:Bucket").named("logs")
BLOCK = Sample(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True),
).named("logs-private", property_depends_on={"bucket": (BUCKET.urn,)})

RULES = (
    _rule(
        "cluster-api-is-not-open", "Whoever gets into the Kubernetes API controls everything in the cluster.", CLUSTERS,
        _open_api,
        GOOD_CLUSTER, {"publicAccessCidrs": ["0.0.0.0/0"]},
        "list the address ranges in wharf:cluster.endpoint-access.public",
    ),
    _rule(
        "cluster-logs-everything", "Without an audit log, nobody can find out who did something.", CLUSTERS,
        _unlogged_cluster,
        GOOD_CLUSTER, {"enabledClusterLogTypes": ["api"]},
        "components/eks/cluster.py enables all logs: enable them there again",
    ),
    _rule(
        "cluster-encrypts-secrets", "Otherwise a copy of etcd contains every password.", CLUSTERS,
        _unless(lambda inputs: not inputs.get("encryptionConfigKeyArn"), "its Secrets have no key of the account"),
        GOOD_CLUSTER, {"encryptionConfigKeyArn": None},
        "components/eks/cluster.py creates the key: create it there again",
    ),
    _rule(
        "cluster-uses-access-entries", "One mistake in the ConfigMap aws-auth locks everybody out.", CLUSTERS,
        _unless(lambda inputs: inputs.get("authenticationMode") != "API", "aws-auth decides who has access"),
        GOOD_CLUSTER, {"authenticationMode": "CONFIG_MAP"}, "set it to API in components/eks/cluster.py",
    ),
    _rule(
        "instance-metadata-is-guarded", "A pod that reaches the metadata service can use the node's role.",
        ("ec2/launchTemplate:LaunchTemplate", "ec2/instance:Instance"), _metadata,
        GOOD_METADATA, {"metadataOptions": {"httpTokens": "optional"}}, "require tokens, and set the hop limit to 1",
    ),
    _rule(
        "database-is-encrypted", "Snapshots and disks can get into other hands.", DATABASE,
        _unless(lambda inputs: not is_true(inputs.get("storageEncrypted")), "its storage is not encrypted"),
        GOOD_DATABASE, {"storageEncrypted": False}, "set storage_encrypted in components/data/database.py",
        severity="critical",
    ),
    _rule(
        "database-is-private", "A database with a public address is attacked all day.", DATABASE, PUBLIC,
        GOOD_DATABASE, {"publiclyAccessible": True}, "set publicly_accessible to False", severity="critical",
    ),
    _rule(
        "database-is-backed-up", "Without backups, a mistake cannot be undone.", DATABASE, _weak_backup,
        GOOD_DATABASE, {"backupRetentionPeriod": 1}, "set wharf:database.backup-days to 7 or more", production=True,
    ),
    _rule(
        "database-survives", "In production, the database must survive the loss of a zone and a mistaken delete.",
        DATABASE,
        _unsafe_production, GOOD_DATABASE, {"multiAz": False},
        "set wharf:database.multi-zone and wharf:database.keep to true", production=True,
    ),
    _rule(
        "broker-is-private", "A broker with a public address is attacked all day.", BROKER, PUBLIC,
        {"publiclyAccessible": False}, {"publiclyAccessible": True}, "set publicly_accessible to False",
        severity="critical",
    ),
    _rule(
        "broker-logs", "Only the log shows what the broker refused.", BROKER,
        _unless(lambda inputs: not is_true(at(inputs, "logs.general")), "it keeps no log"),
        {"logs": {"general": True}}, {"logs": {}}, "set logs.general in components/data/broker.py", severity="medium",
    ),
    _rule(
        "group-is-not-open", "Scanners find an open port within an hour.", RULE_TYPES, _open_group,
        {"cidrIpv4": "10.0.0.0/16", "fromPort": 5432}, OPEN_RULE,
        "name the security groups or address ranges that may connect",
        severity="critical",
    ),
    _rule(
        "group-has-no-open-inline-rule",
        "Scanners find an open port within an hour. This rule checks rules that are written inside the group.",
        ("ec2/securityGroup:SecurityGroup",), _open_inline,
        {"ingress": []}, {"ingress": [{"cidrBlocks": ["0.0.0.0/0"], "fromPort": 22}]},
        "name the security groups or address ranges that may connect", severity="critical",
    ),
    _rule(
        "default-group-is-closed", "A resource without a security group gets this one.",
        ("defaultSecurityGroup:DefaultSecurityGroup",), _default_group,
        {"ingress": [], "egress": []}, {"ingress": [{"protocol": "-1"}]}, "leave it without rules", severity="medium",
    ),
    _rule(
        "key-rotates", "If a key never changes, a key that leaked once works forever.", ("kms/key:Key",),
        _unless(lambda inputs: not is_true(inputs.get("enableKeyRotation")), "it is never rotated"),
        {"enableKeyRotation": True}, {"enableKeyRotation": False}, "set enable_key_rotation", severity="medium",
    ),
    _rule(
        "log-has-an-end", "A log that is kept forever costs money forever, and contains personal data.",
        ("cloudwatch/logGroup:LogGroup",),
        _unless(lambda inputs: not inputs.get("retentionInDays"), "it is kept forever"),
        {"retentionInDays": 30}, {"retentionInDays": 0}, "set retention_in_days", severity="low",
    ),
    _rule(
        "cache-is-encrypted", "A cache holds copies of what is in the database.",
        ("elasticache/replicationGroup:ReplicationGroup",),
        _unless(
            lambda inputs: not (
                is_true(inputs.get("atRestEncryptionEnabled")) and inputs.get("transitEncryptionMode") == "required"
            ),
            "it stores or sends without encryption",
        ),
        {"atRestEncryptionEnabled": True, "transitEncryptionMode": "required"}, {"transitEncryptionMode": "preferred"},
        "encrypt both in components/data/cache.py",
    ),
    _rule(
        "cache-wants-a-token", "Without a token, every pod that reaches the port can read and empty the cache.",
        ("elasticache/replicationGroup:ReplicationGroup",),
        _unless(lambda inputs: not inputs.get("authToken"), "it lets in whoever reaches it"),
        {"authToken": "0123456789abcdef"}, {"authToken": ""}, "set auth_token in components/data/cache.py",
    ),
    _rule(
        "mail-is-encrypted", "Mail can contain links that reset passwords.",
        ("sesv2/configurationSet:ConfigurationSet",),
        _unless(lambda inputs: at(inputs, "deliveryOptions.tlsPolicy") != "REQUIRE", "it also sends without TLS"),
        {"deliveryOptions": {"tlsPolicy": "REQUIRE"}}, {"deliveryOptions": {}},
        "require TLS in components/mail/mail_relay.py",
        severity="medium",
    ),
    _rule(
        "front-door-is-https", "Without HTTPS, everybody on the network path can read and change requests.",
        ("kubernetes:elbv2.k8s.aws/v1beta1:IngressClassParams",), _plain_http,
        GOOD_FRONT, {"spec": {}}, "set wharf:ingress.domain",
    ),
    Rule(
        id="bucket-cannot-be-made-public", severity="high", why="Otherwise one wrong policy makes the bucket public.",
        remedy="add a BucketPublicAccessBlock in which all four settings are true", types=("s3/bucket:Bucket",),
        check=_private_bucket, whole_stack=True, passes=example(BUCKET, BLOCK), fails=example(BUCKET),
    ),
)  # fmt: skip
