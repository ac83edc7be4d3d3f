"""Types that hold data: RDS, Amazon MQ, S3, logs and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluation.aws_types.row import AwsType, Facts, table

RDS = "arn:{PARTITION}:rds:{REGION}:{ACCOUNT}"
DATABASE_PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
RETENTIONS = (
    *(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288),
    3653,
)


def _database_endpoint(facts: Facts) -> str:
    return f"{facts.fill(DATABASE_HOST)}:{_database_port(facts)}"


def _database_port(facts: Facts) -> int:
    return int(facts.get("port") or DATABASE_PORTS.get(facts.get("engine", ""), 5432))


DATABASE_HOST = "{identifier}.c{HEX11}.{REGION}.rds.amazonaws.com"


def _database_undeletable(properties: Mapping[str, Any]) -> str:
    if properties.get("deletionProtection") is True:
        return "deletion protection is on"
    if properties.get("skipFinalSnapshot") is not True and not properties.get("finalSnapshotIdentifier"):
        return "finalSnapshotIdentifier is required when skipFinalSnapshot is false"
    return ""


def _bucket_sub_resource(kind: str, source: str, *required: str, **more: Any) -> AwsType:
    return AwsType(
        f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}",
        source=f"internal/service/s3/{source}.go",
        id="{bucket}",
        required=("bucket", *required),
        immutable=("bucket",),
        **more,
    )


DATA = table(
    AwsType(
        "aws:rds/instance:Instance",
        source="internal/service/rds/instance.go",
        id="db-{UPPER26}",
        arn=f"{RDS}:db:{{identifier}}",
        computed={
            "address": DATABASE_HOST,
            "endpoint": _database_endpoint,
            "hostedZoneId": "Z{UPPER13}",
            "port": _database_port,
            "resourceId": "{id}",
            "status": "available",
            "engineVersionActual": lambda facts: facts.get("engineVersion", "18.4"),
        },
        auto_name="identifier",
        required=("instanceClass",),
        enums={
            "engine": ("postgres", "mysql", "mariadb"),
            "enabledCloudwatchLogsExports": (
                *("agent", "alert", "audit", "diag.log", "error", "general", "iam-db-auth-error", "listener"),
                *("notify.log", "oemagent", "postgresql", "slowquery", "trace", "upgrade"),
            ),
            "networkType": ("IPV4", "DUAL"),
            "storageType": ("standard", "gp2", "gp3", "io1", "io2"),
        },
        immutable=(
            *("availabilityZone", "backupTarget", "characterSetName", "customIamInstanceProfile", "dbName", "engine"),
            *("kmsKeyId", "ncharCharacterSetName", "restoreToPointInTime", "snapshotIdentifier"),
            *("storageEncrypted", "timezone", "username"),
        ),
        holds="its databases",
        undeletable=_database_undeletable,
    ),
    AwsType(
        "aws:rds/subnetGroup:SubnetGroup",
        source="internal/service/rds/subnet_group.go",
        id="{name}",
        arn=f"{RDS}:subgrp:{{name}}",
        computed={"supportedNetworkTypes": ["IPV4"], "vpcId": "vpc-{HEX17}"},
        auto_name="name",
        required=("subnetIds",),
        immutable=("name", "namePrefix"),
    ),
    AwsType(
        "aws:rds/parameterGroup:ParameterGroup",
        source="internal/service/rds/parameter_group.go",
        id="{name}",
        arn=f"{RDS}:pg:{{name}}",
        auto_name="name",
        required=("family", "parameters.name", "parameters.value"),
        enums={"parameters.applyMethod": ("immediate", "pending-reboot")},
        immutable=("name", "namePrefix", "family", "description"),
    ),
    AwsType(
        "aws:mq/broker:Broker",
        source="internal/service/mq/broker.go",
        id="b-{UUID}",
        arn="arn:{PARTITION}:mq:{REGION}:{ACCOUNT}:broker:{brokerName}:{id}",
        computed={
            "instances": [
                {
                    "consoleUrl": "https://{id}.mq.{REGION}.on.aws",
                    "endpoints": ["amqps://{id}.mq.{REGION}.on.aws:5671"],
                    "ipAddress": "",
                }
            ],
        },
        auto_name="brokerName",
        # The provider requires users only for some engines. RabbitMQ is created with exactly one.
        required=("engineType", "engineVersion", "hostInstanceType", "users", "users.username", "users.password"),
        enums={
            "authenticationStrategy": ("SIMPLE", "LDAP", "CONFIG_MANAGED"),
            "deploymentMode": ("SINGLE_INSTANCE", "ACTIVE_STANDBY_MULTI_AZ", "CLUSTER_MULTI_AZ"),
            "engineType": ("ActiveMQ", "ACTIVEMQ", "RabbitMQ", "RABBITMQ"),
            "storageType": ("EBS", "EFS", "ebs", "efs"),
        },
        immutable=(
            *("brokerName", "dataReplicationPrimaryBrokerArn", "deploymentMode", "encryptionOptions", "engineType"),
            *("ldapServerMetadata", "publiclyAccessible", "subnetIds"),
        ),
        holds="its queues and messages",
    ),
    AwsType(
        "aws:elasticache/subnetGroup:SubnetGroup",
        source="internal/service/elasticache/subnet_group.go",
        id="{name}",
        arn="arn:{PARTITION}:elasticache:{REGION}:{ACCOUNT}:subnetgroup:{name}",
        computed={"vpcId": "vpc-{HEX17}"},
        auto_name="name",
        required=("subnetIds",),
        immutable=("name",),
    ),
    AwsType(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        source="internal/service/elasticache/replication_group.go",
        id="{replicationGroupId}",
        arn="arn:{PARTITION}:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{replicationGroupId}",
        computed={
            "primaryEndpointAddress": "master.{replicationGroupId}.{HEX6}.{REGION}.cache.amazonaws.com",
            "readerEndpointAddress": "replica.{replicationGroupId}.{HEX6}.{REGION}.cache.amazonaws.com",
            "engineVersionActual": lambda facts: facts.get("engineVersion", "8.1"),
            "clusterEnabled": False,
        },
        auto_name="replicationGroupId",
        required=("description",),
        enums={
            "authTokenUpdateStrategy": ("SET", "ROTATE", "DELETE"),
            "engine": ("redis", "valkey"),
            "transitEncryptionMode": ("preferred", "required"),
        },
        immutable=(
            *("atRestEncryptionEnabled", "dataTieringEnabled", "globalReplicationGroupId", "kmsKeyId", "networkType"),
            *("port", "replicationGroupId", "securityGroupNames", "snapshotArns", "snapshotName", "subnetGroupName"),
        ),
    ),
    AwsType(
        "aws:s3/bucket:Bucket",
        source="internal/service/s3/bucket.go",
        id="{bucket}",
        arn="arn:{PARTITION}:s3:::{bucket}",
        computed={
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegion": "{REGION}",
            "bucketRegionalDomainName": "{bucket}.s3.{REGION}.amazonaws.com",
            "hostedZoneId": "Z{UPPER13}",
        },
        auto_name="bucket",
        immutable=("bucket", "bucketPrefix", "objectLockEnabled"),
        holds="its objects",
    ),
    _bucket_sub_resource(
        "BucketVersioning",
        "bucket_versioning",
        "versioningConfiguration",
        "versioningConfiguration.status",
        enums={"versioningConfiguration.status": ("Enabled", "Suspended", "Disabled")},
    ),
    _bucket_sub_resource(
        "BucketServerSideEncryptionConfiguration",
        "bucket_server_side_encryption_configuration",
        "rules",
        enums={"rules.applyServerSideEncryptionByDefault.sseAlgorithm": ("AES256", "aws:kms", "aws:kms:dsse")},
    ),
    _bucket_sub_resource("BucketPublicAccessBlock", "bucket_public_access_block"),
    _bucket_sub_resource("BucketPolicy", "bucket_policy", "policy"),
    _bucket_sub_resource(
        "BucketOwnershipControls",
        "bucket_ownership_controls",
        "rule",
        "rule.objectOwnership",
        enums={"rule.objectOwnership": ("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")},
    ),
    _bucket_sub_resource(
        "BucketLifecycleConfiguration",
        "bucket_lifecycle_configuration",
        "rules.id",
        "rules.status",
        enums={"rules.status": ("Enabled", "Disabled")},
    ),
    _bucket_sub_resource("BucketLogging", "bucket_logging", "targetBucket", "targetPrefix"),
    AwsType(
        "aws:cloudwatch/logGroup:LogGroup",
        source="internal/service/logs/group.go",
        id="{name}",
        arn="arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:{name}",
        auto_name="name",
        enums={"logGroupClass": ("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"), "retentionInDays": RETENTIONS},
        immutable=("name", "namePrefix", "logGroupClass"),
        holds="its logs",
        undeletable=lambda properties: (
            "deletion protection is on" if properties.get("deletionProtectionEnabled") is True else ""
        ),
    ),
    AwsType(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        source="internal/service/logs/resource_policy.go",
        id="{policyName}",
        required=("policyDocument",),
        immutable=("policyName", "resourceArn"),
    ),
)
