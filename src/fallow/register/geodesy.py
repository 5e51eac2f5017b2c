"""Step 2, areas on the ellipsoid: square metres on WGS 84 from longitude and latitude.

Geodesic polygon area after Karney (2013), "Algorithms for geodesics", through pyproj.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import shapely


@cache
def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def area_m2(wkb: bytes) -> float:
    """Geodesic area of a WKB polygon or multipolygon (EPSG:4326) in square metres, holes taken out."""
    shape = shapely.orient_polygons(shapely.from_wkb(wkb))
    return abs(float(_geod().geometry_area_perimeter(shape)[0])) if not shape.is_empty else 0.0
