"""The models of the sections of a stage file. Those of services are in stacks/services/."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, WithJsonSchema

from components.account.boundary_policy import NEVER_FOR_APPS
from components.account.stage_access import ISSUER
from stacks.services.section import HostPort, Matching, Section


def _cidr(value: str) -> str:
    try:
        ipaddress.IPv4Network(value)
    except ValueError:
        raise ValueError(f"{value!r} is not an IPv4 range such as 203.0.113.0/24, with no host bits set") from None
    return value


def _some(ranges: list[str]) -> list[str]:
    if not ranges:
        raise ValueError("is an empty list, which would let in everybody: list address ranges, or remove it")
    return ranges


def _stage_names(names: list[str]) -> list[str]:
    for name in names:
        if not STAGE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a stage: lowercase letters, digits and dashes, at most 20")
        if names.count(name) > 1:
            raise ValueError(f"{name} is named twice")
    return names


def _services(names: list[str]) -> list[str]:
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            raise ValueError(f"{name!r} is not the prefix of an AWS service in IAM, such as s3 or secretsmanager")
        if name in NEVER_FOR_APPS:
            raise ValueError(f"{name}: an app that may use it could make itself an administrator: take it out")
    return names


def _github_provider(value: str) -> str:
    if not re.fullmatch(rf"arn:aws[a-z-]*:iam::\d{{12}}:oidc-provider/{re.escape(ISSUER)}", value):
        raise ValueError(f"{value!r} is not GitHub's provider, arn:aws:iam::ACCOUNT:oidc-provider/{ISSUER}")
    return value


STAGE_NAME = re.compile(r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?")
Cidr = Annotated[str, AfterValidator(_cidr), WithJsonSchema({"type": "string", "pattern": r"^[0-9./]+$"})]
Owner = Annotated[
    str,
    Matching(
        r"[\w .:/=+@-]{1,256}",
        "cannot be a tag on AWS: at most 256 letters, digits, spaces and . : / = + - @ _",
    ),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 256}),  # JavaScript's \w is ASCII only
]
CertificateArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9_-]+",
        "is not the ARN of a certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
    ),
]
IamArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+",
        "is not the ARN of an IAM role or user, arn:aws:iam::ACCOUNT:role/NAME",
    ),
]


class Network(Section):
    """The VPC. ``zones`` are names, such as us-east-1a. If a zone is appended, the addresses of the others stay."""

    cidr: Cidr = "10.0.0.0/16"
    zones: list[str] = Field(min_length=2)
    nat: Literal["gateway", "gateway-per-zone", "instance", "none"] = "gateway"
    endpoints: list[str] = []


class EndpointAccess(Section):
    """Who can reach the Kubernetes API: public address ranges (if empty, nobody outside), and the VPC itself."""

    public: list[Cidr] = []
    private: bool = True


class SystemNodes(Section):
    """The managed EC2 nodes for pods that Fargate cannot run. With ``count`` 0, all pods run on Fargate."""

    count: int = Field(default=0, ge=0, le=20)
    type: str = "t4g.medium"


class Cluster(Section):
    """The EKS cluster. If ``stack`` is set, the environment runs in the cluster of that stage of kind cluster."""

    stack: str | None = None
    version: str | None = None
    endpoint_access: EndpointAccess = EndpointAccess()
    admins: list[IamArn] = []
    system_nodes: SystemNodes = SystemNodes()
    profiles: list[str] = []
    log_retention: int = 30
    keep: bool = False


class Ingress(Section):
    """How users reach the apps. With ``domain``: HTTPS and DNS records. Without: HTTP at the load balancer's name."""

    domain: str | None = None
    zone_id: str | None = None
    certificate: CertificateArn | None = None
    allow: Annotated[list[Cidr], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})] = []
    port: HostPort | None = None


class PullSecret(Section):
    """A login to a private image registry."""

    server: str
    username: str
    password: SecretStr


class Account(Section):
    """What an AWS account needs once: the repository on GitHub, and the stages that it may deploy."""

    repository: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    stages: Annotated[list[str], Field(min_length=1), AfterValidator(_stage_names)]
    app_services: Annotated[list[str], AfterValidator(_services)] = ["dynamodb", "s3", "sns", "sqs"]
    github_provider: Annotated[str, AfterValidator(_github_provider)] | None = None


class Exemption(Section):
    """A rule that a resource of this stage need not follow, the reason, and the end date."""

    rule: str
    resource: str = "*"
    reason: str = Field(min_length=1)
    until: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


AppOverrides = dict[str, dict[str, Any]]
