"""Step 2, halves: one walk over a long history by two readers, each on one half of its rows.

SQLite works on one core, and lets go of Python while it does. So a second connection reads the later half of
the rows beside the first. Both must see the same register: a change of it is one transaction that adds to the
ledger, so the head of the ledger is asked through both before and after, and where it moved the walk is made
again by one.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

MANY = 50_000
"""Rows from which on a second reader is worth the opening of the file."""

Row = tuple[Any, ...]


def walked(
    connection: sqlite3.Connection, select: str, table: str, standing: str, values: Sequence[Any]
) -> list[Row]:
    """The one row of an aggregate over the rows ``h`` of a table, or the rows of both its halves.

    Parameters
    ----------
    select, standing
        SQL for what is added up and over which rows.
    values
        Of both, in order.
    """
    sql = f'SELECT {select} FROM "{table}" h WHERE {standing}'
    return _by_two(connection, sql, table, values) or [connection.execute(sql, values).fetchone()]


def _by_two(connection: sqlite3.Connection, sql: str, table: str, values: Sequence[Any]) -> list[Row] | None:
    """Both halves; ``None`` where one reader has to do, or the register changed meanwhile."""
    first, last = connection.execute(
        f'SELECT (SELECT min(fid) FROM "{table}"), (SELECT max(fid) FROM "{table}")'
    ).fetchone()
    if first is None or last - first < MANY or connection.in_transaction or (os.cpu_count() or 1) < 2:
        return None
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    if not path:
        return None
    middle = (first + last) // 2
    try:
        with (
            closing(
                sqlite3.connect(
                    f"{Path(path).as_uri()}?mode=ro",
                    uri=True,
                    isolation_level=None,
                    timeout=0,
                    check_same_thread=False,
                )
            ) as beside,
            ThreadPoolExecutor(1) as other,
        ):
            before = _heads(connection, beside)
            later = other.submit(lambda: beside.execute(f"{sql} AND h.fid > ?", (*values, middle)).fetchone())
            found = [
                connection.execute(f"{sql} AND h.fid <= ?", (*values, middle)).fetchone(),
                later.result(),
            ]
            return found if len(before | _heads(connection, beside)) == 1 else None
    except sqlite3.OperationalError:
        return None  # written by another just now: the first reader waits for it, as ever


def _heads(*readers: sqlite3.Connection) -> set[Row]:
    """The heads of the ledger that several readers see."""
    head = "SELECT number, hash FROM fallow_ledger ORDER BY number DESC LIMIT 1"
    return {tuple(one.execute(head).fetchone() or ()) for one in readers}
