"""The network and the cluster of a stage, as far as AWS goes."""

from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from components.eks.cluster import Cluster, ClusterArgs
from components.network.network import Network, NetworkArgs

config = pulumi.Config()
provider = aws.Provider("aws", region="eu-west-1")
into = ResourceOptions(providers=[provider])
place: dict[str, Any] = {"region": "eu-west-1", "account_id": "123456789012"}
nat: Any = config.get("nat") or "instance"
network = Network(
    "network",
    NetworkArgs(
        **place,
        prefix="wharf-dev",
        cidr=config.get("cidr") or "10.0.0.0/16",
        zones=["eu-west-1a", "eu-west-1b"],
        cluster="wharf-dev",
        nat=nat,
        endpoints=["ecr.api"],
    ),
    into,
)
cluster = Cluster(
    "cluster",
    ClusterArgs(
        **place,
        cluster_name="wharf-dev",
        vpc_id=network.vpc_id,
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
        egress=network.egress,
        version=config.get("version") or "1.35",
        public_access=[],  # pulumi-eks would wait for an API that nobody serves
        admins=["arn:aws:iam::123456789012:role/team"],
        namespaces=(config.get("namespaces") or "dev").split(","),
        node_count=config.get_int("nodes") or 0,
        keep=config.get_bool("keep") or False,
    ),
    into,
)
pulumi.export("cluster", cluster.name)
