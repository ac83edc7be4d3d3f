"""The simulated AWS provider by itself, called as the engine calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as proto

from evaluation.wire import from_struct, to_struct
from tests.engine.simulator.cloud import STATE, Cloud
from tests.engine.simulator.provider import Aws

INSTANCE, INTERFACE = "aws:ec2/instance:Instance", "aws:ec2/networkInterface:NetworkInterface"
CHECK = "sourceDestCheck"


def urn(type_: str) -> str:
    return f"urn:pulumi:dev::wharf::{type_}::nat"


class Driver:
    """Makes a resource, and changes it, in the steps of an `up`."""

    def __init__(self, folder: Path) -> None:
        self.cloud = Cloud({STATE: str(folder / "aws.json")})
        self.aws = Aws(self.cloud)
        self.aws.region = "eu-west-1"

    def checked(self, type_: str, inputs: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        request = proto.CheckRequest(urn=urn(type_), olds=to_struct(old or {}), news=to_struct(inputs), randomSeed=b"1")
        return from_struct(self.aws.Check(request, None).inputs)

    def create(self, type_: str, **inputs: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
        """Its id, its inputs and its outputs."""
        inputs = self.checked(type_, inputs)
        made = self.aws.Create(proto.CreateRequest(urn=urn(type_), properties=to_struct(inputs)), None)
        return made.id, inputs, from_struct(made.properties)

    def up(self, type_: str, id_: str, old: dict[str, Any], there: dict[str, Any], *ignored: str) -> list[str]:
        """A second `up` with the same inputs: the properties that it changes."""
        said = {key: value for key, value in old.items() if key not in ("__defaults", CHECK)}
        new = to_struct(self.checked(type_, said, old))
        diff = proto.DiffRequest(
            id=id_, urn=urn(type_), olds=to_struct(there), news=new, old_inputs=to_struct(old), ignoreChanges=ignored
        )
        changed = list(self.aws.Diff(diff, None).diffs)
        if changed:
            update = proto.UpdateRequest(id=id_, urn=urn(type_), olds=to_struct(there), news=new, ignoreChanges=ignored)
            self.aws.Update(update, None)
        return changed

    def forwards(self) -> bool:
        (interface,) = [thing for thing in self.cloud.things() if thing.type == INTERFACE]
        return interface.outputs[CHECK] is False


@pytest.fixture
def nat(tmp_path: Path) -> tuple[Driver, Any]:
    driver = Driver(tmp_path)
    interface, _, _ = driver.create(INTERFACE, **{"subnetId": "private", CHECK: False})
    return driver, driver.create(INSTANCE, primaryNetworkInterface={"networkInterfaceId": interface})


def test_an_instance_whose_interface_forwards_is_set_back_by_the_next_up(nat):
    """As the real provider does, which the network's own program has to keep it from."""
    driver, made = nat
    assert driver.forwards()
    assert driver.up(INSTANCE, *made) == [CHECK]
    assert not driver.forwards()


def test_an_instance_that_leaves_it_to_its_interface_is_not_changed(nat):
    driver, made = nat
    assert driver.up(INSTANCE, *made, CHECK) == []
    assert driver.forwards()


def test_the_next_version_of_a_launch_template_is_not_known_in_a_preview(tmp_path):
    driver, template = Driver(tmp_path), "aws:ec2/launchTemplate:LaunchTemplate"
    id_, old, there = driver.create(template, imageId="ami-1")
    for image, known in (("ami-1", True), ("ami-2", False)):
        new = to_struct(driver.checked(template, {"imageId": image}, old))
        request = proto.UpdateRequest(id=id_, urn=urn(template), olds=to_struct(there), news=new, preview=True)
        version = from_struct(driver.aws.Update(request, None).properties)["latestVersion"]
        assert (version == there["latestVersion"]) is known
