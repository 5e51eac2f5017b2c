"""Step 1, reports arrive: say why an outline is not simple, where, and what a repair would change. Never
apply it.

``make_valid`` on a random polygon of 200 corners takes 12 s with the old method and 0.2 s with
``structure``; a file can hold thousands. So a proposal has a limit on corners and on crossings, and the file
one on time.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import shapely

MOST_CORNERS = 2_000
MOST_CROSSINGS = 500
MOST_SECONDS = 20.0
"""For the proposals of one file."""

_REASON = re.compile(r"^(?P<why>[^\[]+)(?:\[(?P<x>\S+) (?P<y>\S+)\])?")
_CODES = {
    "Hole lies outside shell": "HOLE_OUTSIDE",
    "Holes are nested": "HOLE_OUTSIDE",
    "Nested shells": "NESTED_SHELLS",
    "Too few points in geometry component": "TOO_FEW_POINTS",
    "Ring is not closed": "UNCLOSED_RING",
    "Invalid Coordinate": "COORD_NOT_FINITE",
}


REPAIRED = ("SELF_INTERSECTION", "HOLE_OUTSIDE", "NESTED_SHELLS")
"""What is refused with a proposed repair beside it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a repair would give; ``shape`` is ``None`` when none could be offered within the limits."""

    shape: Any
    facts: dict[str, Any] = field(default_factory=dict)


class Repairer:
    """Explains invalid geometries of one file and proposes repairs within a budget of time."""

    def __init__(self, seconds: float = MOST_SECONDS) -> None:
        self._left = seconds

    def explain(self, shape: Any) -> tuple[str, dict[str, Any]]:
        """Code and place (``lon``, ``lat``) of what is wrong with one geometry."""
        match = _REASON.match(shapely.is_valid_reason(shape))
        why = match["why"].strip() if match else ""
        code = _CODES.get(why, "SELF_INTERSECTION")
        facts: dict[str, Any] = {"found": why}
        if match and match["x"] is not None:
            facts |= {"lon": round(float(match["x"]), 6), "lat": round(float(match["y"]), 6)}
        return code, facts

    def propose(self, shape: Any) -> Proposal:
        """A valid geometry of the same kind and the change of its area, in square metres on WGS 84."""
        if shapely.get_dimensions(shape) != 2:
            return Proposal(None, {"proposal": "none"})
        if (
            self._left <= 0
            or shapely.get_num_coordinates(shape) > MOST_CORNERS
            or _crossings(shape) > MOST_CROSSINGS
        ):
            return Proposal(None, {"proposal": "too_complex"})
        began = time.process_time()
        try:
            repaired = _areas_only(shapely.make_valid(shape, method="structure", keep_collapsed=False))
        except shapely.errors.GEOSException:
            return Proposal(None, {"proposal": "none"})
        finally:
            self._left -= time.process_time() - began
        if shapely.is_empty(repaired):
            return Proposal(None, {"proposal": "none"})
        before, after = square_metres(shape), square_metres(repaired)
        change = after - before
        facts = {
            "proposal": "structure",
            "area_m2": round(before, 1),
            "repaired_m2": round(after, 1),
            "change_m2": round(change, 1),
            # The halves of an outline that crosses itself may take each other away: no share of nothing.
            "change_percent": round(100 * change / before, 2) if round(before, 1) > 0 else "-",
        }
        return Proposal(repaired, facts)


def _areas_only(shape: Any) -> Any:
    if shapely.get_type_id(shape) != 7:
        return shape
    parts = shapely.get_parts(shape)
    areas = shapely.get_parts(parts[shapely.get_dimensions(parts) == 2])
    return shapely.multipolygons(areas) if len(areas) else shapely.from_wkt("POLYGON EMPTY")


def _crossings(shape: Any) -> int:
    """How many pairs of edges cross each other; bounded by :data:`MOST_CORNERS` squared."""
    shape_xy, index = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(shape)), return_index=True)
    joined = index[1:] == index[:-1]
    edges = shapely.linestrings(np.stack([shape_xy[:-1][joined], shape_xy[1:][joined]], axis=1))
    return int(shapely.STRtree(edges).query(edges, predicate="crosses").shape[1]) // 2


@cache
def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def square_metres(shape: Any) -> float:
    """Geodesic area on WGS 84 in square metres, holes taken off, whichever way the rings run."""
    total = 0.0
    for part in shapely.get_parts(shape):
        for number, ring in enumerate(shapely.get_rings(part)):
            xy = shapely.get_coordinates(ring)
            area = abs(_geod().polygon_area_perimeter(xy[:, 0], xy[:, 1])[0])
            total += area if number == 0 else -area
    return max(total, 0.0)
