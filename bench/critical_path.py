"""How long `up` of a stage takes, over the longest chain of what it cannot do at once.

The real engine brings the stage up over the simulated AWS, which takes its time as AWS does, scaled down; Kubernetes
is a kwok cluster. A chain follows what one resource needs of another; each link is as long as it took by itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.clusters.choice import find
from cli.machine import tools
from tests.engine import charts
from tests.engine.engine import ROOT, Engine
from tests.engine.stages import copied, start

LIMIT = 1.10
SCALE = 0.2
PARALLEL = 64

# Seconds that AWS takes to make something.
TIMES: Mapping[str, float] = {
    "aws:acm/certificateValidation:CertificateValidation": 60,
    "aws:ec2/instance:Instance": 40,
    "aws:ec2/natGateway:NatGateway": 120,
    "aws:ec2/vpc:Vpc": 12,
    "aws:ec2/vpcEndpoint:VpcEndpoint": 20,
    "aws:eks/addon:Addon": 40,
    "aws:eks/cluster:Cluster": 780,
    "aws:eks/fargateProfile:FargateProfile": 90,
    "aws:eks/nodeGroup:NodeGroup": 130,
    "aws:iam/role:Role": 12,
    "aws:kms/key:Key": 15,
    "aws:mq/broker:Broker": 624,
    "aws:rds/instance:Instance": 420,
    "aws:route53/record:Record": 30,
    "*": 2,
}


@dataclass(frozen=True)
class Link:
    """One resource of a chain, and the seconds that it took itself."""

    name: str
    seconds: float


def longest_chain(resources: Sequence[Mapping[str, Any]], seconds: Mapping[str, float]) -> list[Link]:
    """The chain that takes longest, from its start.

    Args:
        resources: of a deployment, as `pulumi stack export` gives them: ``urn``, ``parent``, ``provider``,
            ``dependencies``, ``custom``.
        seconds: how long each took, by URN.
    """
    by_urn = {resource["urn"]: resource for resource in resources}
    inside: dict[str, list[str]] = {urn: [] for urn in by_urn}
    for urn, resource in by_urn.items():
        if resource.get("parent"):
            inside[resource["parent"]].append(urn)
    best: dict[str, tuple[float, str | None]] = {}

    def parts(urn: str) -> list[str]:
        """What one who needs this waits for: all of a component."""
        return [urn] if by_urn[urn]["custom"] else [part for child in inside[urn] for part in parts(child)]

    def needs(urn: str) -> list[str]:
        stated = [*by_urn[urn].get("dependencies", []), by_urn[urn].get("provider", "").rpartition("::")[0]]
        return [part for needed in stated if needed in by_urn for part in parts(needed) if part != urn]

    def finish(urn: str) -> float:
        if urn not in best:
            latest = max(needs(urn), key=finish, default=None)
            best[urn] = (seconds.get(urn, 0) + (finish(latest) if latest else 0), latest)
        return best[urn][0]

    link: str | None = max((urn for urn in by_urn if by_urn[urn]["custom"]), key=finish)
    chain: list[Link] = []
    while link:
        chain.append(Link(link.rsplit("::", 1)[-1], seconds.get(link, 0)))
        link = best[link][1]
    return chain[::-1]


def timed_up(engine: Engine) -> tuple[float, dict[str, float]]:
    """Seconds from the first resource to the last, and of each resource by URN.

    What comes before, the start of engine and program, is not scaled down with AWS, and a few seconds of many minutes.

    Raises:
        SystemExit: the stage did not come up.
    """
    command = ["pulumi", "up", "--yes", "--skip-preview", "--json", "--non-interactive", "--stack", engine.stack]
    began: dict[str, float] = {}
    ended: dict[str, float] = {}
    with subprocess.Popen(
        [*command, "--parallel", str(PARALLEL)],
        cwd=engine.folder,
        env=engine.environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            event = json.loads(line) if line.startswith("{") else {}
            if "resourcePreEvent" in event:
                began[event["resourcePreEvent"]["metadata"]["urn"]] = time.monotonic()
            elif "resOutputsEvent" in event:
                ended[event["resOutputsEvent"]["metadata"]["urn"]] = time.monotonic()
    if running.returncode != 0:
        raise SystemExit(f"the stage {engine.stack} did not come up: pulumi ended with {running.returncode}")
    return max(ended.values()) - min(began.values()), {urn: ended[urn] - began.get(urn, ended[urn]) for urn in ended}


def main(stage: str = "prod") -> int:
    """Prints the chain and the ratio; 1 where that is over the limit."""
    tools.ensure(ROOT, tools.TOOLS, print)
    cluster = find(ROOT, "bench", f"{stage}-{os.getpid()}", "kwok", [])
    cluster.up(print)
    try:
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(charts.BROUGHT_BY_EKS))
        with tempfile.TemporaryDirectory() as folder:
            engine = start(copied(ROOT, Path(folder)), cluster, [stage])[stage]
            engine.times(scale=SCALE, create=TIMES)
            took, seconds = timed_up(engine)
            exported = json.loads(engine.pulumi("stack", "export", "--stack", stage).stdout)
    finally:
        cluster.down(print)
    chain = longest_chain(exported["deployment"]["resources"], seconds)
    for link in chain:
        sys.stdout.write(f"{link.seconds:8.1f} s  {link.name}\n")
    length = sum(link.seconds for link in chain)
    ratio = took / length
    sys.stdout.write(
        f"chain {length:.1f} s, up {took:.1f} s, at {SCALE} of AWS's times: ratio {ratio:.2f} (≤ {LIMIT})\n"
    )
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
