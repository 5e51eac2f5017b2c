"""Face two, layers: every record of one kind at one pair of dates, as columns, and as GeoJSON for the map.

A layer is read once for each ledger head and pair of dates; table, counts, search and map are all cut from
it, so they cannot disagree.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import orjson
import shapely

from fallow.errors import FallowError
from fallow.kinds import Kind
from fallow.register import Register
from fallow.web import tiles
from fallow.web.asked import Box, When
from fallow.web.desk import Desk
from fallow.web.flat import Flat, flat, zooms
from fallow.web.symbology import Symbology, symbology

DECIMALS = 7
"""Of a degree: about 1 cm, far below any survey's accuracy, so no shape is displaced (S1)."""

CHUNK = 2_000

TABLE_FIELDS = ("name", "admin1", "admin2")
"""Beside title, symbol, states and date: the columns a person looks for a place by."""

TILES = 512
"""Tiles of one layer kept; a first view is about six, and most are a few hundred bytes."""

Tile = tuple[int, int, int]
"""Zoom, column from the west, row from the north."""

_ENVELOPES = (0, 32, 48, 48, 64)


@dataclass(frozen=True)
class Layer:
    """Records of one kind, columns side by side; position ``n`` is the same record in each.

    Attributes
    ----------
    cells
        Field name to values, for the fields of the table.
    lines
        Legend line of each record.
    reports
        Ledger numbers behind each record, separated by spaces.
    shapes
        Geometries on EPSG:4326, ``None`` where the location is unknown.
    bounds
        ``(n, 4)`` west, south, east, north in degrees; NaN where the location is unknown.
    """

    kind: Kind
    symbology: Symbology
    head: int
    ids: list[str]
    cells: dict[str, list[Any]]
    lines: list[str]
    conflict: list[str]
    awaiting: list[str]
    declared: list[int]
    reports: list[str]
    shapes: np.ndarray[Any, Any]
    bounds: np.ndarray[Any, Any]
    _bodies: dict[bool, tuple[bytes, ...]] = field(default_factory=dict)
    _tiles: dict[Tile, bytes] = field(default_factory=dict)
    _flat: list[Flat] = field(default_factory=list)
    _flattening: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def located(self) -> np.ndarray[Any, Any]:
        """Which records have a geometry."""
        found: np.ndarray[Any, Any] = np.isfinite(self.bounds[:, 0])
        return found

    def title(self, at: int) -> str:
        """What a person calls the record: its title, its name, or the beginning of its id."""
        for name in (self.kind.title, "name"):
            value = self.cells.get(name or "", ())
            if value and value[at]:
                return str(value[at])
        return self.ids[at][:8]

    def within(self, box: Box | None) -> np.ndarray[Any, Any]:
        """Positions of located records whose bounds meet the box; all located ones without a box."""
        if box is None:
            return np.flatnonzero(self.located)
        west, south, east, north = box
        low_x, low_y, high_x, high_y = self.bounds.T
        return np.flatnonzero((low_x <= east) & (high_x >= west) & (low_y <= north) & (high_y >= south))


def layer(desk: Desk, register: Register, kind: str, when: When) -> Layer:
    """The layer of a kind at two dates, read or remembered; ``KIND_UNKNOWN`` for a name that is none."""
    register.model.kind(kind)  # refuse before a key is kept
    for _ in range(3):
        head = register.ledger.head()[0]
        made = desk.kept((register.id, head, kind, when), partial(_read, register, kind, when, head))
        # Somebody may have written between the head and the rows; what is kept under a head must be of it.
        if register.ledger.head()[0] == head:
            break
    return made


def _read(register: Register, name: str, when: When, head: int) -> Layer:
    kind = register.model.kind(name)
    legend = symbology(register.model, name)
    fields = table_fields(kind, legend)
    columns = ["record", "conflict", "awaiting", "declared", "reports", *fields]
    spatial = bool(kind.shapes)
    rows = [row for batch in when.view(register).raw(name, columns, geometry=spatial) for row in batch]
    by_column = list(zip(*rows, strict=True)) if rows else [()] * (len(columns) + spatial)
    blobs: Sequence[bytes | None] = by_column.pop(0) if spatial else [None] * len(rows)
    record, conflict, awaiting, declared, reports = (list(one) for one in by_column[:5])
    cells = {one: list(values) for one, values in zip(fields, by_column[5:], strict=True)}
    shapes = _shapes(blobs, name)
    nothing = [None] * len(rows)
    symbols = cells.get(legend.symbol or "", nothing)
    states = cells.get(legend.status or "", nothing)
    return Layer(
        kind=kind,
        symbology=legend,
        head=head,
        ids=record,
        cells=cells,
        lines=[legend.line(symbol, state) for symbol, state in zip(symbols, states, strict=True)],
        conflict=conflict,
        awaiting=awaiting,
        declared=declared,
        reports=reports,
        shapes=shapes,
        bounds=shapely.bounds(shapes).reshape(-1, 4),
    )


def table_fields(kind: Kind, legend: Symbology) -> list[str]:
    """The fields a table of this kind shows, each once, in the order a person reads them."""
    stored = {one.name for one in kind.stored}
    wanted = [kind.title, legend.symbol, *(one.field for one in kind.states), kind.date, *TABLE_FIELDS]
    if wanted[0] != "name":
        wanted.insert(1, "name")
    return [one for one in dict.fromkeys(wanted) if one in stored]


def _shapes(blobs: Sequence[bytes | None], kind: str) -> np.ndarray[Any, Any]:
    """Geometries out of GeoPackage blobs; one that cannot be read is a damaged register, not a gap (S1)."""
    wkb = np.array([None if one is None else _wkb(one, kind) for one in blobs], dtype=object)
    try:
        found: np.ndarray[Any, Any] = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        raise FallowError("WEB_REGISTER_UNREADABLE", kind, found="WKB") from error
    if len(found):
        found[shapely.is_empty(found)] = None
    return found


def _wkb(blob: bytes, kind: str) -> bytes:
    """The WKB after the header of a GeoPackage geometry (clause 2.1.3 of the standard)."""
    envelope = (blob[3] >> 1) & 7 if blob[:2] == b"GP" and len(blob) > 8 else 7
    if envelope >= len(_ENVELOPES):
        raise FallowError("WEB_REGISTER_UNREADABLE", kind, found="GeoPackage geometry")
    return blob[8 + _ENVELOPES[envelope] :]


def geojson(found: Layer, at: np.ndarray[Any, Any], *, said: dict[str, str] | None = None) -> Iterator[bytes]:
    """A GeoJSON FeatureCollection of the records at these positions, in pieces.

    Each feature says ``id``, ``l`` (legend line), ``z`` (zoom up to which a dot covers it), ``a`` when
    a claim awaits signatures, ``c`` when sources disagree, and ``d`` (what the difference says) if given.
    """
    yield b'{"type":"FeatureCollection","features":['
    for start in range(0, len(at), CHUNK):
        chosen = at[start : start + CHUNK]
        rounded = shapely.transform(found.shapes[chosen], lambda places: np.round(places, DECIMALS))
        drawn = shapely.to_geojson(rounded)
        features = [
            b'{"type":"Feature","properties":%b,"geometry":%b}'
            % (orjson.dumps(_properties(found, int(one), int(zoom), said)), shape.encode())
            for one, zoom, shape in zip(chosen, zooms(found.bounds[chosen]), drawn, strict=True)
        ]
        yield (b"," if start else b"") + b",".join(features)
    yield b"]}"


def _properties(found: Layer, at: int, zoom: int, said: dict[str, str] | None) -> dict[str, Any]:
    known: dict[str, Any] = {"id": found.ids[at], "l": found.lines[at], "z": zoom}
    if found.awaiting[at]:
        known["a"] = 1
    if found.conflict[at]:
        known["c"] = 1
    if said is not None:
        known["d"] = said[found.ids[at]]
    return known


def tile(found: Layer, at: Tile) -> bytes:
    """The layer in one tile; empty when nothing of it lies there. Kept with the layer."""
    kept = found._tiles.get(at)
    if kept is None:
        kept = tiles.tile(laid_flat(found), found.ids, found.lines, *at)
        if len(found._tiles) >= TILES:
            found._tiles.clear()
        found._tiles[at] = kept
    return kept


def laid_flat(found: Layer) -> Flat:
    """The shapes as columns. Six tiles are asked for at once: the first lays them flat, the others wait."""
    with found._flattening:
        if not found._flat:
            found._flat.append(flat(found.shapes))
        return found._flat[0]


def whole(found: Layer, *, packed: bool) -> Iterable[bytes]:
    """The whole layer as GeoJSON, remembered once it was sent; ``packed`` is gzip."""
    bodies = found._bodies
    if packed in bodies:
        return bodies[packed]
    pieces = geojson(found, np.flatnonzero(found.located))
    return _remembered(gzipped(pieces) if packed else pieces, bodies, packed)


def _remembered(pieces: Iterator[bytes], bodies: dict[bool, tuple[bytes, ...]], key: bool) -> Iterator[bytes]:
    sent = []
    for piece in pieces:
        sent.append(piece)
        yield piece
    bodies[key] = tuple(sent)


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces as one gzip stream; level 1, because it crosses a loopback or a village network once."""
    packer = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
    yield packer.flush()
