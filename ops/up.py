"""`wharf up`, `preview` and `down`: which engine, which cluster, and what is asked before data goes."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ops import cluster as clusters
from ops import status
from ops.basecluster import Cluster, Port, Runtime, remove, write_private
from ops.direct import Direct, values_file
from ops.doctor import require_aws
from ops.engine import Engine
from ops.errors import UserError
from ops.locks import only_one
from ops.project import CHECKOUT, Project, evaluate_stage, read_stage
from stacks.catalogue import image_variable
from stacks.problems import InputRefused

if TYPE_CHECKING:
    from stacks.config import LocalConfig, Stage

EngineName = Literal["pulumi", "direct"]
Say = Callable[[str], None]
INGRESS_PORT, DATABASE_PORT = 3300, 3002


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may override. ``timeout`` bounds each wait, in seconds."""

    engine: EngineName | None = None
    cluster: Runtime | None = None
    timeout: float = 600.0
    yes: bool = False


def say(text: str) -> None:
    """Progress goes to stderr, so that stdout holds what the user asked for."""
    print(text, file=sys.stderr, flush=True)


def local_cluster(project: Project, stage: Stage, requested: Runtime | None = None) -> Cluster:
    """The cluster of a local stage, as it is or as it would be made."""
    config: LocalConfig = stage.config  # type: ignore[assignment]
    ingress, database = config.ingress.port, config.database.port if config.database else None
    ports = [
        Port(name="ingress", wanted=ingress or INGRESS_PORT, chosen_by_user=ingress is not None),
        Port(name="database", wanted=database or DATABASE_PORT, chosen_by_user=database is not None),
    ]
    return clusters.find(CHECKOUT, project.name, stage.name, requested, ports, charts=None)


def up(project: Project, name: str, options: Options) -> None:
    """Brings the stage up and prints what runs where."""
    stage = read_stage(project, name)
    if stage.config.kind != "local":
        _engine_only(stage, options)
        Engine(project, name, say, options.timeout).up(yes=options.yes)
        return
    engine = _choose(project, name, options)
    cluster = local_cluster(project, stage, options.cluster)
    _tell_overrides(stage)
    with _busy(project, name, options.timeout):
        cluster.up(say, options.timeout)
        write_kubeconfig(project, name, cluster)
        _remember(project, name, engine)
        if engine == "direct":
            outcome = Direct(project, name, cluster, say, options.timeout).up(
                lambda losing: confirm(losing, options.yes)
            )
            say(f"{name} is up: {outcome}")
        else:
            pulumi = Engine(project, name, say, options.timeout, local=True)
            pulumi.up(yes=True, confirm=lambda losing: confirm(losing, options.yes))
    status.show(project, name)
    say(f"kubectl: export KUBECONFIG={_kubeconfig(project, name)}")


def _tell_overrides(stage: Stage) -> None:
    for app, spec in stage.apps.items():
        if image_variable(app) in os.environ:
            say(f"{app} runs {spec.image_reference}, by the environment, for this run")


def preview(project: Project, name: str, options: Options) -> None:
    """Prints what `up` would do, and does nothing."""
    stage = read_stage(project, name)
    if stage.config.kind != "local":
        _preview_on_aws(project, stage, options)
        return
    cluster = local_cluster(project, stage, options.cluster)
    if not cluster.running():
        graph = evaluate_stage(project, name)
        count = sum(resource.is_kubernetes for resource in graph)
        print(f"{name} is not up: `wharf up {name}` would make its cluster and {count} objects in it")
        return
    if _choose(project, name, options) == "direct":
        print(Direct(project, name, cluster, say, options.timeout).preview())
    else:
        Engine(project, name, say, options.timeout, local=True).preview()


def _preview_on_aws(project: Project, stage: Stage, options: Options) -> None:
    """The engine's own where it can look; otherwise what has changed since main, and it is said which of the two."""
    try:
        _engine_only(stage, options)
    except UserError as reason:
        if options.engine == "pulumi":
            raise
        say(f"{reason}\nnot the deployed state: what differs from where the work left main, offline")
        print(offline_diff(project, stage.name))
        return
    Engine(project, stage.name, say, options.timeout).preview()


def offline_diff(project: Project, stage: str) -> str:
    """What the working tree changes of a stage, without credentials."""
    from ops.diff import run
    from ops.diff.as_text import text
    from ops.diff.base import NotComparableError

    try:
        return text(run.against(project, stage, None, None if project.root == CHECKOUT else project.root.name))
    except NotComparableError as reason:
        return f"{run.alone(project, stage)}\n{reason}"


def down(project: Project, name: str, options: Options) -> None:
    """Destroys the stage; of a local one also its cluster and all that is kept of it on this machine."""
    there = clusters.made(CHECKOUT, project.name, name)
    try:
        stage = read_stage(project, name)
    except (InputRefused, UserError) as reason:
        if there is None:
            raise
        say(f"{reason}\nso what {name} keeps cannot be told; its cluster is on this machine")
        confirm([f"cluster {there.name}, with the data of {name}"], options.yes)
        _remove_local(project, name, there, options)
        return
    if stage.config.kind != "local":
        if there is not None:
            confirm([f"cluster {there.name}, from when {stage.file} said wharf:kind: local"], options.yes)
            _remove_local(project, name, there, options)
            return
        _engine_only(stage, options)
        Engine(project, name, say, options.timeout).down(yes=options.yes)
        return
    config: LocalConfig = stage.config  # type: ignore[assignment]
    kept = [part for part in ("database", "broker") if (section := getattr(config, part)) and section.keep]
    cluster = there or local_cluster(project, stage)
    if kept and cluster.state.exists():
        confirm([f"the {part} of {name}, which the stage keeps" for part in kept], options.yes)
    _remove_local(project, name, cluster, options)


def _remove_local(project: Project, name: str, cluster: Cluster, options: Options) -> None:
    with _busy(project, name, options.timeout):
        Engine(project, name, say, options.timeout, local=True).forget()
        cluster.down(say, options.timeout)
        for file in (_kubeconfig(project, name), values_file(project, name), _engine_file(project, name)):
            file.unlink(missing_ok=True)
    if project.state.is_dir() and not any(project.state.iterdir()):
        remove(project.state)
    say(f"{name} is down: no process, container or file of it is left")


def confirm(losing: list[str], yes: bool) -> None:
    """Raises:
    UserError: the user does not want to lose that, or nobody is there to ask.
    """
    listed = "\n".join(f"  {one}" for one in losing)
    if yes:
        say(f"these hold data and are deleted, by --yes:\n{listed}")
        return
    if not sys.stdin.isatty():
        raise UserError(f"these hold data and would be deleted; pass --yes if that is meant:\n{listed}")
    print(f"these hold data and would be deleted:\n{listed}", file=sys.stderr)
    answer = ""
    with suppress(EOFError):
        answer = input("delete them? type yes: ")
    if answer.strip() != "yes":
        raise UserError("nothing was changed")


def write_kubeconfig(project: Project, stage: str, cluster: Cluster) -> None:
    """The kubeconfig that the program names, with one context, `wharf`, whatever the cluster calls its own."""
    project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = _kubeconfig(project, stage)
    shown = cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json")
    written = json.loads(shown.stdout)
    written["contexts"][0]["name"] = written["current-context"] = "wharf"
    write_private(target, json.dumps(written, indent=1))


def _kubeconfig(project: Project, stage: str) -> Path:
    return project.state / f"{stage}.kubeconfig"


def _engine_file(project: Project, stage: str) -> Path:
    return project.state / f"{stage}.engine"


def _choose(project: Project, stage: str, options: Options) -> EngineName:
    """The way the stage was brought up before, otherwise the one asked for, otherwise pulumi where it is on PATH."""
    file = _engine_file(project, stage)
    used = file.read_bytes().decode(errors="replace").strip() if file.is_file() else None
    if used in ("pulumi", "direct"):
        if options.engine not in (None, used):
            raise UserError(f"{stage} was brought up by {used}: `wharf down {stage}` first, or leave out --engine")
        if used == "pulumi":
            _require_pulumi(stage)
        return used  # type: ignore[return-value]
    if options.engine == "pulumi":
        _require_pulumi(stage)
    return options.engine or ("pulumi" if shutil.which("pulumi") else "direct")


def _remember(project: Project, stage: str, engine: EngineName) -> None:
    write_private(_engine_file(project, stage), engine)


def _engine_only(stage: Stage, options: Options) -> None:
    """Raises:
    UserError: what a stage on AWS needs is not there, or something was asked for that it cannot have.
    """
    if options.engine == "direct":
        raise UserError(f"{stage.name} is on AWS, which only the Pulumi engine can reach: leave out --engine direct")
    if options.cluster:
        raise UserError(f"{stage.name} is on AWS and makes its own cluster: leave out --cluster")
    _require_pulumi(stage.name)
    require_aws(stage)


def _require_pulumi(stage: str) -> None:
    if shutil.which("pulumi") is None:
        raise UserError(f"{stage} needs the pulumi command: curl -fsSL https://get.pulumi.com | sh")


@contextmanager
def _busy(project: Project, stage: str, timeout: float) -> Iterator[None]:
    project.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = CHECKOUT / ".wharf" / "locks" / f"{project.name}-{stage}"
    with only_one(folder, f"changing {stage}", say, timeout):
        yield
    for emptied in (folder, folder.parent):
        with suppress(OSError):
            emptied.rmdir()
