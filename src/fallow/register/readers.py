"""Step 2, readers: one walk over a long history by several readers, each on its own part of the rows.

SQLite works on one core, and lets go of Python while it does. So further connections read the later parts of
the rows beside the first. All must see the same register: a change of it is one transaction that adds to the
ledger, so every reader asks for the head of the ledger before and after, and where it moved the walk is made
again by one.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

MANY = 50_000
"""Rows from which on a further reader is worth the opening of the file."""
MOST = 4
"""Readers: more would not find the disk waiting."""

Row = tuple[Any, ...]
Read = tuple[Row, frozenset[Row]]
"""What a reader read, and the heads it saw."""


def walked(
    connection: sqlite3.Connection, select: str, table: str, standing: str, values: Sequence[Any]
) -> list[Row]:
    """The one row of an aggregate over the rows ``h`` of a table, or the rows of several parts of it.

    Parameters
    ----------
    select, standing
        SQL for what is added up and over which rows.
    values
        Of both, in order.
    """
    sql = f'SELECT {select} FROM "{table}" h WHERE {standing}'
    return _by_several(connection, sql, table, values) or [connection.execute(sql, values).fetchone()]


def _by_several(
    connection: sqlite3.Connection, sql: str, table: str, values: Sequence[Any]
) -> list[Row] | None:
    """All parts; ``None`` where one reader has to do, or the register changed meanwhile."""
    first, last = connection.execute(
        f'SELECT (SELECT min(fid) FROM "{table}"), (SELECT max(fid) FROM "{table}")'
    ).fetchone()
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    readers = min(os.cpu_count() or 1, MOST)
    if first is None or last - first < MANY or connection.in_transaction or readers < 2 or not path:
        return None
    part = f"{sql} AND h.fid BETWEEN ? AND ?"
    cuts = [first + (last + 1 - first) * at // readers for at in range(readers + 1)]
    own, *others = [(*values, low, high - 1) for low, high in pairwise(cuts)]
    try:
        with ThreadPoolExecutor(len(others)) as beside:
            asked = [beside.submit(_read_beside, Path(path), part, one) for one in others]
            found = [_read(connection, part, own), *(one.result() for one in asked)]
    except sqlite3.OperationalError:
        return None  # written by another just now: the first reader waits for it, as ever
    heads = frozenset[Row]().union(*(seen for _, seen in found))
    return [row for row, _ in found] if len(heads) == 1 else None


def _read_beside(path: Path, sql: str, values: Sequence[Any]) -> Read:
    with closing(
        sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=0)
    ) as connection:
        return _read(connection, sql, values)


def _read(connection: sqlite3.Connection, sql: str, values: Sequence[Any]) -> Read:
    before = _head(connection)
    row = connection.execute(sql, values).fetchone()
    return row, frozenset({before, _head(connection)})


def _head(connection: sqlite3.Connection) -> Row:
    head = "SELECT number, hash FROM fallow_ledger ORDER BY number DESC LIMIT 1"
    return tuple(connection.execute(head).fetchone() or ())
