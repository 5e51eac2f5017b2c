"""Step 2, reading shapes for a comparison of ground: those that came in, and those that stood before."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from fallow.kinds import Kind, Model
from fallow.register import geoblob
from fallow.register.boxes import Boxes
from fallow.register.claims import GEOMETRY
from fallow.register.neighbours import Standing
from fallow.register.report import OPEN_END
from fallow.register.rtree import name as index_of
from fallow.register.standing import Guards, guards

_READ = 4_096

Spans = Sequence[tuple[int, int]]
"""First and last ledger number, inclusive."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shape:
    """One polygon with what decides whether it is compared."""

    report: int
    record: str
    where: str
    values: Mapping[str, Any]
    geometry: Any


def _are_polygons(shapes: Sequence[bytes]) -> npt.NDArray[np.bool_]:
    """Which shapes are areas; only what does not say so in its first bytes is built and asked."""
    flat = np.array([one[:5] in _AREAS for one in shapes], dtype=bool)
    others = np.flatnonzero(~flat).tolist()
    if others:
        flat[others] = shapely.get_dimensions(shapely.from_wkb([shapes[at] for at in others])) == 2
    return flat


_AREAS = frozenset({b"\x01\x03\x00\x00\x00", b"\x01\x06\x00\x00\x00"})
"""How the WKB of a polygon and of several starts."""


COMPARED = ("hazard", "land_release")
"""Kinds whose ground is compared."""


class Outlines:
    """Numbers and boxes of the polygons of a delivery by kind, noted while it is entered: 40 bytes each."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[Numbers, Boxes]]] = {}

    def note(self, kind: str, numbers: Sequence[int], shapes: Sequence[bytes | None] | None) -> None:
        """Note the shapes of some reports of one kind; only areas of :data:`COMPARED` play a part."""
        if kind not in COMPARED:
            return
        located = [at for at, one in enumerate(shapes or ()) if one is not None]
        if shapes is None or not located:
            return
        solid = [one for one in shapes if one is not None]
        flat = _are_polygons(solid)
        if flat.any():
            known = np.array([numbers[at] for at in located], dtype=np.int64)[flat]
            areas = solid if flat.all() else [solid[at] for at in np.flatnonzero(flat)]
            self._found.setdefault(kind, []).append((known, geoblob.bounds_of(areas)))

    def of(self, kind: str) -> tuple[Numbers, Boxes]:
        """Numbers and boxes of one kind, in the order they were noted."""
        found = self._found.get(kind)
        if not found:
            return np.empty(0, dtype=np.int64), np.empty((0, 4))
        return np.concatenate([one for one, _ in found]), np.concatenate([box for _, box in found])


class Reading:
    """Reads shapes by ledger number (what came in) and by row (what stood before)."""

    def __init__(self, connection: sqlite3.Connection, model: Model, spans: Spans) -> None:
        self._connection = connection
        self._model = model
        self._spans = spans
        self._standing = Standing(connection, model)

    def guards(self, kind: Kind) -> Guards:
        """Ranks of danger and guarded states of a kind."""
        return guards(self._model, kind)

    def coming(self) -> Outlines:
        """The polygons that came in, read back from the ledger."""
        found = Outlines()
        for low, high in self._spans:
            rows = self._connection.execute(
                "SELECT r.kind, r.number, l.geometry FROM fallow_report r "
                "JOIN fallow_ledger l ON l.number = r.number WHERE r.number BETWEEN ? AND ? "
                "AND r.kind IN (?, ?) AND l.geometry IS NOT NULL",
                (low, high, *COMPARED),
            )
            while some := rows.fetchmany(_READ):
                for kind in COMPARED:
                    mine = [row for row in some if row[0] == kind]
                    found.note(kind, [row[1] for row in mine], [row[2] for row in mine])
        return found

    def stood(self, around: Boxes, kind: str = "hazard") -> tuple[Numbers, Boxes]:
        """Rows and boxes of the records that stand now, were there before this delivery and lie near it."""
        first = self._spans[0][0]
        if not self._earlier:
            return np.empty(0, dtype=np.int64), np.empty((0, 4))
        west, south = around[:, :2].min(axis=0).tolist()
        east, north = around[:, 2:].max(axis=0).tolist()
        rows = self._connection.execute(
            f'SELECT i.id, i.minx, i.miny, i.maxx, i.maxy FROM "{index_of(f"{kind}_history")}" i '
            f'JOIN "{kind}_history" h ON h.fid = i.id '
            "WHERE i.minx <= ? AND i.maxx >= ? AND i.miny <= ? AND i.maxy >= ? "
            "AND h.known_to = ? AND h.true_to = ? AND CAST(h.reports AS INTEGER) < ?",
            (east, west, north, south, OPEN_END, OPEN_END, first),
        ).fetchall()
        found = np.array(rows, dtype=np.float64).reshape(-1, 5)
        return found[:, 0].astype(np.int64), found[:, 1:]

    def reports(self, numbers: Iterable[int], *wanted: str) -> dict[int, Shape]:
        """Reports that came in; of fields they are silent about, what stands of their record."""
        asked = sorted(set(numbers))
        rows = self._connection.execute(
            "SELECT number, body, geometry FROM fallow_ledger "
            f"WHERE number IN ({','.join('?' * len(asked))})",
            asked,
        ).fetchall()
        found = {}
        for number, body, wkb in rows:
            said = orjson.loads(body)
            values, kind, record = said["fields"], said["kind"], said["record"]
            if not values.keys() >= set(wanted) and self._spoken_of(record):
                values = {**(self._standing.now(kind, record) or {}), **values}
            found[number] = Shape(number, record, said.get("where", ""), values, shapely.from_wkb(wkb))
        return found

    def rows(self, fids: Iterable[int], kind: str = "hazard") -> dict[int, Shape]:
        """Records that stood before, but those of which this delivery gives the shape anew."""
        found = {}
        for fid in sorted(set(fids)):
            (record,) = self._connection.execute(
                f'SELECT record FROM "{kind}_history" WHERE fid = ?', (fid,)
            ).fetchone()
            values = self._standing.now(kind, record) or {}
            shape = shapely.from_wkb(values.get(GEOMETRY))
            if shape is not None and shapely.get_dimensions(shape) == 2 and not self._anew(record):
                found[fid] = Shape(0, record, "", values, shape)
        return found

    @cached_property
    def _earlier(self) -> bool:
        """Whether anything was there before this delivery."""
        row = self._connection.execute("SELECT min(number) FROM fallow_report").fetchone()
        return bool(row[0] < self._spans[0][0])

    def _spoken_of(self, record: str) -> bool:
        if not self._earlier:
            return False
        row = self._connection.execute(
            "SELECT 1 FROM fallow_report WHERE record = ? AND number < ? LIMIT 1", (record, self._spans[0][0])
        )
        return row.fetchone() is not None

    def _anew(self, record: str) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
            "WHERE r.record = ? AND r.number BETWEEN ? AND ? AND l.geometry IS NOT NULL LIMIT 1",
            (record, self._spans[0][0], self._spans[-1][1]),
        )
        return row.fetchone() is not None

    def without_area(self, record: str) -> bool:
        """Whether a record is known, and nobody ever gave it a polygon: it cannot hold a release."""
        rows = self._connection.execute(
            "SELECT l.geometry FROM fallow_report r JOIN fallow_ledger l ON l.number = r.number "
            "WHERE r.record = ?",
            (record,),
        ).fetchall()
        shapes = shapely.from_wkb([wkb for (wkb,) in rows])
        return bool(rows) and not bool(np.any(shapely.get_dimensions(shapes) == 2))
