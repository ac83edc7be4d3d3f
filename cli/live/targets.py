"""Finds what a verb acts on. The user types its name: an app of the stage, or a part of its platform."""

from __future__ import annotations

from collections.abc import Sequence

from cli.deploy.rollout import Object
from cli.live.access import Access
from stacks.errors import UserError
from stacks.reading.models import Environment, Stage

WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
NAME_LABEL, COMPONENT_LABEL = "app.kubernetes.io/name", "app.kubernetes.io/component"
BESIDE = ("before", "run")  # the component labels of pods that are not of the app's own workload


def parts(stage: Stage) -> list[str]:
    """The services that the stage has; each is a part of the platform that verbs can name."""
    return list(stage.config.services) if isinstance(stage.config, Environment) else []


def require_known(stage: Stage, name: str) -> None:
    """Checks that the stage has an app or a part of that name.

    Raises:
        UserError: it has neither. The message lists the apps and parts that it has.
    """
    if name in stage.apps or name in parts(stage):
        return
    apps, platform = ", ".join(stage.apps) or "none", ", ".join(parts(stage))
    also = f", and of its platform {platform}" if platform else ""
    raise UserError(f"there is no app {name!r} in {stage.name}: its apps are {apps}{also}")


def selector(name: str) -> str:
    """The label selector of all pods of an app or a part, with those of its `before` commands and of `wharf run`."""
    return f"{NAME_LABEL}={name}"


def workload_of(access: Access, stage: Stage, name: str) -> Object:
    """The live workload of an app or a part. If there are several Jobs, it is the newest.

    Raises:
        UserError: unknown name, or nothing of it is deployed in the cluster.
    """
    require_known(stage, name)
    objects = access.objects("deployments,statefulsets,jobs,cronjobs", "-l", selector(name))
    workload = pick_workload(objects)
    if workload is not None:
        return workload
    if name in stage.apps or stage.config.kind == "local":
        raise UserError(f"{name} is in {stage.file} and not deployed: `wharf up {stage.name}`")
    raise UserError(
        f"the {name} of {stage.name} is a service of AWS and has no pod in the cluster: reach it from a pod of an app "
        f"that needs it, by `wharf shell {stage.name} APP`"
    )


def pick_workload(objects: Sequence[Object]) -> Object | None:
    """The app's own workload among all objects that have the app's name as a label."""
    workloads = [
        thing
        for thing in objects
        if thing["kind"] in WORKLOADS
        and thing["metadata"].get("labels", {}).get(COMPONENT_LABEL) not in BESIDE
        and not thing["metadata"].get("ownerReferences")
    ]
    ordered = sorted(workloads, key=lambda thing: thing["metadata"].get("creationTimestamp", ""))
    return ordered[-1] if ordered else None


def shown(workload: Object) -> str:
    """The workload as kubectl accepts it: ``deployment/hello``."""
    return f"{workload['kind'].lower()}/{workload['metadata']['name']}"


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
