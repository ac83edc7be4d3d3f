"""Flow logs: who talked to whom in a VPC."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, ResourceOptions

from components.iam.documents import allow, document, service_trust
from components.shared.names import Longest, physical_name

SERVICE = "vpc-flow-logs.amazonaws.com"
WRITES = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """Names on AWS begin with ``prefix``. ``retention_days`` is a number of days that CloudWatch allows."""

    prefix: str
    account_id: Input[str]
    vpc_id: Input[str]
    retention_days: int = 30


class FlowLogs(ComponentResource):
    """A VPC's flow logs in a log group of their own."""

    log_group: Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:network:FlowLogs", name, None, opts)
        child = ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group", name=f"/{args.prefix}/vpc-flow", retention_in_days=args.retention_days, opts=child
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(args.prefix, "vpc-flow", longest=Longest.ROLE),
            assume_role_policy=Output.from_input(args.account_id).apply(trust_document),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=group.arn.apply(write_document), opts=child
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.log_group = group.name
        self.register_outputs({"log_group": self.log_group})


def trust_document(account_id: str) -> str:
    """The service can use the role only for this account."""
    return service_trust(SERVICE, {"StringEquals": {"aws:SourceAccount": account_id}})


def write_document(log_group_arn: str) -> str:
    """Allows writing into this log group only."""
    return document(allow(WRITES, [f"{log_group_arn}:*"]))
