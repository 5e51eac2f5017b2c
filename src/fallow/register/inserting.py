"""Step 2, writing many rows: some a statement, so that SQLite starts and ends one statement and not fifty."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

_VALUES = 900
"""Values bound in one statement; SQLite before 3.32 takes 999."""


def insert(connection: sqlite3.Connection, into: str, width: int, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows of ``width`` values; ``into`` is ``"table"`` or ``"table" (columns)``, of the model."""
    one = f"({','.join('?' * width)})"
    at_once = max(1, _VALUES // width)
    many = f"INSERT INTO {into} VALUES {','.join([one] * at_once)}"  # noqa: S608 - names of the checked model
    left = iter(rows)
    while some := list(islice(left, at_once)):
        if len(some) < at_once:
            connection.executemany(f"INSERT INTO {into} VALUES {one}", some)  # noqa: S608 - the same
        else:
            connection.execute(many, list(chain.from_iterable(some)))
