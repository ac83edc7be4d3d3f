"""Runs a Pulumi program in memory: no engine, no network, no credentials.

The SDK talks to the monitor of this module instead of the engine's. This monitor keeps every registration whole
(MockResourceArgs drops parent, protect, dependencies and aliases). It takes the outputs from an `Answers`: placeholders
for `render`, real values for applying a local stage.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import pulumi
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import mocks, settings
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_in_stack

from evaluation.graph import Graph, Resource
from evaluation.placeholders import Placeholders
from evaluation.runtime import collector_paused, without_source_positions
from evaluation.wire import from_struct, to_struct

STACK_TYPE = "pulumi:pulumi:Stack"


class Answers(Protocol):
    """What a cloud would answer. Secret outputs are given as `evaluation.graph.Secret`."""

    def created(self, resource: Resource) -> tuple[str, Mapping[str, Any]]:
        """The id and the outputs of a resource. Outputs that are equal to inputs may be left out.

        Raises:
            LookupError: the outputs of such a resource are not known.
        """
        ...

    def read(self, type_: str, name: str, id_: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        """The outputs of something that exists elsewhere, such as another stack."""
        ...

    def invoked(self, token: str, args: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a provider's function returns."""
        ...


class _Nothing(mocks.Mocks):
    """The mocks that the base class requires. Nothing calls them: the monitor answers every request itself."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict, None]:
        return {}, None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict]:
        return "", {}


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: Answers) -> None:
        super().__init__(_Nothing())
        self.answers = answers
        self.registered: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN as the engine makes it, with the types of all ancestors. The SDK's mocks keep only the nearest."""
        chain = "" if not parent or _is_stack(parent) else parent.split("::")[2] + "$"
        return f"urn:pulumi:{settings.get_stack()}::{settings.get_project()}::{chain}{type_}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.registered:
            raise pulumi.RunError(f"two resources have the URN {urn}: give one of them another name")
        resource = _resource(urn, request)
        self.registered[urn] = resource
        if not request.custom and not request.remote:
            return resource_pb2.RegisterResourceResponse(urn=urn, object=request.object)
        id_, outputs = self.answers.created(resource)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=to_struct(outputs, request.object))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        urn = self.make_urn(request.parent, request.type, request.name)
        outputs = self.answers.read(request.type, request.name, request.id, from_struct(request.properties))
        return resource_pb2.ReadResourceResponse(urn=urn, properties=to_struct(outputs, request.properties))

    def Invoke(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        returned = to_struct(self.answers.invoked(request.tok, from_struct(request.args)))
        response: dict[str, Any] = {"return": returned}  # `return` is a keyword of Python
        return resource_pb2.ResourceInvokeResponse(**response)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 the SDK's name
        if _is_stack(request.urn):
            self.outputs = from_struct(request.outputs)
        return super().RegisterResourceOutputs(request)


def _is_stack(urn: str) -> bool:
    return f"::{STACK_TYPE}::" in urn


def _resource(urn: str, request: Any) -> Resource:
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        parent="" if _is_stack(request.parent) else request.parent,
        provider=request.provider.rsplit("::", 1)[0] or request.providers.get(request.type.split(":")[0], ""),
        custom=request.custom,
        protect=request.protect,
        retain_on_delete=request.retainOnDelete,
        delete_before_replace=request.deleteBeforeReplace,
        depends_on=tuple(sorted(set(request.dependencies))),
        property_depends_on={k: tuple(sorted(v.urns)) for k, v in sorted(request.propertyDependencies.items())},
        aliases=tuple(sorted([*request.aliasURNs, *(_alias(alias) for alias in request.aliases)])),
        ignore_changes=tuple(sorted(request.ignoreChanges)),
        replace_on_changes=tuple(sorted(request.replaceOnChanges)),
        inputs=from_struct(request.object),
    )


def _alias(alias: Any) -> str:
    if alias.urn:
        return alias.urn
    spec = alias.spec
    stated = {
        "name": spec.name,
        "type": spec.type,
        "stack": spec.stack,
        "project": spec.project,
        "parent": spec.parentUrn,
    }
    if spec.noParent:
        stated["parent"] = "none"
    return ",".join(f"{key}={value}" for key, value in stated.items() if value)


def evaluate(
    program: Callable[[], Any],
    *,
    answers: Answers | None = None,
    project: str = "wharf",
    stack: str = "dev",
    config: Mapping[str, Any] | None = None,
    secret_keys: tuple[str, ...] = (),
    root: Path | None = None,
) -> Graph:
    """Runs ``program`` and returns what it registered.

    Args:
        config: values by their full keys (``wharf:kind``, ``aws:region``). A value that is not a string is passed as
            JSON, as the engine does.
        root: the folder of Pulumi.yaml, which the program sees as its root directory.

    Raises:
        pulumi.RunError: the program refused its input.
    """
    if answers is None:
        answers = Placeholders()
    monitor = _Monitor(answers)
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
    pending: set[asyncio.Future[Any]] = set()

    async def run() -> None:
        settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
                engine=mocks.MockEngine(None),
                project=project,
                stack=stack,
                dry_run=False,
                organization="organization",  # the name that a backend without organizations gives
                root_directory=str(root or Path.cwd()),
                callbacks=None,
                outputs=pending,
                package_refs={},
                base_providers_by_ref={},
            )
        )
        pulumi_config.set_all_config(values, list(secret_keys))
        await run_in_stack(lambda: _settled(program, pending))

    with collector_paused(), without_source_positions():
        contextvars.Context().run(asyncio.run, run())
    return Graph(project, stack, tuple(monitor.registered.values()), monitor.outputs)


async def _settled(program: Callable[[], Any], pending: set[asyncio.Future[Any]]) -> None:
    """Runs the program, and waits until all its outputs are done.

    The SDK would wait too. But it wakes up at each output that is done and looks at all that are not, which takes a
    tenth of the time. Outputs that failed stay in ``pending``, so that the SDK raises their errors.
    """
    returned = program()
    if isinstance(returned, Awaitable):
        await returned
    while waiting := [future for future in pending if not future.done()]:
        await asyncio.wait(waiting)
