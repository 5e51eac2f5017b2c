"""Step 1, reports arrive: UTM and MGRS to longitude and latitude on WGS 84, a batch of one zone at a time.

MGRS after NGA.STND.0037 (the universal grids): letters of the 100 km squares, sets of three and two zones,
band minima. Own lines over pyproj because the known package reaches its C library by ctypes, which the
reading child may not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fallow.intake.coordinates_text import BadCoordinate, number

_ZONE = re.compile(r"(\d{1,2})\s*([NnSs])")
_MGRS = re.compile(r"(\d{1,2})([C-HJ-NP-X])([A-HJ-NP-Z])([A-HJ-NP-V])((?:\d\d){0,5})")
_COLUMNS = ("ABCDEFGH", "JKLMNPQR", "STUVWXYZ")
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_BAND_MINIMUM = dict(
    zip(
        _BANDS,
        (11, 20, 28, 37, 46, 55, 64, 73, 82, 91, 0, 8, 17, 26, 35, 44, 53, 62, 70, 79),
        strict=True,
    )
)
"""Least northing in each band, in 100 km."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A place on the UTM grid, in metres."""

    zone: int
    north: bool
    easting: float
    northing: float
    band: str = ""
    """Latitude band it claims to lie in, for MGRS."""
    square: int = 0
    """Side of the square an MGRS reference names, in metres."""


def utm(easting: Any, northing: Any, zone: Any, decimal: str) -> Grid:
    """A UTM position; ``zone`` is ``33N`` or ``19 S`` with its hemisphere (not the band letter of MGRS)."""
    x, y = number(easting, decimal, 0), number(northing, decimal, 1)
    match = _ZONE.fullmatch(str(zone).strip()) if zone is not None else None
    if match is None or not 1 <= int(match[1]) <= 60:
        raise BadCoordinate(2)
    if not 100_000 <= x <= 900_000:
        raise BadCoordinate(0)
    if not 0 <= y <= 10_000_000:
        raise BadCoordinate(1)
    return Grid(int(match[1]), match[2] in "Nn", x, y)


def mgrs(cell: Any) -> Grid:
    """The middle of the square a reference like ``38TLL 12345 67890`` names: nowhere is the error smaller."""
    match = _MGRS.fullmatch(re.sub(r"\s", "", str(cell)).upper())
    if match is None:
        raise BadCoordinate
    zone, band, column, row, digits = int(match[1]), match[2], match[3], match[4], match[5]
    letters = _COLUMNS[(zone - 1) % 3]
    if not 1 <= zone <= 60 or column not in letters:
        raise BadCoordinate
    half = len(digits) // 2
    unit = 10 ** (5 - half)
    easting = (letters.index(column) + 1) * 100_000 + (int(digits[:half]) * unit if half else 0)
    northing = (_ROWS.index(row) - (5 if zone % 2 == 0 else 0)) % 20 * 100_000
    while northing < _BAND_MINIMUM[band] * 100_000:
        northing += 2_000_000
    northing += int(digits[half:]) * unit if half else 0
    return Grid(zone, band >= "N", easting + unit / 2, northing + unit / 2, band, unit)


@cache
def _transformer(zone: int, north: bool) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(f"EPSG:{(32600 if north else 32700) + zone}", "OGC:CRS84", always_xy=True)


def to_lonlat(places: Sequence[Grid]) -> list[tuple[float, float] | None]:
    """Longitude and latitude of each place; ``None`` where an MGRS reference is not in the band it names."""
    out: list[tuple[float, float] | None] = [None] * len(places)
    groups: dict[tuple[int, bool], list[int]] = {}
    for spot, one in enumerate(places):
        groups.setdefault((one.zone, one.north), []).append(spot)
    for (zone, north), spots in groups.items():
        lon, lat = _transformer(zone, north).transform(
            [places[spot].easting for spot in spots], [places[spot].northing for spot in spots]
        )
        for spot, x, y in zip(spots, lon, lat, strict=True):
            if _in_band(places[spot].band, y):
                out[spot] = (x, y)
    return out


def _in_band(band: str, latitude: float) -> bool:
    """Squares are whole 100 km and stick out of their band by up to that much."""
    if not band:
        return True
    south = -80.0 + 8.0 * _BANDS.index(band)
    return south - 1.0 <= latitude <= south + (12.0 if band == "X" else 8.0) + 1.0
