"""Simulated AWS as a Pulumi provider: a gRPC server that the engine starts as ``pulumi-resource-aws``.

It refuses what AWS would refuse by the table in evaluation/aws_types, replaces what cannot change in place, and keeps
what it makes in a file (see `tests.engine.simulator.cloud`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto import provider_pb2_grpc as service

from evaluation.aws_types import AWS_TYPES, AwsType, invoked
from evaluation.graph import Secret
from evaluation.wire import from_struct, to_struct
from tests.engine.simulator.cloud import ACCOUNT, AwsError, Cloud, marked

VERSION = "7.51.1"
DEFAULTS = "__defaults"  # the bridge's own list of properties that it filled in


class Unknown:
    """A value that is not known before something exists."""


UNKNOWN = Unknown()


def answers_errors(method: Callable[..., Any]) -> Callable[..., Any]:
    """AWS's refusals as the engine expects errors."""

    @wraps(method)
    def wrapped(self: Aws, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except AwsError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except LookupError as error:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))

    return wrapped


class Aws(service.ResourceProviderServicer):
    """The methods of the protocol that the engine calls. Names are the protocol's."""

    # ruff: noqa: N802

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.region = ""
        self.default_tags: Mapping[str, str] = {}

    def Handshake(self, request: Any, context: Any) -> Any:
        # As in pulumi-terraform-bridge, pkg/tfbridge/provider.go: where a value is a resource, the engine sends its id.
        return proto.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:
        return proto.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        failures = []
        if not received(request.news).get("region"):
            failures = [proto.CheckFailure(property="region", reason="is required: name a region")]
        return proto.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = received(request.olds), received(request.news)
        replaces = ["region"] if old.get("region") != new.get("region") else []
        changes = proto.DiffResponse.DIFF_SOME if old != new else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=changes, replaces=replaces)

    def Configure(self, request: Any, context: Any) -> Any:
        config = received(request.args)
        self.region = config["region"]
        self.default_tags = json.loads(config.get("defaultTags") or "{}").get("tags") or {}
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answers_errors
    def Check(self, request: Any, context: Any) -> Any:
        row, old, new = row_of(request.urn), received(request.olds), received(request.news)
        failures = [proto.CheckFailure(property=path, reason=reason) for path, reason in row.problems(new)]
        return proto.CheckResponse(inputs=sent({**row.defaults, **named(row, request, old, new)}), failures=failures)

    @answers_errors
    def Diff(self, request: Any, context: Any) -> Any:
        row, old, new = row_of(request.urn), received(request.old_inputs), received(request.news)
        kept = {key: old.get(key) for key in request.ignoreChanges}
        new = {key: value for key, value in {**new, **kept}.items() if value is not None}
        changed = sorted(key for key in {*old, *new} - {DEFAULTS} if old.get(key) != new.get(key))
        replaces = row.replaces(old, new) if changed else ()
        there = received(request.olds)
        changed += [key for key in row.defaults if key not in request.ignoreChanges and there.get(key) != new.get(key)]
        if there.get("tagsAll") != self._with_tags(new)["tagsAll"]:
            changed.append("tagsAll")
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[path.split(".")[0] for path in replaces],
            deleteBeforeReplace=bool(replaces) and is_named_by_the_program(row, old, new),
        )

    @answers_errors
    def Create(self, request: Any, context: Any) -> Any:
        row, inputs = row_of(request.urn), self._with_tags(received(request.properties))
        if request.preview:
            return proto.CreateResponse(properties=sent(previewed(row, inputs)))
        thing = self.cloud.create(row.token, request.urn, name_of(request.urn), inputs, self.region)
        return proto.CreateResponse(id=thing.id, properties=sent(thing.outputs))

    @answers_errors
    def Read(self, request: Any, context: Any) -> Any:
        row = row_of(request.urn)
        thing = self.cloud.read(row.token, request.id)
        if thing is None:
            return proto.ReadResponse()
        inputs = {key: value for key, value in marked(thing.inputs).items() if key != "tagsAll"}
        return proto.ReadResponse(id=thing.id, inputs=sent(inputs), properties=sent(marked(thing.outputs)))

    @answers_errors
    def Update(self, request: Any, context: Any) -> Any:
        row, inputs = row_of(request.urn), self._with_tags(received(request.news))
        there = received(request.olds)
        inputs |= {key: there[key] for key in row.defaults if key in request.ignoreChanges}
        if request.preview:
            return proto.UpdateResponse(properties=sent(previewed_update(row, request, inputs)))
        thing = self.cloud.update(row.token, request.id, name_of(request.urn), inputs)
        return proto.UpdateResponse(properties=sent(thing.outputs))

    @answers_errors
    def Delete(self, request: Any, context: Any) -> Any:
        self.cloud.delete(row_of(request.urn).token, request.id, name_of(request.urn))
        return empty_pb2.Empty()

    @answers_errors
    def Invoke(self, request: Any, context: Any) -> Any:
        answer = sent(invoked(request.tok, received(request.args), self.region, ACCOUNT))
        return proto.InvokeResponse(**{"return": answer})

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def _with_tags(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The provider's tags under the resource's own."""
        return {**inputs, "tagsAll": {**self.default_tags, **(inputs.get("tags") or {})}}


def row_of(urn: str) -> AwsType:
    """The row of a URN's type.

    Raises:
        LookupError: the table has none: a type that Wharf is not known to use.
    """
    token = urn.split("::")[2].rsplit("$", 1)[-1]
    if token not in AWS_TYPES:
        raise LookupError(f"the simulated AWS does not know {token}: add it to evaluation/aws_types")
    return AWS_TYPES[token]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def named(row: AwsType, request: Any, old: Mapping[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """With the name that Pulumi makes up where the program gives none, which stays once it is made."""
    key = row.auto_name
    if not key or new.get(key) is not None or new.get(f"{key}Prefix") is not None:
        return {**new, DEFAULTS: []}
    made_before = key in (old.get(DEFAULTS) or ())
    made_up = old[key] if made_before else f"{name_of(request.urn)}-{request.randomSeed.hex()[:7]}"
    return {**new, key: made_up, DEFAULTS: [key]}


def is_named_by_the_program(row: AwsType, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Two of one name cannot be at once: then the old one goes first."""
    key = row.auto_name
    return bool(key) and key not in (new.get(DEFAULTS) or ()) and old.get(key) == new.get(key) is not None


def previewed(row: AwsType, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs before there is anything: what is computed is unknown."""
    computed: list[str] = [*row.computed, *(["arn"] if row.arn else [])]
    return dict.fromkeys(computed, UNKNOWN) | dict(inputs)


def previewed_update(row: AwsType, request: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs before a change is made: the next number of a version is unknown."""
    old = received(request.olds)
    outputs = {**old, **inputs}
    changed = any(old.get(key) != value for key, value in inputs.items() if key not in ("tags", "tagsAll"))
    return {**outputs, row.counter: UNKNOWN} if row.counter and changed else outputs


def received(struct: Any) -> dict[str, Any]:
    return _replaced(from_struct(struct), rpc.UNKNOWN, UNKNOWN)


def sent(values: Mapping[str, Any]) -> Any:
    return to_struct(_replaced(dict(values), UNKNOWN, rpc.UNKNOWN))


def _replaced(value: Any, this: Any, that: Any) -> Any:
    if value is this or (isinstance(this, str) and value == this):
        return that
    if isinstance(value, Secret):
        return that if value.value == this else value
    if isinstance(value, dict):
        return {key: _replaced(item, this, that) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, this, that) for item in value]
    return value


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(max_workers=64), options=[("grpc.max_receive_message_length", 2**28)])
    service.add_ResourceProviderServicer_to_server(Aws(Cloud(os.environ)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
