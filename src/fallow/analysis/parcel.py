"""Step 3, a parcel: what is recorded on a piece of ground and near it, and how much of it nobody looked at.

Hazards, releases (signed, and claimed only), and the ground that neither a signed release nor a completed
survey or clearance with a polygon covers. Lines name records; areas inside the parcel are on the ellipsoid,
distances in metres on a plane around the parcel (better than 1 in 10,000 within 50 km). A hazard is what its
signed releases left of it. Accidents, minefield
records and finds are counted and not named, because where they lie may be told to fewer people. A hazard
without a polygon has an unknown extent; hazards without any location may lie anywhere, this parcel included.

The parcel is a shape and nothing else: whose it is never enters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
import shapely

from fallow.analysis.books.area import areas_m2
from fallow.analysis.parameters import Number, Takes
from fallow.analysis.parcel_text import WHERE, read_parcel
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line
from fallow.analysis.tally import measures
from fallow.errors import FallowError
from fallow.register import Record
from fallow.words import catalogue

WHAT = ("hazard", "former_hazard", "release", "claimed_release", "accident", "minefield_record", "find")
GROUND = ("parcel", "hazard_ground", "released_ground", "looked_at", "unseen", "unlocated")

_MEASURES = ("inside", "distance", "number")
_LARGEST_M2 = 1e9
_FAR_KM = 50
"""With no hazard and no release as near as that, the parcel may have been given with its axes exchanged."""
_SURVEYS = frozenset({"nts", "ts", "clearance", "bac", "road", "post_clearance"})
_DONE = frozenset({"completed", "accepted", "closed"})
_OUT_OF_STOCK = frozenset({"closed", "handed_over"})

Shape = Annotated[str, Takes("text")]
"""A polygon or multipolygon as WKT, longitude before latitude, on WGS 84."""


@analysis("parcel", version=2)
def parcel(asked: Asked, parcel: Shape, distance: Number = 100.0) -> Found:
    """What is recorded on a parcel of land and near it, and the part of it that nobody looked at.

    Parameters
    ----------
    parcel
        WKT of a polygon, EPSG:4326; refused as :func:`parcel_shape` says when it is none.
    distance
        How far around it records are named, in metres.
    """
    ground = _Ground.of(parcel, _metres(distance))
    lines = list(_near(asked, ground))
    named = {what: [one for one in lines if one.key[0] == what] for what in WHAT[:4]}
    shapes = {what: [ground.seen[one.key[1]] for one in those] for what, those in named.items()}
    looked = [*shapes["release"], *_surveyed(asked, ground)]
    open_ground = shapely.union_all(shapes["hazard"])
    released = shapely.union_all(shapes["release"])
    seen = shapely.union_all(looked)
    areas = {
        "parcel": ground.shape,
        "hazard_ground": shapely.intersection(ground.shape, open_ground),
        "released_ground": shapely.difference(shapely.intersection(ground.shape, released), open_ground),
        "looked_at": shapely.intersection(ground.shape, seen),
        "unseen": shapely.difference(ground.shape, shapely.union_all([seen, open_ground])),
    }
    nowhere = tuple(one.id for one in asked.records("hazard") if one.geometry is None and _stands(one))
    for name, area in areas.items():
        lines.append(Line((name,), _values(inside=_m2(area)), {}))
    lines.append(Line(("unlocated",), _values(number=len(nowhere)), {"number": nowhere}))
    words = catalogue()
    labels = {one: words[f"analysis.parcel.{one}"] for one in (*WHAT, *GROUND)}
    return Found(
        keys=(
            Key("what", words["analysis.by.what"], labels, ()),
            Key("record", words["analysis.by.record"], fields=()),
        ),
        measures=measures(_MEASURES, "analysis.parcel.measure.", {"inside": "m2", "distance": "m"}),
        lines=tuple(lines),
        notes=(
            ("analysis.note.parcel", {}),
            ("analysis.note.parcel_near", {"metres": f"{ground.distance:g}"}),
            *((("analysis.note.parcel_points", {}),) if ground.points else ()),
            *((("analysis.note.parcel_far", {"kilometres": _FAR_KM}),) if _is_far(asked, ground) else ()),
        ),
    )


@dataclass(slots=True)
class _Ground:
    """The parcel, its surroundings, and a plane on which metres are metres.

    ``seen`` has the shape of each record that was named, ``points`` says whether one had no area.
    """

    shape: Any
    distance: float
    plane: Any
    flat: Any
    seen: dict[str, Any]
    points: bool = False

    @classmethod
    def of(cls, text: str, distance: float) -> _Ground:
        shape = parcel_shape(text)
        plane = _plane(shape.centroid)
        return cls(shape, distance, plane, _flat(shape, plane), {})

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of everything within the distance, in degrees."""
        west, south, east, north = self.shape.bounds
        north_south = self.distance / 110_000
        east_west = north_south / max(float(np.cos(np.radians(max(abs(south), abs(north))))), 0.01)
        return (
            max(west - east_west, -180.0),
            max(south - north_south, -90.0),
            min(east + east_west, 180.0),
            min(north + north_south, 90.0),
        )

    def away(self, shape: Any) -> float:
        """Metres between the parcel and a shape; 0 when they touch."""
        return float(shapely.distance(self.flat, _flat(shape, self.plane)))


def parcel_shape(text: str) -> Any:
    """The parcel as a polygon.

    Raises
    ------
    FallowError
        What :func:`~fallow.analysis.parcel_text.read_parcel` refuses; ``PARCEL_CROSSES`` with the place where
        the outline meets itself; ``PARCEL_SHAPE`` for what is no polygon of a likely size on the earth.
    """
    shape = read_parcel(text)
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        raise FallowError("PARCEL_SHAPE", WHERE, found=shape.wkt[:40])
    west, south, east, north = shape.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise FallowError("PARCEL_SHAPE", WHERE, found=f"{west:g} {south:g}, {east:g} {north:g}")
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise FallowError("PARCEL_CROSSES", WHERE, found=reason.partition("[")[2].rstrip("]") or "-")
    if not 1 <= _m2(shape) <= _LARGEST_M2:
        raise FallowError("PARCEL_SHAPE", WHERE, found=f"{_m2(shape)} m²")
    return shape


def _metres(distance: float | str) -> float:
    try:
        metres = float(distance)
    except ValueError as error:
        raise FallowError(
            "PARAMETER_VALUE", "parcel.distance", found=distance, known="0 ... 10000"
        ) from error
    if not 0 <= metres <= 10_000:
        raise FallowError("PARAMETER_VALUE", "parcel.distance", found=distance, known="0 ... 10000")
    return metres


def _near(asked: Asked, ground: _Ground) -> Iterator[Line]:
    """A line for each hazard and release within the distance, and a count of each other kind."""
    releases = [
        each
        for each in _within(asked, "land_release", ground)
        if each[0].fields.get("release_status") != "withdrawn"
    ]
    gone: dict[str, list[Any]] = {}
    for one, shape, _ in releases:
        if one.fields.get("release_status") == "released":
            gone.setdefault(str(one.fields.get("hazard")), []).append(shape)
    for one, shape, away in _within(asked, "hazard", ground):
        if _stands(one) and one.id in gone and shapely.get_dimensions(shape) == 2:
            # What signed releases of this very hazard took is out of it, as in the books.
            shape = shapely.difference(shape, shapely.union_all(gone[one.id]))
            away = ground.away(shape)
            if shape.is_empty or away > ground.distance:
                continue
        yield _named("hazard" if _stands(one) else "former_hazard", one, shape, away, ground)
    for one, shape, away in releases:
        signed = one.fields.get("release_status") == "released"
        yield _named("release" if signed else "claimed_release", one, shape, away, ground)
    for what, kind in (
        ("accident", "accident"),
        ("minefield_record", "minefield_record"),
        ("find", "ordnance_find"),
    ):
        those = tuple(one.id for one, _, _ in _within(asked, kind, ground))
        yield Line((what,), _values(number=len(those)), {"number": those})


def _is_far(asked: Asked, ground: _Ground) -> bool:
    """Whether the register knows of no hazard and no release anywhere around: ground it may not be about."""
    around = replace(ground, distance=_FAR_KM * 1000.0).box
    return not any(
        any(asked.view.records(kind, bbox=around, limit=1))
        for kind in ("hazard", "land_release")
        if kind in asked.register.model.kinds
    )


def _named(what: str, one: Record, shape: Any, away: float, ground: _Ground) -> Line:
    area = shapely.get_dimensions(shape) == 2
    ground.points = ground.points or not area
    ground.seen[one.id] = shape
    inside = _m2(shapely.intersection(ground.shape, shape)) if area else None
    return Line(
        (what, one.id),
        _values(inside=inside, distance=round(away)),
        {"inside": (one.id,), "distance": (one.id,)},
    )


def _within(asked: Asked, kind: str, ground: _Ground) -> Iterator[tuple[Record, Any, float]]:
    """Records of a kind whose geometry lies within the distance, the nearest first."""
    if kind not in asked.register.model.kinds:
        return
    found = []
    for one in asked.view.records(kind, bbox=ground.box):
        if one.geometry is None:
            continue
        shape = shapely.force_2d(shapely.from_wkb(one.geometry))
        away = ground.away(shape)
        if away <= ground.distance:
            asked.read[one.id] = one.reports
            asked.declared[one.id] = one.declared
            found.append((one, shape, away))
    yield from sorted(found, key=lambda each: (round(each[2]), each[0].id))


def _surveyed(asked: Asked, ground: _Ground) -> Iterator[Any]:
    """Polygons of completed survey and clearance."""
    for one, shape, _ in _within(asked, "activity", ground):
        done = one.fields.get("status") in _DONE and one.fields.get("activity_type") in _SURVEYS
        if done and shapely.get_dimensions(shape) == 2:
            yield shape


def _stands(one: Record) -> bool:
    out = one.fields.get("status") in _OUT_OF_STOCK or one.fields.get("hazard_class") == "dismissed"
    return not out


def _values(
    inside: int | None = None, distance: int | None = None, number: int | None = None
) -> dict[str, float | int | None]:
    return {"inside": inside, "distance": distance, "number": number}


def _m2(shape: Any) -> int:
    return round(float(areas_m2(np.array([shape], dtype=object)).sum()))


def _plane(centre: Any) -> Any:
    from pyproj import Transformer

    here = f"+proj=aeqd +lat_0={centre.y} +lon_0={centre.x} +datum=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", here, always_xy=True)


def _flat(shape: Any, plane: Any) -> Any:
    def moved(points: Any) -> Any:
        return np.column_stack(plane.transform(points[:, 0], points[:, 1]))

    return shapely.transform(shape, moved)
