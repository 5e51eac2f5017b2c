"""Step 4, routine: what is recorded about a parcel, for whoever owns, uses or wants to buy it.

The parcel comes as a shape and nothing else: properties of its file, and the name of the file, are left at
the door, so that no owner is ever in the statement. It tells what is recorded, until which day, who signed
what was released and to which depth, and how much nobody looked at; it never says that ground can be used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import shapely

from fallow.analysis import Line, Result
from fallow.errors import FallowError
from fallow.publish.builders import Made, Making, publication
from fallow.publish.publication import Absent, Block, Cell, Column, Paragraph, Row, Table
from fallow.publish.reports.forms import heading, text
from fallow.publish.results import NOT_RECORDED, bound, notes_of
from fallow.register import Record
from fallow.words import Text, catalogue

_LARGEST = 4_000_000
"""Bytes of a file that holds one parcel."""

_GROUND = ("parcel", "hazard_ground", "released_ground", "looked_at", "unseen")
_COUNTED = ("accident", "minefield_record", "find", "unlocated")


@publication("parcel_statement", version=1)
def parcel_statement(
    making: Making, *, parcel: str | None = None, place: str | None = None, distance: float | str = 100
) -> Made:
    """What is recorded on a parcel of land and near it, what was released by whom, what nobody looked at.

    Parameters
    ----------
    parcel
        A GeoJSON file with one polygon, or the polygon as WKT; longitude before latitude on WGS 84.
    place
        Instead of it, the id of a place whose polygon is meant.
    distance
        How far around it records are named, in metres.
    """
    shape = _shape(making, parcel, place)
    result = making.run("parcel", parcel=shape, distance=distance)
    return Made(
        title=catalogue()["publish.parcel_statement"],
        subtitle=text("publish.parcel.subtitle", metres=f"{float(distance):g}"),
        blocks=tuple(_blocks(making, result)),
        parameters={"place": place, "distance": distance},
    )


def _shape(making: Making, parcel: str | None, place: str | None) -> str:
    """The parcel as WKT, from a place, a text, or a file of which only the shape is read."""
    if place:
        record = making.register.at(**making.clocks).record(place)
        if record is None or record.geometry is None:
            raise FallowError("PARCEL_PLACE", place)
        return str(shapely.to_wkt(shapely.from_wkb(record.geometry), rounding_precision=-1))
    if not parcel:
        raise FallowError("PUBLICATION_ASKS", "parcel_statement", found="parcel")
    if "(" in parcel and not Path(parcel).is_file():
        return parcel  # a text, also one that is mistyped: its reader says where
    return str(shapely.to_wkt(_from_file(Path(parcel)), rounding_precision=-1))


def _from_file(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            body = file.read(_LARGEST + 1)
    except OSError as error:
        raise FallowError("PARCEL_FILE", "parcel") from error
    if len(body) > _LARGEST:
        raise FallowError("PARCEL_FILE", "parcel")
    try:
        found = [shapely.from_geojson(orjson.dumps(one)) for one in _geometries(orjson.loads(body))]
    except (orjson.JSONDecodeError, shapely.errors.ShapelyError, TypeError, KeyError) as error:
        raise FallowError("PARCEL_FILE", "parcel") from error
    if len(found) != 1:
        raise FallowError("PARCEL_FILE", "parcel")
    return found[0]


def _geometries(body: Any) -> list[Any]:
    if body["type"] == "FeatureCollection":
        return [one["geometry"] for one in body["features"]]
    return [body["geometry"] if body["type"] == "Feature" else body]


def _blocks(making: Making, result: Result) -> Iterator[Block]:
    words = catalogue()
    records = {one: _record(making, one) for line in result.lines for one in line.key[1:]}
    dates = [str(date) for one in records.values() if (date := _latest(one))]
    yield Paragraph(
        words["publish.parcel.about"],
        {
            "parcel": bound("parcel", result, "inside", "parcel"),
            "unseen": bound("parcel", result, "inside", "unseen"),
        },
        {"parcel": "m2", "unseen": "m2"},
    )
    yield Paragraph(
        words["publish.parcel.latest"],
        {"day": Cell(max(dates)) if dates else Cell(None, None, NOT_RECORDED)},
        {"day": "date"},
        {"day": _DAYS},
    )
    yield heading("publish.parcel.ground")
    yield _counts(making, "parcel_ground", "publish.parcel.ground", result, _GROUND, "inside")
    for what, title in (
        (("hazard",), "publish.parcel.hazards"),
        (("release", "claimed_release"), "publish.parcel.releases"),
        (("former_hazard",), "publish.parcel.former"),
    ):
        yield heading(title)
        yield _listed(making, result, records, what, title)
    yield heading("publish.parcel.counted")
    yield _counts(making, "parcel_counted", "publish.parcel.counted", result, _COUNTED, "number")
    yield Paragraph(words["publish.parcel.closing"])


def _record(making: Making, id: str) -> Record | None:
    return making.register.at(**making.clocks).record(id)


_DAYS = tuple(
    (kind, name)
    for kind in ("hazard", "land_release")
    for name in ("date_of_information", "date", "decided_on", "closed_on")
)
"""The fields that say what day a record speaks about."""


def _latest(record: Record | None) -> str | None:
    """The last day a record speaks about."""
    if record is None:
        return None
    days = [record.fields.get(name) for name in ("date_of_information", "date", "decided_on", "closed_on")]
    return max((str(one) for one in days if one), default=None)


def _counts(making: Making, id: str, title: str, result: Result, what: Sequence[str], measure: str) -> Table:
    label = next(one.label for one in result.measures if one.name == measure)
    labels = result.keys[0].values
    return Table(
        id=id,
        title=catalogue()[title],
        columns=(
            Column("what", result.keys[0].label, "code", labels, "#indicator+type", ()),
            Column(
                measure,
                label,
                "m2" if measure == "inside" else "count",
                hxl="#indicator+area+m2" if measure == "inside" else "#indicator+num",
            ),
        ),
        rows=tuple(Row((Cell(one), bound("parcel", result, measure, one))) for one in what),
        notes=notes_of(result, making.register) if measure == "inside" else (),
    )


def _listed(
    making: Making,
    result: Result,
    records: Mapping[str, Record | None],
    what: Sequence[str],
    title: str,
) -> Table | Absent:
    """The records of some sorts near the parcel, each with what it says and who signed."""
    id = f"parcel_{what[0]}"
    lines = [line for line in result.lines if line.key[0] in what and len(line.key) == 2]
    if not lines:
        return Absent(id, catalogue()[title], catalogue()["publish.parcel.none_near"])
    released = "release" in what
    columns, readers = _release_columns(making) if released else _hazard_columns(making)
    rows = []
    for line in lines:
        record = records[line.key[1]]
        told = [(read(record, line) if record else None) for read in readers]
        rows.append(
            Row(
                (
                    *(Cell(one) if one else Cell(None, None, NOT_RECORDED) for one in told),
                    bound("parcel", result, "inside", *line.key),
                    bound("parcel", result, "distance", *line.key),
                )
            )
        )
    by_name = {one.name: one.label for one in result.measures}
    numbers = (
        Column("inside", by_name["inside"], "m2", hxl="#indicator+area+m2"),
        Column("distance", by_name["distance"], "number", hxl="#indicator+distance+m"),
    )
    return Table(id, catalogue()[title], (*columns, *numbers), tuple(rows))


Reader = Callable[[Record, Line], str | None]


def _hazard_columns(making: Making) -> tuple[tuple[Column, ...], tuple[Reader, ...]]:
    names = ("code", "hazard_class", "status", "contamination", "date_of_information")
    return _field_columns(making, "hazard", names)


def _release_columns(making: Making) -> tuple[tuple[Column, ...], tuple[Reader, ...]]:
    words = catalogue()
    names = ("code", "release_type", "date", "clearance_depth", "limitations", "residual_risk")
    columns, readers = _field_columns(making, "land_release", names)
    labels = {one: words[f"analysis.parcel.{one}"] for one in ("release", "claimed_release")}
    more = (
        Column("state", words["publish.parcel.state"], "code", labels, fields=()),
        # whoever signs a release signs it before everybody
        Column("signed_by", words["publish.signed_by"], "text", fields=()),
    )

    def state(record: Record, line: Line) -> str | None:
        return line.key[0]

    def signed(record: Record, line: Line) -> str | None:
        return _signatures(making, record.id) if line.key[0] == "release" else None

    return (*columns, *more), (*readers, state, signed)


def _field_columns(
    making: Making, kind_name: str, names: Sequence[str]
) -> tuple[tuple[Column, ...], tuple[Reader, ...]]:
    """Fields of a kind as columns of words, and how each is read from a record."""
    model = making.register.model
    kind = model.kinds[kind_name]
    columns: list[Column] = []
    readers: list[Reader] = []
    for name in names:
        one = kind.field(name)
        if one is None:
            continue
        labels: Mapping[str, Text] = {code.code: code.label for code in model.codes(one)} if one.codes else {}
        label = (
            {lang: f"{words} ({one.unit})" for lang, words in one.label.items()} if one.unit else one.label
        )
        unit: Any = "date" if one.type == "date" else "code" if labels else "text"
        columns.append(Column(name, label, unit, labels, fields=((kind_name, name),)))
        readers.append(_reader(name))
    return tuple(columns), tuple(readers)


def _reader(name: str) -> Reader:
    def read(record: Record, line: Line) -> str | None:
        value = record.fields.get(name)
        if value is None or value == "":
            return None
        return f"{value:g}" if isinstance(value, float) else str(value)

    return read


def _signatures(making: Making, record: str) -> str | None:
    """Who signed a release and when, as known on the day of the statement; each person once."""
    known = making.clocks.get("known") or "9999-12-31"
    signed: dict[str, str] = {}
    for one in sorted(making.register.history(record).decisions, key=lambda each: each.number):
        if one.verb == "release" and one.day <= known:
            signed.setdefault(one.by, one.day)
    return "; ".join(f"{who} ({day})" for who, day in signed.items()) or None
