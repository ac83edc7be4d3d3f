"""DNS records for the hosts of an environment's Ingresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import allow, document, partition_of
from components.iam.service_account import ServiceAccountRole, ServiceAccountRoleArgs
from components.shared.charts import EXTERNAL_DNS, Source
from components.shared.helm_release import helm_release

ACCOUNT = "external-dns"
RECORD_TYPES = ("A", "AAAA", "CNAME", "TXT")
# external-dns marks its records with further records. They are under the domain, where its role may write.
OWNER_PREFIX = "wharf-%{record_type}."


@dataclass(frozen=True, kw_only=True)
class ExternalDnsArgs:
    """Whose records external-dns manages.

    Attributes:
        prefix: starts the role's name, and says whose the records are.
        environment: names the namespace and the class of the Ingresses that it looks at.
        namespace: the same, once it exists.
        region: of the cluster.
        domain, zone_id: the only names that it may touch, and the zone they are in.
        oidc_provider_arn, oidc_issuer: the cluster's.
        chart: where the chart comes from.
        after: what its pod needs to start.
    """

    prefix: str
    environment: str
    namespace: Input[str]
    region: str
    domain: str
    zone_id: str
    oidc_provider_arn: Input[str]
    oidc_issuer: Input[str]
    chart: Source = EXTERNAL_DNS.upstream
    after: Sequence[Resource] = ()


class ExternalDns(ComponentResource):
    """external-dns, for one environment: it sees Ingresses of one namespace and writes under one domain.

    An Ingress depends on `release`, so that its records can be taken back before external-dns goes.
    """

    release: k8s.helm.v3.Release

    def __init__(self, name: str, args: ExternalDnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:ExternalDns", name, None, opts)
        role = ServiceAccountRole(
            f"{name}-account",
            ServiceAccountRoleArgs(
                prefix=args.prefix,
                namespace=args.environment,
                service_account=ACCOUNT,
                oidc_provider_arn=args.oidc_provider_arn,
                oidc_issuer=args.oidc_issuer,
                policy=policy_document(args.region, args.zone_id, args.domain),
            ),
            opts=ResourceOptions(parent=self),
        )
        workload = EXTERNAL_DNS.workload
        self.release = helm_release(
            f"{name}-release",
            name=EXTERNAL_DNS.name,
            namespace=args.namespace,
            source=args.chart,
            values={
                "provider": {"name": "aws"},
                "sources": ["ingress"],
                "namespaced": True,
                "policy": "sync",
                "registry": "txt",
                "txtOwnerId": f"{args.prefix}-{args.environment}",
                "txtPrefix": OWNER_PREFIX,
                "domainFilters": [args.domain],
                "extraArgs": [f"--zone-id-filter={args.zone_id}", f"--ingress-class={args.environment}"],
                "triggerLoopOnEvent": True,
                "resources": workload.resources,
                "serviceAccount": {"name": ACCOUNT, "annotations": role.annotation},
            },
            opts=ResourceOptions(parent=self, depends_on=[role.ready, *args.after]),
        )
        self.register_outputs({"role_arn": Output.from_input(role.arn)})


def policy_document(region: str, zone_id: str, domain: str) -> str:
    """Records of these types, under this domain, in this zone."""
    zone = f"arn:{partition_of(region)}:route53:::hostedzone/{zone_id}"
    under = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": [domain, f"*.{domain}"],
        "route53:ChangeResourceRecordSetsRecordTypes": list(RECORD_TYPES),
    }
    return document(
        allow(["route53:ChangeResourceRecordSets"], [zone], {"ForAllValues:StringLike": under}),
        allow(["route53:ListResourceRecordSets"], [zone]),
        allow(["route53:ListHostedZones"], ["*"]),
    )
