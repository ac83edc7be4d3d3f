"""The logs of pods on Fargate, in CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import allow, document
from components.shared.labels import MANAGED_BY

MANAGED = {"app.kubernetes.io/managed-by": MANAGED_BY}
NAMESPACE = "aws-observability"  # Fargate requires these two names
CONFIG_MAP = "aws-logging"
LONGEST = 5300  # the characters of the ConfigMap that Fargate reads
WRITES = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


@dataclass(frozen=True, kw_only=True)
class FargateLogsArgs:
    """Where logs go.

    Attributes:
        cluster_name: names the log group.
        region: of the log group.
        pod_execution_role: name of the role that writes it.
        retention_days: how long they are kept.
    """

    cluster_name: str
    region: str
    pod_execution_role: Input[str]
    retention_days: int = 30


class FargateLogs(ComponentResource):
    """The configuration of Fargate's built-in log router, and the log group to which it writes.

    Pods that start before `ready` have no logs, so everything on Fargate waits for it.
    """

    log_group: Output[str]
    ready: Sequence[Resource]

    def __init__(self, name: str, args: FargateLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:FargateLogs", name, None, opts)
        child = ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=f"/aws/eks/{args.cluster_name}/fargate",
            retention_in_days=args.retention_days,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy", role=args.pod_execution_role, policy=group.arn.apply(write_document), opts=child
        )
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": NAMESPACE,
                "labels": {
                    **MANAGED,
                    "aws-observability": "enabled",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            },
            opts=child,
        )
        config = k8s.core.v1.ConfigMap(
            f"{name}-config",
            metadata={"name": CONFIG_MAP, "namespace": namespace.metadata.name, "labels": MANAGED},
            data=group.name.apply(lambda log_group: router_config(args.region, log_group)),
            opts=child,
        )
        self.log_group, self.ready = group.name, [policy, config]
        self.register_outputs({"log_group": self.log_group})


def write_document(log_group_arn: str) -> str:
    """Allows writing into this log group only."""
    return document(allow(WRITES, [f"{log_group_arn}:*"]))


def router_config(region: str, log_group: str) -> dict[str, str]:
    """Fluent Bit's configuration: each line of a container, with its pod's name and labels.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/fargate-logging.html
    """
    return {
        "flb_log_cw": "false",
        "output.conf": _section(
            "OUTPUT",
            Name="cloudwatch_logs",
            Match="kube.*",
            region=region,
            log_group_name=log_group,
            log_stream_prefix="fargate-",
            auto_create_group="false",
        ),
        "parsers.conf": _section(
            "PARSER",
            Name="crio",
            Format="Regex",
            Regex="^(?<time>[^ ]+) (?<stream>stdout|stderr) (?<logtag>P|F) (?<log>.*)$",
            Time_Key="time",
            Time_Format="%Y-%m-%dT%H:%M:%S.%L%z",
        ),
        "filters.conf": _section("FILTER", Name="parser", Match="*", Key_name="log", Parser="crio")
        + _section(
            "FILTER",
            Name="kubernetes",
            Match="kube.*",
            Merge_Log="On",
            Keep_Log="Off",
            Buffer_Size="0",
            Kube_Meta_Cache_TTL="300s",
        ),
    }


def _section(title: str, **settings: str) -> str:
    return "\n".join([f"[{title}]", *(f"    {key} {value}" for key, value in settings.items())]) + "\n"
