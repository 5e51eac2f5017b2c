"""Step 2, counting: what one figure needs of a view, added up by the database and not row by row.

A figure tells what it counted by a digest over every record read and its reports. Of 360,000 records the rows
themselves take longer to hand over than to find, so the database gives them as one text.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from fallow.kinds import Kind


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a figure read.

    Attributes
    ----------
    records, reports, declared
        How many records, reports behind them, and how many of these have a declared known date.
    digest
        SHA-256 over a line for each record in order of id: the id and the ledger numbers of its reports.
    """

    records: int
    reports: int
    declared: int
    digest: str


def inputs(connection: sqlite3.Connection, kind: Kind, condition: str, values: Sequence[Any]) -> Inputs:
    """What the rows of a condition on the history ``h`` rest on."""
    text, records, declared = connection.execute(
        "SELECT group_concat(h.record || ' ' || h.reports, char(10)), count(*), total(h.declared) "
        f'FROM "{kind.name}_history" h WHERE {condition}',
        values,
    ).fetchone()
    if not records:
        return Inputs(0, 0, 0, sha256(b"").hexdigest())
    # Rows lie nearly in order of record, which Python's sort notices and SQLite's does not. A space sorts
    # before every letter of an id, so the lines are then in order of record.
    lines = sorted(text.split("\n"))
    digest = sha256("\n".join([*lines, ""]).encode()).hexdigest()
    return Inputs(records, text.count(" "), int(declared), digest)


def grouped(
    connection: sqlite3.Connection,
    kind: Kind,
    names: Sequence[str],
    condition: str,
    values: Sequence[Any],
    span: tuple[str, str] | None,
) -> Iterator[tuple[Any, ...]]:
    """How many rows share their stored cells, the reports of all of them, and the cells.

    With a span only rows whose date, partial or not, may lie in it; those without a date are among them.
    """
    listed = "".join(f', h."{name}"' for name in names)
    if span is not None:
        last = "coalesce(h.date_until, h.date)" if kind.field("date_until") else "h.date"
        # A partial date reads as text before its first day and, with a tilde behind it, after its last.
        condition += f" AND (h.date IS NULL OR (h.date <= ? AND {last} || '~' >= ?))"
        values = [*values, span[1], span[0]]
    return connection.execute(
        f"SELECT count(*), group_concat(h.reports, ' '){listed} "
        f'FROM "{kind.name}_history" h WHERE {condition} GROUP BY {listed[2:]}',
        values,
    )
