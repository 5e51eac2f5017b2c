"""Step 4, layers: the records of one kind on a map, as one audience may have them, as GeoJSON or GeoPackage.

S1 holds before every audience: the shape of a danger leaves as it is or not at all, and where it does not,
the layer says how many are withheld in which district. Other shapes whose class the audience may not see are
put on its grid, or taken away, and so is what spells the place out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import shapely

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Kind, columns
from fallow.publish.audience import PEOPLE, Audience, fields_for
from fallow.publish.proof.evidence import COUNTS
from fallow.publish.publication import Stamp
from fallow.publish.results import stamp
from fallow.publish.writers.geopackage import write_layer
from fallow.publish.writers.printed import invented, s4
from fallow.register import Record, Register
from fallow.words import LANGUAGES, Text, in_language, say

_DISTRICTS = ("admin2", "admin1")
_SPELT_OUT = frozenset(
    {
        "coordinates_as_given",
        "corner_points",
        "dimensions_from_reference",
        "lanes",
        "location_description",
        "reference_point_1",
        "reference_point_2",
        "reference_points_more",
        "row_positions",
    }
)
"""Fields that tell a place as exactly as its shape does."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Which records are asked for: a kind, the clocks, and exact values of fields."""

    kind: str
    known: str | None = None
    true: str | None = None
    head: int | None = None
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leaving:
    """A layer as it may leave.

    Attributes
    ----------
    names
        Fields that are told.
    rows
        Id, values in the order of ``names``, WKB or ``None``; longitude and latitude on WGS 84.
    withheld
        By name of the district, dangers whose shape this audience may not see and which are left out whole.
    notices
        What a reader must be told, a sentence each.
    hidden
        ``kind.field`` of what was left out, ``kind.geometry`` with it.
    """

    kind: Kind
    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Any, ...], bytes | None], ...]
    spatial: bool
    withheld: Mapping[str, int]
    notices: tuple[Text, ...]
    hidden: tuple[str, ...]
    stamp: Stamp


def leaving(layer: Layer, register: Register, to: Audience) -> Leaving:
    """Read a layer and take out what an audience may not have.

    Raises
    ------
    FallowError
        ``LAYER_PEOPLE`` where records are people and the audience gets people as numbers; ``LAYER_WHERE`` for
        a condition on a field it may not see; what the register refuses.
    """
    kind = register.model.kind(layer.kind)
    if kind.name in PEOPLE and not to.people:
        raise FallowError("LAYER_PEOPLE", kind.name, audience=to.name)
    blurred = kind.sensitivity != "public" and not kind.danger and to.grid != 0.0
    names = tuple(
        one
        for one in fields_for(kind, to)
        if not (to.smallest and one in COUNTS) and not (blurred and one in _SPELT_OUT)
    )
    for name in layer.where:
        if name not in names:
            raise FallowError("LAYER_WHERE", f"{kind.name}.{name}", audience=to.name)
    said = stamp(register, known=layer.known, true=layer.true, head=layer.head)
    view = register.at(known=layer.known, true=layer.true, head=layer.head)
    records = sorted(view.records(kind.name, dict(layer.where) or None), key=lambda one: one.id)
    seen = kind.sensitivity in to.classes
    left_out = [one for one in records if kind.danger and not seen and one.geometry is not None]
    ids = {one.id for one in left_out}
    rows = tuple(_row(one, kind, names, to, seen=seen) for one in records if one.id not in ids)
    without = Counter(_district(one, names) for one in left_out)
    hidden = [f"{kind.name}.{one.name}" for one in kind.fields if one.name not in names]
    if kind.shapes and not seen:
        hidden.append(f"{kind.name}.geometry")
    counts = {kind.name: view.unlocated(kind.name)} if kind.shapes else {}
    told = Stamp(**{**_fields(said), "unlocated": counts})
    spatial = bool(kind.shapes) and (seen or to.grid is not None or bool(kind.danger))
    notices = tuple(_notices(kind, to, told, len(rows), without, seen=seen))
    return Leaving(kind, names, rows, spatial, dict(sorted(without.items())), notices, tuple(hidden), told)


def write_geojson(layer: Leaving, target: Path) -> None:
    """RFC 7946: longitude, latitude on WGS 84; what must be told stands in the member ``fallow``."""
    head = {
        "kind": layer.kind.name,
        "crs": layer.stamp.crs,
        "data_date": layer.stamp.data_date,
        "head": layer.stamp.head,
        "known": layer.stamp.known,
        "true": layer.stamp.true,
        "invented": layer.stamp.invented,
        "location_unknown": dict(layer.stamp.unlocated),
        "withheld": dict(layer.withheld),
        "notices": [dict(one) for one in layer.notices],
    }
    with target.open("wb") as out:
        out.write(b'{"type":"FeatureCollection","fallow":' + orjson.dumps(head) + b',"features":[')
        for position, (id, values, wkb) in enumerate(layer.rows):
            feature = {
                "type": "Feature",
                "id": id,
                "geometry": shapely.geometry.mapping(shapely.from_wkb(wkb)) if wkb else None,
                "properties": {"record": id, **dict(zip(layer.names, values, strict=True))},
            }
            out.write((b",\n" if position else b"\n") + orjson.dumps(feature))
        out.write(b"]}\n")


def write_gpkg(layer: Leaving, target: Path, lang: str) -> None:
    """GeoPackage 1.3; what must be told is the description of the layer, in every language."""
    types = {one.name: one.type for one in columns(layer.kind)}
    stores = [VALUE_TYPES[one.type].store for name in layer.names if (one := layer.kind.field(name))]
    prefix = "INVENTED " if layer.stamp.invented else ""
    told = [*((lang,) if lang in LANGUAGES else ()), *(one for one in LANGUAGES if one != lang)]
    write_layer(
        target,
        layer.kind.name,
        [("record", "TEXT"), *((name, types.get(name, "TEXT")) for name in layer.names)],
        (
            (
                *((wkb,) if layer.spatial else ()),
                id,
                *(
                    None if value is None else store(value)
                    for store, value in zip(stores, values, strict=True)
                ),
            )
            for id, values, wkb in layer.rows
        ),
        spatial=layer.spatial,
        title=prefix + in_language(layer.kind.plural, lang),
        about="\n".join(" ".join(in_language(one, spoken) for one in layer.notices) for spoken in told),
        changed=f"{layer.stamp.data_date}T00:00:00.000Z",
    )


def coarse(wkb: bytes, grid: float) -> bytes:
    """A shape that holds the true one, on a grid of so many degrees: the square of a point, a box of others.

    A point becomes the middle of its square, which is within half a square of it and tells no more.
    """
    shape = shapely.from_wkb(wkb)
    west, south, east, north = (math.floor(one / grid) for one in shape.bounds)
    if shape.geom_type == "Point":
        return bytes(shapely.to_wkb(shapely.Point((west + 0.5) * grid, (south + 0.5) * grid)))
    return bytes(
        shapely.to_wkb(shapely.box(west * grid, south * grid, (east + 1) * grid, (north + 1) * grid))
    )


def _row(
    one: Record, kind: Kind, names: tuple[str, ...], to: Audience, *, seen: bool
) -> tuple[str, tuple[Any, ...], bytes | None]:
    wkb = one.geometry
    if wkb is not None and kind.sensitivity != "public" and not kind.danger and to.grid != 0.0:
        wkb = coarse(wkb, to.grid) if seen and to.grid is not None else None
    elif not seen:
        wkb = None
    return one.id, tuple(one.fields.get(name) for name in names), wkb


def _district(one: Record, names: tuple[str, ...]) -> str:
    return next((str(one.fields[name]) for name in _DISTRICTS if name in names and one.fields.get(name)), "")


def _fields(said: Stamp) -> dict[str, Any]:
    return {name: getattr(said, name) for name in said.__dataclass_fields__}


def _notices(
    kind: Kind, to: Audience, told: Stamp, count: int, without: Mapping[str, int], *, seen: bool
) -> Iterator[Text]:
    def each(key: str, **facts: Any) -> Text:
        return {
            lang: say(key, lang, **{name: _in(value, lang) for name, value in facts.items()})
            for lang in LANGUAGES
        }

    if told.invented:
        yield {lang: invented(told, lang) for lang in LANGUAGES}
    audience = {lang: say(f"publish.audience.{to.name}", lang) for lang in LANGUAGES}
    yield each("publish.layer.about", kind=kind.plural, audience=audience, count=count)
    yield {lang: s4(told, lang) for lang in LANGUAGES}
    for district, number in sorted(without.items()):
        nowhere = {lang: say("publish.layer.nowhere", lang) for lang in LANGUAGES}
        yield each("publish.layer.withheld", district=district or nowhere, count=number, kind=kind.plural)
    if kind.shapes and kind.sensitivity != "public" and not kind.danger:
        if seen and to.grid:
            yield each("publish.layer.coarse", grid=f"{to.grid:g}")
        elif not seen:
            yield each("publish.layer.no_place")
    if to.people:
        yield each("publish.internal")


def _in(value: Any, lang: str) -> Any:
    return in_language(value, lang) if isinstance(value, Mapping) else value
