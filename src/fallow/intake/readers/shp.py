"""Step 1, reports arrive: the ``.shp`` of a shapefile as WKB, shape by shape."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from fallow.errors import FallowError
from fallow.intake import geometry_wkb
from fallow.intake.readers.archive import Entry

Floats = npt.NDArray[np.float64]

_MOST_BYTES = 64 * 1024 * 1024
_POINTS, _LINES, _AREAS, _MULTIPOINTS = 1, 3, 5, 8
_PLAIN_BOX = 32


@dataclass(frozen=True, slots=True)
class BadShape:
    """A shape that cannot be taken."""

    code: str
    facts: dict[str, Any] = field(default_factory=dict)


class Shapes:
    """Iterates over WKB, ``None`` for a null shape, or :class:`BadShape`."""

    def __init__(self, stream: Entry) -> None:
        self._stream = stream
        head = stream.read_exactly(100)
        if len(head) < 100 or struct.unpack(">i", head[:4])[0] != 9994:
            raise FallowError("SHP_DAMAGED", ".shp", found="9994")
        self._left = struct.unpack(">i", head[24:28])[0] * 2 - 100
        self.kind: int = struct.unpack("<i", head[32:36])[0]
        self.dimensions_dropped = self.kind > 10
        self.seen = 0
        self._walk = self._shapes()

    def __iter__(self) -> Iterator[bytes | BadShape | None]:
        return self._walk

    def _shapes(self) -> Iterator[bytes | BadShape | None]:
        while self._left > 0:
            head = self._stream.read_exactly(8)
            if len(head) < 8:
                raise FallowError("SHP_DAMAGED", f"shape {self.seen + 1}", found="short")
            size = struct.unpack(">i", head[4:])[0] * 2
            if not 4 <= size <= _MOST_BYTES:
                raise FallowError("SHP_DAMAGED", f"shape {self.seen + 1}", found=size)
            content = self._stream.read_exactly(size)
            if len(content) < size:
                raise FallowError("SHP_DAMAGED", f"shape {self.seen + 1}", found="short")
            self._left -= 8 + size
            self.seen += 1
            try:
                yield _shape(content)
            except (struct.error, ValueError):
                yield BadShape("BAD_GEOMETRY", {"found": "short", "at": 0})


def _shape(content: bytes) -> bytes | BadShape | None:
    kind = struct.unpack("<i", content[:4])[0]
    if kind == 0:
        return None
    family, extra = kind % 10, kind // 10
    if family not in (_POINTS, _LINES, _AREAS, _MULTIPOINTS) or extra > 2:
        return BadShape("GEOMETRY_TYPE", {"found": kind})
    if family == _POINTS:
        if extra == 1 and not np.isfinite(struct.unpack("<d", content[20:28])[0]):
            return BadShape("COORD_NOT_FINITE", {"found": "altitude"})
        return geometry_wkb.point(content[4:20])
    counts = 1 if family == _MULTIPOINTS else 2
    at = 4 + _PLAIN_BOX
    numbers = struct.unpack(f"<{counts}i", content[at : at + 4 * counts])
    at += 4 * counts
    parts = [0]
    if family != _MULTIPOINTS:
        parts = list(struct.unpack(f"<{numbers[0]}i", content[at : at + 4 * numbers[0]]))
        at += 4 * numbers[0]
    points = numbers[-1]
    xy = np.frombuffer(content, dtype="<f8", count=points * 2, offset=at).reshape(-1, 2)
    if extra == 1:
        heights = np.frombuffer(content, dtype="<f8", count=points, offset=at + points * 16 + 16)
        if not np.isfinite(heights).all():
            return BadShape("COORD_NOT_FINITE", {"found": "altitude"})
    if family == _MULTIPOINTS:
        return geometry_wkb.many(4, [geometry_wkb.point(one.tobytes()) for one in xy])
    bounds = [*parts, points]
    if bounds != sorted(bounds) or bounds[0] != 0:
        return BadShape("BAD_GEOMETRY", {"found": "parts", "at": 0})
    pieces = [xy[low:high] for low, high in pairwise(bounds) if high > low]
    if family == _LINES:
        lines = [geometry_wkb.line(one.tobytes()) for one in pieces]
        return lines[0] if len(lines) == 1 else geometry_wkb.many(5, lines)
    return _area(pieces)


def _area(rings: list[Floats]) -> bytes:
    """Outer rings run clockwise, holes the other way. A hole belongs to the smallest outer ring around it.

    A hole that lies in no outer ring is an outline drawn the wrong way round, or damage. It stays an
    outline: to take it for nothing would make a hazard vanish.
    """
    if len(rings) == 1:
        return geometry_wkb.polygon([rings[0].tobytes()])
    sizes = [_signed(ring) for ring in rings]
    outer = [at for at, size in enumerate(sizes) if size <= 0]
    holes = [at for at, size in enumerate(sizes) if size > 0]
    mine: dict[int, list[int]] = {at: [] for at in outer}
    if len(outer) == 1:
        mine[outer[0]] = holes  # a hole that lies outside is found by the gate and told with its place
    else:
        for hole in holes:
            around = [at for at in outer if _holds(rings[at], rings[hole])]
            if around:
                mine[min(around, key=lambda at: abs(sizes[at]))].append(hole)
            else:
                mine[hole] = []
    made = [
        geometry_wkb.polygon([rings[at].tobytes(), *(rings[hole].tobytes() for hole in inside)])
        for at, inside in mine.items()
    ]
    return made[0] if len(made) == 1 else geometry_wkb.many(6, made)


def _signed(ring: Floats) -> float:
    """Area, positive when the ring runs counter-clockwise; taken from its first point to keep the digits."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2


def _holds(outer: Floats, inner: Floats) -> bool:
    if len(outer) < 4 or len(inner) < 4:
        return False
    shell = shapely.polygons(outer)
    return bool(shapely.is_valid(shell) and shapely.covers(shell, shapely.points(inner)).all())
