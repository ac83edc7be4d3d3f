"""`wharf doctor`: checks whether this machine has what a stage needs. Each check that fails names a remedy."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict

from cli.clusters.base import Cluster, Record
from cli.clusters.kind import KindCluster
from cli.clusters.kwok import KwokCluster
from cli.clusters.local import local_cluster
from cli.live.access import reach
from cli.machine import probes, tools
from cli.machine.aws import aws_check, identity
from cli.machine.check import Check, dotted, parsed, says
from cli.machine.probes import Version
from cli.machine.terminal import as_typed, with_paths
from evaluation.project import CHECKOUT, Project, read_stage
from stacks.errors import UserError
from stacks.reading.models import Stage

MINIMUM_PYTHON = (3, 11)
TRIED_PULUMI = (3, 260)  # the oldest version that the engine tests have run with
MINIMUM_FREE_GIB = 2.0  # for the data of a local cluster
INOTIFY = {"max_user_instances": 512, "max_user_watches": 524_288}  # https://kind.sigs.k8s.io/docs/user/known-issues
INSTALL_PULUMI = "curl -fsSL https://get.pulumi.com | sh"


def show(project: Project, name: str, *, as_json: bool = False) -> int:
    """Prints every check. Returns 1 if one failed."""
    checks = []
    for check in examine(project, name):
        checks.append(check)
        if not as_json:
            print(with_paths(as_typed(_line(check)), project.root), flush=True)
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    return int(any(check.verdict == "failed" for check in checks))


def _line(check: Check) -> str:
    mark = {"ok": "ok    ", "note": "note  ", "failed": "FAILED"}[check.verdict]
    return f"{mark}  {check.name}: {check.found}" + (f"\n        -> {check.remedy}" if check.remedy else "")


def examine(project: Project, name: str) -> Iterator[Check]:
    """Checks the machine first, then what the stage needs."""
    yield _python()
    try:
        stage = read_stage(project, name)
    except UserError as error:
        yield Check(f"stage {name}", "failed", str(error).replace("\n", "\n        "), "fix the files that it names")
        return
    yield Check(f"stage {name}", "ok", f"{stage.file} and {len(stage.apps)} apps can be read")
    if stage.config.kind == "local":
        yield from _local(project, stage)
    else:
        yield from _on_aws(project, stage)


def _python() -> Check:
    version = f"Python {platform.python_version()}"
    if sys.version_info < MINIMUM_PYTHON:
        return Check("Python", "failed", version, f"install Python {dotted(MINIMUM_PYTHON)} or later")
    return Check("Python", "ok", version)


def _local(project: Project, stage: Stage) -> Iterator[Check]:
    docker, go = probes.docker(), probes.go_version()
    yield docker_check(docker, go)
    yield from _tools(docker, go)
    yield _pulumi(needed=False)
    yield _disk()
    if docker.state == "answers":
        yield from inotify_checks(probes.inotify_limits())
    try:
        cluster = local_cluster(project, stage)
    except UserError as error:
        yield Check("cluster", "failed", str(error))
        return
    yield from _ports(cluster)
    yield _local_reach(cluster, stage)


def docker_check(docker: probes.Docker, go: Version | None) -> Check:
    """With Docker, the cluster is kind. Without Docker, it is kwok, which needs Go or tools that are already built."""
    if docker.state == "answers":
        return Check("Docker", "ok", f"the daemon answers ({docker.detail}), so the cluster is kind")
    if docker.state == "hangs":
        return Check("Docker", "failed", docker.detail, "restart Docker, or pass --cluster kwok to `wharf up`")
    finding = f"no daemon, so the cluster is kwok, whose pods are simulated ({docker.detail})"
    return Check("Docker", "note", finding, "start Docker to run the apps for real")


def _tools(docker: probes.Docker, go: Version | None) -> Iterator[Check]:
    binaries = KindCluster.binaries if docker.state == "answers" else KwokCluster.binaries
    missing = [name for name in binaries if not tools.path(CHECKOUT, name).exists()]
    shown = f"Go {dotted(go)}" if go else "no Go on PATH"
    if not missing:
        yield Check("tools", "ok", f"{', '.join(binaries)} are built")
    elif go and go >= tools.MINIMUM_GO:
        yield Check("tools", "ok", f"`wharf up` builds {', '.join(missing)} the first time, with {shown}")
    elif docker.state == "answers":
        yield Check("tools", "ok", f"`wharf up` builds {', '.join(missing)} the first time, in a container")
    else:
        needed = dotted(tools.MINIMUM_GO)
        remedy = f"install Go {needed} or later (https://go.dev/dl), or start Docker"
        yield Check("tools", "failed", f"{', '.join(missing)} are not built, and there is {shown}", remedy)


def _pulumi(*, needed: bool) -> Check:
    answer = says(["pulumi", "version"])
    version = parsed(answer)
    if version is None:
        if needed:
            return Check("pulumi", "failed", answer or "there is no pulumi on PATH", INSTALL_PULUMI)
        return Check("pulumi", "note", "there is no pulumi on PATH: local stages are applied without it")
    if version < TRIED_PULUMI:
        finding = f"pulumi {dotted(version)} is older than {dotted(TRIED_PULUMI)}, the oldest that was tried"
        return Check("pulumi", "note", finding, INSTALL_PULUMI)
    return Check("pulumi", "ok", f"pulumi {dotted(version)}")


def _disk() -> Check:
    free = probes.free_disk(CHECKOUT) / tools.GIB
    finding = f"{free:.1f} GiB free at {probes.existing(CHECKOUT)}"
    if free < MINIMUM_FREE_GIB:
        return Check(
            "disk", "failed", finding, f"make room: {MINIMUM_FREE_GIB:.0f} GiB are needed, more to build tools"
        )
    return Check("disk", "ok", finding)


def inotify_checks(limits: dict[str, int]) -> Iterator[Check]:
    """A kind node needs more file watches than many systems allow. Without them, it fails in odd ways."""
    for name, advised in INOTIFY.items():
        if name not in limits:
            continue
        finding = f"{name} is {limits[name]}"
        if limits[name] >= advised:
            yield Check("inotify", "ok", finding)
        else:
            remedy = f"if pods fail with `too many open files`: sudo sysctl fs.inotify.{name}={advised}"
            yield Check("inotify", "note", f"{finding}, and kind advises {advised}", remedy)


def _ports(cluster: Cluster) -> Iterator[Check]:
    settled = cluster.ports
    for port in cluster.wanted:
        if port.name in settled:
            moved = "" if settled[port.name] == port.wanted else f" ({port.wanted} was taken)"
            yield Check("ports", "ok", f"{port.name} is {settled[port.name]}{moved}")
        elif probes.port_is_free(port.wanted):
            yield Check("ports", "ok", f"{port.name}: {port.wanted} is free")
        else:
            finding = f"{port.name}: {port.wanted} is taken by {probes.port_holder(port.wanted)}"
            if port.chosen_by_user:
                yield Check("ports", "failed", finding, f"stop it, or set another wharf:{port.name}.port")
            else:
                yield Check("ports", "note", f"{finding}, so `wharf up` moves to the next free one")


def _local_reach(cluster: Cluster, stage: Stage) -> Check:
    if cluster.running():
        return Check("cluster", "ok", f"{cluster.name} ({cluster.runtime}) answers")
    if Record.read(cluster.state) is None:
        return Check("cluster", "note", f"{stage.name} is not up", f"`wharf up {stage.name}` creates its cluster")
    finding = f"{cluster.name} ({cluster.runtime}) exists but does not answer"
    return Check("cluster", "failed", finding, f"`wharf up {stage.name}` starts it again")


def _on_aws(project: Project, stage: Stage) -> Iterator[Check]:
    pulumi, aws = _pulumi(needed=True), aws_check()
    yield pulumi
    yield aws
    if aws.verdict == "ok":
        who = identity(stage)
        yield who
        if who.verdict == "ok" and pulumi.verdict == "ok" and stage.config.kind != "account":
            yield _aws_reach(project, stage)


def _aws_reach(project: Project, stage: Stage) -> Check:
    try:
        with reach(project, stage):
            return Check("cluster", "ok", f"the cluster of {stage.name} answers")
    except UserError as error:
        return Check(
            "cluster", "failed", str(error), "if you have no access, ask an admin to add you to wharf:cluster.admins"
        )
