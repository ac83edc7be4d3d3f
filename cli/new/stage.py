"""`wharf new stage NAME --like OTHER`: writes a stage file like another's, but with its own range and domain."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from cli.new import edit, files
from evaluation.project import Project, read_stage
from stacks.errors import UserError
from stacks.reading.models import Stage
from stacks.reading.sections import STAGE_NAME
from stacks.services import NAMES

DEFAULT_RANGE = "10.0.0.0/16"


def new_stage(project: Project, name: str, like: str) -> str:
    """Writes the stage file. Returns what was written and what is left to do."""
    if not STAGE_NAME.fullmatch(name):
        raise UserError(f"{name!r} cannot be a stage's name: lowercase letters, digits and dashes, at most 20")
    if name in project.stages():
        raise UserError(f"Pulumi.{name}.yaml is there: edit it, or choose another name")
    project.require(like)
    stage = read_stage(project, like)
    if stage.config.kind == "account":
        raise UserError(f"{like} is an account, and an account needs one only: name a stage that runs apps")
    file = f"Pulumi.{name}.yaml"
    text = (project.root / stage.file).read_text(encoding="utf-8")
    text = _headed(text, name, like)
    text = _with_own_range(project, stage, text)
    text = _with_own_domain(stage, text, name)
    text = _without_unneeded(stage, text)
    files.write(project, {file: text}, [name])
    left = (f"  to do: {one}" for one in _left(stage, name))
    return "\n".join([f"wrote {file}, like {like}", *left, _next(stage, name)])


def _headed(text: str, name: str, like: str) -> str:
    """The text with a new comment at the top instead of the one about the other stage."""
    return f"# Stage {name}, made like {like}.\n" + re.sub(r"\A(?:#[^\n]*\n)+", "", text)


def _with_own_range(project: Project, stage: Stage, text: str) -> str:
    network = getattr(stage.config, "network", None)
    if network is None:
        return text
    free = _free_range(project, network.cidr)
    config = edit.load(text)["config"]
    if "cidr" in config.get("wharf:network", {}):
        return edit.with_value(text, ["config", "wharf:network", "cidr"], free)
    return edit.with_entry(text, ["config", "wharf:network", "cidr"], free)


def _free_range(project: Project, like: str) -> str:
    """A range of the same size in 10.0.0.0/8 that does not overlap with the range of another stage."""
    taken = [ipaddress.ip_network(cidr) for cidr in _ranges(project)]
    size = ipaddress.ip_network(like).prefixlen
    step = max(1, 10 * 2 ** (size - 16)) if size >= 16 else 1
    candidates = list(ipaddress.ip_network("10.0.0.0/8").subnets(new_prefix=size))
    for candidate in (*candidates[::step], *candidates):
        if not any(candidate.overlaps(other) for other in taken):
            return str(candidate)
    raise UserError(f"10.0.0.0/8 has no range of the size of {like} left: write one under wharf:network.cidr yourself")


def _ranges(project: Project) -> Iterator[str]:
    for stage in project.stages():
        network = getattr(read_stage(project, stage).config, "network", None)
        if network is not None:
            yield network.cidr


def _with_own_domain(stage: Stage, text: str, name: str) -> str:
    """The text with a domain of the new stage: for example staging.example.com becomes NAME.example.com."""
    ingress = getattr(stage.config, "ingress", None)
    if ingress is None or not getattr(ingress, "domain", None):
        return text
    for section in ("wharf:ingress", "wharf:mail"):
        held: Any = edit.load(text)["config"].get(section) or {}
        if "domain" in held:
            label, _, rest = held["domain"].partition(".")
            new_domain = f"{name}.{rest}" if label == stage.name else f"{name}.{held['domain']}"
            text = edit.with_value(text, ["config", section, "domain"], new_domain)
    return text


def _without_unneeded(stage: Stage, text: str) -> str:
    """The text without a database, broker or mail that none of the apps needs."""
    needed = {need for spec in stage.apps.values() for need in spec.needs}
    for part in NAMES:
        if part not in needed and f"wharf:{part}" in edit.load(text)["config"]:
            text = edit.without(text, ["config", f"wharf:{part}"])
    return text


def _left(stage: Stage, name: str) -> Iterator[str]:
    config: Any = stage.config
    if config.kind == "local":
        return
    if getattr(config, "secrets", None):
        yield (
            f"its secrets are those of {stage.name}: set its own, pulumi config set --secret --path "
            f"'wharf:secrets.NAME' --stack {name}"
        )
    ingress = getattr(config, "ingress", None)
    if ingress is not None and ingress.certificate:
        yield f"wharf:ingress.certificate is {stage.name}'s: put in one for its own domain, or take the line out"
    if config.production:
        yield f"it is held to the rules for production, as {stage.name} is: take wharf:production out if it is not one"
    yield f"to deploy it from GitHub: add {name} to wharf:account.stages in the stage file of the account"


def _next(stage: Stage, name: str) -> str:
    first = "" if stage.config.kind == "local" else f"`pulumi stack init {name}`, then "
    return f"next: `wharf check {name}`, {first}`wharf up {name}`"
