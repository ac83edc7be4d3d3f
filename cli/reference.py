"""docs/reference.md: every verb with its arguments and options. ``python -m cli.reference > docs/reference.md``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from cli.main import app

INTRODUCTION = """\
# Every verb and option

This page is generated from the command itself, with `python -m cli.reference > docs/reference.md`. A test fails when
it is out of date. [commands.md](commands.md) and [review.md](review.md) explain the verbs with examples, and
[glossary.md](glossary.md) explains the words.

`wharf --help` lists the verbs, and `wharf VERB --help` shows what this page shows of one. Options may stand before or
after the arguments. Each verb ends with exit code 0 if it succeeded, and with 1 and a sentence on stderr if it did
not. `wharf diff` also uses 2 and 3 ([review.md](review.md)).
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_sections(typer.main.get_command(app), "wharf"))


def _sections(group: Any, name: str) -> Iterator[str]:
    for verb, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _sections(command, f"{name} {verb}")
        else:
            yield _section(command, f"{name} {verb}")


def _section(command: Any, name: str) -> str:
    parameters = [parameter for parameter in command.params if not parameter.hidden]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    usage = " ".join([name, "[OPTIONS]", *(_argument(parameter) for parameter in arguments)])
    return "\n".join(
        [
            f"\n## {name}\n",
            f"    {usage}\n",
            f"{' '.join(command.help.split())}\n",
            "| argument or option | default | meaning |",
            "| --- | --- | --- |",
            *(_row(parameter) for parameter in parameters),
            "",
        ]
    )


def _argument(parameter: Any) -> str:
    name = _name(parameter)
    return name if parameter.required else f"[{name}]"


def _name(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper().replace("_", "-")
    return f"{name}..." if parameter.nargs == -1 else name


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        written = f"`{_argument(parameter)}`"
    else:
        value = "" if getattr(parameter, "is_flag", False) else f" {_name(parameter)}"
        names = [*parameter.opts, *parameter.secondary_opts]
        written = ", ".join(f"`{name}{value}`" for name in names)
    return f"| {written} | {_default(parameter)} | {parameter.help or ''} |"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    from_environment = f"`${parameter.envvar}`" if parameter.envvar else ""
    if parameter.default is None or getattr(parameter, "is_flag", False):
        return from_environment
    default = getattr(parameter.default, "value", parameter.default)
    return f"`{default}`" if default != "" else from_environment


if __name__ == "__main__":
    print(page(), end="")
