"""A lock that only one process can hold. It is no file, so nothing can be left behind."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stacks.errors import UserError


@contextmanager
def only_one(folder: Path, busy: str, say: Callable[[str], None], timeout: float) -> Iterator[None]:
    """Hold the lock of a folder. If another process has to wait, it tells its user `busy`: what is being done.

    The kernel drops the lock when its holder dies, however that happens.

    Raises:
        UserError: the holder did not finish in time.
    """
    deadline = time.monotonic() + timeout
    handle = _open(folder)
    try:
        if not _try_lock(handle):
            say(f"waiting for another process, which is {busy} …")
        while not _try_lock(handle) or not _is_still(folder, handle):
            if time.monotonic() > deadline:
                raise UserError(f"another process has been {busy} for {timeout:.0f} s: let it finish, or end it")
            time.sleep(0.2)
            os.close(handle)
            handle = _open(folder)
        yield
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder, os.O_RDONLY)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(folder: Path, handle: int) -> bool:
    """Whether the folder is still the one that was opened. Others may have removed it and created it again."""
    try:
        return os.path.samestat(os.stat(folder), os.fstat(handle))
    except FileNotFoundError:
        return False
