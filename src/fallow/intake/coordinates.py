"""Step 1, reports arrive: coordinates in columns to WKB. No zone and no system is ever guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import shapely

from fallow.errors import FallowError
from fallow.intake import geometry_wkb
from fallow.intake.coordinates_grid import Grid, mgrs, to_lonlat, utm
from fallow.intake.coordinates_text import BadCoordinate, number, pair, sexagesimal
from fallow.intake.read_spec import GEOMETRY_FORMS, GeometrySpec
from fallow.intake.readers.geometry_json import one_to_wkb
from fallow.intake.readers.job import Chunk
from fallow.intake.readers.json_strict import loads
from fallow.intake.tally import Tally

Position = tuple[float, float]
"""Longitude and latitude, or x and y of the declared system."""


def to_wgs84(crs: str) -> Any:
    """A pyproj transformer from a declared system to longitude and latitude; raises ``CRS_UNKNOWN``."""
    from pyproj import CRS, Transformer
    from pyproj.exceptions import ProjError

    try:
        return Transformer.from_crs(CRS.from_user_input(crs), "OGC:CRS84", always_xy=True)
    except ProjError as fault:  # no system, or one that is not of the Earth
        raise FallowError("CRS_UNKNOWN", crs[:80]) from fault


def shift_m(declared: str, of_file: str, lon: float, lat: float) -> float:
    """Distance in metres between what the same numbers mean in two systems, near a place on WGS 84."""
    from pyproj import Geod

    x, y = to_wgs84(declared).transform(lon, lat, direction="INVERSE")
    other_lon, other_lat = to_wgs84(of_file).transform(x, y)
    if not np.isfinite([other_lon, other_lat]).all():
        return float("inf")
    return abs(float(Geod(ellps="WGS84").inv(lon, lat, other_lon, other_lat)[2]))


def from_columns(spec: GeometrySpec, chunk: Chunk, tally: Tally) -> list[bytes | None]:
    """WKB of each row from the columns a source names; a row with nothing in any of them has no geometry.

    A value that cannot be read is a finding ``COORD_FORMAT`` of level ``refuse`` at its row and column.

    Raises
    ------
    FallowError
        ``COLUMN_MISSING`` when a named column is not there, ``GEOMETRY_SPEC`` when the description makes no
        sense.
    """
    if spec.form not in GEOMETRY_FORMS:
        raise FallowError("GEOMETRY_SPEC", "geometry.as", found=spec.form, known=", ".join(GEOMETRY_FORMS))
    names = _columns(spec, chunk)
    if spec.form == "wkt":
        return _from_wkt(chunk, names[0])
    if spec.form == "geojson":
        return _from_geojson(chunk, names[0])
    if spec.form in ("utm", "mgrs"):
        return _from_grid(spec, chunk, names, tally)
    return _points(chunk, list(_each(chunk, names, _converter(spec))))


def _columns(spec: GeometrySpec, chunk: Chunk) -> list[str]:
    """The columns that hold the coordinates, all of them there."""
    by_column = spec.form in ("mgrs", "decimal_pair", "wkt", "geojson") or (
        spec.form == "dms" and spec.column
    )
    wanted = [("column", spec.column)] if by_column else [("x", spec.x), ("y", spec.y)]
    for key, name in wanted:
        if not name:
            raise FallowError("GEOMETRY_SPEC", f"geometry.{key}", found=spec.form, known=key)
    names = [name for _, name in wanted if name]
    if spec.form == "utm":
        if not spec.zone:
            raise FallowError("GEOMETRY_SPEC", "geometry.zone", found=spec.form, known="zone")
        if spec.zone in chunk.columns:
            names.append(spec.zone)
    for name in names:
        if name not in chunk.columns:
            raise FallowError("COLUMN_MISSING", name, known=", ".join(chunk.columns))
    return names


def _converter(spec: GeometrySpec) -> Callable[[tuple[Any, ...]], Position]:
    if spec.form == "decimal":
        return lambda cells: (number(cells[0], spec.decimal, 0), number(cells[1], spec.decimal, 1))
    if spec.form == "decimal_pair":
        return lambda cells: pair(cells[0], spec.decimal, spec.order)
    return lambda cells: sexagesimal(cells, spec.decimal, spec.order)


def _blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _each(chunk: Chunk, names: list[str], convert: Callable[[tuple[Any, ...]], Any]) -> Iterator[Any]:
    """What ``convert`` makes of each row, ``None`` for a blank one and for one that was refused."""
    for spot, cells in enumerate(zip(*(chunk.columns[name] for name in names), strict=True)):
        if all(_blank(cell) for cell in cells[:2]):
            yield None
            continue
        try:
            yield convert(cells)
        except BadCoordinate as fault:
            column = names[fault.column] if fault.column < len(names) else "zone"
            chunk.say(spot, fault.code, "refuse", f", {column}", **fault.facts)
            yield None


def _points(chunk: Chunk, places: list[Position | None]) -> list[bytes | None]:
    packed = np.array([(0.0, 0.0) if one is None else one for one in places], dtype="<f8").tobytes()
    return [
        None if one is None else geometry_wkb.point(packed[16 * spot : 16 * spot + 16])
        for spot, one in enumerate(places)
    ]


def _from_grid(spec: GeometrySpec, chunk: Chunk, names: list[str], tally: Tally) -> list[bytes | None]:
    def convert(cells: tuple[Any, ...]) -> Grid:
        if spec.form == "mgrs":
            return mgrs(cells[0])
        return utm(cells[0], cells[1], cells[2] if len(cells) > 2 else spec.zone, spec.decimal)

    places = list(_each(chunk, names, convert))
    spots = [spot for spot, one in enumerate(places) if one is not None]
    positions: list[Position | None] = [None] * len(places)
    for spot, position in zip(spots, to_lonlat([places[spot] for spot in spots]), strict=True):
        positions[spot] = position
        if places[spot].square > 10:
            tally.add("LOW_PRECISION", chunk.where[spot], chunk.start + spot)
        if position is None:
            chunk.say(spot, "COORD_FORMAT", "refuse", f", {names[0]}")
    return _points(chunk, positions)


def _from_wkt(chunk: Chunk, name: str) -> list[bytes | None]:
    def convert(cells: tuple[Any, ...]) -> bytes:
        text = str(cells[0]).strip()
        if _nesting(text) > geometry_wkb.DEEPEST:
            raise BadCoordinate(0, "TOO_DEEP", found=_nesting(text), limit=geometry_wkb.DEEPEST)
        shape = shapely.from_wkt(text, on_invalid="ignore")
        if shape is None and shapely.from_wkt(text, on_invalid="fix") is not None:
            raise BadCoordinate(0, "UNCLOSED_RING", ring=0, found=0)
        if shape is None:
            raise BadCoordinate
        return bytes(shapely.to_wkb(shape, byte_order=1, flavor="iso"))

    return list(_each(chunk, [name], convert))


def _nesting(text: str) -> int:
    """Deepest nesting of brackets: GEOS reads collections by recursion."""
    depth = deepest = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    return deepest


def _from_geojson(chunk: Chunk, name: str) -> list[bytes | None]:
    def convert(cells: tuple[Any, ...]) -> bytes | None:
        text = str(cells[0])
        if _nesting(text.replace("[", "(").replace("]", ")").replace("{", "(").replace("}", ")")) > 32:
            raise BadCoordinate(0, "TOO_DEEP", found="> 32", limit=32)
        try:
            value, troubles = loads(text)
            if troubles:
                raise BadCoordinate(0, troubles[0][0], **troubles[0][2])
            return one_to_wkb(value)
        except ValueError as fault:
            code, _, facts = fault.args if len(fault.args) == 3 else ("COORD_FORMAT", "", {})
            raise BadCoordinate(0, code, **facts) from fault

    return list(_each(chunk, [name], convert))
