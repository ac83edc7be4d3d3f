"""The list of what is meant to differ between stages, such as versions and sizes.

Everything else should be alike. If it is not, `wharf diff STACK OTHER` shows it first.
"""

from __future__ import annotations

from collections.abc import Mapping

from cli.diff.properties import is_under

WHOLE = "*"  # the whole resource, which only one of the stages has

# For each word, what it covers: the end of ``COMPONENT:KIND`` ("" is any), and the starts of paths. A key with ":"
# at its end is the start of ``COMPONENT:KIND`` instead. The values of a Helm release are below `values`.
MEANT: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "versions": {
        "": ("metadata.labels", "spec.template.metadata.labels"),
        ":Deployment": ("spec.template.spec.containers.image", "spec.template.spec.initContainers.image"),
        ":CronJob": ("spec.jobTemplate",),
        ":Job": (WHOLE, "metadata.name", "spec.template.spec.containers.image"),
        ":Instance": ("engineVersion", "allowMajorVersionUpgrade"),
        ":Broker": ("engineVersion",),
        ":Cluster": ("version",),
        ":NodeGroup": ("version",),
        ":Addon": ("addonVersion",),
        ":ParameterGroup": ("family",),
    },
    "sizes": {
        ":Instance": ("instanceClass", "allocatedStorage"),
        ":Broker": ("hostInstanceType",),
        ":NodeGroup": (WHOLE, "scalingConfig", "instanceTypes"),
        ":Deployment": ("spec.template.spec.containers.resources",),
        ":StatefulSet": ("spec.volumeClaimTemplates.spec.resources", "spec.template.spec.containers.resources"),
    },
    "replicas": {
        ":Deployment": ("spec.replicas",),
        ":HorizontalPodAutoscaler": (WHOLE, "spec.minReplicas", "spec.maxReplicas"),
        ":Release": ("values.replicas", "values.replicaCount"),
        ":Broker": ("deploymentMode",),
    },
    "protection": {
        "": ("(protect)", "(retain_on_delete)"),
        ":Instance": (
            *("multiAz", "backupRetentionPeriod", "deletionProtection", "deleteAutomatedBackups"),
            *("skipFinalSnapshot", "finalSnapshotIdentifier"),
        ),
        ":Cluster": ("deletionProtection",),
        ":Key": ("deletionWindowInDays",),
        ":Bucket": ("forceDestroy",),
        ":StatefulSet": ("spec.persistentVolumeClaimRetentionPolicy",),
    },
    "domain": {
        ":Ingress": (WHOLE, "spec.rules", "metadata.annotations"),
        "AlbRoute:AlbRoute": (WHOLE,),
        ":IngressClassParams": ("spec.certificateArn", "spec.sslPolicy", "spec.sslRedirectPort"),
        "Certificate:": (WHOLE, "domainName", "subjectAlternativeNames", "validationRecordFqdns", "name", "zoneId"),
        "ExternalDns:": (WHOLE, "policy", "values"),
        ":EmailIdentity": (WHOLE, "emailIdentity"),
        "MailRelay:Record": (WHOLE, "name", "records", "zoneId"),
    },
    "network": {
        "Network:": (WHOLE, "cidrBlock", "availabilityZone", "tags", "natGatewayId", "networkInterfaceId"),
        "NatInstance:": (WHOLE,),
        ":Cluster": ("publicAccessCidrs", "privateSubnetIds", "publicSubnetIds"),
        ":FargateProfile": ("subnetIds", "fargateProfileName"),
        ":IngressClassParams": ("spec.subnets", "spec.inboundCIDRs"),
        ":NetworkPolicy": ("spec.ingress.from.ipBlock",),
        ":SubnetGroup": ("subnetIds",),
        ":VpcEndpoint": ("routeTableIds", "subnetIds"),
    },
    "secrets": {":Deployment": ("spec.template.metadata.annotations",)},
    "logs": {":LogGroup": ("retentionInDays",)},
    "place": {":aws": ("region", "profile", "allowedAccountIds")},
}


def meant(component: str, type_: str, path: str) -> str:
    """The word for a difference that is meant, such as ``sizes``; "" for one that is not.

    Args:
        component: its class and name, for example ``App hello``.
    """
    kind = type_.rsplit(":", 1)[-1]
    subject = f"{component.split(' ', maxsplit=1)[0]}:{kind}"
    for what, rows in MEANT.items():
        for row, starts in rows.items():
            of_component = row.endswith(":") and subject.startswith(row)
            if (of_component or subject.endswith(row)) and any(path == s or is_under(path, s) for s in starts):
                return what
    return ""
