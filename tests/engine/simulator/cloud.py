"""The state of the simulated AWS: what exists, how long things take, and what goes wrong once.

Everything is in files, so that it outlives the provider's process and the tests can look at it.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Secret, reveal
from tests.access.evaluation import Principal
from tests.access.guard import Guard, RefusedError

ACCOUNT = "123456789012"
STATE = "WHARF_AWS_STATE"  # file of what exists; required
TIMES = "WHARF_AWS_TIMES"  # file of {"scale": 1, "create": {type: seconds}, "update": {…}, "delete": {…}}
FAULTS = "WHARF_AWS_FAULTS"  # file of {"create NAME": "what AWS says", …}: each happens once
LOG = "WHARF_AWS_LOG"  # file to which each operation is written, a JSON object a line
ROLE = "WHARF_AWS_ROLE"  # file of {"policies": […], "boundary": …}: who calls; without it somebody who may do all
KUBECONFIG = "WHARF_AWS_KUBECONFIG"  # of the cluster that every simulated EKS cluster turns out to be

REFERENCE = re.compile(r"(vpc|subnet|sg|rtb|igw|nat|eipalloc|eni|lt|vpce)-[0-9a-f]{17}")
SECRET = "$secret"
BUCKET, LOG_WRITER = "aws:s3/bucket:Bucket", "logdelivery.elasticloadbalancing"
FORWARDS = "sourceDestCheck"  # true: it drops what is not meant for it

# What AWS refuses to delete while another thing refers to it.
HELD_BY_USERS = (
    "aws:acm/certificate:Certificate",
    "aws:ec2/eip:Eip",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:eks/cluster:Cluster",
    "aws:iam/policy:Policy",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup",
)
# EKS takes one Fargate profile of a cluster at a time, and says so.
ONE_AT_A_TIME = "aws:eks/fargateProfile:FargateProfile"


class AwsError(Exception):
    """What AWS answers instead."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One resource that exists. ``seed`` makes its id; a replacement of the same URN has another."""

    type: str
    id: str
    urn: str
    seed: str
    region: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


class Cloud:
    """All of one simulated account.

    Args:
        environ: names the files; see the constants of this module.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.state = Path(environ[STATE])
        self.times = _read(environ.get(TIMES))
        self.faults = _read(environ.get(FAULTS))
        self.log = Path(environ[LOG]) if environ.get(LOG) else None
        self.kubeconfig = environ.get(KUBECONFIG)
        role = _read(environ.get(ROLE))
        self.caller = Principal(role["policies"], role.get("boundary")) if role else None

    def things(self) -> list[Thing]:
        """What exists."""
        return [Thing(**found) for found in self._state().get("things", [])]

    def _state(self) -> dict[str, Any]:
        return _read(str(self.state))

    def find(self, type_: str, id_: str) -> Thing | None:
        return next((thing for thing in self.things() if (thing.type, thing.id) == (type_, id_)), None)

    def read(self, type_: str, id_: str) -> Thing | None:
        thing = self.find(type_, id_)
        if thing:
            self._refuse_what_the_caller_may_not(thing, lambda guard, others: guard.reads(thing, others))
        return thing

    def create(self, type_: str, urn: str, name: str, inputs: Mapping[str, Any], region: str) -> Thing:
        with self._operation("create", type_, urn, name):
            self._refuse_unknown_references(inputs)
            with self._changing() as state:
                self._take_turn(state, "create", type_, inputs)
                state["serial"] += 1
                thing = self._thing(type_, urn, f"{urn}#{state['serial']}", name, inputs, region)
                there = [found for found in state["things"] if (found["type"], found["id"]) == (type_, thing.id)]
                if there and not inputs.get("allowOverwrite"):
                    raise AwsError(f"EntityAlreadyExists: {type_} {thing.id} already exists")
                self._refuse_what_the_caller_may_not(thing, lambda guard, others: guard.creates(thing, others))
                state["things"] = [found for found in state["things"] if found not in there]
                thing = _as_its_interface(thing, state)
                if LOG_WRITER in str(inputs.get("policy")):
                    state.setdefault("written", []).append(inputs["bucket"])  # the load balancer writes at once
                state["things"].append(_plain(vars(thing)))
            time.sleep(self._seconds("create", type_))
        return thing

    def update(self, type_: str, id_: str, name: str, inputs: Mapping[str, Any]) -> Thing:
        old = self._existing(type_, id_)
        with self._operation("update", type_, old.urn, name):
            self._refuse_unknown_references(inputs)
            time.sleep(self._seconds("update", type_))
            thing = self._thing(type_, old.urn, old.seed, name, inputs, old.region)
            changed = [key for key in {*old.inputs, *inputs} if old.inputs.get(key) != _plain(inputs.get(key))]
            self._refuse_what_the_caller_may_not(old, lambda guard, others: guard.updates(old, changed, thing, others))
            with self._changing() as state:
                if (interface := _interface(thing, state)) and old.outputs.get(FORWARDS) != inputs.get(FORWARDS):
                    interface["outputs"][FORWARDS] = inputs.get(FORWARDS)
                state["things"] = [
                    _plain(vars(thing)) if (found["type"], found["id"]) == (type_, id_) else found
                    for found in state["things"]
                ]
        return thing

    def delete(self, type_: str, id_: str, name: str) -> None:
        thing = self.find(type_, id_)
        if thing is None:
            return
        with self._operation("delete", type_, thing.urn, name):
            if reason := AWS_TYPES[type_].undeletable(_open(thing.outputs)):
                raise AwsError(f"InvalidParameterCombination: {id_} cannot be deleted: {reason}")
            if type_ == BUCKET and id_ in self._state().get("written", []) and not thing.inputs.get("forceDestroy"):
                raise AwsError(f"BucketNotEmpty: {id_}: the bucket that you tried to delete is not empty")
            if type_ in HELD_BY_USERS and (users := self._users(thing)):
                raise AwsError(f"DependencyViolation: {id_} is used by {', '.join(users)} and cannot be deleted")
            self._refuse_what_the_caller_may_not(thing, lambda guard, others: guard.deletes(thing, others))
            with self._changing() as state:
                self._take_turn(state, "delete", type_, thing.inputs)
            time.sleep(self._seconds("delete", type_))
            with self._changing() as state:
                state["things"] = [found for found in state["things"] if (found["type"], found["id"]) != (type_, id_)]

    def _refuse_what_the_caller_may_not(self, thing: Thing, ask: Callable[[Guard, list[Thing]], None]) -> None:
        if self.caller is None:
            return
        try:
            ask(Guard(principal=self.caller, account=ACCOUNT, region=thing.region), self.things())
        except RefusedError as error:
            raise AwsError(str(error)) from error

    def _existing(self, type_: str, id_: str) -> Thing:
        thing = self.find(type_, id_)
        if thing is None:
            raise AwsError(f"ResourceNotFoundException: {type_} {id_} does not exist")
        return thing

    def _thing(self, type_: str, urn: str, seed: str, name: str, inputs: Mapping[str, Any], region: str) -> Thing:
        outputs = AWS_TYPES[type_].outputs(seed, name, inputs, region, ACCOUNT)
        if type_ == "aws:eks/cluster:Cluster" and self.kubeconfig:
            outputs |= real_cluster(Path(self.kubeconfig))
        return Thing(type=type_, id=outputs["id"], urn=urn, seed=seed, region=region, inputs=inputs, outputs=outputs)

    def _refuse_unknown_references(self, inputs: Mapping[str, Any]) -> None:
        named = [value for value in _references(inputs) if REFERENCE.fullmatch(value)]
        known = set(_strings([thing.outputs for thing in self.things()])) if named else set()
        for value in named:
            if value not in known:
                raise AwsError(f"NotFound: {value} does not exist")

    def _users(self, thing: Thing) -> list[str]:
        names = {thing.id, thing.outputs.get("arn", thing.id)}
        others = [other for other in self.things() if other.id != thing.id]
        return [f"{other.type} {other.id}" for other in others if names & set(_references(other.inputs))]

    def _take_turn(self, state: dict[str, Any], operation: str, type_: str, inputs: Mapping[str, Any]) -> None:
        if type_ != ONE_AT_A_TIME:
            return
        cluster, now = inputs["clusterName"], time.time()
        if state["busy_until"].get(cluster, 0) > now:
            raise AwsError(f"ResourceInUseException: cluster {cluster} is busy with another Fargate profile")
        state["busy_until"][cluster] = now + self._seconds(operation, type_)

    def _seconds(self, operation: str, type_: str) -> float:
        by_type = self.times.get(operation, {})
        return by_type.get(type_, by_type.get("*", 0)) * self.times.get("scale", 1)

    @contextmanager
    def _operation(self, operation: str, type_: str, urn: str, name: str) -> Iterator[None]:
        """Logs it, and lets go wrong what should once go wrong."""
        began, wrong = time.time(), f"{operation} {name}"
        if wrong in self.faults and self._happens_first(wrong):
            raise AwsError(self.faults[wrong])
        yield
        if self.log:
            entry = {"operation": operation, "type": type_, "urn": urn, "began": began, "ended": time.time()}
            with self.log.open("a") as log:
                log.write(json.dumps(entry) + "\n")

    def _happens_first(self, wrong: str) -> bool:
        with self._changing() as state:
            happened = wrong in state["happened"]
            state["happened"].append(wrong)
        return not happened

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The state, for one process and thread at a time; written back whole."""
        with Path(f"{self.state}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = {"serial": 0, "things": [], "busy_until": {}, "happened": [], **_read(str(self.state))}
            yield state
            part = Path(f"{self.state}.part")
            part.write_text(json.dumps(state))
            part.replace(self.state)


def real_cluster(kubeconfig: Path) -> dict[str, Any]:
    """Endpoint and certificate authority of the cluster that stands behind the simulated one."""
    import yaml

    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    data = cluster.get("certificate-authority-data", "")
    return {"endpoint": cluster["server"], "certificateAuthority": {"data": data}}


def _interface(thing: Thing, state: Mapping[str, Any]) -> dict[str, Any] | None:
    """The network interface that an instance was given; it has none of its own then."""
    id_ = (thing.inputs.get("primaryNetworkInterface") or {}).get("networkInterfaceId")
    return next((found for found in state["things"] if found["id"] == id_), None) if id_ else None


def _as_its_interface(thing: Thing, state: Mapping[str, Any]) -> Thing:
    """What EC2 says of an instance's check of addresses is what its interface says."""
    interface = _interface(thing, state)
    if interface is None:
        return thing
    return replace(thing, outputs={**thing.outputs, FORWARDS: interface["outputs"].get(FORWARDS, True)})


def _read(path: str | None) -> dict[str, Any]:
    return json.loads(Path(path).read_text()) if path and os.path.exists(path) else {}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _references(inputs: Mapping[str, Any]) -> Iterator[str]:
    """All that may be the id, name or ARN of another thing. Its own name and its tags name nothing else."""
    return _strings({key: value for key, value in inputs.items() if key not in ("name", "tags", "tagsAll")})


def _plain(value: Any) -> Any:
    """As JSON keeps it; what is secret stays marked."""
    if isinstance(value, Secret):
        return {SECRET: value.value}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _open(value: Any) -> Any:
    return reveal(marked(value))


def marked(value: Any) -> Any:
    """Back from JSON, with a `Secret` where one was."""
    if isinstance(value, Mapping):
        if set(value) == {SECRET}:
            return Secret(value[SECRET])
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return value
