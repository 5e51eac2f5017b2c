"""Step 4, one at a time: a lock on a file that ends with the process that holds it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from fallow.errors import FallowError

PATIENCE = 300.0
"""Seconds that somebody waits for a publication of somebody else to be done."""

_STEP = 0.05


@contextmanager
def locked(file: BinaryIO, name: str, patience: float | None = None) -> Iterator[None]:
    """Hold a file for oneself; ``TOLD_BUSY`` when somebody else keeps it for too long."""
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    while not _take(file):
        if time.monotonic() > until:
            raise FallowError("TOLD_BUSY", name)
        time.sleep(_STEP)
    try:
        yield
    finally:
        _give(file)


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 40
    """A byte beyond the end: Windows keeps others from reading what is locked."""

    def _take(file: BinaryIO) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _give(file: BinaryIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
