"""Step 2, history: what the fold believes, written as flat rows with four bounds.

A record that nobody spoke about before becomes one row without going through the fold
(:meth:`HistoryWriter.put_sheet`); ``tests/laws/test_sheet.py`` proves that the fold gives the same row. A
record that was spoken about before is folded again and its rows are replaced.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from fallow.kinds import VALUE_TYPES, Kind, columns, date_low
from fallow.register import geoblob, geopackage, rtree
from fallow.register.claims import GEOMETRY, Slice
from fallow.register.inserting import Column, Same, insert
from fallow.register.report import OPEN_END
from fallow.register.schema import BOUNDS, KEPT_BESIDE
from fallow.register.sheet import Sheet, Stencil, as_json, quoted
from fallow.register.sources import sources_of
from fallow.register.summing import ADDED, Source, Voice, VoiceWriter, sums_of, voices_of

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
        self._voices = VoiceWriter(connection, kind.name)
        self._sources_of = partial(sources_of, connection)
        self._bulk = False
        self._unsorted = False
        self._boxes: list[rtree.Cells] | None = None
        """Envelopes of every row so far, in order of row id, where the history began empty."""

    def begin_bulk(self) -> None:
        """From here on the indexes wait; :meth:`end_bulk` builds them anew, sorted."""
        if not self._bulk:
            geopackage.drop_indexes(self._connection, self.kind)
            self._bulk = True
            if self._connection.execute(f'SELECT 1 FROM "{self.table}" LIMIT 1').fetchone() is None:
                self._boxes = []

    def wait_with_records(self) -> None:
        """From here on nobody looks a record up; :meth:`settle` builds the index by record, sorted."""
        if not self._unsorted:
            geopackage.drop_record_index(self._connection, self.kind)
            self._unsorted = True

    def settle(self) -> None:
        """Records can be looked up again."""
        if self._unsorted:
            geopackage.create_record_index(self._connection, self.kind)
            self._unsorted = False

    def end_bulk(self) -> None:
        """Build the indexes again."""
        self.settle()
        if self._bulk:
            boxes = np.concatenate(self._boxes) if self._boxes else None
            self._bulk, self._boxes = False, None  # 16 bytes a row need not be there twice
            geopackage.create_indexes(self._connection, self.kind, boxes)

    def put(self, rows: Sequence[tuple[Row, Mapping[str, Any], Row]], wkb: Sequence[bytes | None]) -> None:
        """Insert rows given as ``(record and bounds, values, conflict awaiting declared reports)``."""
        if not rows:
            return
        self._boxes = None
        blobs: Sequence[bytes | None] = (
            geoblob.to_blobs(wkb, geoblob.bounds_of(wkb)) if self.kind.shapes else [None] * len(rows)
        )
        stored = [self._cells(values) for _, values, _ in rows]
        # Most columns of most deliveries are empty: binding only those that are used halves the time.
        used = sorted(set().union(*stored))
        bound = self._bound(rows, stored, used, blobs, self._added(rows))
        self._insert(used, list(zip(*bound, strict=True)), len(rows))

    def _added(self, rows: Sequence[tuple[Row, Mapping[str, Any], Row]]) -> Iterator[Row]:
        """What figures add up of some rows: the four sums and the voice."""
        sums = sums_of(f"{bounds[0]} {beside[3]}" for bounds, _, beside in rows).tolist()
        voices = voices_of([(beside[2], beside[3]) for _, _, beside in rows], self._sources_of)
        for some, voice in zip(sums, voices, strict=True):
            yield (*some, self._voices.keep(voice))

    def put_sheet(
        self,
        sheet: Sheet,
        rows: Sequence[int],
        numbers: Sequence[int],
        fields: Sequence[bytes],
        known_from: str,
        declared: int,
        by: Source,
    ) -> None:
        """Insert the statements at ``rows`` of a sheet, each the only one about its record.

        ``numbers`` and ``fields`` (canonical JSON) are those of the whole sheet, and ``by`` says all of it.
        """
        if not rows:
            return
        part = _chooser(rows, len(sheet))
        columns = {name: part(cells) for name, cells in sheet.columns.items()}
        stored = {name: self._column(name, cells) for name, cells in columns.items()}
        same = all(stored[name] is columns[name] for name in stored)
        cells = part(fields) if same else as_json(stored, len(rows))
        records, trues = part(sheet.records), part(sheet.trues)
        lows = {day: date_low(day) for day in set(trues)}
        since = list(map(lows.__getitem__, trues))
        reports = list(map(str, part(numbers)))
        stencil = Stencil(
            lambda mark: (
                (mark["record"], known_from, OPEN_END, mark["low"], OPEN_END),
                mark["cells"],
                ("", "", declared, mark["report"]),
            ),
            *("record", "low", "cells", "report"),
        )
        said = stencil.fill(
            len(rows), record=quoted(records), low=quoted(since), cells=cells, report=quoted(reports)
        )
        wkb = part(sheet.shapes) if sheet.shapes is not None else [None] * len(rows)
        blobs: Sequence[bytes | None] = [None] * len(rows)
        if self.kind.shapes:
            bounds = geoblob.bounds_of(wkb)
            blobs = geoblob.to_blobs(wkb, bounds)
            if self._boxes is not None:
                self._boxes.append(rtree.outward(bounds[:, [0, 2, 1, 3]]))
        hashes = [
            sha256(b"%b|%b" % (one, blob or b"")).digest()[:16] for one, blob in zip(said, blobs, strict=True)
        ]
        voice = Voice.of(declared, [by])
        sums = sums_of(map("{} {}".format, records, reports)).T.tolist()
        used = sorted(name for name, one in stored.items() if any(cell is not None for cell in one))
        bound: list[Column] = [blobs] if self.kind.shapes else []
        bound += [records, Same(known_from), Same(OPEN_END), since, Same(OPEN_END)]
        bound += [*sums, Same(self._voices.keep(voice))]
        bound += [stored[name] for name in used]
        bound += [Same(""), Same(""), Same(declared), reports, hashes]
        self._insert(used, bound, len(rows))

    def _column(self, name: str, cells: Sequence[Any]) -> Sequence[Any]:
        """A column as the table holds it; the very same where nothing has to be turned."""
        store = self._storers.get(name)
        if store is None or (store is float and int not in set(map(type, cells))):
            return cells
        return [None if cell is None else store(cell) for cell in cells]

    def _insert(self, used: Sequence[str], values: Sequence[Column], count: int) -> None:
        named = [*(["geom"] if self.kind.shapes else []), "record", *BOUNDS, *ADDED, *used, *KEPT_BESIDE]
        listed = ", ".join(f'"{one}"' for one in named)
        insert(self._connection, f'"{self.table}" ({listed})', values, count)

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
        added: Iterable[Row],
    ) -> Iterator[Row]:
        spatial = bool(self.kind.shapes)
        for (bounds, _, beside), cells, blob, some in zip(rows, stored, blobs, added, strict=True):
            row = (*bounds, *some, *map(cells.get, used), *beside, row_hash(bounds, cells, beside, blob))
            yield (blob, *row) if spatial else row

    def replace(self, group: Iterable[str], slices: Iterable[Slice]) -> None:
        """Put the slices of a group of records in place of whatever history they had."""
        self.replace_all([(group, slices)])

    def replace_all(self, groups: Iterable[tuple[Iterable[str], Iterable[Slice]]]) -> None:
        """The same for many groups at once."""
        self._boxes = None
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


def _chooser(rows: Sequence[int], count: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(rows) == count:
        return lambda cells: cells
    return lambda cells: [cells[row] for row in rows]


def _row(one: Slice) -> tuple[Row, Mapping[str, Any], Row]:
    bounds = (one.record, one.known_from, one.known_to, one.true_from, one.true_to)
    conflict = " ".join(one.conflict).replace(GEOMETRY, "geometry")
    beside = (conflict, " ".join(one.awaiting), one.declared, " ".join(map(str, one.reports)))
    return bounds, one.values, beside
