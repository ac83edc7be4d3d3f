"""A small instance that connects private subnets to the internet. It costs a tenth of a NAT gateway."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

# EC2 looks up the image when the instance starts, so a newer image is not a change in the program.
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
# https://docs.aws.amazon.com/vpc/latest/userguide/work-with-nat-instances.html
# It needs swap: dnf alone can use more than the 512 MiB of a nano (amazonlinux/amazon-linux-2023#404).
START = """\
#!/bin/sh
set -eu
echo net.ipv4.ip_forward=1 > /etc/sysctl.d/nat.conf
sysctl --system
dd if=/dev/zero of=/swap bs=1M count=1024
chmod 600 /swap
mkswap /swap
swapon /swap
dnf install -y iptables-services
out=$(ip -o -4 route show to default | awk '{print $5; exit}')
iptables -t nat -A POSTROUTING -o "$out" -j MASQUERADE
iptables -F FORWARD
iptables-save > /etc/sysconfig/iptables
systemctl enable --now iptables
"""


@dataclass(frozen=True, kw_only=True)
class NatInstanceArgs:
    """Where the instance is.

    Attributes:
        vpc_id, vpc_cidr: the VPC; whoever is in it may go out.
        subnet_id: a public subnet.
        after: what leads from that subnet to the internet; an address can be given, and the instance start, only then.
        instance_type: of arm64, as the image is.
    """

    vpc_id: Input[str]
    vpc_cidr: str
    subnet_id: Input[str]
    after: Sequence[Resource] = ()
    instance_type: str = "t4g.nano"


class NatInstance(ComponentResource):
    """A network interface with a fixed address, and an instance behind it that can be replaced.

    Routes lead to the interface, which stays: replacing the instance interrupts traffic and changes no route and no
    address. While it is replaced or down, private subnets do not get out; a stage that minds takes a gateway.
    """

    network_interface_id: Output[str]
    public_ip: Output[str]
    instance: aws.ec2.Instance

    def __init__(self, name: str, args: NatInstanceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:network:NatInstance", name, None, opts)
        self._prefix, self._args = name, args
        child = ResourceOptions(parent=self)
        interface = aws.ec2.NetworkInterface(
            f"{name}-interface",
            subnet_id=args.subnet_id,
            security_groups=[self._security_group().id],
            source_dest_check=False,  # it forwards packets that are for others
            tags={"Name": name},
            opts=child,
        )
        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags={"Name": name}, opts=child)
        association = aws.ec2.EipAssociation(
            f"{name}-association",
            allocation_id=address.allocation_id,
            network_interface_id=interface.id,
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        template = self._launch_template()
        self.instance = aws.ec2.Instance(
            f"{name}-instance",
            instance_type=args.instance_type,
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            primary_network_interface={"network_interface_id": interface.id},
            tags={"Name": name},
            opts=ResourceOptions(
                parent=self,
                depends_on=[association],  # it installs a package at its first start
                delete_before_replace=True,  # only one instance can use the interface
                replace_on_changes=["launchTemplate"],  # AWS itself would not restart it
                # The interface says that it forwards. The provider compares that with the instance's own default, true,
                # and would set it back (terraform-provider-aws#44768).
                ignore_changes=["sourceDestCheck"],
            ),
        )
        self.network_interface_id, self.public_ip = interface.id, address.public_ip
        self.register_outputs({"network_interface_id": self.network_interface_id, "public_ip": self.public_ip})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{self._prefix}-security-group",
            description="Lets the VPC out",
            vpc_id=self._args.vpc_id,
            opts=ResourceOptions(parent=self),
        )
        child = ResourceOptions(parent=self)
        aws.vpc.SecurityGroupIngressRule(
            f"{self._prefix}-from-vpc",
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4=self._args.vpc_cidr,
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._prefix}-to-anywhere",
            security_group_id=group.id,
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        return group

    def _launch_template(self) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            f"{self._prefix}-template",
            image_id=IMAGE,
            user_data=base64.b64encode(START.encode()).decode(),
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "volume_size": 8,
                        "delete_on_termination": "true",
                    },
                }
            ],
            opts=ResourceOptions(parent=self),
        )
