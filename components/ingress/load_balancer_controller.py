"""The AWS Load Balancer Controller, which creates an ALB for Ingresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.service_account import ServiceAccountRole, ServiceAccountRoleArgs
from components.ingress.load_balancer_policy import policy_document
from components.shared.charts import AWS_LOAD_BALANCER_CONTROLLER, Source
from components.shared.helm_release import helm_release

NAMESPACE = "kube-system"
ACCOUNT = AWS_LOAD_BALANCER_CONTROLLER.name
# A label for namespaces: a new pod is ready only when the load balancer sends it requests. Old pods stop only then.
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
READY_WHEN_REACHED = {"elbv2.k8s.aws/pod-readiness-gate-inject": "enabled"}


@dataclass(frozen=True, kw_only=True)
class LoadBalancerControllerArgs:
    """The cluster for which it works.

    Attributes:
        cluster_name: the cluster's name, which starts the role's and is in the tags of all that the controller makes.
        region, account_id, vpc_id: where load balancers are created; on Fargate, pods cannot ask for it.
        cluster_security_group_id: what pods stand behind.
        oidc_provider_arn, oidc_issuer: the cluster's.
        chart: where the chart comes from.
        after: what its pods need to start.
    """

    cluster_name: str
    region: str
    account_id: Input[str]
    vpc_id: Input[str]
    cluster_security_group_id: Input[str]
    oidc_provider_arn: Input[str]
    oidc_issuer: Input[str]
    chart: Source = AWS_LOAD_BALANCER_CONTROLLER.upstream
    after: Sequence[Resource] = ()


class LoadBalancerController(ComponentResource):
    """The controller, its role, and the security group from which load balancers reach pods.

    Whatever has an Ingress depends on `release`, so that it is made after the controller and goes before it: once the
    controller is gone, nobody takes its load balancers down, and Ingresses cannot be deleted.
    """

    backend_security_group_id: Output[str]
    release: k8s.helm.v3.Release

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:LoadBalancerController", name, None, opts)
        self._prefix, self._args = name, args
        role = ServiceAccountRole(
            f"{name}-account",
            ServiceAccountRoleArgs(
                prefix=args.cluster_name,
                namespace=NAMESPACE,
                service_account=ACCOUNT,
                oidc_provider_arn=args.oidc_provider_arn,
                oidc_issuer=args.oidc_issuer,
                policy=Output.all(args.account_id, args.vpc_id).apply(
                    lambda found: policy_document(args.region, found[0], args.cluster_name, found[1])
                ),
            ),
            opts=ResourceOptions(parent=self),
        )
        backend, reaches_pods = self._backend()
        self.backend_security_group_id = backend.id
        self.release = helm_release(
            f"{name}-release",
            name=AWS_LOAD_BALANCER_CONTROLLER.name,
            namespace=NAMESPACE,
            source=args.chart,
            values=self._values(role),
            opts=ResourceOptions(parent=self, depends_on=[role.ready, reaches_pods, *args.after]),
        )
        self.register_outputs({"backend_security_group_id": self.backend_security_group_id})

    def _backend(self) -> tuple[aws.ec2.SecurityGroup, Resource]:
        """If the controller created this group, it would stay behind and block the deletion of the VPC."""
        child = ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{self._prefix}-backend",
            description="Load balancers of the cluster, as its pods see them",
            vpc_id=self._args.vpc_id,
            revoke_rules_on_delete=True,
            opts=child,
        )
        rule = aws.vpc.SecurityGroupEgressRule(
            f"{self._prefix}-to-pods",
            security_group_id=group.id,
            referenced_security_group_id=self._args.cluster_security_group_id,
            ip_protocol="-1",
            opts=child,
        )
        return group, rule

    def _values(self, role: ServiceAccountRole) -> dict[str, object]:
        workload = AWS_LOAD_BALANCER_CONTROLLER.workload
        return {
            "clusterName": self._args.cluster_name,
            "region": self._args.region,
            "vpcId": self._args.vpc_id,
            "replicaCount": workload.replicas,
            "resources": workload.resources,
            "podDisruptionBudget": {"maxUnavailable": 1},
            "serviceAccount": {"create": True, "name": ACCOUNT, "annotations": role.annotation},
            "backendSecurityGroup": self.backend_security_group_id,
            "defaultTargetType": "ip",
            # Each environment creates its own.
            "createIngressClassResource": False,
            "ingressClassParams": {"create": False},
            # With it, no Service in the cluster could be changed while the controller is down (#4140).
            "enableServiceMutatorWebhook": False,
            # Otherwise each upgrade creates another certificate, which the API server does not know yet (#4581).
            "keepTLSSecret": True,
            # Pods can start without the controller, and then become ready without it.
            "podMutatorWebhookConfig": {"failurePolicy": "Ignore"},
            # Its role does not allow these.
            "enableShield": False,
            "enableWaf": False,
            "enableWafv2": False,
            "controllerConfig": {
                "featureGates": {"ALBGatewayAPI": False, "EnableServiceController": False, "NLBGatewayAPI": False}
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
