"""Step 1, reports arrive: walk well-known binary without believing it, before a C library parses it.

A nested collection of 107 KB overflows the stack of GEOS and takes the process with it, and a count of
0xFFFFFFF0 asks for 64 GB; so the walk is a loop, not a recursion, and every count is compared with the bytes
there.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 8
"""Collections within collections; the deepest geometry of the standard that is of use has three levels."""

_SIMPLE = {1, 2, 3}
_MANY = {4: 1, 5: 2, 6: 3, 7: None}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a geometry cannot be taken: a code of the catalogue and its facts."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


def base_and_dimensions(number: int) -> tuple[int, int]:
    """Geometry type 1 to 7 and 2, 3 or 4 ordinates a position, for ISO and PostGIS type numbers."""
    extended = number & 0xE0000000
    plain = number & 0x1FFFFFFF
    base, kind = plain % 1000, plain // 1000
    more = {0: 0, 1: 1, 2: 1, 3: 2}.get(kind, 0)
    more += bool(extended & 0x80000000) + bool(extended & 0x40000000)
    return base, 2 + min(more, 2)


def scan(wkb: bytes) -> Fault | None:
    """The first fault in the structure of one geometry, or ``None`` when GEOS may parse it.

    Checks byte order marks, type numbers, nesting up to :data:`DEEPEST`, that each part of a ``Multi``
    geometry is of its type, that every count fits the bytes, that rings are closed and have four positions,
    and that no bytes are left over.
    """
    at = 0
    waiting: list[tuple[int, int | None]] = [
        (1, None)
    ]  # parts still to come on each level, and the type they must have
    try:
        while waiting:
            left, must = waiting[-1]
            if left == 0:
                waiting.pop()
                continue
            waiting[-1] = (left - 1, must)
            order = wkb[at]
            if order > 1:
                return Fault("BAD_GEOMETRY", {"found": f"byte order {order}", "at": at})
            sign = "<" if order else ">"
            number = struct.unpack_from(sign + "I", wkb, at + 1)[0]
            base, size = base_and_dimensions(number)
            at += 5
            if number & 0x20000000:
                at += 4  # PostGIS writes the reference system here
            if base not in _SIMPLE and base not in _MANY:
                return Fault("GEOMETRY_TYPE", {"found": base})
            if must is not None and base != must:
                return Fault("BAD_GEOMETRY", {"found": f"type {base} inside type {must}", "at": at})
            if base in _MANY:
                count = struct.unpack_from(sign + "I", wkb, at)[0]
                at += 4
                if count * 5 > len(wkb) - at:
                    return Fault("BAD_GEOMETRY", {"found": f"count {count}", "at": at})
                if len(waiting) >= DEEPEST:
                    return Fault("TOO_DEEP", {"found": len(waiting) + 1, "limit": DEEPEST})
                waiting.append((count, _MANY[base]))
                continue
            step = size * 8
            if base == 1:
                at += step
            elif base == 2:
                count = struct.unpack_from(sign + "I", wkb, at)[0]
                at += 4 + count * step
                if count == 1:
                    return Fault("TOO_FEW_POINTS", {"found": count, "least": 2, "ring": 0})
            else:
                rings = struct.unpack_from(sign + "I", wkb, at)[0]
                at += 4
                if rings * 4 > len(wkb) - at:
                    return Fault("BAD_GEOMETRY", {"found": f"count {rings}", "at": at})
                for ring in range(rings):
                    count = struct.unpack_from(sign + "I", wkb, at)[0]
                    at += 4
                    end = at + count * step
                    if end > len(wkb):
                        return Fault("BAD_GEOMETRY", {"found": f"count {count}", "at": at})
                    fault = _ring_fault(wkb, at, end, count, step, ring)
                    if fault:
                        return fault
                    at = end
            if at > len(wkb):
                return Fault("BAD_GEOMETRY", {"found": "short", "at": len(wkb)})
    except (IndexError, struct.error):
        return Fault("BAD_GEOMETRY", {"found": "short", "at": len(wkb)})
    if at != len(wkb):
        return Fault("BAD_GEOMETRY", {"found": f"{len(wkb) - at} bytes left over", "at": at})
    return None


def _ring_fault(wkb: bytes, at: int, end: int, count: int, step: int, ring: int) -> Fault | None:
    if count == 0:
        return None
    closed = wkb[at : at + 16] == wkb[end - step : end - step + 16]
    if count < 4 and (closed or count < 3):
        return Fault("TOO_FEW_POINTS", {"found": count, "least": 4, "ring": ring})
    if not closed:
        return Fault("UNCLOSED_RING", {"found": count, "ring": ring})
    return None


_HEAD = struct.Struct("<BI")
_COUNT = struct.Struct("<I")
_POINT = b"\x01\x01\x00\x00\x00"
_POLYGON = b"\x01\x03\x00\x00\x00"
_LINE = b"\x01\x02\x00\x00\x00"


def point(xy: bytes) -> bytes:
    """A point from 16 bytes of little-endian doubles."""
    return _POINT + xy


def line(xy: bytes) -> bytes:
    """A line from its positions, 16 bytes each."""
    return _LINE + _COUNT.pack(len(xy) // 16) + xy


def polygon(rings: Sequence[bytes]) -> bytes:
    """A polygon from its rings, positions of 16 bytes each, outer ring first."""
    parts = [_POLYGON, _COUNT.pack(len(rings))]
    for ring in rings:
        parts += (_COUNT.pack(len(ring) // 16), ring)
    return b"".join(parts)


def many(base: int, parts: Sequence[bytes]) -> bytes:
    """A multi geometry (4 points, 5 lines, 6 polygons) or collection (7) of complete parts."""
    return _HEAD.pack(1, base) + _COUNT.pack(len(parts)) + b"".join(parts)
