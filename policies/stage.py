"""Rules about the platform itself: tags, names, chart versions, protected data and providers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from components.shared.names import Longest
from evaluation.aws_types import AWS_TYPES
from evaluation.graph import Resource
from evaluation.inputs import at
from evaluation.loss import holds_only_logs, loses
from policies.rule import Context, Rule
from policies.samples import Sample, example, kubernetes

TAGS = ("stack", "environment", "owner")
FIXED = re.compile(r"v?\d+\.\d+\.\d+([-+.][\w.+-]+)?")
NAME_LIMITS: Mapping[str, tuple[str, int]] = {
    "iam/role:Role": ("name", Longest.ROLE),
    "eks/fargateProfile:FargateProfile": ("fargateProfileName", Longest.FARGATE_PROFILE),
    "eks/nodeGroup:NodeGroup": ("nodeGroupName", Longest.NODE_GROUP),
    "eks:index:Cluster": ("name", Longest.CLUSTER),
    "rds/instance:Instance": ("identifier", Longest.DATABASE),
    "mq/broker:Broker": ("brokerName", Longest.BROKER),
    "elasticache/replicationGroup:ReplicationGroup": ("replicationGroupId", Longest.CACHE),
    "cloudwatch/logGroup:LogGroup": ("name", Longest.LOG_GROUP),
}
HOLDING_DATA = tuple(token.removeprefix("aws:") for token, row in AWS_TYPES.items() if row.holds_data)
IN_CLUSTER = ("apps/v1:StatefulSet", "core/v1:PersistentVolumeClaim")
DEFAULT_PROVIDER = re.compile(r"::default(_[\d_]+)?(::|$)")


def _untagged(resource: Resource, context: Context) -> Iterator[str]:
    default_tags = resource.inputs.get("defaultTags") or "{}"
    tags = at(json.loads(default_tags) if isinstance(default_tags, str) else default_tags, "tags", {})
    missing = [tag for tag in TAGS if not tags.get(tag)]
    if missing:
        yield f"what it creates has no tag {', '.join(missing)}"


def _too_long(resource: Resource, context: Context) -> Iterator[str]:
    for ending, (key, longest) in NAME_LIMITS.items():
        value = resource.inputs.get(key) if resource.type.endswith(ending) else None
        if isinstance(value, str) and len(value) > longest:
            yield f"{key} {value} has {len(value)} characters, and AWS takes {longest}"


def _moving_chart(resource: Resource, context: Context) -> Iterator[str]:
    version = resource.inputs.get("version") or ""
    if not FIXED.fullmatch(version):
        yield f"its version {version} is not fixed" if version else "it has no version, so the newest is installed"


def _unprotected(resource: Resource, context: Context) -> Iterator[str]:
    lost = loses(resource, context.graph)
    if lost and not holds_only_logs(resource) and not resource.protect:
        yield f"the engine would delete it without asking, and {lost} would be lost"


def _unprotected_volume(resource: Resource, context: Context) -> Iterator[str]:
    if (lost := loses(resource, context.graph)) and not resource.protect:
        yield f"the engine would delete it without asking, and {lost} would be lost"


def _by_default_provider(resource: Resource, context: Context) -> Iterator[str]:
    if resource.custom and (not resource.provider or DEFAULT_PROVIDER.search(resource.provider)):
        yield "it is created in whichever account or cluster your shell uses"


def _no_identifier(resource: Resource, context: Context) -> Iterator[str]:
    if not resource.inputs.get("clusterIdentifier"):
        yield "another kubeconfig would replace everything that it created"


def _unscoped_kubeconfig(resource: Resource, context: Context) -> Iterator[str]:
    if not resource.inputs.get("context"):
        yield "it uses whichever context your shell uses"


PROVIDER = Sample("pulumi:providers:aws", {"defaultTags": json.dumps({"tags": dict.fromkeys(TAGS, "x")})})
CLUSTER = Sample("pulumi:providers:kubernetes", {"clusterIdentifier": "wharf-prod", "context": "aws"})
CHART = {"chart": "metrics-server", "version": "3.13.1"}
EXPLICIT = "urn:pulumi:prod::wharf::pulumi:providers:aws::aws"
VOLUMES = {
    "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain"},
}
LOST = {**VOLUMES, "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}

RULES = (
    Rule(
        id="everything-is-tagged",
        severity="medium",
        why="If nobody knows to which stage a resource belongs, nobody dares to delete it.",
        remedy="set default_tags on the provider, as stacks/providers.py does",
        types=("pulumi:providers:aws",),
        check=_untagged,
        passes=example(PROVIDER.named("aws")),
        fails=example(Sample("pulumi:providers:aws").named("aws")),
    ),
    Rule(
        id="name-fits",
        severity="high",
        why="AWS refuses a name that is too long, in the middle of an `up`.",
        remedy="create the name with components.shared.names.physical_name",
        types=tuple(NAME_LIMITS),
        check=_too_long,
        passes=example(Sample("aws:iam/role:Role", {"name": "wharf-prod"}).named()),
        fails=example(Sample("aws:iam/role:Role", {"name": "w" * 65}).named()),
    ),
    Rule(
        id="chart-is-fixed",
        severity="high",
        why="With a fixed version, what is installed is always what was reviewed.",
        remedy="pin it in components/shared/charts.py",
        types=("helm.sh/v3:Release",),
        check=_moving_chart,
        passes=example(Sample("kubernetes:helm.sh/v3:Release", CHART).named()),
        fails=example(Sample("kubernetes:helm.sh/v3:Release", {**CHART, "version": "~3"}).named()),
    ),
    Rule(
        id="data-is-protected",
        severity="critical",
        why="In production, no change may delete data by mistake.",
        remedy="set `keep: true` in wharf:database, wharf:broker or wharf:cluster",
        types=HOLDING_DATA,
        check=_unprotected,
        production=True,
        passes=example(Sample("aws:rds/instance:Instance").named(protect=True)),
        fails=example(Sample("aws:rds/instance:Instance").named()),
    ),
    Rule(
        id="volume-is-protected",
        severity="critical",
        why="In production, no change may delete data by mistake.",
        remedy="set `keep: true` in wharf:broker",
        types=IN_CLUSTER,
        check=_unprotected_volume,
        production=True,
        passes=example(kubernetes("apps/v1:StatefulSet", {"spec": VOLUMES})),
        fails=example(kubernetes("apps/v1:StatefulSet", {"spec": LOST})),
    ),
    Rule(
        id="provider-is-explicit",
        severity="critical",
        why="Without an explicit provider, a resource is created in the account or cluster of your shell.",
        remedy="pass the provider in opts, and keep pulumi:disable-default-providers in the stage file",
        types=("",),
        check=lambda resource, context: (
            _by_default_provider(resource, context) if resource.type.startswith(("aws:", "kubernetes:")) else ()
        ),
        passes=example(Sample("aws:iam/role:Role").named(provider=EXPLICIT)),
        fails=example(Sample("aws:iam/role:Role").named()),
    ),
    Rule(
        id="cluster-has-identifier",
        severity="critical",
        why="Without an identifier, a new kubeconfig replaces every object in the cluster.",
        remedy="set a constant cluster_identifier, as stacks/providers.py does",
        types=("pulumi:providers:kubernetes",),
        check=_no_identifier,
        passes=example(CLUSTER.named()),
        fails=example(Sample("pulumi:providers:kubernetes", {"context": "aws"}).named()),
    ),
    Rule(
        id="cluster-is-the-stages",
        severity="critical",
        why="Without a context, the stage's objects go to the cluster that your shell used last.",
        remedy="set the provider's context, as stacks/providers.py does",
        types=("pulumi:providers:kubernetes",),
        check=_unscoped_kubeconfig,
        passes=example(CLUSTER.named()),
        fails=example(Sample("pulumi:providers:kubernetes", {"clusterIdentifier": "x"}).named()),
    ),
)
