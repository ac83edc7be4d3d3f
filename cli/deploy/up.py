"""`wharf up`, `preview` and `down`: choose the engine and the cluster, and ask before data is deleted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cli.clusters import choice as clusters
from cli.clusters.base import Cluster, Runtime
from cli.clusters.local import kubeconfig_file, local_cluster, write_kubeconfig
from cli.deploy.direct import Direct, values_file
from cli.deploy.engine import Engine
from cli.diff import run as diff_run
from cli.diff.as_text import text as diff_text
from cli.diff.base import NotComparableError
from cli.machine.aws import require_aws
from cli.machine.files import remove, write_private
from cli.machine.locks import only_one
from cli.machine.terminal import as_typed, say, say_target
from evaluation.graph import Graph
from evaluation.loss import holds
from evaluation.project import CHECKOUT, Project, graph_of, read_stage
from stacks.errors import UserError
from stacks.reading.catalogue import image_variable
from stacks.reading.models import Stage
from stacks.reading.problems import InputRefused

EngineName = Literal["pulumi", "direct"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user may override. ``timeout`` is the limit of each wait, in seconds."""

    engine: EngineName | None = None
    cluster: Runtime | None = None
    timeout: float = 600.0
    yes: bool = False


def up(project: Project, name: str, options: Options) -> Stage:
    """Brings the stage up and waits until it runs."""
    stage = read_stage(project, name)
    say_target(project, name)
    if stage.config.kind != "local":
        _engine_only(stage, options)
        Engine(project, name, say, options.timeout).up(yes=options.yes)
        return stage
    engine = _choose(project, name, options)
    cluster = local_cluster(project, stage, options.cluster)
    _tell_overrides(stage)
    with _busy(project, name, options.timeout):
        cluster.up(say, options.timeout)
        write_kubeconfig(project, name, cluster)
        _remember(project, name, engine)
        if engine == "direct":
            outcome = Direct(project, stage, cluster, say, options.timeout).up(
                lambda losing: confirm(losing, options.yes)
            )
            say(f"{name} is up: {outcome}")
        else:
            pulumi = Engine(project, name, say, options.timeout, local=True)
            pulumi.up(yes=True, program=stage, confirm=lambda losing: confirm(losing, options.yes))
    return stage


def _tell_overrides(stage: Stage) -> None:
    for app, spec in stage.apps.items():
        if image_variable(app) in os.environ:
            say(f"{app} runs {spec.image_reference} in this run, because a variable says so")


def preview(project: Project, name: str, options: Options) -> None:
    """Prints what `up` would do, and changes nothing."""
    stage = read_stage(project, name)
    if stage.config.kind != "local":
        _preview_on_aws(project, stage, options)
        return
    cluster = local_cluster(project, stage, options.cluster)
    if not cluster.running():
        graph = graph_of(stage)
        count = sum(resource.is_kubernetes for resource in graph)
        print(as_typed(f"{name} is not up: `wharf up {name}` would make its cluster and {count} objects in it"))
        return
    if _choose(project, name, options) == "direct":
        print(Direct(project, stage, cluster, say, options.timeout).preview())
    else:
        Engine(project, name, say, options.timeout, local=True).preview()


def _preview_on_aws(project: Project, stage: Stage, options: Options) -> None:
    """Prints the engine's preview, if the engine can read the deployed state.

    Otherwise prints what has changed since main, and says that this is not the deployed state.
    """
    try:
        _engine_only(stage, options)
    except UserError as reason:
        if options.engine == "pulumi":
            raise
        say(
            f"{reason}\nnot the deployed state: compared offline with the commit where your work branched off from main"
        )
        print(offline_diff(project, stage.name))
        return
    Engine(project, stage.name, say, options.timeout).preview()


def offline_diff(project: Project, stage: str) -> str:
    """What the working tree changes in a stage, compared with main. This needs no credentials."""
    try:
        return diff_text(diff_run.against(project, stage, None, project.example))
    except NotComparableError as reason:
        return f"{diff_run.alone(project, stage)}\n{reason}"


def down(project: Project, name: str, options: Options) -> None:
    """Destroys the stage. Of a local stage, its cluster and its files on this machine are deleted as well."""
    existing = clusters.made(CHECKOUT, project.name, name)
    try:
        stage = read_stage(project, name)
    except (InputRefused, UserError) as reason:
        if existing is None:
            raise
        say_target(project, name)
        say(f"{reason}\nso what {name} keeps cannot be told; its cluster is on this machine")
        confirm([f"cluster {existing.name}, with the data of {name}"], options.yes)
        _remove_local(project, name, existing, options)
        return
    say_target(project, name)
    if stage.config.kind != "local":
        if existing is not None:
            confirm([f"cluster {existing.name}, from when {stage.file} said wharf:kind: local"], options.yes)
            _remove_local(project, name, existing, options)
            return
        _engine_only(stage, options)
        Engine(project, name, say, options.timeout).down(yes=options.yes)
        return
    cluster = existing or local_cluster(project, stage)
    if cluster.state.exists() and (kept := kept_data(graph_of(stage))):
        confirm(kept, options.yes)
    _remove_local(project, name, cluster, options)


def kept_data(graph: Graph) -> list[str]:
    """The resources that hold data and have `keep: true` in the stage file."""
    return [
        f"{resource.type.rsplit(':', 1)[-1]} {resource.name}, which {graph.stack} keeps: {data}"
        for resource in graph
        if resource.protect and (data := holds(resource, graph))
    ]


def _remove_local(project: Project, name: str, cluster: Cluster, options: Options) -> None:
    with _busy(project, name, options.timeout):
        Engine(project, name, say, options.timeout, local=True).forget()
        cluster.down(say, options.timeout)
        for file in (kubeconfig_file(project, name), values_file(project, name), _engine_file(project, name)):
            file.unlink(missing_ok=True)
    if project.state.is_dir() and not any(project.state.iterdir()):
        remove(project.state)
    say(f"{name} is down: no process, container or file of it is left")


def confirm(losing: list[str], yes: bool) -> None:
    """Asks whether data may be deleted.

    Raises:
        UserError: the user did not agree, or there is no terminal to ask on.
    """
    listed = "\n".join(f"  {one}" for one in losing)
    if yes:
        say(f"these hold data, and are deleted because of --yes:\n{listed}")
        return
    if not sys.stdin.isatty():
        raise UserError(f"these hold data and would be deleted; to delete them, pass --yes:\n{listed}")
    print(f"these hold data and would be deleted:\n{listed}", file=sys.stderr)
    answer = ""
    with suppress(EOFError):
        answer = input("delete them? type yes: ")
    if answer.strip() != "yes":
        raise UserError("nothing was changed")


def _engine_file(project: Project, stage: str) -> Path:
    return project.state / f"{stage}.engine"


def _choose(project: Project, stage: str, options: Options) -> EngineName:
    """The engine that brought the stage up before; otherwise the one that the user asked for.

    Without either it is pulumi if that is on PATH, and direct if it is not.
    """
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
    """Checks that a stage on AWS can be reached.

    Raises:
        UserError: pulumi or the credentials are missing, or an option is only for local stages.
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
