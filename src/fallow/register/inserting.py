"""Step 2, writing many rows: many a statement, so that SQLite starts and ends one and not a thousand."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_VALUES = 900
"""Values bound in one statement; SQLite before 3.32 takes 999."""


@dataclass(frozen=True, slots=True)
class Same:
    """A column that holds one value in every row."""

    value: Any


Column = Sequence[Any] | Same


def insert(connection: sqlite3.Connection, into: str, columns: Sequence[Column], count: int) -> None:
    """Insert ``count`` rows given as columns; ``into`` is ``"table"`` or ``"table" (columns)``."""
    width = len(columns)
    most = max(1, _VALUES // width)
    row = f"({','.join('?' * width)})"
    like = [one.value if isinstance(one, Same) else None for one in columns]
    varied = [(at, one) for at, one in enumerate(columns) if not isinstance(one, Same)]
    start = 0
    for size in (most, 8, 1):  # few sizes, because each is prepared and kept by itself
        if size > most or size > count - start:
            continue
        many = f"INSERT INTO {into} VALUES {','.join([row] * size)}"  # noqa: S608 - names of the checked model
        while count - start >= size:
            values = like * size
            for at, one in varied:
                values[at::width] = one[start : start + size]
            connection.execute(many, values)
            start += size
