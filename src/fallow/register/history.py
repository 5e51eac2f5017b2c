"""Step 2, history: what the fold believes, written as flat rows with four bounds.

A record that nobody spoke about before becomes one row without going through the fold
(:meth:`HistoryWriter.fresh`); ``tests/laws/test_fold.py`` proves that the fold gives the same row. A record
that was spoken about before is folded again and its rows are replaced.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from fallow.kinds import VALUE_TYPES, Kind, columns
from fallow.register import geoblob, geopackage
from fallow.register.claims import GEOMETRY, Slice
from fallow.register.schema import BOUNDS, KEPT_BESIDE

Row = tuple[Any, ...]

_CONVERTED = frozenset({"names", "codes", "links", "yes_no"})
"""Value types whose canonical form is not already what a column holds."""


def row_hash(
    bounds: Sequence[Any], cells: Mapping[str, Any], beside: Sequence[Any], blob: bytes | None
) -> bytes:
    """The first 16 bytes of SHA-256 over everything a history row says.

    ``cells`` are the stored values that are not empty, by column name: a register that is widened by a column
    keeps the hashes of its old rows.
    """
    said = orjson.dumps((bounds, cells, beside), option=orjson.OPT_SORT_KEYS)
    return sha256(said + b"|" + (blob or b"")).digest()[:16]


class HistoryWriter:
    """Writes the history of one kind through an open connection, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, kind: Kind) -> None:
        self._connection = connection
        self.kind = kind
        self.table = f"{kind.name}_history"
        self.names = frozenset(one.name for one in columns(kind))
        self._storers: dict[str, Callable[[Any], Any]] = {
            one.name: VALUE_TYPES[one.type].store for one in kind.stored if one.type in _CONVERTED
        }
        # A whole number in a REAL column comes back as 20.0: it is hashed as it is kept.
        self._storers |= {one.name: float for one in columns(kind) if one.type == "REAL"}
        self._bulk = False

    def begin_bulk(self) -> None:
        """From here on the indexes wait; :meth:`end_bulk` builds them anew, sorted."""
        if not self._bulk:
            geopackage.drop_indexes(self._connection, self.kind)
            self._bulk = True

    def end_bulk(self) -> None:
        """Build the indexes again."""
        if self._bulk:
            geopackage.create_indexes(self._connection, self.kind)
            self._bulk = False

    def put(self, rows: Sequence[tuple[Row, Mapping[str, Any], Row]], wkb: Sequence[bytes | None]) -> None:
        """Insert rows given as ``(record and bounds, values, conflict awaiting declared reports)``."""
        if not rows:
            return
        blobs: Sequence[bytes | None] = (
            geoblob.to_blobs(wkb, geoblob.bounds_of(wkb)) if self.kind.shapes else [None] * len(rows)
        )
        stored = [self._cells(values) for _, values, _ in rows]
        # Most columns of most deliveries are empty: binding only those that are used halves the time.
        used = sorted(set().union(*stored))
        named = [*(["geom"] if self.kind.shapes else []), "record", *BOUNDS, *used, *KEPT_BESIDE]
        listed = ", ".join(f'"{one}"' for one in named)
        self._connection.executemany(
            f'INSERT INTO "{self.table}" ({listed}) VALUES ({",".join("?" * len(named))})',
            self._bound(rows, stored, used, blobs),
        )

    def _cells(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the columns hold of some values: stored form, without the empty ones."""
        if None not in values.values() and values.keys() <= self.names:
            found = dict(values)
        else:
            found = {
                name: value for name, value in values.items() if value is not None and name in self.names
            }
        for name in self._storers.keys() & found.keys():
            found[name] = self._storers[name](found[name])
        return found

    def _bound(
        self,
        rows: Sequence[tuple[Row, Mapping[str, Any], Row]],
        stored: Sequence[Mapping[str, Any]],
        used: Sequence[str],
        blobs: Sequence[bytes | None],
    ) -> Iterator[Row]:
        spatial = bool(self.kind.shapes)
        for (bounds, _, beside), cells, blob in zip(rows, stored, blobs, strict=True):
            row = (*bounds, *map(cells.get, used), *beside, row_hash(bounds, cells, beside, blob))
            yield (blob, *row) if spatial else row

    def replace(self, group: Iterable[str], slices: Iterable[Slice]) -> None:
        """Put the slices of a group of records in place of whatever history they had."""
        self.replace_all([(group, slices)])

    def replace_all(self, groups: Iterable[tuple[Iterable[str], Iterable[Slice]]]) -> None:
        """The same for many groups at once."""
        members: list[str] = []
        listed: list[Slice] = []
        for group, slices in groups:
            members += group
            listed += slices
        self._connection.execute(
            f'DELETE FROM "{self.table}" WHERE record IN (SELECT value FROM json_each(?))',
            (orjson.dumps(members).decode(),),
        )
        self.put([_row(one) for one in listed], [one.values.get(GEOMETRY) for one in listed])

    def hash_of(self, one: Slice) -> bytes:
        """The hash the row of a slice must have."""
        wkb = [one.values.get(GEOMETRY)]
        blob = geoblob.to_blobs(wkb, geoblob.bounds_of(wkb))[0] if self.kind.shapes else None
        bounds, values, beside = _row(one)
        return row_hash(bounds, self._cells(values), beside, blob)


def _row(one: Slice) -> tuple[Row, Mapping[str, Any], Row]:
    bounds = (one.record, one.known_from, one.known_to, one.true_from, one.true_to)
    conflict = " ".join(one.conflict).replace(GEOMETRY, "geometry")
    beside = (conflict, " ".join(one.awaiting), one.declared, " ".join(map(str, one.reports)))
    return bounds, one.values, beside
