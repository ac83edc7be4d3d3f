"""A certificate for a domain and all names directly under it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws
from pulumi import ComponentResource, Output, ResourceOptions

RECORD_TTL_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """``zone_id`` is the hosted zone in Route 53 that answers for ``domain``."""

    domain: str
    zone_id: str


class Certificate(ComponentResource):
    """An ACM certificate. A DNS record in the domain's zone proves ownership. ACM renews it while the record exists.

    The record stays when the certificate is deleted.
    """

    arn: Output[str]  # available when the certificate is valid

    def __init__(self, name: str, args: CertificateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("wharf:ingress:Certificate", name, None, opts)
        child = ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.domain,
            subject_alternative_names=[f"*.{args.domain}"],
            validation_method="DNS",
            opts=child,
        )
        proof = certificate.domain_validation_options[0]  # one record proves both the name and the wildcard
        record = aws.route53.Record(
            f"{name}-proof",
            zone_id=args.zone_id,
            name=proof.apply(lambda option: option.resource_record_name or ""),
            type=proof.apply(lambda option: option.resource_record_type or ""),
            records=[proof.apply(lambda option: option.resource_record_value or "")],
            ttl=RECORD_TTL_SECONDS,
            # All certificates of a domain in an account are proved by one record, so it may be there already, and
            # another certificate may need it when this one goes.
            allow_overwrite=True,
            opts=ResourceOptions(parent=self, retain_on_delete=True),
        )
        valid = aws.acm.CertificateValidation(
            f"{name}-valid",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=child,
        )
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})
