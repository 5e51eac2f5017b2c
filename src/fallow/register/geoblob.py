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
_HEAD = struct.Struct("<2sBBi4d")
_FLAGS = 0b0000_0011  # little endian, envelope of four doubles
_FLAGS_EMPTY = 0b0001_0001
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)

Bounds = npt.NDArray[np.float64]
"""Shape (n, 4): west, south, east, north in degrees; a row of NaN where there is no geometry."""


def bounds_of(wkb: Sequence[bytes | None]) -> Bounds:
    """Envelopes of many WKB geometries at once."""
    if not len(wkb):
        return np.empty((0, 4))
    return np.asarray(shapely.bounds(shapely.from_wkb(np.asarray(wkb, dtype=object))), dtype=np.float64)


def to_blobs(wkb: Sequence[bytes | None], bounds: Bounds) -> list[bytes | None]:
    """GeoPackage blobs for WKB geometries whose envelopes are known."""
    pack = _HEAD.pack
    return [
        None
        if one is None
        else (
            pack(b"GP", 0, _FLAGS, SRS_ID, box[0], box[2], box[1], box[3]) + one
            if box[0] == box[0]
            else struct.pack("<2sBBi", b"GP", 0, _FLAGS_EMPTY, SRS_ID) + one
        )
        for one, box in zip(wkb, bounds.tolist(), strict=True)
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
