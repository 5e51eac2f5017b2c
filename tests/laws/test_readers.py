"""Laws of the readers: what a reference writer wrote comes back, in every format.

Each law writes with somebody else's code (json, csv, openpyxl, pyogrio, pyshp, ElementTree) and reads in this
process: the child only adds the pipe, and one law holds the pipe to the same answer.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from fallow.intake.geometry import Gate
from fallow.intake.identity import row_digests
from fallow.intake.read import Reading, ReadSpec
from fallow.intake.readers import json_stream, reader
from fallow.intake.readers.job import Chunk, Job

# Text as a register can hold it: no control signs, no surrogates, nothing that turns the reading direction.
_LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp"))
TEXT = st.text(_LETTERS, max_size=20).map(str.strip)
NAME = st.text(st.sampled_from("abcdefgh_ÄшЖع"), min_size=1, max_size=6)
DEGREES = st.floats(-60, 60, allow_nan=False).map(lambda value: round(value, 7))
POSITION = st.tuples(DEGREES, DEGREES).map(list)
INTEGER = st.integers(-(2**53), 2**53)
REAL = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def rings(draw: st.DrawFn) -> list[list[float]]:
    """A closed, simple, counter-clockwise ring."""
    west, south = draw(DEGREES), draw(DEGREES)
    width, height = draw(st.floats(0.001, 3)), draw(st.floats(0.001, 3))
    corners = [[0, 0], [width, 0], [width * 1.2, height / 2], [width, height], [0, height]]
    ring = [[west + x, south + y] for x, y in corners]
    return [*ring, ring[0]]


GEOMETRY = st.one_of(
    st.none(),
    POSITION.map(lambda one: {"type": "Point", "coordinates": one}),
    st.lists(POSITION, min_size=2, max_size=5, unique_by=tuple).map(
        lambda line: {"type": "LineString", "coordinates": line}
    ),
    rings().map(lambda ring: {"type": "Polygon", "coordinates": [ring]}),
    rings().map(lambda ring: {"type": "MultiPolygon", "coordinates": [[ring]]}),
    st.lists(POSITION, min_size=1, max_size=4, unique_by=tuple).map(
        lambda points: {"type": "MultiPoint", "coordinates": points}
    ),
)
FEATURES = st.lists(
    st.tuples(
        GEOMETRY, st.dictionaries(NAME, st.one_of(st.none(), TEXT, INTEGER, REAL, st.booleans()), max_size=4)
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers")


def read(path: Path, spec: ReadSpec) -> tuple[dict[str, list[Any]], list[bytes | None], list[Any]]:
    """Columns, geometries and findings, read in this process."""
    job = Job(path, spec)
    columns: dict[str, list[Any]] = {}
    wkb: list[bytes | None] = []
    findings: list[Any] = []
    gate = None
    for chunk in reader(spec.format).read(job):
        gate = gate or Gate(spec, job.tally, crs=None, right_hand=job.right_hand)
        shapes = chunk.wkb if chunk.wkb is not None else [None] * len(chunk.where)
        checked, found = gate.check(shapes, chunk.where, chunk.start, chunk.envelopes)
        wkb += checked
        findings += [*chunk.findings, *found]
        for name, values in chunk.columns.items():
            columns.setdefault(name, []).extend(values)
    return columns, wkb, findings


def same_shape(wkb: bytes | None, geometry: dict[str, Any] | None) -> bool:
    if wkb is None or geometry is None:
        return wkb is None and geometry is None
    return bool(shapely.from_wkb(wkb) == shapely.from_geojson(json.dumps(geometry)))


def as_features(rows: list[tuple[Any, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"type": "Feature", "geometry": shape, "properties": values} for shape, values in rows]


def check_features(rows: list[tuple[Any, dict[str, Any]]], path: Path, kind: str) -> None:
    columns, wkb, findings = read(path, ReadSpec(kind))
    assert [one for one in findings if one.level == "refuse"] == []
    assert set(columns) == {name for _, values in rows for name in values}
    for name, values in columns.items():
        assert values == [values.get(name) for _, values in rows]
    assert len(wkb) == len(rows)
    assert all(same_shape(one, shape) for one, (shape, _) in zip(wkb, rows, strict=True))


@given(rows=FEATURES, indent=st.sampled_from([None, 1]), ascii_only=st.booleans(), mark=st.booleans())
def test_geojson(folder: Path, rows: list[Any], indent: int | None, ascii_only: bool, mark: bool) -> None:
    path = folder / "a.geojson"
    text = json.dumps(
        {"type": "FeatureCollection", "features": as_features(rows)}, indent=indent, ensure_ascii=ascii_only
    )
    path.write_text(text, encoding="utf-8-sig" if mark else "utf-8")
    check_features(rows, path, "geojson")


@given(rows=FEATURES)
def test_geojson_in_utf_16(folder: Path, rows: list[Any]) -> None:
    path = folder / "b.geojson"
    text = json.dumps({"features": as_features(rows), "type": "FeatureCollection"}, ensure_ascii=False)
    path.write_text(text, encoding="utf-16")
    check_features(rows, path, "geojson")


@given(rows=FEATURES.filter(bool), separator=st.sampled_from(["", "\x1e"]))
def test_geojson_lines(folder: Path, rows: list[Any], separator: str) -> None:
    path = folder / "a.geojsonl"
    path.write_text("\n".join(separator + json.dumps(one) for one in as_features(rows)))
    check_features(rows, path, "geojsonl")


TABLE = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(NAME, min_size=width, max_size=width, unique=True),
        st.lists(st.lists(TEXT, min_size=width, max_size=width).filter(any), max_size=8),
    )
)


@given(
    table=TABLE.filter(lambda one: len(one[0]) > 1),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_csv(folder: Path, table: Any, delimiter: str, end: str, encoding: str, quoting: int) -> None:
    names, rows = table
    # A first row of nothing but tags would be taken for an HXL row, and rightly.
    rows = [row for row in rows if not all(not one or one.startswith("#") for one in row)]
    path = folder / "a.csv"
    with path.open("w", encoding=encoding, newline="") as lines:
        csv.writer(lines, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([names, *rows])
    columns, _, findings = read(path, ReadSpec("csv", delimiter=delimiter))
    assert findings == []
    assert list(columns) == names
    assert list(map(list, zip(*columns.values(), strict=True))) == [
        [one or None for one in row] for row in rows
    ]


CELL = st.one_of(
    st.none(),
    TEXT.filter(lambda text: text and not text.startswith(("=", "#"))),
    st.integers(-(10**14), 10**14),
    # openpyxl writes sixteen digits; a whole number comes back as one.
    st.floats(-1e6, 1e6).map(lambda value: round(value, 6)).filter(lambda value: not value.is_integer()),
    st.booleans(),
    st.dates(dt.date(1901, 1, 1), dt.date(2100, 1, 1)),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2100, 1, 1)).map(
        lambda one: one.replace(microsecond=0)
    ),
)


def as_read(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


@given(rows=st.lists(st.tuples(st.just("HA"), CELL, CELL), max_size=6), mac=st.booleans())
def test_xlsx(folder: Path, rows: list[Any], mac: bool) -> None:
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    rows = [
        row for row in rows if not mac or all(not isinstance(one, dt.date) or one.year > 1904 for one in row)
    ]
    book = openpyxl.Workbook()
    if mac:
        book.epoch = CALENDAR_MAC_1904
    for row in [("id", "first", "second"), *rows]:
        book.active.append(row)
    path = folder / "a.xlsx"
    book.save(path)
    columns, _, findings = read(path, ReadSpec("xlsx"))
    assert [one for one in findings if one.level == "refuse"] == []
    assert list(map(list, zip(*columns.values(), strict=True))) == [
        [as_read(one) for one in row] for row in rows
    ]


@given(
    rows=st.lists(st.tuples(st.one_of(st.none(), rings()), TEXT, INTEGER, REAL), min_size=1, max_size=6),
    data=st.data(),
)
def test_gpkg_by_gdal(folder: Path, rows: list[Any], data: st.DataObject) -> None:
    geopandas = pytest.importorskip("geopandas")
    shapes = [None if ring is None else shapely.polygons(ring) for ring, *_ in rows]
    if all(shape is None for shape in shapes):
        shapes[0] = shapely.polygons(data.draw(rings()))
    frame = geopandas.GeoDataFrame(
        {"id": [one[1] for one in rows], "items": [one[2] for one in rows], "area": [one[3] for one in rows]},
        geometry=shapes,
        crs="EPSG:4326",
    )
    path = folder / "a.gpkg"
    path.unlink(missing_ok=True)
    frame.to_file(path, driver="GPKG", layer="sha", engine="pyogrio", promote_to_multi=False)
    columns, wkb, findings = read(path, ReadSpec("gpkg"))
    assert [one for one in findings if one.level == "refuse"] == []
    assert columns["id"] == [one[1] for one in rows]
    assert columns["items"] == [one[2] for one in rows]
    assert columns["area"] == [one[3] for one in rows]
    assert [None if one is None else shapely.from_wkb(one) for one in wkb] == shapes


DBF_TEXT = st.text(st.sampled_from("abc XYZ-09шЖع"), max_size=12).map(str.strip)


@given(
    rows=st.lists(
        st.tuples(st.one_of(st.none(), rings()), DBF_TEXT, st.one_of(st.none(), st.integers(-99999, 99999))),
        min_size=1,
        max_size=6,
    )
)
def test_shapefile_by_pyshp(folder: Path, rows: list[Any]) -> None:
    shapefile = pytest.importorskip("shapefile")
    parts = {ending: io.BytesIO() for ending in ("shp", "shx", "dbf")}
    with shapefile.Writer(**parts, shapeType=5, encoding="utf-8") as writer:
        writer.field("id", "C", 60)
        writer.field("items", "N", 10, 0)
        for ring, name, items in rows:
            if ring is None:
                writer.null()
            else:
                writer.poly([ring[::-1]])  # outer rings of a shapefile run clockwise
            writer.record(name, items)
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for ending, content in parts.items():
            archive.writestr(f"sha.{ending}", content.getvalue())
        archive.writestr("sha.cpg", "UTF-8")
    columns, wkb, findings = read(path, ReadSpec("shapefile", crs="EPSG:4326"))
    assert [one for one in findings if one.level == "refuse"] == []
    assert columns["id"] == [name or None for _, name, _ in rows]
    assert columns["items"] == [items for _, _, items in rows]
    for one, (ring, _, _) in zip(wkb, rows, strict=True):
        assert (one is None) == (ring is None)
        assert one is None or shapely.from_wkb(one) == shapely.polygons(ring[::-1])


def written(positions: list[list[float]]) -> str:
    return " ".join(f"{x!r},{y!r}" for x, y in positions)


@given(
    rows=st.lists(st.tuples(GEOMETRY, TEXT.filter(bool), TEXT.filter(bool)), max_size=6), packed=st.booleans()
)
def test_kml(folder: Path, rows: list[Any], packed: bool) -> None:
    rows = [row for row in rows if row[0] is None or row[0]["type"] in ("Point", "LineString", "Polygon")]
    root = ET.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ET.SubElement(root, "Document")
    for shape, name, status in rows:
        mark = ET.SubElement(document, "Placemark")
        ET.SubElement(mark, "name").text = name
        item = ET.SubElement(ET.SubElement(mark, "ExtendedData"), "Data", name="status")
        ET.SubElement(item, "value").text = status
        if shape is None:
            continue
        body = ET.SubElement(mark, shape["type"])
        if shape["type"] == "Polygon":
            ring = ET.SubElement(ET.SubElement(body, "outerBoundaryIs"), "LinearRing")
            ET.SubElement(ring, "coordinates").text = written(shape["coordinates"][0])
        else:
            points = [shape["coordinates"]] if shape["type"] == "Point" else shape["coordinates"]
            ET.SubElement(body, "coordinates").text = written(points)
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    path = folder / ("a.kmz" if packed else "a.kml")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", content)
    else:
        path.write_bytes(content)
    columns, wkb, findings = read(path, ReadSpec("kmz" if packed else "kml"))
    assert [one for one in findings if one.level == "refuse"] == []
    assert columns["name"] == [name for _, name, _ in rows]
    assert columns.get("status", []) == [status for _, _, status in rows]
    assert all(same_shape(one, shape) for one, (shape, _, _) in zip(wkb, rows, strict=True))


@given(rows=st.lists(st.tuples(POSITION, TEXT.filter(bool)), min_size=1, max_size=6))
def test_gpx(folder: Path, rows: list[Any]) -> None:
    root = ET.Element("gpx", xmlns="http://www.topografix.com/GPX/1/1", version="1.1")
    for (lon, lat), name in rows:
        mark = ET.SubElement(root, "wpt", lat=repr(lat), lon=repr(lon))
        ET.SubElement(mark, "name").text = name
    track = ET.SubElement(ET.SubElement(root, "trk"), "trkseg")
    for (lon, lat), _ in rows:
        ET.SubElement(track, "trkpt", lat=repr(lat), lon=repr(lon))
    path = folder / "a.gpx"
    path.write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
    columns, wkb, _ = read(path, ReadSpec("gpx", layer="waypoints"))
    assert columns["name"] == [name for _, name in rows]
    shapes = [{"type": "Point", "coordinates": position} for position, _ in rows]
    assert all(same_shape(one, shape) for one, shape in zip(wkb, shapes, strict=True))
    if len({tuple(position) for position, _ in rows}) > 1:
        _, (line,), _ = read(path, ReadSpec("gpx", layer="tracks"))
        assert line is not None
        assert shapely.get_coordinates(shapely.from_wkb(line)).tolist() == [position for position, _ in rows]


def test_the_pipe_changes_nothing(folder: Path) -> None:
    """The child gives what the same reader gives in this process."""
    rows = [
        ({"type": "Point", "coordinates": [16.1 + n / 1000, 44.1]}, {"id": f"HA-{n}", "n": n})
        for n in range(4_321)
    ]
    path = folder / "pipe.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": as_features(rows)}))
    columns, wkb, _ = read(path, ReadSpec("geojson"))
    piped_columns: dict[str, list[Any]] = {}
    piped_wkb: list[bytes | None] = []
    for batch in Reading(path, ReadSpec("geojson")):
        assert batch.start == len(piped_wkb)
        piped_wkb += batch.wkb
        for name, values in batch.columns.items():
            piped_columns.setdefault(name, []).extend(values)
    assert piped_columns == columns
    assert piped_wkb == wkb


SPOT = st.sampled_from((None, {"type": "Point", "coordinates": [16.1, 44.1]}))
LATE = st.lists(
    st.tuples(
        SPOT,
        st.dictionaries(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 1)), max_size=4),
        st.dictionaries(st.sampled_from(("id", "note")), st.integers(0, 1), max_size=1),
    ),
    min_size=1,
    max_size=9,
)


@given(rows=LATE, named=st.sets(st.sampled_from("ab")), tail=st.booleans())
def test_geojson_in_one_walk_is_geojson_in_two(
    folder: Path, rows: list[Any], named: set[str], tail: bool
) -> None:
    """Columns that come late say nothing before, and equal rows are equal whenever they come."""
    path = folder / "late.geojson"
    features = [
        {"type": "Feature", "geometry": shape, "properties": values, **members}
        for shape, values, members in rows
    ]
    around = [("features", features), ("type", "FeatureCollection"), ("about", 1)]
    path.write_text(json.dumps(dict(around if tail else reversed(around))))
    with patch.object(json_stream, "ROWS_A_BATCH", 2):
        jobs = [Job(path, ReadSpec("geojson", named=found)) for found in (sorted(named), None)]
        once, twice = ([*reader("geojson").read(job)] for job in jobs)
    assert [one.where for one in once] == [one.where for one in twice]
    assert [one.wkb for one in once] == [one.wkb for one in twice]
    assert [job.ignored for job in jobs] == [["member about"]] * 2
    told = [[_rows(chunk) for chunk in chunks] for chunks in (once, twice)]
    assert told[0] == told[1]
    for chunk in once:
        assert named & _present(rows) <= set(chunk.columns), "what is named is there from the start"
        assert list(chunk.columns)[: len(once[0].columns)] == list(once[0].columns)
    alike = [_alike(chunks) for chunks in (once, twice)]
    assert alike[0] == alike[1]


def _rows(chunk: Chunk) -> list[dict[str, Any]]:
    """What each row says, by the plain name of its columns."""
    return [
        {
            name.removeprefix("feature."): cells[at]
            for name, cells in chunk.columns.items()
            if cells[at] is not None
        }
        for at in range(len(chunk.where))
    ]


def _present(rows: list[Any]) -> set[str]:
    return {name for _, values, _ in rows for name in values}


def _alike(chunks: list[Chunk]) -> list[list[int]]:
    """For each row the rows whose digest it has."""
    found = [
        one for chunk in chunks for one in row_digests(chunk.columns, chunk.wkb, len(chunk.where), chunk.late)
    ]
    return [[at for at, other in enumerate(found) if other == one] for one in found]
