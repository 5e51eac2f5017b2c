"""Face two, grounds: where a record lies: area on the ellipsoid, extent, a point, a drawing of its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
import shapely

from fallow.kinds import Kind
from fallow.register import GEOMETRY, Life, Slice

GEOD = pyproj.Geod(ellps="WGS84")

DRAWN = 100.0
"""Side of the drawing's box, in its own units."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The place of a record on EPSG:4326, or that it is unknown.

    Attributes
    ----------
    area
        Square metres on the WGS 84 ellipsoid; ``None`` for points and lines.
    first_area, change
        Area of the first shape anyone reported, and the difference to the one that stands.
    declared
        Square metres as a report declared them.
    latitude, longitude
        A point inside the shape, degrees.
    wide, high
        Extent in metres, west to east and south to north.
    path
        SVG path data in a box of 100 units, north up.
    """

    known: bool
    look: str = ""
    area: float | None = None
    first_area: float | None = None
    change: float | None = None
    declared: float | None = None
    accuracy: float | None = None
    latitude: str = ""
    longitude: str = ""
    wide: float = 0.0
    high: float = 0.0
    path: str = ""
    zoom: float = 12.0


def ground(kind: Kind, life: Life, standing: Slice | None, look: str) -> Ground:
    """Where a record stands; ``known`` is false when its location is unknown."""
    values = standing.values if standing else {}
    wkb = values.get(GEOMETRY)
    if wkb is None:
        return Ground(known=False, look=look)
    shape = shapely.from_wkb(wkb)
    inside = shapely.point_on_surface(shape)
    area = _area(shape)
    first = _first_area(life) if area is not None else None
    west, south, east, north = shapely.bounds(shape)
    wide = GEOD.inv(west, (south + north) / 2, east, (south + north) / 2)[2]
    high = GEOD.inv(west, south, west, north)[2]
    declared = values.get("declared_area") or values.get("area")
    accuracy = values.get("location_accuracy")
    return Ground(
        known=True,
        look=look,
        area=area,
        first_area=first,
        change=area - first if area is not None and first is not None else None,
        declared=float(declared) if isinstance(declared, (int, float)) and area is not None else None,
        accuracy=float(accuracy) if isinstance(accuracy, (int, float)) else None,
        latitude=f"{inside.y:.5f}",
        longitude=f"{inside.x:.5f}",
        wide=wide,
        high=high,
        path=_path(shape, max(wide, high)),
        zoom=_zoom(max(wide, high)),
    )


def _area(shape: Any) -> float | None:
    """Square metres on the ellipsoid; orientation of rings does not matter."""
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        return None
    oriented = shapely.orient_polygons(shape)
    return abs(float(GEOD.geometry_area_perimeter(oriented)[0]))


def _first_area(life: Life) -> float | None:
    """Area of the earliest shape that was ever accepted."""
    shapes = [one for one in life.slices if one.values.get(GEOMETRY) is not None]
    if not shapes:
        return None
    first = min(shapes, key=lambda one: (one.known_from, one.true_from))
    return _area(shapely.from_wkb(first.values[GEOMETRY]))


def _path(shape: Any, side: float) -> str:
    """The shape drawn true to scale (metres east and north of its corner), north up."""
    if shape.geom_type in ("Point", "MultiPoint") or side <= 0:
        return ""
    west, south, _, north = shapely.bounds(shape)
    middle = math.radians((south + north) / 2)
    scale = (DRAWN - 8) / side
    east_metres, north_metres = 111_320 * math.cos(middle) * scale, 111_132 * scale
    pieces = []
    for ring in shapely.get_rings(shape) if shape.geom_type.endswith("Polygon") else shapely.get_parts(shape):
        places = shapely.get_coordinates(ring)
        drawn = np.column_stack(
            ((places[:, 0] - west) * east_metres + 4, (north - places[:, 1]) * north_metres + 4)
        )
        closed = "Z" if shape.geom_type.endswith("Polygon") else ""
        pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn) + closed)
    return "".join(pieces)


def _zoom(side: float) -> float:
    """A zoom at which the shape fills about a third of a laptop's map."""
    return 14.0 if side <= 0 else round(min(18.0, max(5.0, math.log2(40_075_016 * 300 / (512 * side)))), 1)
