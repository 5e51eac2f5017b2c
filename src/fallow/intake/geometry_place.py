"""Step 1, reports arrive: is it in the programme's country, and if not, which slip explains it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]

_SLIPS = (
    # What a writer did, as where the numbers should have gone: swap, sign of longitude, sign of latitude,
    # both.
    ("LIKELY_SWAPPED", "swapped", True, 1.0, 1.0),
    ("WRONG_SIGN", "longitude", False, -1.0, 1.0),
    ("WRONG_SIGN", "latitude", False, 1.0, -1.0),
    ("WRONG_SIGN", "both", False, -1.0, -1.0),
)


class Country:
    """The boxes of a country, ``[west, south, east, north]`` in degrees."""

    def __init__(self, boxes: Sequence[Sequence[float]]) -> None:
        self._boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)

    def holds(self, bounds: Floats) -> npt.NDArray[np.bool_]:
        """Which bounds (n, 4) lie wholly inside one box."""
        west, south, east, north = (self._boxes[:, side][None, :] for side in range(4))
        left, low, right, high = (bounds[:, side][:, None] for side in range(4))
        boxed = (left >= west) & (low >= south) & (right <= east) & (high <= north)
        inside: npt.NDArray[np.bool_] = np.any(boxed, axis=1)
        return inside

    def why_outside(self, bounds: Floats) -> tuple[str, dict[str, Any]]:
        """``LIKELY_SWAPPED``, ``WRONG_SIGN`` or ``OUTSIDE_COUNTRY`` for bounds (4,), with facts."""
        west, south, east, north = (float(side) for side in bounds)
        facts = {"lon": round((west + east) / 2, 6), "lat": round((south + north) / 2, 6)}
        for code, slip, swap, sign_x, sign_y in _SLIPS:
            x, y = ((south, north), (west, east)) if swap else ((west, east), (south, north))
            xs, ys = sorted(sign_x * one for one in x), sorted(sign_y * one for one in y)
            if self.holds(np.array([[xs[0], ys[0], xs[1], ys[1]]]))[0]:
                would = {"would_lon": round(sum(xs) / 2, 6), "would_lat": round(sum(ys) / 2, 6)}
                told = {"swapped": True} if swap else {"sign": slip}
                return code, {**facts, **would, **told}
        return "OUTSIDE_COUNTRY", facts


def crosses_antimeridian(shape: Any) -> bool:
    """Whether one part jumps more than half the earth between neighbours: it went the other way round."""
    for part in shapely.get_parts(shape):
        rings = shapely.get_rings(part) if shapely.get_dimensions(part) == 2 else [part]
        for ring in rings:
            if (np.abs(np.diff(shapely.get_coordinates(ring)[:, 0])) > 180.0).any():
                return True
    return False
