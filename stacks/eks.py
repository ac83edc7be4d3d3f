"""The EKS cluster that an environment runs in: the stage's own, or another stage's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypedDict

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import Output, Resource, ResourceOptions, StackReference

from components.eks.block_storage import BlockStorage, BlockStorageArgs
from components.eks.cluster import Cluster, ClusterArgs
from components.eks.eks_versions import DEFAULT_VERSION, EKS_VERSIONS
from components.eks.fargate_logs import FargateLogs, FargateLogsArgs
from components.eks.metrics_server import MetricsServer, MetricsServerArgs
from components.ingress.load_balancer_controller import LoadBalancerController, LoadBalancerControllerArgs
from components.network.network import Network, NetworkArgs
from components.shared.charts import AWS_LOAD_BALANCER_CONTROLLER, METRICS_SERVER
from components.shared.names import Longest, physical_name
from stacks.chart_sources import chart_source
from stacks.providers import account_id, eks_provider
from stacks.reading import sections
from stacks.reading.models import ClusterStage


@dataclass(frozen=True, kw_only=True)
class ClusterOutputs:
    """What an environment needs to know about its cluster. A stage of kind cluster exports each field by its name."""

    cluster: Output[str]
    kubeconfig: Output[str]
    oidc_provider_arn: Output[str]
    oidc_issuer: Output[str]
    security_group_id: Output[str]
    vpc_id: Output[str]
    public_cidr: Output[str]
    public_subnet_ids: Output[list[str]]
    private_subnet_ids: Output[list[str]]


@dataclass(frozen=True, kw_only=True)
class ClusterHandle:
    """A cluster to put an environment into.

    Attributes:
        outputs: the facts about the cluster.
        provider: the provider for the objects in the cluster.
        compute: the resources that must exist before a pod can start. Empty if another stage owns the cluster.
        controller: the load balancer controller, which must run while Ingresses are created or deleted. Empty if
            another stage owns the cluster.
    """

    outputs: ClusterOutputs
    provider: k8s.Provider
    compute: Sequence[Resource] = ()
    controller: Sequence[Resource] = ()


def cluster_name(stage: ClusterStage) -> str:
    """The cluster's name in EKS. The names of what belongs to the cluster begin with it."""
    return physical_name(stage.project, stage.name, longest=Longest.CLUSTER)


def shared_cluster(stage: ClusterStage, other: str) -> ClusterHandle:
    """The cluster of another stage of this project, read from that stage's outputs."""
    reference = StackReference(other, stack_name=f"{pulumi.get_organization()}/{stage.project}/{other}")
    outputs = ClusterOutputs(**{field.name: reference.require_output(field.name) for field in fields(ClusterOutputs)})
    return ClusterHandle(outputs=outputs, provider=eks_provider(stage, outputs.kubeconfig))


def own_cluster(
    stage: ClusterStage,
    provider: aws.Provider,
    settings: sections.Network,
    cluster: sections.Cluster,
    namespaces: Sequence[str],
) -> ClusterHandle:
    """Registers a network, a cluster in it, and everything that a cluster has before the first app.

    Args:
        namespaces: the namespaces whose pods run on Fargate.
    """
    into_aws = ResourceOptions(providers=[provider])
    place = _Place(region=stage.aws["region"], account_id=account_id(provider))
    network = _network(stage, place, settings, cluster.log_retention, into_aws)
    eks = _control_plane(stage, place, network, cluster, namespaces, into_aws)
    kubernetes = eks_provider(stage, eks.kubeconfig)
    into = ResourceOptions(providers=[provider, kubernetes])
    logs = FargateLogs(
        "fargate-logs",
        FargateLogsArgs(
            cluster_name=cluster_name(stage),
            region=place["region"],
            pod_execution_role=eks.pod_execution_role,
            retention_days=cluster.log_retention,
        ),
        opts=into,
    )
    system, compute = [*eks.system, *logs.ready], [*eks.compute, *logs.ready]
    controller = _load_balancer_controller(stage, place, network, eks, system, into)
    MetricsServer("metrics", MetricsServerArgs(chart=chart_source(stage, METRICS_SERVER), after=system), opts=into)
    if cluster.system_nodes.count:
        compute.append(_block_storage(stage, place, eks, cluster.version or DEFAULT_VERSION, into))
    return ClusterHandle(
        outputs=_outputs(network, eks), provider=kubernetes, compute=compute, controller=[controller.release]
    )


class _Place(TypedDict):
    """The arguments that say where on AWS a component is."""

    region: str
    account_id: Output[str]


class _Identity(TypedDict):
    """The arguments by which IAM knows the cluster's service accounts."""

    oidc_provider_arn: Output[str]
    oidc_issuer: Output[str]


def _network(
    stage: ClusterStage,
    place: _Place,
    settings: sections.Network,
    log_retention: int,
    opts: ResourceOptions,
) -> Network:
    name = cluster_name(stage)
    args = NetworkArgs(
        **place,
        prefix=name,
        cidr=settings.cidr,
        zones=settings.zones,
        cluster=name,
        nat=settings.nat,
        endpoints=settings.endpoints,
        log_retention_days=log_retention,
    )
    return Network("network", args, opts=opts)


def _control_plane(
    stage: ClusterStage,
    place: _Place,
    network: Network,
    cluster: sections.Cluster,
    namespaces: Sequence[str],
    opts: ResourceOptions,
) -> Cluster:
    args = ClusterArgs(
        **place,
        cluster_name=cluster_name(stage),
        vpc_id=network.vpc_id,
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
        egress=network.egress,
        version=cluster.version or DEFAULT_VERSION,
        admins=cluster.admins,
        public_access=cluster.endpoint_access.public,
        private_access=cluster.endpoint_access.private,
        namespaces=namespaces,
        node_count=cluster.system_nodes.count,
        node_type=cluster.system_nodes.type,
        log_retention_days=cluster.log_retention,
        keep=cluster.keep,
        profile=stage.aws.get("profile", ""),
    )
    return Cluster("cluster", args, opts=opts)


def _outputs(network: Network, eks: Cluster) -> ClusterOutputs:
    return ClusterOutputs(
        cluster=eks.name,
        kubeconfig=eks.kubeconfig,
        oidc_provider_arn=eks.oidc_provider_arn,
        oidc_issuer=eks.oidc_issuer,
        security_group_id=eks.security_group_id,
        vpc_id=network.vpc_id,
        public_cidr=Output.from_input(network.public_cidr),
        public_subnet_ids=network.public_subnet_ids,
        private_subnet_ids=network.private_subnet_ids,
    )


def _identity(eks: Cluster) -> _Identity:
    return {"oidc_provider_arn": eks.oidc_provider_arn, "oidc_issuer": eks.oidc_issuer}


def _load_balancer_controller(
    stage: ClusterStage,
    place: _Place,
    network: Network,
    eks: Cluster,
    after: Sequence[Resource],
    opts: ResourceOptions,
) -> LoadBalancerController:
    args = LoadBalancerControllerArgs(
        **place,
        **_identity(eks),
        cluster_name=cluster_name(stage),
        vpc_id=network.vpc_id,
        cluster_security_group_id=eks.security_group_id,
        chart=chart_source(stage, AWS_LOAD_BALANCER_CONTROLLER),
        after=after,
    )
    return LoadBalancerController("load-balancers", args, opts=opts)


def _block_storage(stage: ClusterStage, place: _Place, eks: Cluster, version: str, opts: ResourceOptions) -> Resource:
    args = BlockStorageArgs(
        **_identity(eks),
        cluster=eks.name,
        cluster_name=cluster_name(stage),
        region=place["region"],
        version=EKS_VERSIONS[version].ebs_csi,
        after=eks.system,
    )
    return BlockStorage("volumes", args, opts=opts).storage_class


def export(stage: ClusterStage, outputs: ClusterOutputs) -> None:
    """Exports what a person needs to get into the cluster."""
    profile = f" --profile {stage.aws['profile']}" if stage.aws.get("profile") else ""
    pulumi.export("cluster", outputs.cluster)
    pulumi.export("kubeconfig", outputs.kubeconfig)  # for `wharf status`, `wharf logs` and so on
    pulumi.export(
        "kubeconfig-command",
        Output.concat("aws eks update-kubeconfig --region ", stage.aws["region"], " --name ", outputs.cluster, profile),
    )
