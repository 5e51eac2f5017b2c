"""Step 2, damage: what a read says when the file gives way under it.

SQLite tells of a damaged page only when it comes to it, in the middle of any question. The classes that
answer questions are marked ``@readable``: whichever of their methods meets damage says so as
``REGISTER_DAMAGED`` with its remedy, and never as an error of the database driver.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FunctionType, GeneratorType
from typing import Any, TypeVar

import orjson
import shapely

from fallow.errors import FallowError

Class = TypeVar("Class", bound=type)

_BROKEN = (
    sqlite3.DatabaseError,
    orjson.JSONDecodeError,
    shapely.errors.ShapelyError,
    struct.error,
    UnicodeDecodeError,
)
_PERHAPS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What half a row makes of a program; damage only where SQLite finds the file damaged."""
_OURS = (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError)
"""Faults of a program, not of a file."""
_WRITES = ("append",)
"""Methods that write inside a transaction, whose faults :class:`fallow.register.store.Store` names."""


@contextmanager
def damage_told(connection: sqlite3.Connection) -> Iterator[None]:
    """Turn what damage raises inside the block into ``REGISTER_DAMAGED``; a locked file is ``REGISTER_BUSY``.

    Raises
    ------
    FallowError
        With the name of the file. Faults of a program are raised as they are.
    """
    try:
        yield
    except FallowError:
        raise
    except _OURS:
        raise
    except _BROKEN as error:
        said = str(error)
        if isinstance(error, sqlite3.OperationalError):
            if "interrupted" in said:
                raise
            if "full" in said:
                raise FallowError("DISK_FULL", _name(connection)) from error
            if "locked" in said or "busy" in said:
                raise FallowError("REGISTER_BUSY", _name(connection)) from error
            if "unable to open" in said or "readonly" in said:
                # a journal or a copy beside the register may not be written: that damages nothing
                raise FallowError("DISK_FAULT", _name(connection)) from error
        # The driver's name of the fault: its sentence may quote a value.
        found = getattr(error, "sqlite_errorname", None) or type(error).__name__
        raise FallowError("REGISTER_DAMAGED", _name(connection), found=found) from error
    except _PERHAPS as error:
        if _whole(connection):
            raise
        raise FallowError("REGISTER_DAMAGED", _name(connection), found=type(error).__name__) from error


def readable(cls: Class) -> Class:
    """Guard every public method of a class that has ``_connection``; for what it yields later too."""
    for name, method in list(vars(cls).items()):
        if isinstance(method, FunctionType) and not name.startswith("_") and name not in _WRITES:
            setattr(cls, name, _guarded(method))
    return cls


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def asked(self: Any, *given: Any, **named: Any) -> Any:
        with damage_told(self._connection):
            answer = method(self, *given, **named)
        return _later(self._connection, answer) if isinstance(answer, GeneratorType) else answer

    return asked


def _later(connection: sqlite3.Connection, answer: Iterator[Any]) -> Iterator[Any]:
    with damage_told(connection):
        yield from answer


def _whole(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False


def _name(connection: sqlite3.Connection) -> str:
    try:
        return Path(connection.execute("PRAGMA database_list").fetchone()[2]).name
    except sqlite3.DatabaseError:
        return ""
