"""Volumes for pods on nodes. Fargate has no volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import partition_of, service_account_trust
from components.shared.names import Longest, physical_name

NAMESPACE, ACCOUNT, ADDON = "kube-system", "ebs-csi-controller-sa", "aws-ebs-csi-driver"
POLICY = "AmazonEBSCSIDriverPolicyV2"  # for volumes that the driver made itself, and for no others


@dataclass(frozen=True, kw_only=True)
class BlockStorageArgs:
    """The cluster for which they are.

    Attributes:
        cluster: its name, once it exists.
        cluster_name: the same, but known before the cluster exists.
        region: of the cluster.
        version: of the add-on.
        oidc_provider_arn, oidc_issuer: the cluster's.
        after: nodes for it to run on.
    """

    cluster: Input[str]
    cluster_name: str
    region: str
    version: str
    oidc_provider_arn: Input[str]
    oidc_issuer: Input[str]
    after: Sequence[Resource] = ()


class BlockStorage(ComponentResource):
    """The EBS driver, and a default StorageClass of encrypted gp3 volumes."""

    storage_class: k8s.storage.v1.StorageClass

    def __init__(self, name: str, args: BlockStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:eks:BlockStorage", name, None, opts)
        child = ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(args.cluster_name, ACCOUNT, longest=Longest.ROLE),
            assume_role_policy=Output.all(args.oidc_provider_arn, args.oidc_issuer).apply(
                lambda found: service_account_trust(found[0], found[1], NAMESPACE, ACCOUNT)
            ),
            opts=child,
        )
        attached = aws.iam.RolePolicyAttachment(
            f"{name}-volumes",
            role=role.name,
            policy_arn=f"arn:{partition_of(args.region)}:iam::aws:policy/{POLICY}",
            opts=child,
        )
        driver = aws.eks.Addon(
            f"{name}-driver",
            cluster_name=args.cluster,
            addon_name=ADDON,
            addon_version=args.version,
            service_account_role_arn=role.arn,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=ResourceOptions(parent=self, depends_on=[attached, *args.after]),
        )
        self.storage_class = k8s.storage.v1.StorageClass(
            f"{name}-class",
            metadata={"name": "gp3", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
            provisioner="ebs.csi.aws.com",
            parameters={"type": "gp3", "encrypted": "true"},
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            opts=ResourceOptions(parent=self, depends_on=[driver]),
        )
        self.register_outputs({})
