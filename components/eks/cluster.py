"""EKS: the control plane, and what runs pods on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_eks as eks
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.eks import fargate
from components.eks.eks_versions import DEFAULT_VERSION, EKS_VERSIONS
from components.eks.fargate_profiles import FargateProfiles, FargateProfilesArgs
from components.eks.system_nodes import SystemNodes, SystemNodesArgs, first, type_limits
from components.iam.documents import partition_of
from components.network.cidr import SERVICE_RANGE
from components.shared.log_retention import retention_limits
from components.shared.refusal import Refusal, require

LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
# EKS needs subnets in two zones. It accepts no subnet in a zone that the cluster did not have when it was created
# (aws/containers-roadmap#2258). If it used more than two, a stage could not get another zone later. Pods and nodes
# use all zones.
CONTROL_PLANE_ZONES = 2
ADMIN_POLICY = "AmazonEKSClusterAdminPolicy"
COREDNS_POD = {"cpu": "250m", "memory": "256Mi"}


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What the cluster looks like.

    Attributes:
        cluster_name: its name in EKS, which starts the names of what belongs to it.
        region, account_id: where it is.
        vpc_id, public_subnet_ids, private_subnet_ids: the network, a subnet of each kind in each zone, in the order of
            zones; pods run in private subnets, and the control plane is reached in the first two zones.
        egress: what private subnets need before a pod there can fetch its image.
        version: of Kubernetes.
        admins: ARNs of IAM roles or users that may do all, but for the one that creates the cluster: EKS makes it
            admin by itself, and refuses a second entry for it (pulumi-eks#2373).
        public_access: CIDRs that reach the API from outside the VPC; none: it is not public.
        private_access: whether the VPC reaches it inside.
        namespaces: namespaces, or patterns of them, whose pods run on Fargate.
        node_count, node_type: managed EC2 nodes for what Fargate cannot run; 0 is all-Fargate.
        log_retention_days: of the control plane's logs.
        keep: refuse deletion.
        profile: of the AWS configuration, which tokens for the cluster are fetched as; "": the credentials at hand.

    Raises:
        RefusedError: EKS does not offer this version, or nobody could reach the API; what else is wrong with a pattern.
    """

    cluster_name: str
    region: str
    account_id: Input[str]
    vpc_id: Input[str]
    public_subnet_ids: Input[Sequence[Input[str]]]
    private_subnet_ids: Input[Sequence[Input[str]]]
    egress: Sequence[Resource] = ()
    version: str = DEFAULT_VERSION
    admins: Sequence[str] = ()
    public_access: Sequence[str] = ()
    private_access: bool = True
    namespaces: Sequence[str] = ()
    node_count: int = 0
    node_type: str = "t4g.medium"
    log_retention_days: int = 30
    keep: bool = False
    profile: str = ""

    def __post_init__(self) -> None:
        require(
            limits(
                version=self.version,
                public_access=self.public_access,
                private_access=self.private_access,
                namespaces=self.namespaces,
                node_count=self.node_count,
                node_type=self.node_type,
                log_retention_days=self.log_retention_days,
            )
        )

    @property
    def is_all_fargate(self) -> bool:
        return self.node_count == 0


def limits(
    *,
    version: str,
    public_access: Sequence[str],
    private_access: bool,
    namespaces: Sequence[str],
    node_count: int,
    node_type: str,
    log_retention_days: int,
) -> Iterator[Refusal]:
    """What EKS accepts, and what the cluster needs so that it can be reached."""
    if version not in EKS_VERSIONS:
        offered = " or ".join(EKS_VERSIONS)
        yield Refusal("version", f"{version} is not in standard support by EKS: write {offered}")
    if not public_access and not private_access:
        yield Refusal("endpoint-access", "neither public nor private: nobody could reach the cluster")
    elif not private_access and "0.0.0.0/0" not in public_access:
        yield Refusal(
            "endpoint-access.private",
            "without it nodes and pods come by the NAT, whose address is not in "
            f"{', '.join(public_access)}, and never join: leave it true",
        )
    if not 0 <= node_count <= 20:
        yield Refusal("system-nodes.count", f"{node_count} is not from 0 to 20")
    yield from retention_limits(log_retention_days)
    yield from fargate.limits(namespaces, system=node_count == 0)
    yield from type_limits(node_type)


class Cluster(ComponentResource):
    """An EKS cluster with encrypted secrets, all of its logs, access by IAM only, and no default node group.

    Add-ons are all managed here and pinned. What pods need before they run is in order: the network's way out, then a
    Fargate profile or nodes, then CoreDNS; whoever installs something waits for `system` or `compute`.

    Example:
        ``Cluster("cluster", ClusterArgs(cluster_name="wharf-dev", region="eu-west-1", namespaces=["dev"],
        vpc_id=network.vpc_id, ..., egress=network.egress))``
    """

    name: Output[str]
    kubeconfig: Output[str]  # the `aws` command supplies a token; it contains no credential
    oidc_provider_arn: Output[str]
    oidc_issuer: Output[str]  # without https://
    security_group_id: Output[str]  # EKS creates it, and gives it to nodes and pods
    pod_execution_role: Output[str]  # the name of the role with which Fargate pulls images and writes logs
    system: Sequence[Resource]  # must exist before pods in kube-system can start
    compute: Sequence[Resource]  # must exist before other pods can start

    def __init__(self, name: str, args: ClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:Cluster", name, None, opts)
        self._prefix, self._args, self._child = name, args, ResourceOptions(parent=self)
        control_plane = self._control_plane()
        # An output, so that whatever uses the name is created after the cluster and deleted before it.
        self.name = control_plane.oidc_provider_url.apply(lambda _: args.cluster_name)
        self.kubeconfig = control_plane.kubeconfig_json
        self.security_group_id = control_plane.cluster_security_group_id
        self.oidc_issuer = control_plane.oidc_provider_url.apply(lambda url: url.removeprefix("https://"))
        self.oidc_provider_arn = aws.iam.OpenIdConnectProvider(
            f"{name}-oidc",
            url=control_plane.oidc_provider_url,
            client_id_lists=["sts.amazonaws.com"],
            opts=self._child,
        ).arn
        self._admins()
        profiles = self._profiles()
        self.pod_execution_role = profiles.role_name
        runs_system: list[Resource] = [profiles.profiles["system"]] if args.is_all_fargate else [self._nodes().group]
        self.system = [*runs_system, self._coredns(runs_system)]
        self.compute = [*self.system, *(made for name, made in profiles.profiles.items() if name != "system")]
        self.register_outputs({"name": self.name, "oidc_provider_arn": self.oidc_provider_arn})

    def _control_plane(self) -> eks.Cluster:
        args = self._args
        key = aws.kms.Key(
            f"{self._prefix}-key",
            description=f"Secrets of the EKS cluster {args.cluster_name}",
            enable_key_rotation=True,
            opts=self._kept,
        )
        logs = aws.cloudwatch.LogGroup(
            f"{self._prefix}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",  # without it, EKS creates one that keeps logs forever
            retention_in_days=args.log_retention_days,
            opts=self._child,
        )
        return eks.Cluster(
            f"{self._prefix}-eks",
            name=args.cluster_name,
            version=args.version,
            upgrade_policy={"support_type": "STANDARD"},
            authentication_mode=eks.AuthenticationMode.API,
            vpc_id=args.vpc_id,
            public_subnet_ids=first(CONTROL_PLANE_ZONES, args.public_subnet_ids),
            private_subnet_ids=first(CONTROL_PLANE_ZONES, args.private_subnet_ids),
            kubernetes_service_ip_address_range=str(SERVICE_RANGE),
            endpoint_private_access=args.private_access,
            endpoint_public_access=bool(args.public_access),
            public_access_cidrs=list(args.public_access) or None,
            enabled_cluster_log_types=list(LOGS),
            encryption_config_key_arn=key.arn,
            deletion_protection=args.keep,
            skip_default_node_group=True,
            skip_default_security_groups=True,  # EKS creates one, and deletes it with the cluster
            create_oidc_provider=False,  # it would look up a thumbprint that AWS no longer needs
            bootstrap_self_managed_addons=False,
            use_default_vpc_cni=True,  # "default" is none: the line above
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            # If this is left out, the component writes the AWS_PROFILE of whoever deploys into the state.
            provider_credential_opts=eks.KubeconfigOptionsArgs(profile_name=args.profile),
            opts=ResourceOptions(parent=self, protect=args.keep or None, depends_on=[logs]),
        )

    @property
    def _kept(self) -> ResourceOptions:
        return ResourceOptions(parent=self, protect=self._args.keep or None)

    def _admins(self) -> None:
        policy = f"arn:{partition_of(self._args.region)}:eks::aws:cluster-access-policy/{ADMIN_POLICY}"
        for principal in self._args.admins:
            name = f"{self._prefix}-admin-{principal_slug(principal)}"
            entry = aws.eks.AccessEntry(name, cluster_name=self.name, principal_arn=principal, opts=self._child)
            aws.eks.AccessPolicyAssociation(
                f"{name}-policy",
                cluster_name=entry.cluster_name,
                principal_arn=entry.principal_arn,
                policy_arn=policy,
                access_scope={"type": "cluster"},
                opts=self._child,
            )

    def _profiles(self) -> FargateProfiles:
        args = self._args
        return FargateProfiles(
            f"{self._prefix}-fargate",
            FargateProfilesArgs(
                cluster=self.name,
                cluster_name=args.cluster_name,
                region=args.region,
                account_id=args.account_id,
                subnet_ids=args.private_subnet_ids,
                profiles=fargate.profiles(args.namespaces, system=args.is_all_fargate),
                after=args.egress,
            ),
            opts=self._child,
        )

    def _nodes(self) -> SystemNodes:
        args, versions = self._args, EKS_VERSIONS[self._args.version]
        network_policy = {"enableNetworkPolicy": "true"}
        before = [
            self._addon("vpc-cni", versions.vpc_cni, configuration=network_policy),  # without it, no node becomes ready
            self._addon("kube-proxy", versions.kube_proxy),
        ]
        return SystemNodes(
            f"{self._prefix}-nodes",
            SystemNodesArgs(
                cluster=self.name,
                cluster_name=args.cluster_name,
                region=args.region,
                version=args.version,
                subnet_ids=args.private_subnet_ids,
                count=args.node_count,
                instance_type=args.node_type,
                after=[*before, *args.egress],
            ),
            opts=self._child,
        )

    def _coredns(self, after: Sequence[Resource]) -> aws.eks.Addon:
        version, resources = EKS_VERSIONS[self._args.version].coredns, {"requests": COREDNS_POD, "limits": COREDNS_POD}
        on_fargate = {"computeType": "Fargate", "resources": resources}
        return self._addon("coredns", version, on_fargate if self._args.is_all_fargate else None, after)

    def _addon(
        self,
        addon: str,
        version: str,
        configuration: Mapping[str, object] | None = None,
        after: Sequence[Resource] = (),
    ) -> aws.eks.Addon:
        return aws.eks.Addon(
            f"{self._prefix}-{addon}",
            cluster_name=self.name,
            addon_name=addon,
            addon_version=version,
            configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=ResourceOptions(parent=self, depends_on=list(after)),
        )


def principal_slug(arn: str) -> str:
    """The account and name of an IAM role or user, as a part of a resource's name."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", arn.split(":", 4)[4]).strip("-")
