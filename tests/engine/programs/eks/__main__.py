"""A control plane as pulumi-eks makes it, real or stood in for, and an object in the cluster behind it."""

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

provider = aws.Provider("aws", region="eu-west-1")
by = ResourceOptions(provider=provider)
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=by)
subnets = [
    aws.ec2.Subnet(
        f"subnet-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{n}.0/24", availability_zone=f"eu-west-1{zone}", opts=by
    )
    for n, zone in enumerate("ab")
]
cluster = eks.Cluster(
    "cluster",
    name="wharf-dev",
    version="1.36",
    vpc_id=vpc.id,
    private_subnet_ids=[subnet.id for subnet in subnets],
    authentication_mode=eks.AuthenticationMode.API,
    skip_default_node_group=True,
    skip_default_security_groups=True,
    create_oidc_provider=False,
    use_default_vpc_cni=True,
    kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
    coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
    opts=ResourceOptions(providers=[provider]),
)
pulumi.export("issuer", cluster.oidc_issuer)
pulumi.export("security-group", cluster.cluster_security_group_id)
if pulumi.Config().get_bool("objects"):
    kubernetes = k8s.Provider("kubernetes", kubeconfig=cluster.kubeconfig_json, cluster_identifier="wharf")
    k8s.core.v1.ConfigMap(
        "map",
        metadata={"name": "map", "namespace": "default"},
        data={"a": "b"},
        opts=ResourceOptions(provider=kubernetes),
    )
