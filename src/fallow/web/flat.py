"""Face two, flat shapes: every part of every shape of a layer as columns of numbers, to be cut into tiles.

A part is one point, one line or one polygon. Parts and not records decide between dot and shape: an islet of
three metres in a record ten kilometres wide would otherwise have neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

Numbers = np.ndarray[Any, Any]

SMALL = 4.0
"""Pixels. What is smaller than this on screen is a dot that covers it: no zoom hides it (S1)."""

POLE = 85.0511287798066
"""Degrees. The square of the world ends here; no map of this projection shows more."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Parts side by side, and the rings they are drawn with.

    Attributes
    ----------
    owner
        ``(p,)`` position of each part's record.
    kind
        ``(p,)`` 0 point, 1 line, 2 polygon.
    bounds
        ``(p, 4)`` west, north, east, south on the square of the world: 0 to 1, y down (EPSG:3857 scaled).
    zooms
        ``(p,)`` whole zoom up to which a dot covers the part; 99 for a point, whose sign has one size.
    rings
        ``(p + 1,)`` first ring of each part; a point or a line has one.
    starts
        ``(r + 1,)`` first place of each ring; rings of polygons without their repeated last place.
    ring_bounds
        ``(r, 4)`` as ``bounds``.
    places
        ``(n, 2)`` x and y on the square of the world.
    """

    owner: Numbers
    kind: Numbers
    bounds: Numbers
    zooms: Numbers
    rings: Numbers
    starts: Numbers
    ring_bounds: Numbers
    places: Numbers


def flat(shapes: Numbers) -> Flat:
    """Geometries on EPSG:4326 as columns; ``None`` has no part."""
    parts, owner = _parts(shapes)
    kind = shapely.get_dimensions(parts)
    rings, of_part = _rings(parts, kind)
    places = world(shapely.get_coordinates(rings))
    counts = shapely.get_num_coordinates(rings)
    closed = kind[of_part] == 2
    starts = _offsets(counts)
    last = np.zeros(len(places), bool)
    last[starts[1:][closed] - 1] = True
    places, starts = places[~last], _offsets(counts - closed)
    ring_bounds = _bounds(places, starts)
    firsts = _offsets(np.bincount(of_part, minlength=len(parts)))
    # The first ring of a polygon encloses the others.
    bounds = ring_bounds[firsts[:-1]] if len(parts) else np.empty((0, 4))
    return Flat(owner, kind, bounds, _zooms(parts, kind), firsts, starts, ring_bounds, places)


def world(degrees: Numbers) -> Numbers:
    """Longitude and latitude on the square of the world, 0 to 1, y down."""
    latitude = np.radians(np.clip(degrees[:, 1], -POLE, POLE))
    found: Numbers = np.column_stack(
        ((degrees[:, 0] + 180) / 360, 0.5 - np.arctanh(np.sin(latitude)) / (2 * np.pi))
    )
    return found


def zooms(bounds: Numbers) -> Numbers:
    """Whole zoom up to which a shape of these bounds stays within :data:`SMALL` pixels.

    ``bounds`` is ``(n, 4)`` west, south, east, north in degrees; the world has 512 pixels at zoom 0.
    """
    west, south, east, north = bounds.T
    stretch = 1 / np.maximum(0.05, np.cos(np.radians(np.maximum(np.abs(south), np.abs(north)))))
    side = np.maximum(np.maximum(east - west, (north - south) * stretch), 1e-9)
    found: Numbers = np.clip(np.floor(np.log2(SMALL * 360 / (512 * side))), 0, 24)
    return found


def _parts(shapes: Numbers) -> tuple[Numbers, Numbers]:
    at = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    found, of = shapely.get_parts(shapes[at], return_index=True)
    # A collection may hold a multipolygon: once more for what a part still holds.
    while (shapely.get_type_id(found) > 3).any():
        found, inner = shapely.get_parts(found, return_index=True)
        of = of[inner]
    kept = ~shapely.is_empty(found)
    return found[kept], at[of[kept]]


def _rings(parts: Numbers, kind: Numbers) -> tuple[Numbers, Numbers]:
    """Rings of polygons, and points and lines as they are, in the order of the parts."""
    areas = np.flatnonzero(kind == 2)
    rings, of = shapely.get_rings(parts[areas], return_index=True)
    others = np.flatnonzero(kind != 2)
    every = np.concatenate((rings, parts[others]))
    of_part = np.concatenate((areas[of], others))
    order = np.argsort(of_part, kind="stable")
    return every[order], of_part[order]


def _zooms(parts: Numbers, kind: Numbers) -> Numbers:
    found = zooms(shapely.bounds(parts).reshape(-1, 4)).astype(int)
    return np.where(kind == 0, 99, found)


def _offsets(counts: Numbers) -> Numbers:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.intp)


def _bounds(places: Numbers, starts: Numbers) -> Numbers:
    if len(starts) < 2:
        return np.empty((0, 4))
    low = np.minimum.reduceat(places, starts[:-1])
    return np.hstack((low, np.maximum.reduceat(places, starts[:-1])))
