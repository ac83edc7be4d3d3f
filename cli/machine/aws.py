"""The `aws` command, and the identity that it uses."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cli.machine.check import Check, dotted, parsed, run_command, says
from stacks.errors import UserError
from stacks.reading.models import Stage

MINIMUM_AWS = {1: (1, 27, 160), 2: (2, 12, 3)}  # the minimum in the EKS user guide
IDENTITY_SECONDS = 4.0  # AWS answers within one second, unless the network blocks it
INSTALL_AWS = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


def require_aws(stage: Stage) -> None:
    """Make sure that the stage's account on AWS can be used.

    Raises:
        UserError: there is no aws command, or there are no credentials for the account. The text names the remedy.
    """
    for look in (aws_check, lambda: identity(stage)):
        check = look()
        if check.verdict == "failed":
            raise UserError(f"{stage.name} is on AWS: {check.found}: {check.remedy}")


def aws_check() -> Check:
    answer = says(["aws", "--version"])
    version = parsed(answer)
    if version is None:
        return Check("aws", "failed", answer or "there is no aws on PATH, and kubectl needs it to log in", INSTALL_AWS)
    if version < (minimum := MINIMUM_AWS.get(version[0], version)):
        return Check("aws", "failed", f"aws {dotted(version)}, and EKS needs {dotted(minimum)} or later", INSTALL_AWS)
    return Check("aws", "ok", f"aws {dotted(version)}")


def identity(stage: Stage) -> Check:
    profile = stage.aws.get("profile")
    done = run_command(
        ["aws", "sts", "get-caller-identity", "--output", "json", *(["--profile", profile] if profile else [])],
        IDENTITY_SECONDS,
    )
    login = f"aws sso login --profile {profile}" if profile else "aws sso login, or export AWS_PROFILE"
    if isinstance(done, str) or done.returncode != 0:
        reason = done if isinstance(done, str) else (done.stderr.strip().splitlines() or [""])[-1]
        return Check("credentials", "failed", reason or "AWS did not accept the credentials", login)
    return identity_check(json.loads(done.stdout), stage.aws.get("allowedAccountIds") or [], login)


def identity_check(caller: dict[str, str], allowed: Sequence[str], login: str) -> Check:
    """Whether the caller belongs to an account that the stage allows."""
    account, arn = caller["Account"], caller["Arn"]
    if allowed and account not in map(str, allowed):
        expected = ", ".join(map(str, allowed))
        return Check("credentials", "failed", f"{arn} is not in an account of the stage ({expected})", login)
    return Check("credentials", "ok", arn)
