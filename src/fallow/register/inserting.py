"""Step 2, writing many rows: many a statement, so that SQLite starts and ends one and not a thousand."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fallow.register.behind import Connection

_ROWS = (1_000, 200, 40, 8, 1)
"""Rows of one statement, the most first: few sizes, because each is prepared and kept by itself."""
_LARGE = 200
"""Rows of a statement that is worth a thread."""
_SHARED = sqlite3.threadsafety == 3
"""Whether this SQLite may be asked by one thread while another writes (it is built so nearly everywhere)."""
_VALUES = 30_000
"""Values bound in one statement; SQLite takes 32,766 from version 3.32 on, and 999 before."""


@dataclass(frozen=True, slots=True)
class Same:
    """A column that holds one value in every row."""

    value: Any


Column = Sequence[Any] | Same


def insert(connection: sqlite3.Connection, into: str, columns: Sequence[Column], count: int) -> None:
    """Insert ``count`` rows given as columns; ``into`` is ``"table"`` or ``"table" (columns)``, of the model.

    Many rows are written behind: they are there before anything else is asked of the connection.
    """
    width = len(columns)
    most = max(1, _most(connection) // width)
    row = f"({','.join('?' * width)})"
    like = [one.value if isinstance(one, Same) else None for one in columns]
    varied = [(at, one) for at, one in enumerate(columns) if not isinstance(one, Same)]
    write: Callable[[str, list[Any]], object] = connection.execute
    start = 0
    for size in _ROWS:
        if size > most or size > count - start:
            continue
        many = f"INSERT INTO {into} VALUES {','.join([row] * size)}"  # noqa: S608 - names of the checked model
        if size >= _LARGE and _SHARED and isinstance(connection, Connection):
            write = connection.behind
        while count - start >= size:
            values = like * size
            for at, one in varied:
                values[at::width] = one[start : start + size]
            write(many, values)
            start += size


def _most(connection: sqlite3.Connection) -> int:
    """How many values this SQLite takes."""
    if not isinstance(connection, Connection):
        return 900
    return min(_VALUES, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))
