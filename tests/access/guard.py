"""Refuses what a role may not call: the resources of a simulated account, by IAM's logic and AWS's own reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evaluation.aws_types.row import at, partition_of
from tests.access.calls import CALLS, TAG_ACTIONS
from tests.access.evaluation import Principal, Request, listed
from tests.access.reference import Target, has_key, targets

TAG_KEYS = ("aws:RequestTag/", "aws:ResourceTag/")
NAMES_ONE = {
    "bucket": "aws:s3/bucket:Bucket",
    "clusterName": "aws:eks/cluster:Cluster",
    "principalArn": "aws:eks/accessEntry:AccessEntry",
}
WITHOUT_ARN = {
    "aws:ec2/natGateway:NatGateway": "arn:{PARTITION}:ec2:{REGION}:{ACCOUNT}:natgateway/{id}",
    "aws:sesv2/emailIdentity:EmailIdentity": "arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:identity/{id}",
}


class Existing(Protocol):
    """A resource in the account; see `tests.engine.simulator.cloud.Thing`."""

    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def outputs(self) -> Mapping[str, Any]: ...


@dataclass(eq=False)
class RefusedError(Exception):
    """What AWS would answer."""

    request: Request

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in sorted(self.request.context.items()))
        return f"AccessDenied: not authorized to perform {self.request.action} on {self.request.resource} ({told})"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One role in one account."""

    principal: Principal
    account: str
    region: str

    def creates(self, thing: Existing, others: Iterable[Existing]) -> None:
        self._require(CALLS[thing.type].create, thing, others, makes=True)
        self.reads(thing, others)

    def reads(self, thing: Existing, others: Iterable[Existing]) -> None:
        self._require(CALLS[thing.type].read, thing, others)

    def updates(self, old: Existing, changed: Iterable[str], new: Existing, others: Iterable[Existing]) -> None:
        by_property = CALLS[old.type].update
        for name in changed:
            if name == "tagsAll" and name not in by_property:
                continue
            self._require(by_property.get(name, by_property.get("*", ())), old, others, after=new)
        self.reads(new, others)

    def deletes(self, thing: Existing, others: Iterable[Existing]) -> None:
        """And looks whether it is gone, when nothing is known of its tags any more."""
        self._require(CALLS[thing.type].delete, thing, others)
        self._require(CALLS[thing.type].read, thing, others, gone=True)

    def _require(
        self,
        calls: Sequence[str],
        thing: Existing,
        others: Iterable[Existing],
        *,
        makes: bool = False,
        gone: bool = False,
        after: Existing | None = None,
    ) -> None:
        world = _World(thing, [*others], self.account, self.region, new=makes, gone=gone, after=after or thing)
        for call in calls:
            for request in world.requests(call):
                if not self.principal.may(request):
                    raise RefusedError(request)


@dataclass(kw_only=False)
class _World:
    thing: Existing
    others: Sequence[Existing]
    account: str
    region: str
    new: bool
    gone: bool
    after: Existing

    def requests(self, call: str) -> Iterator[Request]:
        written, _, told = call.partition("|")
        action, *where = written.split(" ")
        tagged, action = action.endswith("+"), action.rstrip("+")
        more = dict([told.split("=")]) if told else {}
        arns = [arn for place in where for arn in self._arns(place)]
        if where and not arns:
            return  # the property that names it is not given
        yield from self._checked(action, arns, {**more, **self._of_iam(action)}, tagged=tagged)
        service = action.split(":")[0]
        if tagged and (tags := TAG_ACTIONS.get(action, TAG_ACTIONS.get(service))) and tags != action:
            made_by = {"ec2:CreateAction": action.split(":")[1]} if service == "ec2" else {}
            yield from self._checked(tags, [self._arn(self.thing)], made_by, tagged=True)
        self.new = False  # after the first call it is there, with its tags

    def _checked(self, action: str, arns: Sequence[str], more: Mapping[str, str], *, tagged: bool) -> Iterator[Request]:
        known = targets(action)
        if all(not target.name for target in known):
            yield Request(action, "*", self._context(known[0], None, more, tagged=tagged))
            return
        found = {arn: target for arn in arns for target in known if target.name and target.matches(arn)}
        if wrong := set(arns) - set(found):
            raise LookupError(f"{action} is not checked on {sorted(wrong)}, says AWS's reference")
        missing = {target.name for target in known if target.required} - {target.name for target in found.values()}
        if action != "ec2:RunInstances" and missing:
            raise LookupError(f"{action} is also checked on {sorted(missing)}, says AWS's reference")
        for arn, target in found.items():
            yield Request(action, arn, self._context(target, arn, more, tagged=tagged))
        if not found:
            yield Request(action, "*", self._context(known[0], None, more, tagged=tagged))

    def _context(self, target: Target, arn: str | None, more: Mapping[str, str], *, tagged: bool) -> dict[str, str]:
        own = arn in (None, self._arn(self.thing))
        told = dict(more)
        if tagged and own:
            told |= {f"aws:RequestTag/{key}": value for key, value in _tags(self.after).items()}
        there = None if arn is None or (own and (self.new or self.gone)) else self._named(arn)
        told |= {f"aws:ResourceTag/{key}": value for key, value in (_tags(there) if there else {}).items()}
        return {key: value for key, value in told.items() if has_key(target, key)}

    def _of_iam(self, action: str) -> dict[str, str]:
        """The boundary that is asked for, or that the role has; and the policy that is attached."""
        if action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary"):
            role: Existing | None = self.after
        else:
            named = [*self._things("self" if self.thing.type.endswith(":Role") else "role")]
            role = named[0] if action.startswith("iam:") and named else None
        boundary = role.inputs.get("permissionsBoundary") if role and role.type.endswith(":Role") else None
        policy = self.thing.inputs.get("policyArn")
        attached = (
            {"iam:PolicyARN": policy} if policy and action.endswith(("AttachRolePolicy", "DetachRolePolicy")) else {}
        )
        return {**({"iam:PermissionsBoundary": boundary} if boundary else {}), **attached}

    def _arns(self, place: str) -> Iterator[str]:
        if place.startswith("="):
            yield place[1:].format(PARTITION=partition_of(self.region), REGION=self.region, ACCOUNT=self.account)
        elif place.startswith("self"):
            yield self._arn(self.thing) + place.removeprefix("self")
        elif place == "zoneId":
            yield f"arn:{partition_of(self.region)}:route53:::hostedzone/{self.thing.inputs['zoneId']}"
        else:
            for thing in self._things(place):
                yield self._arn(thing)

    def _things(self, place: str) -> Iterator[Existing]:
        """What a property names; with ``>``, what a property of that names."""
        if place == "self":
            yield self.thing
            return
        first, _, rest = place.partition(">")
        for value in _texts(at(self.thing.inputs, first)):
            named = self._named(value, first)
            if rest:
                for further in _texts(at(named.inputs, rest)):
                    yield self._named(further, rest)
            else:
                yield named

    def _named(self, name: str, place: str = "") -> Existing:
        wanted = NAMES_ONE.get(place)
        for thing in [self.thing, *self.others]:
            if name in self._names(thing) and (wanted in (None, thing.type)):
                return thing
        if name.startswith("arn:") or "*" in name:
            return _Foreign(name)
        raise LookupError(f"{self.thing.type} {self.thing.id}: nothing in the account is {name!r} ({place})")

    def _names(self, thing: Existing) -> set[Any]:
        known = (thing.outputs.get(key) for key in ("arn", "name", "bucket", "principalArn"))
        return {thing.id, self._arn(thing), *known}

    def _arn(self, thing: Existing) -> str:
        if isinstance(thing, _Foreign):
            return thing.id
        place = {"PARTITION": partition_of(self.region), "REGION": self.region, "ACCOUNT": self.account}
        if thing.type in WITHOUT_ARN:
            return WITHOUT_ARN[thing.type].format(**place, id=thing.id)
        return thing.outputs.get("arn") or thing.outputs.get("accessEntryArn") or ""


class _Foreign:
    """What is not the account's: known by its ARN alone."""

    type = ""

    def __init__(self, arn: str) -> None:
        self.id = arn
        self.inputs: Mapping[str, Any] = {}
        self.outputs: Mapping[str, Any] = {}


def _tags(thing: Existing) -> Mapping[str, str]:
    return thing.inputs.get("tagsAll") or thing.outputs.get("tagsAll") or {}


def _texts(value: Any) -> list[str]:
    return [
        text for item in listed(value) if item for text in (_texts(item) if isinstance(item, list) else [str(item)])
    ]
