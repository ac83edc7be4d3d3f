"""The values of a Kubernetes Secret, and the fingerprint that replaces the pods when one changes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from pulumi import Output


def encoded(values: Mapping[str, Output[str]]) -> dict[str, Output[str]]:
    """The ``data`` of a Secret. With ``stringData``, a key that is removed would stay in the cluster."""
    return {
        name: Output.secret(value).apply(lambda text: base64.b64encode(text.encode()).decode())
        for name, value in values.items()
    }


def fingerprint(values: Mapping[str, Output[str]], key: Output[str]) -> Output[str]:
    """Changes when one of ``values`` changes, so that pods are replaced. It is keyed, so nobody can guess them."""

    def digest(found: Mapping[str, str]) -> str:
        text = json.dumps({name: found[name] for name in sorted(values)})
        return hmac.new(found["\0key"].encode(), text.encode(), hashlib.sha256).hexdigest()[:16]

    return Output.unsecret(Output.all(**values, **{"\0key": key}).apply(digest))
