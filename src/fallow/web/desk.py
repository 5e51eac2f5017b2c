"""Face two, the desk: the register opened for reading once a thread, and its layers kept at hand."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fallow.errors import FallowError
from fallow.register import Register, open_register

Kept = TypeVar("Kept")

KEPT = 48
"""How many drawn layers stay in memory; 19,000 polygons take about 15 MB."""


class Desk:
    """What a request works with: one register file, read only.

    Parameters
    ----------
    path
        The register's GeoPackage. It is looked at before each request, because a laptop's files are moved,
        restored and unplugged while pages are open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._own = threading.local()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    @contextmanager
    def reading(self) -> Iterator[Register]:
        """The register of this thread; every fault of file or database becomes a :class:`FallowError`."""
        try:
            yield self._register()
        except sqlite3.Error as error:
            self.close()
            raise FallowError("WEB_REGISTER_UNREADABLE", self.path.name, found=_told(error)) from error
        except OSError as error:
            self.close()
            raise FallowError(
                "WEB_REGISTER_UNREADABLE", self.path.name, found=error.strerror or type(error).__name__
            ) from error

    def close(self) -> None:
        """Close the register of this thread; the next request opens it again."""
        register: Register | None = getattr(self._own, "register", None)
        self._own.register = None
        if register is not None:
            register.close()

    def kept(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What was made before under this key, or made now; two threads never make the same thing twice."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: Kept = self._kept[key]
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    again: Kept = self._kept[key]
                    return again
            made = make()
            with self._lock:
                self._kept[key] = made
                self._making.pop(key, None)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return made

    def _register(self) -> Register:
        try:
            told = self.path.stat()
        except FileNotFoundError as error:
            self.close()
            raise FallowError("REGISTER_MISSING", self.path.name) from error
        identity = (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns)
        register: Register | None = getattr(self._own, "register", None)
        if register is not None and self._own.identity != identity:
            # Another file now has this name, or somebody wrote: what is in memory may be of the old one.
            self.close()
            register = None
        if register is None:
            register = open_register(self.path, read_only=True)
            self._own.register, self._own.identity = register, identity
        return register


def _told(error: sqlite3.Error) -> str:
    """SQLite's own name for the fault; its sentence could quote a value, so it is not repeated."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
