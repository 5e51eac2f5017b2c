"""Step 2, geometry as GeoPackage wants it: blobs with a header, and the functions its triggers call.

A GeoPackage geometry is ``GP``, version, flags, SRS id, envelope, then WKB (OGC 12-128r18, clause 2.1.3).
Everything stored here is longitude, latitude on EPSG:4326, little endian, with its XY envelope.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

SRS_ID = 4326
_START = struct.pack("<2sBBi", b"GP", 0, 0b0000_0011, SRS_ID)  # little endian, envelope of four doubles
_START_EMPTY = struct.pack("<2sBBi", b"GP", 0, 0b0001_0001, SRS_ID)
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)

Bounds = npt.NDArray[np.float64]
"""Shape (n, 4): west, south, east, north in degrees; a row of NaN where there is no geometry."""


def bounds_of(wkb: Sequence[bytes | None]) -> Bounds:
    """Envelopes of many WKB geometries at once."""
    if not len(wkb):
        return np.empty((0, 4))
    found = _of_outlines(wkb)
    if found is not None:
        return found
    return np.asarray(shapely.bounds(shapely.from_wkb(np.asarray(wkb, dtype=object))), dtype=np.float64)


_OUTLINE = np.frombuffer(struct.pack("<BII", 1, 3, 1), dtype=np.uint8)
"""What a polygon of one ring starts with; the number of its corners and the corners follow."""


def _of_outlines(wkb: Sequence[bytes | None]) -> Bounds | None:
    """Envelopes of polygons of one ring each, which is what most hazards are; ``None`` for anything else.

    Reading the corners where they lie costs a tenth of building 2,000 shapes to ask them for their bounds.
    """
    solid = [one for one in wkb if one is not None]
    if not solid:
        return None
    sizes = np.fromiter(map(len, solid), dtype=np.int64, count=len(solid))
    starts = np.cumsum(sizes) - sizes
    counts, rest = np.divmod(sizes - 13, 16)
    if rest.any() or (counts < 4).any():
        return None
    packed = np.frombuffer(b"".join(solid), dtype=np.uint8)
    heads = starts[:, None] + np.arange(13)
    if (packed[heads[:, :9]] != _OUTLINE).any() or (packed[heads[:, 9:]].view("<u4")[:, 0] != counts).any():
        return None
    keep = np.ones(len(packed), dtype=bool)
    keep[heads] = False
    corners = packed[keep].view("<f8").reshape(-1, 2)
    if not np.isfinite(corners).all():
        return None
    x, y = np.ascontiguousarray(corners[:, 0]), np.ascontiguousarray(corners[:, 1])
    firsts = np.cumsum(counts) - counts
    bounds = np.column_stack(
        [least.reduceat(one, firsts) for least in (np.minimum, np.maximum) for one in (x, y)]
    )
    if len(solid) == len(wkb):
        return bounds
    every = np.full((len(wkb), 4), np.nan)
    every[[spot for spot, one in enumerate(wkb) if one is not None]] = bounds
    return every


def to_blobs(wkb: Sequence[bytes | None], bounds: Bounds) -> list[bytes | None]:
    """GeoPackage blobs for WKB geometries whose envelopes are known."""
    heads = np.empty(len(wkb), dtype=[("start", "V8"), ("box", "<f8", (4,))])
    heads["start"] = np.void(_START)
    heads["box"] = bounds[:, [0, 2, 1, 3]]
    packed = heads.tobytes()
    if not np.isnan(bounds).any():
        return [packed[at : at + 40] + one for at, one in zip(range(0, len(packed), 40), wkb, strict=True)]  # type: ignore[operator]
    located = (bounds[:, 0] == bounds[:, 0]).tolist()
    return [
        None if one is None else (packed[40 * row : 40 * row + 40] if located[row] else _START_EMPTY) + one
        for row, one in enumerate(wkb)
    ]


def to_wkb(blob: bytes | None) -> bytes | None:
    """The WKB inside a GeoPackage blob written here or by another program."""
    if blob is None:
        return None
    return bytes(blob[8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 0b111] :])


def _envelope(blob: bytes | None) -> tuple[float, float, float, float] | None:
    """``(min x, max x, min y, max y)`` of a blob, or ``None`` for NULL and empty."""
    if blob is None or blob[3] & 0b0001_0000:
        return None
    order = "<" if blob[3] & 1 else ">"
    if (blob[3] >> 1) & 0b111:
        return struct.unpack_from(order + "4d", blob, 8)
    west, south, east, north = shapely.bounds(shapely.from_wkb(blob[8:])).tolist()
    return None if west != west else (west, east, south, north)


def register_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection the ``ST_*`` functions that the standard R-tree triggers call."""

    def part(position: int) -> object:
        def of(blob: bytes | None) -> float | None:
            envelope = _envelope(blob)
            return None if envelope is None else envelope[position]

        return of

    for position, name in enumerate(("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")):
        connection.create_function(name, 1, part(position), deterministic=True)  # type: ignore[arg-type]
    connection.create_function(
        "ST_IsEmpty",
        1,
        lambda blob: None if blob is None else int(_envelope(blob) is None),
        deterministic=True,
    )
