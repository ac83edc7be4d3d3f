"""DNS names, certificates and mail."""

from __future__ import annotations

from typing import Any

from evaluation.aws_types.row import AwsType, Facts, table


def _validation_records(facts: Facts) -> list[dict[str, Any]]:
    names: list[str] = [facts["domainName"], *(facts.get("subjectAlternativeNames") or [])]
    return [
        {
            "domainName": name,
            "resourceRecordName": f"_{facts['HEX32']}.{name.removeprefix('*.')}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": f"_{facts['HEX32']}.acm-validations.aws.",
        }
        for name in dict.fromkeys(names)
    ]


EDGE = table(
    AwsType(
        "aws:acm/certificate:Certificate",
        source="internal/service/acm/certificate.go",
        id="arn:{PARTITION}:acm:{REGION}:{ACCOUNT}:certificate/{UUID}",
        arn="{id}",
        computed={
            "domainValidationOptions": _validation_records,
            "status": "PENDING_VALIDATION",
            "type": "AMAZON_ISSUED",
        },
        one_of=(("domainName", "privateKey"),),
        enums={"validationMethod": ("DNS", "EMAIL", "HTTP", "NONE")},
        immutable=(
            *("certificateAuthorityArn", "domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod"),
            "validationOptions",
        ),
    ),
    AwsType(
        "aws:acm/certificateValidation:CertificateValidation",
        source="internal/service/acm/certificate_validation.go",
        id="2026-11-01 00:00:00.{DIGITS9} +0000 UTC",
        required=("certificateArn",),
        immutable=("certificateArn", "validationRecordFqdns"),
    ),
    AwsType(
        "aws:route53/record:Record",
        source="internal/service/route53/record.go",
        id="{zoneId}_{name}_{type}",
        computed={"fqdn": lambda facts: facts["name"].rstrip(".")},
        required=("name", "type", "zoneId"),
        one_of=(("records", "aliases"),),
        enums={
            "type": (
                *("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV"),
                *("SSHFP", "SVCB", "TLSA", "TXT"),
            )
        },
        immutable=("name", "zoneId"),
    ),
    AwsType(
        "aws:sesv2/emailIdentity:EmailIdentity",
        source="internal/service/sesv2/email_identity.go",
        id="{emailIdentity}",
        arn="arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:identity/{emailIdentity}",
        computed={
            "dkimSigningAttributes": {
                "currentSigningKeyLength": "RSA_2048_BIT",
                "nextSigningKeyLength": "RSA_2048_BIT",
                "signingAttributesOrigin": "AWS_SES",
                "status": "PENDING",
                "tokens": ["a{HEX31}", "b{HEX31}", "c{HEX31}"],
            },
            "identityType": lambda facts: "EMAIL_ADDRESS" if "@" in facts["emailIdentity"] else "DOMAIN",
            "verificationStatus": "PENDING",
            "verifiedForSendingStatus": False,
        },
        required=("emailIdentity",),
        enums={"dkimSigningAttributes.nextSigningKeyLength": ("RSA_1024_BIT", "RSA_2048_BIT")},
        immutable=("emailIdentity",),
    ),
    AwsType(
        "aws:sesv2/configurationSet:ConfigurationSet",
        source="internal/service/sesv2/configuration_set.go",
        id="{configurationSetName}",
        arn="arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:configuration-set/{configurationSetName}",
        required=("configurationSetName",),
        enums={
            "deliveryOptions.tlsPolicy": ("REQUIRE", "OPTIONAL"),
            "suppressionOptions.suppressedReasons": ("BOUNCE", "COMPLAINT"),
        },
        immutable=("configurationSetName",),
    ),
)
