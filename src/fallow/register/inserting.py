"""Step 2, writing many rows: many a statement, so that SQLite starts and ends one and not a thousand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Any

from fallow.register.behind import Connection

_ROWS = (1_000, 200, 40, 8, 1)
"""Rows of one statement, the most first: few sizes, because each is prepared and kept by itself."""
_LARGE = 200
"""Rows of a statement that is worth a thread."""
_VALUES = 30_000
"""Values bound in one statement; SQLite takes 32,766 from version 3.32 on, and 999 before."""


def insert(connection: sqlite3.Connection, into: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of ``width`` values; ``into`` is ``"table"`` or ``"table" (columns)``, of the model.

    Many rows are written behind: they are there before anything else is asked of the connection.
    """
    one = f"({','.join('?' * width)})"
    most = _most(connection) // width
    write: Callable[[str, list[Any]], object] = connection.execute
    left = iter(rows)
    for size in _ROWS:
        if size > max(most, 1):
            continue
        many = f"INSERT INTO {into} VALUES {','.join([one] * size)}"  # noqa: S608 - names of the checked model
        while len(some := list(islice(left, size))) == size:
            if size >= _LARGE and isinstance(connection, Connection):
                write = connection.behind
            write(many, list(chain.from_iterable(some)))
        left = iter(some)


def _most(connection: sqlite3.Connection) -> int:
    """How many values this SQLite takes."""
    if not isinstance(connection, Connection):
        return 900
    return min(_VALUES, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
