"""Step 1, reports arrive: the geometry gate. It finds and names; it changes nothing that nobody accepted.

A whole batch is checked at once with shapely's array functions (about 5 microseconds a polygon of 16
corners); only rows with something to say are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from fallow.errors import Finding, Level
from fallow.intake.geometry_place import Country, crosses_antimeridian
from fallow.intake.geometry_repair import REPAIRED, Repairer, square_metres
from fallow.intake.geometry_wkb import base_and_dimensions, scan
from fallow.intake.read_spec import ReadSpec
from fallow.intake.tally import Tally

Geometries = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WHOLE_WORLD_M2 = 5e12
"""Without a national limit only this is huge: no hazard covers one percent of the earth."""

_SQUARE_DEGREE_M2 = 111_700.0**2
"""Upper bound, so that the geodesic area is computed only where it can matter."""


class Gate:
    """Checks the geometry of one table, batch after batch.

    Parameters
    ----------
    spec
        Country, national limit, what was accepted, and how many corners are too many.
    tally
        Where observations that are told once a table are counted.
    crs
        Coordinate system the geometries come in; ``None`` for longitude and latitude on WGS 84.
    right_hand
        Whether the format wants outer rings counter-clockwise (GeoJSON does, others do not care).
    """

    def __init__(self, spec: ReadSpec, tally: Tally, *, crs: str | None, right_hand: bool) -> None:
        self._spec = spec
        self._tally = tally
        self._to_wgs84 = _transformer(crs)
        self._right_hand = right_hand
        self._country = Country(spec.extent) if spec.extent else None
        self._repairer = Repairer()

    def check(
        self,
        wkb: Sequence[bytes | None],
        where: Sequence[str],
        start: int,
        envelopes: Floats | None = None,
    ) -> tuple[list[bytes | None], list[Finding]]:
        """The geometries that may go on, ISO WKB on EPSG:4326, and what was found.

        A refused geometry is ``None`` in the answer; its row has a finding of level ``refuse``.
        ``envelopes`` are the bounds (n, 4) the file gives beside each geometry, ``NaN`` for none.
        """
        out: list[bytes | None] = list(wkb)
        rows = [row for row, one in enumerate(wkb) if one is not None]
        if not rows:
            return out, []
        batch = _Rows(self._spec, out, where, start, rows)
        batch.parse()
        self._drop_dimensions(batch)
        batch.refuse_unfinished(self._spec.limits.vertices)
        if envelopes is not None:
            batch.refuse_false_envelopes(envelopes[rows])
        if self._to_wgs84 is not None:
            batch.transform(self._to_wgs84)
        batch.refuse_out_of_range()
        batch.refuse_antimeridian()
        batch.refuse_invalid(self._repairer)
        self._ask_about_place(batch)
        self._ask_about_size(batch)
        self._tell_small_things(batch)
        return batch.finish(), batch.findings

    def _drop_dimensions(self, batch: _Rows) -> None:
        for spot in batch.flatten():
            self._tally.add("DIMENSIONS_DROPPED", batch.place(spot), batch.row(spot))

    def _ask_about_place(self, batch: _Rows) -> None:
        shape, index = batch.coordinates()
        null_island = np.unique(index[(shape == 0.0).all(axis=1)])
        for spot in null_island:
            batch.say(spot, "NULL_ISLAND", "confirm")
        if self._country is None:
            return
        bounds = shapely.bounds(batch.shapes)
        outside = batch.alive & ~self._country.holds(bounds)
        outside[null_island] = False
        for spot in _spots(outside):
            code, facts = self._country.why_outside(bounds[spot])
            batch.say(spot, code, "confirm", **facts)

    def _ask_about_size(self, batch: _Rows) -> None:
        limit = self._spec.huge_area_m2 or WHOLE_WORLD_M2
        for spot in _spots(batch.alive & (shapely.area(batch.shapes) * _SQUARE_DEGREE_M2 > limit)):
            area = square_metres(batch.shapes[spot])
            if area > limit:
                batch.say(spot, "HUGE_AREA", "confirm", area_m2=round(area), limit_m2=round(limit))

    def _tell_small_things(self, batch: _Rows) -> None:
        shape, index = batch.coordinates()
        for spot in _spots_all(_coarse(shape), index, len(batch.shapes)) if self._to_wgs84 is None else ():
            self._tally.add("LOW_PRECISION", batch.place(spot), batch.row(spot))
        same = (shape[1:] == shape[:-1]).all(axis=1) & (index[1:] == index[:-1])
        for spot in np.unique(index[1:][same]):
            one = batch.shapes[spot]
            if shapely.get_num_coordinates(shapely.remove_repeated_points(one)) < shapely.get_num_coordinates(
                one
            ):
                self._tally.add("REPEATED_POINTS", batch.place(spot), batch.row(spot))
        if self._right_hand:
            for spot in _clockwise(batch.shapes, batch.alive):
                self._tally.add("WINDING", batch.place(spot), batch.row(spot))


class _Rows:
    """The geometries of one batch on their way through the gate; ``alive`` are those nobody refused yet."""

    def __init__(
        self, spec: ReadSpec, out: list[bytes | None], where: Sequence[str], start: int, rows: list[int]
    ) -> None:
        self._spec, self._out, self._where, self._start, self._rows = spec, out, where, start, rows
        self.findings: list[Finding] = []
        self._raw = [one for one in out if one is not None]
        self.shapes: Geometries = np.full(len(rows), None, dtype=object)
        self.alive: Flags = np.ones(len(rows), dtype=bool)
        self._changed: Flags = np.zeros(len(rows), dtype=bool)
        self._coordinates: tuple[Floats, npt.NDArray[np.int64]] | None = None

    def place(self, spot: int) -> str:
        return self._where[self._rows[spot]]

    def row(self, spot: int) -> int:
        return self._start + self._rows[spot]

    def say(self, spot: int, code: str, level: Level, **facts: Any) -> None:
        if level == "confirm" and self._spec.accept.get(code) == "accept":
            level, facts = "note", {**facts, "accepted": True}
        self.findings.append(Finding(code, level, self.place(spot), facts, self.row(spot)))

    def refuse(self, spot: int, code: str, **facts: Any) -> None:
        self.say(spot, code, "refuse", **facts)
        self.drop(spot)

    def drop(self, spot: int) -> None:
        self.alive[spot] = False
        self.shapes[spot] = None
        self._out[self._rows[spot]] = None
        self._coordinates = None

    def coordinates(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Positions of every geometry still alive and the spot each belongs to."""
        if self._coordinates is None:
            self._coordinates = shapely.get_coordinates(self.shapes, return_index=True)
        return self._coordinates

    def parse(self) -> None:
        """WKB to shapes; what GEOS must not or cannot parse is refused with the reason our own walk finds."""
        heads = np.frombuffer(
            b"".join(one[:5].ljust(5, b"\xff") for one in self._raw), dtype=np.uint8
        ).reshape(-1, 5)
        plain = (heads[:, 0] == 1) & (heads[:, 2:] == 0).all(axis=1) & (heads[:, 1] >= 1) & (heads[:, 1] <= 3)
        for spot in _spots(~plain):
            fault = scan(self._raw[spot])
            if fault and not self._close_if_accepted(spot, fault.code):
                self.refuse(spot, fault.code, **fault.facts)
        self._changed |= ~(
            plain | ((heads[:, 0] == 1) & (heads[:, 2:] == 0).all(axis=1) & (heads[:, 1] <= 7))
        )
        todo = np.flatnonzero(self.alive)
        binary = np.empty(len(todo), dtype=object)
        binary[:] = [self._raw[spot] for spot in todo]
        self.shapes[todo] = shapely.from_wkb(binary, on_invalid="ignore")
        for spot in _spots(self.alive & shapely.is_missing(self.shapes)):
            fault = scan(self._raw[spot])
            if fault is None:
                self.refuse(spot, "BAD_GEOMETRY", found="?", at=0)
            elif self._close_if_accepted(spot, fault.code):
                self.shapes[spot] = shapely.from_wkb(self._raw[spot], on_invalid="fix")
            else:
                self.refuse(spot, fault.code, **fault.facts)

    def _close_if_accepted(self, spot: int, code: str) -> bool:
        if code != "UNCLOSED_RING" or self._spec.accept.get(code) != "repair":
            return False
        self._changed[spot] = True
        self.say(spot, code, "note", repaired=True)
        return True

    def flatten(self) -> list[int]:
        """Drop altitude and measure; refuse an altitude that is no number; the spots that had one."""
        dropped = []
        for spot in _spots(self._changed & self.alive):
            if base_and_dimensions(int.from_bytes(self._raw[spot][1:5], _order(self._raw[spot])))[1] == 2:
                continue
            heights = shapely.get_coordinates(self.shapes[spot], include_z=True)[:, 2]
            if shapely.has_z(self.shapes[spot]) and not np.isfinite(heights).all():
                self.refuse(spot, "COORD_NOT_FINITE", found="altitude")
                continue
            self.shapes[spot] = shapely.force_2d(self.shapes[spot])
            dropped.append(int(spot))
        return dropped

    def refuse_unfinished(self, most: int) -> None:
        """Empty geometry becomes none with a note; no numbers and endless outlines are refused."""
        for spot in _spots(self.alive & shapely.is_empty(self.shapes)):
            # An empty POINT is written as NaN NaN; it says "no location", not "a bad number".
            self.say(spot, "EMPTY_GEOMETRY", "note")
            self.drop(spot)
        counts = shapely.get_num_coordinates(self.shapes)
        for spot in _spots(self.alive & (counts > most)):
            self.refuse(spot, "TOO_COMPLEX", found=int(counts[spot]), limit=most)
        shape, index = self.coordinates()
        for spot in np.unique(index[~np.isfinite(shape).all(axis=1)]).tolist():
            self.refuse(spot, "COORD_NOT_FINITE", found="x, y")

    def refuse_false_envelopes(self, given: Floats) -> None:
        """Bounds that are not those of the geometry: one of the two was damaged or edited."""
        found = shapely.bounds(self.shapes)
        # Some writers keep bounds in single precision: seven digits.
        false = (np.abs(found - given) > 1e-6 * np.maximum(1.0, np.abs(found))).any(axis=1)
        for spot in _spots(self.alive & false):
            self.refuse(spot, "GPKG_ENVELOPE")

    def transform(self, to_wgs84: Any) -> None:
        shape, index = self.coordinates()
        if not len(shape):
            return
        lon, lat = to_wgs84.transform(shape[:, 0], shape[:, 1], errcheck=False)
        turned = np.column_stack([lon, lat])
        lost = np.unique(index[~np.isfinite(turned).all(axis=1)])
        turned[~np.isfinite(turned)] = 0.0
        self.shapes = shapely.set_coordinates(self.shapes.copy(), turned)
        self._changed |= self.alive
        self._coordinates = None
        for spot in lost:
            self.refuse(spot, "CRS_OUTSIDE_ITS_AREA")

    def refuse_out_of_range(self) -> None:
        shape, index = self.coordinates()
        lon, lat = shape[:, 0], shape[:, 1]
        out = (np.abs(lon) > 180.0) | (np.abs(lat) > 90.0)
        for spot in np.unique(index[out]):
            first = np.flatnonzero(out & (index == spot))[0]
            mine = shape[index == spot]
            swapped = bool((np.abs(mine[:, 1]) <= 180.0).all() and (np.abs(mine[:, 0]) <= 90.0).all())
            x, y = round(float(lon[first]), 6), round(float(lat[first]), 6)
            # Degrees never reach a thousand; such numbers are metres of some grid nobody declared.
            metres = bool(np.abs(mine).max() > 1000)
            self.refuse(spot, "OUT_OF_RANGE", lon=x, lat=y, swapped=swapped, metres=metres)

    def refuse_antimeridian(self) -> None:
        shape, index = self.coordinates()
        jump = (np.abs(np.diff(shape[:, 0])) > 180.0) & (index[1:] == index[:-1])
        for spot in np.unique(index[1:][jump]):
            if crosses_antimeridian(self.shapes[spot]):
                self.refuse(spot, "ANTIMERIDIAN")

    def refuse_invalid(self, repairer: Repairer) -> None:
        for spot in _spots(self.alive & ~shapely.is_valid(self.shapes)):
            shape = self.shapes[spot]
            code, facts = repairer.explain(shape)
            if shapely.get_dimensions(shape) == 2 and shapely.area(shape) == 0.0:
                self.say(spot, "ZERO_AREA", "note")
            proposal = repairer.propose(shape)
            facts |= proposal.facts
            if self._spec.accept.get(code) == "repair" and proposal.shape is not None:
                self.shapes[spot] = proposal.shape
                self._changed[spot] = True
                self._coordinates = None
                self.say(spot, code, "note", **facts, repaired=True)
            elif proposal.shape is None and code in REPAIRED:
                self.refuse(spot, "OUTLINE_NO_REPAIR", **facts)
            else:
                self.refuse(spot, code, **facts)

    def finish(self) -> list[bytes | None]:
        """The WKB that goes on: the bytes that came in, written anew only where something was changed."""
        anew = np.flatnonzero(self._changed & self.alive)
        if len(anew):
            written = shapely.to_wkb(self.shapes[anew], output_dimension=2, byte_order=1, flavor="iso")
            for spot, one in zip(anew, written, strict=True):
                self._out[self._rows[spot]] = one
        return self._out


def _spots(flags: Any) -> list[int]:
    """Where the flags are set."""
    found: list[int] = np.flatnonzero(flags).tolist()
    return found


def _order(wkb: bytes) -> Any:
    return "little" if wkb[0] else "big"


def _transformer(crs: str | None) -> Any:
    if crs is None:
        return None
    from fallow.intake.coordinates import to_wgs84

    return to_wgs84(crs)


def _coarse(shape: Floats) -> Flags:
    """Positions with fewer than four decimals in both ordinates: 10 m and worse."""
    thousandths = shape * 1000.0
    near: Flags = np.abs(thousandths - np.rint(thousandths)) < 1e-6
    coarse: Flags = np.logical_and(near[:, 0], near[:, 1])
    return coarse


def _spots_all(flags: Flags, index: npt.NDArray[np.int64], count: int) -> list[int]:
    """Spots of which every position is flagged."""
    if not flags.any():
        return []
    all_of = np.bincount(index, minlength=count)
    flagged = np.bincount(index[flags], minlength=count)
    return [int(spot) for spot in _spots((all_of > 0) & (all_of == flagged))]


def _clockwise(shapes: Geometries, alive: Flags) -> list[int]:
    """Spots with an outer ring that runs clockwise."""
    areas = np.flatnonzero(alive & (shapely.get_dimensions(shapes) == 2))
    parts, owner = shapely.get_parts(shapes[areas], return_index=True)
    rings = shapely.get_exterior_ring(parts)
    wrong = ~shapely.is_ccw(rings) & ~shapely.is_missing(rings)
    return [int(spot) for spot in np.unique(areas[owner[wrong]])]
