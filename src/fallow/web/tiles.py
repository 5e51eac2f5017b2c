"""Face two, tiles: one square of the map as a Mapbox Vector Tile 2.1, encoded with numpy.

Nothing is left out (S1): a part of at most four pixels is a dot that covers it, a larger one is drawn with
every place it has. Places are rounded to 1/16 of a pixel; the outline, at least 0.8 pixels wide, covers that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fallow.web.clipping import clip_line, clip_ring
from fallow.web.flat import Flat

Numbers = np.ndarray[Any, Any]

EXTENT = 8192
"""Units of a tile's side: what MapLibre reckons with itself, so it rounds no second time."""

BUFFER = 128
"""Units drawn beyond the side, 8 pixels: lines of neighbouring tiles meet without a seam."""

DEEPEST = 20
"""The map's last zoom. Tiles are cut down to it, so that a shape of metres becomes a shape there."""

POINT, LINE, POLYGON = 1, 2, 3
"""Types of the tile's geometries; a part's dimension and one."""


def tile(shapes: Flat, ids: Sequence[str], lines: Sequence[str], zoom: int, x: int, y: int) -> bytes:
    """One layer in one tile.

    Parameters
    ----------
    shapes
        Every part of the layer.
    ids, lines
        Record id and legend line by position of the record.
    zoom, x, y
        The tile, counted from the north-west.

    Returns
    -------
    bytes
        A tile with layers ``<line>:dot``, ``<line>:sign`` (points), ``<line>:way`` (lines) and
        ``<line>:area``. A feature has one property, ``id``. Empty when nothing lies here.
    """
    side = 2.0**zoom
    box = (shapes.bounds * side - (x, y, x, y)) * EXTENT
    near = (
        (box[:, 0] <= EXTENT + BUFFER)
        & (box[:, 2] >= -BUFFER)
        & (box[:, 1] <= EXTENT + BUFFER)
        & (box[:, 3] >= -BUFFER)
    )
    found: list[bytes] = []
    # A point stands in exactly one tile; the map draws its sign across the side.
    middle = np.floor((box[:, :2] + box[:, 2:]) / 2).astype(np.int64)
    inside = ((middle >= 0) & (middle < EXTENT)).all(axis=1)
    spread = shapes.kind > 0
    for name, chosen in (("dot", spread & (shapes.zooms >= zoom)), ("sign", ~spread)):
        at = np.flatnonzero(chosen & inside)
        found += _layers(name, POINT, shapes.owner[at], ids, lines, _points(middle[at]))
    for name, kind in (("way", LINE), ("area", POLYGON)):
        at = np.flatnonzero(near & (shapes.kind == kind - 1) & (shapes.zooms <= zoom))
        drawn = [(one, pieces) for one in at if (pieces := _pieces(shapes, int(one), side, x, y))]
        owner = shapes.owner[[one for one, _ in drawn]] if drawn else np.empty(0, int)
        geometry = _strokes([pieces for _, pieces in drawn], closed=kind == POLYGON)
        found += _layers(name, kind, owner, ids, lines, geometry)
    return b"".join(found)


def _pieces(shapes: Flat, part: int, side: float, x: int, y: int) -> list[Numbers]:
    """Rings or lines of one part in units of the tile, clipped to it and rounded."""
    low, high = -float(BUFFER), float(EXTENT + BUFFER)
    area = shapes.kind[part] == 2
    found = []
    for ring in range(shapes.rings[part], shapes.rings[part + 1]):
        bounds = (shapes.ring_bounds[ring] * side - (x, y, x, y)) * EXTENT
        if bounds[0] > high or bounds[1] > high or bounds[2] < low or bounds[3] < low:
            continue
        places = (shapes.places[shapes.starts[ring] : shapes.starts[ring + 1]] * side - (x, y)) * EXTENT
        whole = bounds[0] >= low and bounds[1] >= low and bounds[2] <= high and bounds[3] <= high
        if not area:
            found += [_rounded(one) for one in ([places] if whole else clip_line(places, low, high))]
            continue
        drawn = _rounded(places if whole else clip_ring(places, low, high))
        outer = ring == shapes.rings[part]
        if not len(drawn):
            continue
        turned = _turned(drawn, outer=outer)
        if turned is not None:
            found.append(turned)
    return found


def _rounded(places: Numbers) -> Numbers:
    """Whole units, without places that fall on the one before."""
    whole = np.rint(places).astype(np.int64)
    if len(whole) < 2:
        return whole
    kept = np.concatenate(([True], (np.diff(whole, axis=0) != 0).any(axis=1)))
    return whole[kept]


def _turned(ring: Numbers, *, outer: bool) -> Numbers | None:
    """Turned as the standard wants it: outer rings one way, holes the other; no hole without an area."""
    if len(ring) > 1 and (ring[0] == ring[-1]).all():
        ring = ring[:-1]
    following = np.roll(ring, -1, axis=0)
    area = int((ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]).sum())
    if area == 0:
        # A sliver: its fill would be nothing, its outline is drawn.
        return ring if outer else None
    return ring if (area > 0) == outer else ring[::-1]


# -- the encoding -----------------------------------------------------------------------------------------


def _points(places: Numbers) -> list[bytes]:
    """Geometry of single points."""
    integers = np.empty((len(places), 3), np.uint64)
    integers[:, 0] = 1 << 3 | 1
    integers[:, 1:] = _zigzag(places)
    return _packed(integers.ravel(), np.full(len(places), 3))


def _strokes(parts: list[list[Numbers]], *, closed: bool) -> list[bytes]:
    """Geometry of lines or of polygons with their rings: move, lines, and close."""
    pieces = [piece for part in parts for piece in part]
    if not pieces:
        return []
    lengths = np.array([len(one) for one in pieces])
    places = np.concatenate(pieces)
    before = np.concatenate(([[0, 0]], places[:-1]))
    of_part = np.concatenate(([0], np.cumsum([sum(map(len, part)) for part in parts])))[:-1]
    before[of_part] = 0  # the pen stands at the corner when a feature begins
    steps = _zigzag(places - before)
    # Move (1 + 2), lines (1 + 2 each but the first), close (1).
    counts = 3 + np.where(lengths > 1, 1 + 2 * (lengths - 1), 0) + closed
    begins = np.concatenate(([0], np.cumsum(counts)))[:-1]
    first = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    integers = np.empty(int(counts.sum()), np.uint64)
    number = np.arange(len(places)) - np.repeat(first, lengths)
    at = np.repeat(begins, lengths) + np.where(number == 0, 1, 2 + 2 * number)
    integers[at], integers[at + 1] = steps[:, 0], steps[:, 1]
    integers[begins] = 1 << 3 | 1
    more = lengths > 1
    integers[begins[more] + 3] = (lengths[more] - 1) << 3 | 2
    if closed:
        integers[begins + counts - 1] = 1 << 3 | 7
    per_part = np.add.reduceat(counts, np.cumsum([0] + [len(part) for part in parts[:-1]]))
    return _packed(integers, per_part)


def _zigzag(numbers: Numbers) -> Numbers:
    found: Numbers = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    return found


def _packed(integers: Numbers, counts: Numbers) -> list[bytes]:
    """Protocol buffer varints, and cut into runs of so many integers."""
    limits = np.array([1 << 7, 1 << 14, 1 << 21, 1 << 28], np.uint64)
    wide = 1 + np.searchsorted(limits, integers, side="right")
    ends = np.cumsum(wide)
    begins = ends - wide
    out = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    for step in range(int(wide.max()) if len(wide) else 0):
        some = wide > step
        low = (integers[some] >> np.uint64(7 * step)) & np.uint64(127)
        out[begins[some] + step] = low | np.where(wide[some] > step + 1, 128, 0).astype(np.uint64)
    whole = out.tobytes()
    cuts = np.concatenate(([0], ends))[np.concatenate(([0], np.cumsum(counts)))].tolist()
    return [whole[start:end] for start, end in pairwise(cuts)]


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _layers(
    name: str, kind: int, owner: Numbers, ids: Sequence[str], lines: Sequence[str], geometry: list[bytes]
) -> Iterator[bytes]:
    """One layer of the tile for each line of the legend that has something here."""
    by_line: dict[str, tuple[list[bytes], list[bytes]]] = {}
    said = b"\x18" + bytes((kind,)) + b"\x22"
    for record, drawn in zip(owner.tolist(), geometry, strict=True):
        features, values = by_line.setdefault(lines[record], ([], []))
        tags = b"\x00" + _varint(len(values))
        body = b"\x12" + bytes((len(tags),)) + tags + said + _varint(len(drawn)) + drawn
        features.append(b"\x12" + _varint(len(body)) + body)
        values.append(_field(4, _field(1, ids[record].encode())))
    for line, (features, values) in by_line.items():
        head = _field(1, f"{line}:{name}".encode())
        tail = b"\x28" + _varint(EXTENT) + b"\x78\x02"
        yield _field(3, b"".join((head, *features, _field(3, b"id"), *values, tail)))
