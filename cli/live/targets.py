"""What a verb acts on, by the name the user types: an app of the stage, or a part of its platform."""

from __future__ import annotations

from collections.abc import Sequence

from cli.deploy.rollout import Object
from cli.live.access import Access
from stacks.errors import UserError
from stacks.reading.models import Environment, Stage

WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
NAME_LABEL, COMPONENT_LABEL = "app.kubernetes.io/name", "app.kubernetes.io/component"
BESIDE = ("before", "run")  # components of what runs beside an app's own workload


def parts(stage: Stage) -> list[str]:
    """The services that the stage has; each is a part of the platform that verbs can name."""
    return list(stage.config.services) if isinstance(stage.config, Environment) else []


def require_known(stage: Stage, name: str) -> None:
    """Raises:
    UserError: the stage has neither an app nor a part of that name; says what it has.
    """
    if name in stage.apps or name in parts(stage):
        return
    apps, platform = ", ".join(stage.apps) or "none", ", ".join(parts(stage))
    also = f", and of its platform {platform}" if platform else ""
    raise UserError(f"there is no app {name!r} in {stage.name}: its apps are {apps}{also}")


def selector(name: str) -> str:
    """Selects all pods of an app or a part: those that serve, and those that run beside it."""
    return f"{NAME_LABEL}={name}"


def workload_of(access: Access, stage: Stage, name: str) -> Object:
    """The live workload of an app or a part; of a job the newest.

    Raises:
        UserError: unknown name, or nothing of it is deployed in the cluster.
    """
    require_known(stage, name)
    found = access.objects("deployments,statefulsets,jobs,cronjobs", "-l", selector(name))
    workload = pick_workload(found)
    if workload is not None:
        return workload
    if name in stage.apps or stage.config.kind == "local":
        raise UserError(f"{name} is in {stage.file} and not deployed: `wharf up {stage.name}`")
    raise UserError(
        f"the {name} of {stage.name} is a service of AWS and has no pod in the cluster: reach it from a pod of an app "
        f"that needs it, by `wharf shell {stage.name} APP`"
    )


def pick_workload(found: Sequence[Object]) -> Object | None:
    """An app's own workload among all that carries its name."""
    own = [
        thing
        for thing in found
        if thing["kind"] in WORKLOADS
        and thing["metadata"].get("labels", {}).get(COMPONENT_LABEL) not in BESIDE
        and not thing["metadata"].get("ownerReferences")
    ]
    ordered = sorted(own, key=lambda thing: thing["metadata"].get("creationTimestamp", ""))
    return ordered[-1] if ordered else None


def shown(workload: Object) -> str:
    """As kubectl takes it: ``deployment/hello``."""
    return f"{workload['kind'].lower()}/{workload['metadata']['name']}"


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
