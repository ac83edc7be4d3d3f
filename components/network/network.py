"""The VPC: the network of everything on AWS, and its ways to the internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.network.cidr import ZonePlan, plan, public_block
from components.network.cidr import limits as cidr_limits
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.nat_instance import NatInstance, NatInstanceArgs
from components.shared.refusal import Refusal, require

Nat = Literal["gateway", "gateway-per-zone", "instance", "none"]
ANYWHERE = "0.0.0.0/0"
GATEWAY_ENDPOINTS = ("s3", "dynamodb")  # free, and images then do not go through the NAT
# The load balancer controller and EKS find subnets by these tags.
PUBLIC_ROLE = {"kubernetes.io/role/elb": "1"}
PRIVATE_ROLE = {"kubernetes.io/role/internal-elb": "1"}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What the VPC looks like.

    Attributes:
        prefix: starts the names on AWS.
        region: of the zones.
        cidr: the VPC's range, /16 to /21.
        zones: names of two to six zones; append, do not reorder.
        nat: how private subnets get out. One gateway serves all zones, and fails with its own.
        endpoints: services that are reached inside the VPC, such as ``ecr.api``; S3 and DynamoDB always are.
        cluster: the name of the EKS cluster that will use the subnets.
        account_id: of the account, for the flow logs' role.
        log_retention_days: of the flow logs.

    Raises:
        RefusedError: the range or the zones do not fit; says what would.
    """

    prefix: str
    region: str
    cidr: str
    zones: Sequence[str]
    cluster: str
    account_id: Input[str]
    nat: Nat = "gateway"
    endpoints: Sequence[str] = ()
    log_retention_days: int = 30

    def __post_init__(self) -> None:
        require(limits(self.cidr, self.zones, self.region))


def limits(cidr: str, zones: Sequence[str], region: str) -> Iterator[Refusal]:
    """What a VPC for an EKS cluster needs."""
    yield from cidr_limits(cidr, zones)
    for zone in zones:
        if not zone.startswith(region):
            yield Refusal("zones", f"{zone} is not in {region}: write names such as {region}a")


class Network(ComponentResource):
    """A VPC with a public and a private subnet in each zone, flow logs, and a default security group that is closed.

    Example:
        ``Network("network", NetworkArgs(prefix="wharf-dev", region="eu-west-1", cidr="10.0.0.0/16",
        zones=["eu-west-1a", "eu-west-1b"], cluster="wharf-dev", account_id=account_id, nat="instance"))``
    """

    vpc_id: Output[str]
    public_subnet_ids: Output[list[str]]
    private_subnet_ids: Output[list[str]]
    public_cidr: str  # contains all public subnets
    egress: Sequence[Resource]  # must exist before pods in private subnets can pull images

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:network:Network", name, None, opts)
        self._prefix, self._args, self._child = name, args, ResourceOptions(parent=self)
        zones = plan(args.cidr, args.zones)
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": args.prefix},
            opts=self._child,
        )
        aws.ec2.DefaultSecurityGroup(f"{name}-closed", vpc_id=self._vpc.id, ingress=[], egress=[], opts=self._child)
        public_table = self._table("public")
        self._way_out: list[Resource] = [self._public_route(public_table)]
        self._inside: list[Resource] = []
        public = {zone.zone: self._public_subnet(zone, public_table) for zone in zones}
        tables = {zone.zone: self._table(f"private-{zone.zone}") for zone in zones}
        private = {zone.zone: self._private_subnet(zone, tables[zone.zone]) for zone in zones}
        endpoints = self._endpoints([public_table, *tables.values()], list(private.values()))
        FlowLogs(
            f"{name}-flow",
            FlowLogsArgs(
                prefix=args.prefix,
                account_id=args.account_id,
                vpc_id=self._vpc.id,
                retention_days=args.log_retention_days,
            ),
            opts=self._child,
        )
        self.vpc_id = self._vpc.id
        self.public_subnet_ids = Output.all(*[subnet.id for subnet in public.values()]).apply(list)
        self.private_subnet_ids = Output.all(*[subnet.id for subnet in private.values()]).apply(list)
        self.public_cidr = public_block(args.cidr)
        self.egress = [*self._inside, *self._default_routes(public, tables), *endpoints]
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
            }
        )

    def _named(self, what: str) -> dict[str, str]:
        return {"Name": f"{self._args.prefix}-{what}"}

    def _table(self, what: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._prefix}-{what}-table", vpc_id=self._vpc.id, tags=self._named(what), opts=self._child
        )

    def _public_route(self, table: aws.ec2.RouteTable) -> aws.ec2.Route:
        gateway = aws.ec2.InternetGateway(
            f"{self._prefix}-internet", vpc_id=self._vpc.id, tags=self._named("internet"), opts=self._child
        )
        return aws.ec2.Route(
            f"{self._prefix}-public-route",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )

    def _public_subnet(self, zone: ZonePlan, table: aws.ec2.RouteTable) -> aws.ec2.Subnet:
        subnet, association = self._subnet(f"public-{zone.zone}", zone.zone, zone.public, PUBLIC_ROLE, table)
        self._way_out.append(association)
        return subnet

    def _private_subnet(self, zone: ZonePlan, table: aws.ec2.RouteTable) -> aws.ec2.Subnet:
        subnet, association = self._subnet(f"private-{zone.zone}", zone.zone, zone.private, PRIVATE_ROLE, table)
        self._inside.append(association)
        return subnet

    def _subnet(
        self, what: str, zone: str, cidr: str, role: Mapping[str, str], table: aws.ec2.RouteTable
    ) -> tuple[aws.ec2.Subnet, aws.ec2.RouteTableAssociation]:
        subnet = aws.ec2.Subnet(
            f"{self._prefix}-{what}",
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,  # what needs a public address gets one explicitly
            tags={**self._named(what), **role, f"kubernetes.io/cluster/{self._args.cluster}": "shared"},
            opts=self._child,
        )
        association = aws.ec2.RouteTableAssociation(
            f"{self._prefix}-{what}-association", subnet_id=subnet.id, route_table_id=table.id, opts=self._child
        )
        return subnet, association

    def _default_routes(
        self, public: Mapping[str, aws.ec2.Subnet], tables: Mapping[str, aws.ec2.RouteTable]
    ) -> list[Resource]:
        """The way out of the VPC for each zone. Empty without NAT."""
        if self._args.nat == "none":
            return []
        if self._args.nat == "instance":
            instance = NatInstance(
                f"{self._prefix}-nat",
                NatInstanceArgs(
                    vpc_id=self._vpc.id,
                    vpc_cidr=self._args.cidr,
                    subnet_id=next(iter(public.values())).id,
                    after=self._way_out,
                ),
                opts=self._child,
            )
            targets = {zone: {"network_interface_id": instance.network_interface_id} for zone in tables}
            return [instance.instance, *self._routes(tables, targets)]
        own = list(tables) if self._args.nat == "gateway-per-zone" else [next(iter(tables))]
        gateways = {zone: self._nat_gateway(zone, public[zone]) for zone in own}
        targets = {zone: {"nat_gateway_id": gateways.get(zone, gateways[own[0]]).id} for zone in tables}
        return self._routes(tables, targets)

    def _routes(
        self, tables: Mapping[str, aws.ec2.RouteTable], targets: Mapping[str, Mapping[str, Input[str]]]
    ) -> list[Resource]:
        return [
            aws.ec2.Route(
                f"{self._prefix}-private-{zone}-route",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                **targets[zone],
                opts=self._child,
            )
            for zone, table in tables.items()
        ]

    def _nat_gateway(self, zone: str, subnet: aws.ec2.Subnet) -> aws.ec2.NatGateway:
        tags = self._named(f"nat-{zone}")
        address = aws.ec2.Eip(f"{self._prefix}-nat-{zone}-address", domain="vpc", tags=tags, opts=self._child)
        return aws.ec2.NatGateway(
            f"{self._prefix}-nat-{zone}",
            allocation_id=address.allocation_id,
            subnet_id=subnet.id,
            tags=tags,
            opts=ResourceOptions(parent=self, depends_on=self._way_out),
        )

    def _endpoints(
        self, tables: Sequence[aws.ec2.RouteTable], subnets: Sequence[aws.ec2.Subnet]
    ) -> list[aws.ec2.VpcEndpoint]:
        gateways = [
            aws.ec2.VpcEndpoint(
                f"{self._prefix}-endpoint-{service}",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables],
                tags=self._named(service),
                opts=self._child,
            )
            for service in GATEWAY_ENDPOINTS
        ]
        wanted = [service for service in self._args.endpoints if service not in GATEWAY_ENDPOINTS]
        return [*gateways, *(self._interface_endpoints(wanted, subnets) if wanted else [])]

    def _interface_endpoints(
        self, services: Sequence[str], subnets: Sequence[aws.ec2.Subnet]
    ) -> list[aws.ec2.VpcEndpoint]:
        group = aws.ec2.SecurityGroup(
            f"{self._prefix}-endpoints",
            description="Lets the VPC reach AWS inside it",
            vpc_id=self._vpc.id,
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{self._prefix}-endpoints-from-vpc",
            security_group_id=group.id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=self._args.cidr,
            opts=self._child,
        )
        return [
            aws.ec2.VpcEndpoint(
                f"{self._prefix}-endpoint-{service}",
                vpc_id=self._vpc.id,
                service_name=f"com.amazonaws.{self._args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                tags=self._named(service),
                opts=self._child,
            )
            for service in services
        ]
