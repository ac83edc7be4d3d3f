"""The `wharf` command. Verbs import what they need when they run, so that `wharf --help` is quick."""

from __future__ import annotations

import errno
import sys

import typer

from cli import deploy_verbs, live_verbs, new_verbs, review_verbs, stage_verbs  # noqa: F401 register the verbs
from cli.command import app
from cli.machine.terminal import EXAMPLE, as_typed, with_paths
from evaluation.runtime import short_lived
from stacks.errors import UserError

INTERRUPTED = 130  # typer's exit code for Ctrl-C
NOT_WRITABLE = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
)


def main() -> None:
    """Runs a verb. If the user can fix an error, its message goes to stderr, and the exit code is 1."""
    try:
        with short_lived():
            code = app(standalone_mode=False)
    except UserError as error:
        raise SystemExit(_refuse(str(error))) from None
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        raise SystemExit(_refuse(f"{error.filename}: {error.strerror}: wharf needs to read and write there")) from None
    except typer.TyperException as error:
        raise SystemExit(_refuse(error.format_message())) from None
    if code == INTERRUPTED:
        code = _refuse("stopped: run the same again, it goes on from where it was")
    raise SystemExit(code if isinstance(code, int) else 0)


def _refuse(message: str) -> int:
    print(_located(as_typed(message)), file=sys.stderr)
    return 1


def _located(message: str) -> str:
    from evaluation.project import root_of

    try:
        return with_paths(message, root_of(EXAMPLE.get()))
    except UserError:  # there is no such project, and the message says so
        return message
