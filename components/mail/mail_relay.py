"""A mail server for stages on AWS, which sends through SES."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions

from components.iam.documents import allow as allowed
from components.iam.documents import document, partition_of
from components.iam.service_account import ServiceAccountRole, ServiceAccountRoleArgs
from components.network.pod_network import security_group_policy
from components.shared.images import MAIL_RELAY
from components.shared.labels import identity, standard
from components.shared.manifest import Manifest
from components.shared.names import physical_name
from components.shared.network_policy import allow, users_of
from components.shared.pods import container_security, pod_security, spread
from components.shared.refusal import Refusal, require

SMTP_PORT = 1025
NAME = "mail"
USER_ID = 65534  # nobody, as in the image
DKIM_RECORDS = 3  # Easy DKIM always uses three
# Regions whose DKIM keys are in a domain of the region: https://docs.aws.amazon.com/general/latest/gr/ses.html#ses_dkim_domains
OWN_DKIM_DOMAIN = (
    *("af-south-1", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-5", "ca-west-1", "eu-central-2"),
    *("eu-south-1", "il-central-1", "me-central-1", "us-gov-east-1"),
)
SETTINGS_NAME_MAX = 64
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
DOMAIN = re.compile(r"([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z]{2,}")


def limits(*, domain: str | None, addresses: Sequence[str]) -> Iterator[Refusal]:
    """The values that SES would refuse, each by its key in the stage file."""
    if bool(domain) == bool(addresses):
        yield Refusal("", "name either a domain or addresses that may send")
    if domain and not DOMAIN.fullmatch(domain):
        yield Refusal("domain", f"{domain!r} is not a domain name such as example.com")
    for address in addresses:
        if not ADDRESS.fullmatch(address):
            yield Refusal("addresses", f"{address!r} is not a mail address")


@dataclass(frozen=True, kw_only=True)
class MailRelayArgs:
    """Who may send mail, and where the relay runs.

    Attributes:
        project: part of names and labels.
        environment: the stage, and the name of its namespace.
        namespace: where the relay runs.
        region, account_id: the region and the account whose SES sends the mail.
        oidc_provider_arn, oidc_issuer: the cluster's; the issuer without ``https://``.
        vpc_id: the network of the pods.
        cluster_security_group_id: the cluster's group. The relay's pods on Fargate have it, and a group of their own.
        after: resources that the pods need to start.
        domain: every address in this domain may send. SES has a domain once per account, so only one stage has it.
        addresses: only these may send, if there is no domain. Each is verified already, by itself or by its
            domain, which another stage has.
        zone_id: the Route 53 zone of the domain, in which the DKIM records are made. Without it, make the records in
            `dkim_records` by hand.
        replicas: how many pods the relay has.

    Raises:
        RefusedError: there is neither a domain nor addresses, or there are both, or a value is not valid.
    """

    project: str
    environment: str
    namespace: Input[str]
    region: str
    account_id: Input[str]
    oidc_provider_arn: Input[str]
    oidc_issuer: Input[str]
    vpc_id: Input[str]
    cluster_security_group_id: Input[str]
    after: Sequence[Resource] = ()
    domain: str | None = None
    addresses: Sequence[str] = ()
    zone_id: str | None = None
    replicas: int = 1

    def __post_init__(self) -> None:
        require(limits(domain=self.domain, addresses=self.addresses))
        if self.replicas < 1:
            require([Refusal("replicas", f"{self.replicas} is less than 1")])

    @property
    def identities(self) -> list[str]:
        """All identities that SES may have for the senders: domains and addresses."""
        if self.domain:
            return [self.domain]
        return sorted({*self.addresses, *(address.partition("@")[2] for address in self.addresses)})

    @property
    def senders(self) -> list[str]:
        """The From addresses that are allowed, with ``*`` for any name."""
        return [f"*@{self.domain}"] if self.domain else list(self.addresses)


class MailRelay(ComponentResource):
    """SMTP without a password for the apps that need mail. Its IAM role can send through SES, from these senders only.

    A new account is in the sandbox of SES, where mail reaches only verified addresses. AWS moves it out on request.

    Example:
        ``MailRelay("mail", MailRelayArgs(project="wharf", environment="prod", domain="example.com", ...))``
    """

    host: Output[str]
    port: Output[int]
    security_group_id: Output[str]  # the group of the relay's pods; without a rule, it lets nobody in
    selector: dict[str, str]  # labels of those pods
    dkim_records: Output[Sequence[Mapping[str, str]]]  # name, type and value; made by hand if there is no zone_id

    def __init__(self, name: str, args: MailRelayArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:mail:MailRelay", name, None, opts)
        self._prefix, self._args, self._child = name, args, ResourceOptions(parent=self)
        self.selector = identity(NAME, NAME)
        self._labels = standard(NAME, project=args.project, environment=args.environment, component=NAME)
        self._metadata: Manifest = {"name": NAME, "namespace": args.namespace, "labels": self._labels}
        settings = aws.sesv2.ConfigurationSet(
            f"{name}-settings",
            configuration_set_name=physical_name(args.project, args.environment, longest=SETTINGS_NAME_MAX),
            delivery_options={"tls_policy": "REQUIRE"},
            reputation_options={"reputation_metrics_enabled": True},
            opts=self._child,
        )
        self.dkim_records = self._identity(args.domain) if args.domain else Output.from_input([])
        role = self._role(settings)
        self.security_group_id = aws.ec2.SecurityGroup(
            f"{name}-access",
            description="Who may send mail",
            vpc_id=args.vpc_id,
            opts=self._child,
        ).id
        deployment = self._relay(role, settings)
        self.host = deployment.metadata.name.apply(lambda _: NAME)
        self.port = Output.from_input(SMTP_PORT)
        self.register_outputs({"host": self.host, "dkim_records": self.dkim_records})

    @property
    def settings(self) -> Mapping[str, Output[str]]:
        """Values for the templates of apps that need mail."""
        return {"host": self.host, "port": self.port.apply(str)}

    def _identity(self, domain: str) -> Output[Sequence[Mapping[str, str]]]:
        """The domain's identity in SES, and the DNS records that it needs."""
        sender = aws.sesv2.EmailIdentity(f"{self._prefix}-identity", email_identity=domain, opts=self._child)
        records = sender.dkim_signing_attributes.apply(
            lambda signing: [dkim_record(domain, token, self._args.region) for token in signing.tokens or []]
        )
        for number in range(DKIM_RECORDS if self._args.zone_id else 0):
            record = records.apply(lambda all_, number=number: all_[number])
            aws.route53.Record(
                f"{self._prefix}-dkim-{number + 1}",
                zone_id=self._args.zone_id or "",
                name=record["name"],
                type="CNAME",
                ttl=300,
                records=[record["value"]],
                opts=self._child,
            )
        return records

    def _role(self, settings: aws.sesv2.ConfigurationSet) -> ServiceAccountRole:
        args = self._args
        policy = Output.all(args.account_id, settings.configuration_set_name).apply(
            lambda values: send_policy(args.region, values[0], args.identities, args.senders, values[1])
        )
        return ServiceAccountRole(
            f"{self._prefix}-role",
            ServiceAccountRoleArgs(
                prefix=args.project,
                namespace=args.environment,
                service_account=NAME,
                oidc_provider_arn=args.oidc_provider_arn,
                oidc_issuer=args.oidc_issuer,
                policy=policy,
            ),
            opts=self._child,
        )

    def _relay(self, role: ServiceAccountRole, settings: aws.sesv2.ConfigurationSet) -> k8s.apps.v1.Deployment:
        name, metadata, child = self._prefix, self._metadata, self._child
        annotated: Manifest = {**metadata, "annotations": role.annotation}
        account = k8s.core.v1.ServiceAccount(
            f"{name}-account",
            metadata=annotated,
            automount_service_account_token=False,
            opts=child,
        )
        port = {"name": "smtp", "port": SMTP_PORT, "targetPort": "smtp"}
        service_spec: Manifest = {"selector": self.selector, "ports": [port]}
        service = k8s.core.v1.Service(f"{name}-service", metadata=metadata, spec=service_spec, opts=child)
        k8s.networking.v1.NetworkPolicy(
            f"{name}-policy", metadata=metadata, spec=allow(self.selector, users_of("mail"), [SMTP_PORT]), opts=child
        )
        budget: Manifest = {"maxUnavailable": 1, "selector": {"matchLabels": self.selector}}
        k8s.policy.v1.PodDisruptionBudget(f"{name}-budget", metadata=metadata, spec=budget, opts=child)
        network = security_group_policy(
            f"{name}-network",
            metadata=metadata,
            selector=self.selector,
            group_ids=[self._args.cluster_security_group_id, self.security_group_id],
            opts=child,
        )
        spec: Manifest = {
            "replicas": self._args.replicas,
            "selector": {"matchLabels": self.selector},
            "template": {"metadata": {"labels": self._labels}, "spec": self._pod(settings)},
        }
        return k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=spec,
            opts=ResourceOptions(parent=self, depends_on=[account, service, role.ready, network, *self._args.after]),
        )

    def _pod(self, settings: aws.sesv2.ConfigurationSet) -> Manifest:
        check = {"tcpSocket": {"port": "smtp"}}
        relay = {
            "name": "relay",
            "image": MAIL_RELAY,
            # Every release of the relay has these two options. Not every release reads them from variables.
            "args": ["-l", senders_pattern(self._args.senders), "-e", settings.configuration_set_name],
            "env": [{"name": "AWS_REGION", "value": self._args.region}],
            "ports": [{"name": "smtp", "containerPort": SMTP_PORT}],
            "livenessProbe": {**check, "periodSeconds": 10},
            "readinessProbe": {**check, "periodSeconds": 5},
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
            "securityContext": container_security(),
        }
        return {
            "serviceAccountName": NAME,
            "automountServiceAccountToken": False,  # EKS mounts another token, only for AWS
            "enableServiceLinks": False,
            "securityContext": pod_security(USER_ID, group=USER_ID),
            "containers": [relay],
            "topologySpreadConstraints": spread(self.selector),
        }


def send_policy(
    region: str, account_id: str, identities: Sequence[str], senders: Sequence[str], configuration_set: str
) -> str:
    """An IAM policy that allows sending by these identities, from these senders only."""
    ses = f"arn:{partition_of(region)}:ses:{region}:{account_id}"
    resources = [*(f"{ses}:identity/{name}" for name in identities), f"{ses}:configuration-set/{configuration_set}"]
    from_senders = {"StringLike": {"ses:FromAddress": list(senders)}}
    return document(allowed(["ses:SendEmail", "ses:SendRawEmail"], resources, from_senders))


def senders_pattern(senders: Sequence[str]) -> str:
    """A regular expression for the senders. With it, the relay refuses the mail that SES would refuse."""
    return "^(" + "|".join(re.escape(sender).replace(r"\*", "[^@]+") for sender in senders) + ")$"


def dkim_record(domain: str, token: str, region: str) -> dict[str, str]:
    """The DNS record through which receivers find the key that SES signs with."""
    keys = f"dkim.{region}.amazonses.com" if region in OWN_DKIM_DOMAIN else "dkim.amazonses.com"
    return {"name": f"{token}._domainkey.{domain}", "type": "CNAME", "value": f"{token}.{keys}"}
