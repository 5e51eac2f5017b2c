"""Step 2, history: what the fold believes, written as flat rows with four bounds.

A record that nobody spoke about before becomes one row without going through the fold
(:meth:`HistoryWriter.fresh`); ``tests/laws/test_fold.py`` proves that the fold gives the same row. A record
that was spoken about before is folded again and its rows are replaced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from fallow.kinds import VALUE_TYPES, Kind, columns
from fallow.register import geoblob, rtree
from fallow.register.claims import GEOMETRY, Slice

Row = tuple[Any, ...]

_CONVERTED = frozenset({"names", "codes", "links", "yes_no"})
"""Value types whose canonical form is not already what a column holds."""


def row_hash(row: Sequence[Any], geometry: bytes | None) -> bytes:
    """The first 16 bytes of SHA-256 over everything a history row says."""
    return sha256(orjson.dumps(row) + b"|" + (geometry or b"")).digest()[:16]


class HistoryWriter:
    """Writes the history of one kind through an open connection, inside a transaction."""

    def __init__(self, connection: sqlite3.Connection, kind: Kind) -> None:
        self._connection = connection
        self.kind = kind
        self.table = f"{kind.name}_history"
        self.names = [one.name for one in columns(kind)]
        fields = [kind.field(name) for name in self.names]
        self._storers: list[Callable[[Any], Any] | None] = [
            VALUE_TYPES[one.type].store if one is not None and one.type in _CONVERTED else None for one in fields
        ]
        spatial = ["geom"] if kind.shapes else []
        listed = [*spatial, "record", "known_from", "known_to", "true_from", "true_to", *self.names]
        listed += ["conflict", "awaiting", "declared", "reports", "row_hash"]
        quoted = ", ".join(f'"{one}"' for one in listed)
        self._insert = f'INSERT INTO "{self.table}" ({quoted}) VALUES ({",".join("?" * len(listed))})'
        self._unindexed = False

    def begin_bulk(self) -> None:
        """From here on the spatial index waits; :meth:`end_bulk` packs it anew."""
        if self.kind.shapes and not self._unindexed:
            rtree.drop_triggers(self._connection, self.table)
            self._unindexed = True

    def end_bulk(self) -> None:
        """Pack the spatial index and put its triggers back."""
        if self._unindexed:
            rtree.rebuild(self._connection, self.table)
            rtree.raise_triggers(self._connection, self.table)
            self._unindexed = False

    def put(self, rows: Sequence[tuple[Row, Mapping[str, Any], Row]], wkb: Sequence[bytes | None]) -> None:
        """Insert rows given as ``(record and bounds, values, conflict awaiting declared reports)``."""
        if not rows:
            return
        blobs: Sequence[bytes | None] = (
            geoblob.to_blobs(wkb, geoblob.bounds_of(wkb)) if self.kind.shapes else [None] * len(rows)
        )
        self._connection.executemany(self._insert, self._stored(rows, blobs))

    def _stored(
        self, rows: Sequence[tuple[Row, Mapping[str, Any], Row]], blobs: Sequence[bytes | None]
    ) -> Iterable[Row]:
        pairs = list(zip(self.names, self._storers, strict=True))
        spatial = bool(self.kind.shapes)
        for (bounds, values, beside), blob in zip(rows, blobs, strict=True):
            get = values.get
            cells = [
                get(name) if store is None else None if (value := get(name)) is None else store(value)
                for name, store in pairs
            ]
            row = (*bounds, *cells, *beside)
            digest = row_hash(row, blob)
            yield (blob, *row, digest) if spatial else (*row, digest)

    def replace(self, group: Iterable[str], slices: Iterable[Slice]) -> None:
        """Put the slices of a group of records in place of whatever history they had."""
        members = sorted(group)
        self._connection.execute(
            f'DELETE FROM "{self.table}" WHERE record IN ({",".join("?" * len(members))})', members
        )
        listed = list(slices)
        self.put([_row(one) for one in listed], [one.values.get(GEOMETRY) for one in listed])

    def hash_of(self, one: Slice) -> bytes:
        """The hash the row of a slice must have."""
        wkb = [one.values.get(GEOMETRY)]
        blobs = geoblob.to_blobs(wkb, geoblob.bounds_of(wkb)) if self.kind.shapes else [None]
        return bytes(next(iter(self._stored([_row(one)], blobs)))[-1])


def _row(one: Slice) -> tuple[Row, Mapping[str, Any], Row]:
    bounds = (one.record, one.known_from, one.known_to, one.true_from, one.true_to)
    conflict = " ".join(one.conflict).replace(GEOMETRY, "geometry")
    beside = (conflict, " ".join(one.awaiting), one.declared, " ".join(map(str, one.reports)))
    return bounds, one.values, beside
