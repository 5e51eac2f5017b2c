"""The bad-input catalogue, row by row: the exact code, where it is, what to do, within 5 s and 512 MB, parent alive.

Rows about forms, images and the web belong to those rooms. Every other row of 1 to 79 is here, those that need a register
under ``BROUGHT``, and ``test_no_row_is_missing`` fails when one is taken out.
"""

# ruff: noqa: E501 - a table reads better with its rows on their lines

from __future__ import annotations

import io
import json
import math
import os
import random
import resource
import sqlite3
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from read_files import (
    _SYSTEMS,
    SQUARE,
    blob,
    collection,
    feature,
    gpx,
    kml,
    placemark,
    point,
    polygon,
    raw_collection,
    repack,
    shapefile_parts,
    wkb_point,
    wkb_polygon,
    write_gpkg,
    write_shapefile,
    write_xlsx,
    write_zip,
)

from fallow.errors import FallowError, text
from fallow.intake import bring_in
from fallow.intake.read import GeometrySpec, Limits, Reading, ReadSpec, country_extent
from fallow.register import Register, create_register

ELSEWHERE = {
    62: "OpenRosa",
    63: "OpenRosa",
    64: "OpenRosa",
    65: "OpenRosa",
    66: "OpenRosa",
}
BIH = country_extent("BA")
ROW = "row"
"""Marks a case whose file is read and whose row is refused, asked about or noted."""


@dataclass(frozen=True)
class Case:
    """One bad file and what Fallow must say about it."""

    number: int
    name: str
    make: Callable[[Path], Path]
    code: str
    where: str = ""
    level: str = "file"
    spec: dict[str, Any] = field(default_factory=lambda: {"format": "geojson"})
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.number:02d}-{self.name}"


def _write(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    return make


def _geojson(content: str | bytes) -> Callable[[Path], Path]:
    return _write("a.geojson", content)


def _geometry(geometry: Any) -> Callable[[Path], Path]:
    return _geojson(collection(feature(geometry)))


def _raw(geometry: str, properties: str = '{"id": "HA-1"}') -> Callable[[Path], Path]:
    return _geojson(raw_collection(geometry, properties))


_XML = {"format": "kml"}
_ZIP = {"format": "kmz"}
_GPKG = {"format": "gpkg"}
_CSV = {"format": "csv"}
_XLSX = {"format": "xlsx"}
_SHP = {"format": "shapefile"}
_IN_BIH = {"format": "geojson", "extent": BIH}
_XY = {"format": "csv", "geometry": GeometrySpec(x="lon", y="lat")}


def _zip_with(files: dict[str, bytes | str], name: str = "a.kmz") -> Callable[[Path], Path]:
    return lambda folder: write_zip(folder / name, files)


def _zip_entry(change: Callable[[zipfile.ZipInfo], None], content: str = "x") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "a.kmz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("doc.kml", kml(placemark()))
            info = zipfile.ZipInfo("more.txt")
            change(info)
            archive.writestr(info, content)
        return path

    return make


def _zip_bytes(change: Callable[[bytearray], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_zip(folder / "a.kmz", {"doc.kml": kml(placemark()), "b.txt": "beta" * 40})
        path.write_bytes(change(bytearray(path.read_bytes())))
        return path

    return make


def _flag_as_encrypted(raw: bytearray) -> bytes:
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = raw.find(sign)
        while start >= 0:
            raw[start + at] |= 1
            start = raw.find(sign, start + 4)
    return bytes(raw)


def _rename_local(raw: bytearray) -> bytes:
    at = raw.find(b"b.txt")
    raw[at : at + 5] = b"c.txt"
    return bytes(raw)


def _break_content(raw: bytearray) -> bytes:
    at = raw.find(b"doc.kml") + 7
    raw[at + 20] ^= 0xFF
    return bytes(raw)


def _overlapping(folder: Path) -> Path:
    """Two entries of the directory that point at the bytes of one: the name in front of them fits only one."""
    path = folder / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", kml(placemark()))
        archive.writestr("doc2kml", kml(placemark()))
    raw = bytearray(path.read_bytes())
    second = raw.find(b"PK\x01\x02", raw.find(b"PK\x01\x02") + 4)
    raw[second + 42 : second + 46] = struct.pack("<I", 0)
    path.write_bytes(bytes(raw))
    return path


def _quoted_overlap(folder: Path) -> Path:
    """An entry whose packed bytes hold the whole next entry, header and all (CVE-2024-0450)."""
    path = folder / "a.kmz"
    inner = zipfile.ZipInfo("doc.kml")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("aaa.txt"), "x")
        archive.writestr(inner, kml(placemark()))
    raw = bytearray(path.read_bytes())
    first = raw.find(b"PK\x01\x02")
    grown = 1 + 30 + len("doc.kml") + 10
    for at in (first + 20, first + 24, 18, 22):
        raw[at : at + 4] = struct.pack("<I", grown)
    path.write_bytes(bytes(raw))
    return path


def _bomb(folder: Path) -> Path:
    return write_zip(folder / "a.kmz", {"doc.kml": kml("<!--" + " " * 40_000_000 + "-->", placemark())})


def _lying_bomb(folder: Path) -> Path:
    """The directory promises 1,000 bytes and 40 MB come out."""
    path = _bomb(folder)
    raw = bytearray(path.read_bytes())
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = raw.find(sign)
        raw[start + at : start + at + 4] = struct.pack("<I", 1000)
    path.write_bytes(bytes(raw))
    return path


def _nested(folder: Path) -> Path:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.txt", "x")
    return write_zip(folder / "a.kmz", {"doc.kml": kml(placemark()), "notes.bin": inner.getvalue()})


def _tar(folder: Path) -> Path:
    path = folder / "a.kmz"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("doc.kml")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
    return path


def _star(corners: int) -> list[list[float]]:
    chance = random.Random(7)
    ring = [[16 + chance.random(), 44 + chance.random()] for _ in range(corners)]
    return [*ring, ring[0]]


def _circle(corners: int) -> list[list[float]]:
    ring = [
        [17 + math.cos(a * math.tau / corners) / 10, 44 + math.sin(a * math.tau / corners) / 10]
        for a in range(corners)
    ]
    return [*ring, ring[0]]


def _gpkg(rows: list[tuple[Any, ...]], **how: Any) -> Callable[[Path], Path]:
    return lambda folder: write_gpkg(folder / "a.gpkg", rows, **how)


def _one_blob(raw: bytes, **how: Any) -> Callable[[Path], Path]:
    return _gpkg([(raw, "HA-1", "open")], **how)


_GOOD = (blob(wkb_point(16.1234, 44.1234)), "HA-1", "open")


_DRAWING = (
    'LOCAL_CS["Undefined SRS",LOCAL_DATUM["unknown",32767],UNIT["unknown",0],AXIS["Easting",EAST],'
    'AXIS["Northing",NORTH]]'
)
"""A system of coordinates that lie nowhere on the Earth."""


def _nested_wkb(levels: int) -> bytes:
    return b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * levels + wkb_point(16.1, 44.1)


def _wal(folder: Path) -> Path:
    """A file in write-ahead mode that was copied without its journal."""
    path = write_gpkg(folder / "open.gpkg", [_GOOD])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("UPDATE sha SET status = 'closed'")
    connection.commit()
    copy = folder / "a.gpkg"
    copy.write_bytes(path.read_bytes())
    connection.close()
    return copy


def _flipped(folder: Path) -> Path:
    rows = [(blob(wkb_polygon(SQUARE)), f"HA-{n}", "open" * 20) for n in range(400)]
    path = write_gpkg(folder / "a.gpkg", rows)
    raw = bytearray(path.read_bytes())
    # The number of cells and their places at the head of the pages in the second half of the file.
    for page in range(len(raw) // 4096 // 2, len(raw) // 4096):
        raw[page * 4096 + 3] ^= 0x55
        raw[page * 4096 + 9] ^= 0x55
    path.write_bytes(bytes(raw))
    return path


_DTD_FILE = '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{("&" + chr(97 + n) + ";") * 10}">' for n in range(10))
    + "]>"
)
_DTD_PARAMETER = (
    '<?xml version="1.0"?><!DOCTYPE kml SYSTEM "http://169.254.169.254/x.dtd" [<!ENTITY % p SYSTEM "x">%p;]>'
)


def _sheet_xml(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_xlsx(folder / "a.xlsx", [["id", "items"], ["HA-1", 3], ["HA-2", 4]])
        return repack(path, lambda name, raw: change(raw) if name == "xl/worksheets/sheet1.xml" else raw)

    return make


def _xlsx(change: Any = None, rows: list[list[Any]] | None = None) -> Callable[[Path], Path]:
    return lambda folder: write_xlsx(
        folder / "a.xlsx", rows or [["id", "items"], ["HA-1", 3], ["HA-2", 4]], change
    )


def _xlsx_part(name: str, content: bytes = b"x") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_xlsx(folder / "a.xlsx", [["id"], ["HA-1"]])
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, content)
        return path

    return make


def _hide_row(_: Any, sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _hide_sheet(book: Any, _: Any) -> None:
    book.create_sheet("Old").sheet_state = "hidden"


def _shapes_without_match() -> bytes:
    return shapefile_parts([((16.1, 44.1), ("HA-1", 1, 1.0))])["sha.dbf"]


CASES = [
    # any file
    Case(1, "no bytes", _geojson(b""), "EMPTY"),
    Case(1, "only spaces", _geojson("  \n "), "EMPTY"),
    Case(2, "over the limit", _geojson(collection(feature(), feature())), "TOO_LARGE",
         spec={"format": "geojson", "limits": Limits(bytes=100)}),
    Case(2, "too many rows", _geojson(collection(*[feature()] * 5)), "TOO_MANY_ROWS",
         spec={"format": "geojson", "limits": Limits(rows=4)}),
    Case(3, "VRT", _geojson('<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>'), "TYPE_MISMATCH",
         facts={"found": "VRT"}),
    Case(3, "HTML", _geojson("<!DOCTYPE html><html><body>Log in</body></html>"), "TYPE_MISMATCH", facts={"found": "HTML"}),
    Case(3, "EXE", _geojson(b"MZ\x90\x00\x03" + b"\x00" * 60), "TYPE_MISMATCH", facts={"found": "EXE"}),
    Case(3, "a workbook as CSV", lambda folder: write_xlsx(folder / "a.csv", [["id"], [1]]), "TYPE_MISMATCH", spec=_CSV),
    Case(3, "a string where features are expected", _geojson('"/vsicurl/http://169.254.1.1/x"'), "TYPE_MISMATCH"),
    Case(4, "bad UTF-8 in CSV", _write("a.csv", b"id,name\n1,caf\xe9 bar\n"), "ENCODING", "byte 13", spec=_CSV,
         facts={"found": "0xE9"}),
    Case(4, "bad UTF-8 in GeoJSON", _geojson(collection(feature(None, name="Q")).encode().replace(b'"Q"', b'"\xe9"')),
         "ENCODING", "byte "),
    Case(4, "half a UTF-16 sign", _write("a.csv", "id,name\n1,x\n".encode("utf-16") + b"\x00"), "ENCODING", spec=_CSV),
    Case(5, "NUL", _write("a.csv", "id,name\n1,a\x00b\n"), "BAD_CHAR", "row 2, name", "refuse", _CSV, {"found": "U+0000"}),
    Case(5, "bidirectional override", _geojson(collection(feature(None, name="a\u202eb"))), "BAD_CHAR",
         "features[0], name", "refuse", facts={"found": "U+202E"}),
    Case(5, "escape in a header", _write("a.csv", "id,na\x1bme\n1,x\n"), "BAD_CHAR", "header", spec=_CSV),
    # archives
    Case(8, "parent folder", _zip_entry(lambda info: setattr(info, "filename", "../more.txt")), "ARCHIVE_PATH", "../more",
         spec=_ZIP),
    Case(8, "absolute", _zip_entry(lambda info: setattr(info, "filename", "/etc/more.txt")), "ARCHIVE_PATH", spec=_ZIP),
    Case(8, "drive", _zip_entry(lambda info: setattr(info, "filename", "C:more.txt")), "ARCHIVE_PATH", spec=_ZIP),
    Case(8, "backslash", _zip_entry(lambda info: setattr(info, "filename", "..\\more.txt")), "ARCHIVE_PATH", spec=_ZIP),
    Case(9, "symbolic link", _zip_entry(lambda info: setattr(info, "external_attr", 0o120777 << 16), "/etc/passwd"),
         "ARCHIVE_LINK", "more.txt", spec=_ZIP),
    Case(9, "device", _zip_entry(lambda info: setattr(info, "external_attr", 0o020666 << 16)), "ARCHIVE_LINK", spec=_ZIP),
    Case(10, "ratio", _bomb, "ARCHIVE_BOMB", "doc.kml", spec=_ZIP),
    Case(10, "a directory that lies about the size", _lying_bomb, "ARCHIVE_DAMAGED", "doc.kml", spec=_ZIP),
    Case(10, "total", _bomb, "ARCHIVE_BOMB", spec={"format": "kmz", "limits": Limits(unpacked=1_000_000, ratio=100_000)}),
    Case(11, "shared bytes", _overlapping, "ARCHIVE_MISMATCH", "doc2kml", spec=_ZIP),
    Case(11, "quoted overlap", _quoted_overlap, "ARCHIVE_OVERLAP", "doc.kml", spec=_ZIP),
    Case(12, "too many entries", _zip_with({"doc.kml": "x", **{f"{n}.txt": "" for n in range(10_001)}}), "ARCHIVE_ENTRIES",
         spec=_ZIP, facts={"found": "10002"}),
    Case(13, "an archive inside, whatever its name", _nested, "ARCHIVE_NESTED", "notes.bin", spec=_ZIP),
    Case(14, "case twins", _zip_with({"doc.kml": kml(placemark()), "Doc.KML": "x"}), "ARCHIVE_DUPLICATE", spec=_ZIP),
    Case(14, "normalisation twins", _zip_with({"doc.kml": "x", "caf\u00e9": "x", "cafe\u0301": "x"}), "ARCHIVE_DUPLICATE",
         spec=_ZIP),
    Case(15, "two names for one entry", _zip_bytes(_rename_local), "ARCHIVE_MISMATCH", "b.txt", spec=_ZIP),
    Case(16, "bad checksum", _zip_bytes(_break_content), "ARCHIVE_DAMAGED", "doc.kml", spec=_ZIP),
    Case(16, "cut off", _zip_bytes(lambda raw: bytes(raw[:-60])), "ARCHIVE_DAMAGED", spec=_ZIP),
    Case(17, "password", _zip_bytes(_flag_as_encrypted), "ARCHIVE_ENCRYPTED", spec=_ZIP),
    Case(18, "picture in front", _zip_bytes(lambda raw: b"\x89PNG\r\n\x1a\n" + bytes(raw)), "ARCHIVE_PREFIX", spec=_ZIP),
    Case(19, "tar", _tar, "ARCHIVE_TAR", spec=_ZIP),
    # GeoJSON
    Case(20, "NaN", _raw('{"type": "Point", "coordinates": [NaN, 44.1]}'), "COORD_NOT_FINITE",
         "features[0].geometry.coordinates[0]", "refuse", facts={"found": "NaN"}),
    Case(20, "Infinity", _raw('{"type": "Point", "coordinates": [16.1, -Infinity]}'), "COORD_NOT_FINITE",
         "features[0].geometry.coordinates[1]", "refuse"),
    Case(21, "1e400", _raw('{"type": "Point", "coordinates": [1e400, 44.1]}'), "COORD_NOT_FINITE",
         "features[0].geometry.coordinates[0]", "refuse"),
    Case(22, "text", _geometry({"type": "Point", "coordinates": ["16.1", 44.1]}), "COORD_NOT_NUMBER",
         "features[0].geometry.coordinates[0]", "refuse", facts={"found": "string"}),
    Case(22, "null", _geometry({"type": "LineString", "coordinates": [[16.1, 44.1], [None, 44.2]]}), "COORD_NOT_NUMBER",
         "features[0].geometry.coordinates[1][0]", "refuse", facts={"found": "null"}),
    Case(22, "true", _geometry(point(True, 44.1)), "COORD_NOT_NUMBER", level="refuse", facts={"found": "boolean"}),
    Case(23, "latitude 117", _geometry(point(44.1234, 117.2345)), "OUT_OF_RANGE", "features[0]", "refuse",
         facts={"swapped": True}),
    Case(23, "metres", _geometry(point(602_000.0, 4_886_000.0)), "OUT_OF_RANGE", level="refuse", facts={"metres": True}),
    Case(24, "swapped", _geometry(point(44.1234, 17.1234)), "LIKELY_SWAPPED", "features[0]", "confirm", _IN_BIH,
         {"would_lon": 17.1234, "would_lat": 44.1234}),
    Case(24, "elsewhere", _geometry(point(30.1234, 10.1234)), "OUTSIDE_COUNTRY", "features[0]", "confirm", _IN_BIH),
    Case(24, "lost sign", _geometry(point(-17.1234, 44.1234)), "WRONG_SIGN", "features[0]", "confirm", _IN_BIH,
         {"sign": "longitude"}),
    Case(25, "0, 0", _geometry(point(0, 0)), "NULL_ISLAND", "features[0]", "confirm", _IN_BIH),
    Case(26, "bow tie", _geometry(polygon([[16, 44], [17, 45], [17, 44], [16, 45], [16, 44]])), "SELF_INTERSECTION",
         "features[0]", "refuse", facts={"lon": 16.5, "lat": 44.5, "proposal": "structure"}),
    Case(27, "open ring", _geometry(polygon(SQUARE[:-1])), "UNCLOSED_RING", "features[0]", "refuse"),
    Case(27, "three points", _geometry(polygon([SQUARE[0], SQUARE[1], SQUARE[0]])), "TOO_FEW_POINTS", level="refuse"),
    Case(27, "a line of one point", _geometry({"type": "LineString", "coordinates": [[16, 44]]}), "TOO_FEW_POINTS",
         level="refuse"),
    Case(28, "hole outside", _geometry(polygon(SQUARE, [[18, 44], [18.1, 44], [18.1, 44.1], [18, 44]])), "HOLE_OUTSIDE",
         level="refuse"),
    Case(28, "nested shells", _geometry({"type": "MultiPolygon", "coordinates": [
        [[[16, 44], [17, 44], [17, 45], [16, 45], [16, 44]]],
        [[[16.4, 44.4], [16.6, 44.4], [16.6, 44.6], [16.4, 44.6], [16.4, 44.4]]]]}), "NESTED_SHELLS", level="refuse"),
    Case(29, "no area", _geometry(polygon([[16, 44], [17, 45], [16.5, 44.5], [16, 44]])), "ZERO_AREA", level="note"),
    Case(29, "spike", _geometry(polygon([*SQUARE[:3], [16.2345, 45], SQUARE[2], *SQUARE[3:]])), "SELF_INTERSECTION",
         level="refuse"),
    Case(29, "same point twice", _geometry(polygon([SQUARE[0], *SQUARE])), "REPEATED_POINTS", "features[0]", "note"),
    Case(30, "empty", _geometry({"type": "Polygon", "coordinates": []}), "EMPTY_GEOMETRY", "features[0]", "note"),
    Case(29, "there and back", _geometry(polygon([[16, 44], [16.01, 44.01], [16.02, 44.02], [16.01, 44.01], [16, 44]])),
         "OUTLINE_NO_REPAIR", level="refuse", facts={"proposal": "none"}),
    Case(29, "halves that take each other away", _geometry(polygon([[16, 44], [16.01, 44.01], [16.01, 44], [16, 44.01], [16, 44]])),
         "SELF_INTERSECTION", level="refuse", facts={"change_percent": "-"}),
    Case(31, "200 corners at random", _geometry(polygon(_star(200))), "OUTLINE_NO_REPAIR", level="refuse",
         facts={"proposal": "too_complex"}),
    Case(32, "too many corners", _geometry(polygon(_circle(100_001))), "TOO_COMPLEX", level="refuse",
         facts={"found": 100_002}),
    Case(33, "over the national limit", _geometry(polygon([[16, 44], [17, 44], [17, 45], [16, 45], [16, 44]])), "HUGE_AREA",
         level="confirm", spec={"format": "geojson", "huge_area_m2": 1e9}),
    Case(33, "the whole world", _geometry(polygon([[-170, -80], [0, -80], [170, -80], [170, 80], [0, 80], [-170, 80], [-170, -80]])),
         "HUGE_AREA", level="confirm"),
    Case(34, "antimeridian", _geometry(polygon([[179, 60], [-179, 60], [-179, 61], [179, 61], [179, 60]])), "ANTIMERIDIAN",
         level="refuse"),
    Case(35, "crs in metres", _geojson(collection(feature(point(602_000, 4_886_000)), crs={
        "type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}})), "CRS_NOT_ALLOWED", "crs"),
    Case(36, "depth 33", _raw("null", '{"x": ' + "[" * 29 + "]" * 29 + "}"), "TOO_DEEP", "byte "),
    Case(36, "depth 100,000", _raw("null", '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}"), "TOO_DEEP", "byte "),
    Case(36, "depth 100,000 before the features", _geojson('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}"), "TOO_DEEP"),
    Case(37, "a property twice", _raw("null", '{"status": "open", "status": "closed"}'), "DUPLICATE_KEY",
         "features[0].properties", "refuse", facts={"key": "status"}),
    Case(37, "geometry twice", _geojson('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {},'
         '"geometry": null, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}'), "DUPLICATE_KEY", level="refuse"),
    Case(37, "features twice", _geojson('{"type": "FeatureCollection", "features": [], "features": []}'), "DUPLICATE_KEY"),
    Case(38, "cut off", _geojson(collection(feature(point(16.1, 44.1)), feature())[:-40]), "TRUNCATED", "byte "),
    Case(38, "cut off in the head", _geojson('{"type": "FeatureColl'), "TRUNCATED", "byte "),
    Case(38, "comma too many", _geojson('{"type": "FeatureCollection", "features": [{"type": "Feature"},]}'), "JSON_SYNTAX",
         "byte "),
    Case(38, "two documents", _geojson(collection(feature()) * 2), "JSON_SYNTAX", "byte "),
    Case(39, "Topology", _geojson('{"type": "Topology", "objects": {}, "arcs": []}'), "GEOJSON_TYPE", facts={"found": "Topology"}),
    Case(39, "array", _geojson("[1, 2]"), "GEOJSON_TYPE", facts={"found": "array"}),
    Case(39, "no Feature inside", _geojson('{"type": "FeatureCollection", "features": [{"type": "Point"}]}'),
         "GEOJSON_FEATURE", "features[0].type", "refuse"),
    Case(39, "a number inside", _geojson('{"type": "FeatureCollection", "features": [{"type": "Feature"}, 7, {}]}'),
         "GEOJSON_FEATURE", "features[1]"),
    Case(40, "5,000 digits", _raw("null", '{"id": ' + "9" * 5000 + "}"), "NUMBER_TOO_LONG", "features[0].properties.id", "refuse",
         facts={"found": 5000}),
    Case(41, "lone surrogate", _raw("null", '{"name": "a\\ud800b"}'), "BAD_CHAR", "features[0].properties.name", "refuse",
         facts={"found": "U+D800"}),
    Case(42, "clockwise", _geometry(polygon(SQUARE[::-1])), "WINDING", "features[0]", "note"),
    Case(43, "five numbers", _geometry({"type": "Point", "coordinates": [16, 44, 1, 2, 3]}), "COORD_DIMENSIONS",
         "features[0].geometry.coordinates", "refuse", facts={"found": 5}),
    Case(43, "altitude NaN", _raw('{"type": "Point", "coordinates": [16.1, 44.1, NaN]}'), "COORD_NOT_FINITE",
         "features[0].geometry.coordinates[2]", "refuse"),
    Case(43, "altitude NaN in WKB", _one_blob(blob(struct.pack("<BIddd", 1, 1001, 16.1, 44.1, math.nan))), "COORD_NOT_FINITE",
         "layer sha, fid 1", "refuse", _GPKG),
    # GeoPackage
    Case(45, "text", _write("a.gpkg", "not a database at all, only text" * 50), "TYPE_MISMATCH", spec=_GPKG),
    Case(45, "cut off", lambda folder: _cut(write_gpkg(folder / "a.gpkg", [_GOOD] * 500)), "NOT_GPKG", spec=_GPKG),
    Case(45, "only the first page", lambda folder: _cut(write_gpkg(folder / "a.gpkg", [_GOOD]), 600), "NOT_GPKG", spec=_GPKG),
    Case(46, "no contents", _gpkg([_GOOD], contents=""), "NOT_GPKG", spec=_GPKG, facts={"found": "no gpkg_contents"}),
    Case(46, "no reference systems", _gpkg([_GOOD], systems=""), "NOT_GPKG", spec=_GPKG),
    Case(47, "trigger", _gpkg([_GOOD], extra="CREATE TRIGGER t AFTER UPDATE ON sha BEGIN DELETE FROM sha; END;"),
         "GPKG_ACTIVE_CONTENT", "t", spec=_GPKG, facts={"found": "trigger"}),
    Case(47, "trigger with a standard name", _gpkg([_GOOD], extra=(
        'CREATE TRIGGER "rtree_sha_geom_insert" AFTER INSERT ON "sha" BEGIN UPDATE sha SET status = \'x\'; END;')),
         "GPKG_ACTIVE_CONTENT", spec=_GPKG),
    Case(47, "endless view", _gpkg([_GOOD], extra=(
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n;")),
         "GPKG_ACTIVE_CONTENT", "endless", spec=_GPKG, facts={"found": "view"}),
    Case(47, "virtual table", _gpkg([_GOOD], extra="CREATE VIRTUAL TABLE words USING fts5(a);"), "GPKG_ACTIVE_CONTENT",
         spec=_GPKG),
    Case(47, "generated column", _gpkg([(*_GOOD,)], columns="id TEXT, status TEXT, big TEXT AS (hex(zeroblob(9))) VIRTUAL",
         extra=""), "GPKG_ACTIVE_CONTENT", "sha", spec=_GPKG, facts={"found": "generated column"}),
    Case(48, "wrong magic", _one_blob(blob(wkb_point(16.1, 44.1), magic=b"XX")), "GPKG_GEOMETRY", "layer sha, fid 1",
         "refuse", _GPKG),
    Case(48, "impossible envelope", _one_blob(b"GP\x00\x0b" + struct.pack("<i", 4326) + wkb_point(16, 44)), "GPKG_GEOMETRY",
         level="refuse", spec=_GPKG),
    Case(48, "count 0xFFFFFFF0", _one_blob(blob(b"\x01\x03\x00\x00\x00\xf0\xff\xff\xff")), "BAD_GEOMETRY", level="refuse",
         spec=_GPKG),
    Case(48, "points 0xFFFFFFF0", _one_blob(blob(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\xf0\xff\xff\xff")), "BAD_GEOMETRY",
         level="refuse", spec=_GPKG),
    Case(48, "12,000 levels", _one_blob(blob(_nested_wkb(12_000))), "TOO_DEEP", level="refuse", spec=_GPKG),
    Case(48, "a collection inside a multipolygon", _one_blob(blob(
        b"\x01\x06\x00\x00\x00\x01\x00\x00\x00" + _nested_wkb(9_000))), "BAD_GEOMETRY", level="refuse", spec=_GPKG),
    Case(48, "curve", _one_blob(blob(b"\x01\x08\x00\x00\x00\x00\x00\x00\x00")), "GEOMETRY_TYPE", level="refuse", spec=_GPKG),
    Case(49, "unknown system", _gpkg([(blob(wkb_point(16, 44), srs_id=999), "HA-1", "open")], srs_id=999), "CRS_MISSING",
         "layer sha", spec=_GPKG),
    Case(49, "undefined system", _gpkg([(blob(wkb_point(16, 44), srs_id=0), "HA-1", "open")], srs_id=0), "CRS_MISSING",
         "layer sha", spec=_GPKG),
    Case(49, "own definition that is none", _gpkg([(blob(wkb_point(16, 44), srs_id=500), "HA-1", "open")], srs_id=500,
         systems=_SYSTEMS + "INSERT INTO gpkg_spatial_ref_sys VALUES ('own', 500, 'NONE', 500, 'PROJCS[nothing of the kind]', '');"),
         "CRS_UNKNOWN", spec=_GPKG),
    Case(49, "what GDAL writes for no system", _gpkg([(blob(wkb_point(16, 44), srs_id=99999), "HA-1", "open")], srs_id=99999,
         systems=_SYSTEMS + "INSERT INTO gpkg_spatial_ref_sys VALUES ('Undefined SRS', 99999, 'GDAL', 99999, '" + _DRAWING + "', '');"),
         "CRS_MISSING", "layer sha", spec=_GPKG),
    Case(49, "a system of a drawing", _gpkg([(blob(wkb_point(16, 44), srs_id=500), "HA-1", "open")], srs_id=500,
         systems=_SYSTEMS), "CRS_UNKNOWN", spec={**_GPKG, "crs": _DRAWING}),
    Case(49, "another system in the blob", _one_blob(blob(wkb_point(16, 44), srs_id=32633)), "GPKG_SRS", "layer sha, fid 1",
         "refuse", _GPKG),
    Case(50, "false envelope", _one_blob(blob(wkb_polygon(SQUARE), envelope=(10, 11, 40, 41))), "GPKG_ENVELOPE",
         "layer sha, fid 1", "refuse", _GPKG),
    Case(51, "text that is no UTF-8", _gpkg([_GOOD, _GOOD], extra="UPDATE sha SET status = CAST(x'e9' AS TEXT) WHERE fid = 2;"),
         "ENCODING", "layer sha, fid 2, status", "refuse", _GPKG),
    Case(51, "12a in a REAL", _gpkg([(_GOOD[0], "HA-1", "12a")], columns="id TEXT, area REAL"), "GPKG_TYPE",
         "layer sha, fid 1, area", "refuse", _GPKG),
    Case(52, "a name that is SQL", _gpkg([_GOOD], table='x"; DROP TABLE gpkg_contents; --'), "LOW_PRECISION", level="none",
         spec=_GPKG),
    Case(53, "write-ahead journal left behind", _wal, "MAYBE_INCOMPLETE", level="confirm", spec=_GPKG),
    Case(54, "flipped bits", _flipped, "GPKG_DAMAGED", spec=_GPKG),
    # XML
    Case(55, "external entity", _write("a.kml", kml(placemark(name="&x;"), head=_DTD_FILE)), "XML_DTD_FORBIDDEN", "line 1",
         spec=_XML),
    Case(55, "external entity in GPX", _write("a.gpx", _DTD_FILE.replace("kml", "gpx") + gpx()), "XML_DTD_FORBIDDEN",
         spec={"format": "gpx"}),
    Case(56, "billion laughs", _write("a.kml", kml(placemark(name="&k;"), head=_LAUGHS)), "XML_DTD_FORBIDDEN", spec=_XML),
    Case(56, "billion laughs in a workbook", lambda folder: repack(
        write_xlsx(folder / "a.xlsx", [["id"], ["HA-1"]]),
        lambda name, raw: raw if name != "xl/workbook.xml" else _LAUGHS.encode() + raw[raw.find(b"<workbook"):]),
         "XML_DTD_FORBIDDEN", spec=_XLSX),
    Case(57, "parameter entity", _write("a.kml", kml(placemark(), head=_DTD_PARAMETER)), "XML_DTD_FORBIDDEN", spec=_XML),
    Case(58, "XInclude", _write("a.kml", kml('<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>')),
         "XML_INCLUDE", spec=_XML, facts={"found": "XInclude"}),
    Case(58, "stylesheet", _write("a.kml", kml(placemark(), head='<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?>')),
         "XML_INCLUDE", spec=_XML),
    Case(59, "network link", _write("a.kml", kml(
        "<NetworkLink><Link><href>http://169.254.169.254/latest</href></Link></NetworkLink>", placemark())), "LINK_IGNORED",
         "line 1", "note", _XML),
    Case(60, "latitude first", _write("a.kml", kml(placemark("44.1234,17.1234"))), "LIKELY_SWAPPED", "Placemark 1", "confirm",
         {"format": "kml", "extent": BIH}),
    Case(60, "space after the comma", _write("a.kml", kml(placemark("17.1234, 44.1234"))), "COORD_FORMAT", "Placemark 1",
         "refuse", _XML),
    Case(61, "depth 10,000", _write("a.kml", kml("<Folder>" * 10_000 + "</Folder>" * 10_000)), "TOO_DEEP", "line 1", spec=_XML),
    Case(61, "attribute of 10 MB", _write("a.kml", kml(f'<Placemark id="{"x" * 10_000_000}"/>')), "TEXT_TOO_LONG", spec=_XML),
    # tables
    Case(67, "formula as text", _write("a.csv", 'id,note\n1,"=HYPERLINK(""http://x"")"\n2,-12.5\n'), "", level="none", spec=_CSV),
    Case(68, "decimal comma", _write("a.csv", 'lon,lat\n"17,1234","44,1234"\n'), "COORD_FORMAT", "row 2, lon", "refuse", _XY),
    Case(68, "degrees where decimals are declared", _write("a.csv", "lon,lat\n17.5,44°30'N\n"), "COORD_FORMAT", "row 2, lat",
         "refuse", _XY),
    Case(68, "UTM without a zone", _write("a.csv", "e,n,zone\n602000,4886000,\n"), "COORD_FORMAT", "row 2, zone", "refuse",
         {"format": "csv", "geometry": GeometrySpec("utm", x="e", y="n", zone="zone")}),
    Case(68, "MGRS without a zone", _write("a.csv", "ref,n\nYJ 12345 67890,1\n"), "COORD_FORMAT", "row 2, ref", "refuse",
         {"format": "csv", "geometry": GeometrySpec("mgrs", column="ref")}),
    Case(68, "not a number", _write("a.csv", "lon,lat\nnan,44.1\n"), "COORD_NOT_FINITE", "row 2, lon", "refuse", _XY),
    Case(69, "semicolons", _write("a.csv", "id;name;status\n1;x;open\n"), "DELIMITER", "header", spec=_CSV, facts={"found": ";"}),
    Case(69, "tabs", _write("a.csv", "id\tname\n1\tx\n"), "DELIMITER", "header", spec=_CSV, facts={"found": "TAB"}),
    Case(69, "ragged", _write("a.csv", "id,name\n1,x\n2\n3,y,z\n"), "RAGGED_ROW", "row 3", "refuse", _CSV,
         {"found": 1, "expected": 2}),
    Case(69, "quote never closed", _write("a.csv", 'id,name\n1,"x\n2,y\n'), "CSV_QUOTE", "row 2", spec=_CSV),
    Case(69, "quote never closed in a long file", _write("a.csv", 'id,name\n1,"x\n' + "2,yyyyyyyyyyyyyyyyyyyyyyyyy\n" * 60_000),
         "TEXT_TOO_LONG", "row 2", spec=_CSV),
    Case(70, "#REF!", _sheet_xml(lambda raw: raw.replace(b'<c r="B2" t="n"><v>3</v></c>', b'<c r="B2" t="e"><v>#REF!</v></c>')),
         "XLSX_ERROR_CELL", "Hazards!row 2, items", "refuse", _XLSX, {"found": "#REF!"}),
    Case(71, "never calculated", _sheet_xml(lambda raw: raw.replace(b'<c r="B2" t="n"><v>3</v></c>', b'<c r="B2"><f>1+2</f></c>')),
         "XLSX_NO_VALUE", "Hazards!row 2, items", "refuse", _XLSX),
    Case(72, "1E+05 in CSV", _write("a.csv", "id,name\n1E+05,x\n"), "ID_MANGLED", "row 2, id", "note", _CSV),
    Case(72, "sixteen digits in a workbook", _xlsx(rows=[["id"], [1234567890123456.0]]), "ID_MANGLED", "Hazards!row 2, id", "note",
         _XLSX),
    Case(73, "hidden row", _xlsx(_hide_row), "XLSX_HIDDEN_ROWS", "Hazards", "confirm", _XLSX, {"count": 1}),
    Case(73, "hidden sheet", _xlsx(_hide_sheet), "XLSX_HIDDEN_SHEET", level="confirm", spec=_XLSX),
    Case(73, "merged cells", _xlsx(lambda _, sheet: sheet.merge_cells("A2:A3")), "XLSX_MERGED", "Hazards", "confirm", _XLSX,
         {"places": "A2:A3"}),
    Case(74, "far cell", _sheet_xml(lambda raw: raw.replace(b"</sheetData>", b'<row r="20000"><c r="XFD20000"><v>1</v></c></row></sheetData>')),
         "XLSX_TOO_MANY_CELLS", "Hazards!XFD20000", spec=_XLSX),
    Case(74, "far row", _sheet_xml(lambda raw: raw.replace(b"</sheetData>", b'<row r="9999999"><c r="ZZ9999999"><v>1</v></c></row></sheetData>')),
         "XLSX_TOO_MANY_CELLS", spec=_XLSX),
    Case(75, "macro", _xlsx_part("xl/vbaProject.bin"), "XLSX_ACTIVE_CONTENT", "xl/vbaProject.bin", spec=_XLSX, facts={"found": "macro"}),
    Case(75, "external link", _xlsx_part("xl/externalLinks/externalLink1.xml", b"<externalLink/>"), "XLSX_ACTIVE_CONTENT",
         spec=_XLSX),
    Case(75, "OLE", _xlsx_part("xl/embeddings/oleObject1.bin"), "XLSX_ACTIVE_CONTENT", spec=_XLSX, facts={"found": "OLE"}),
    Case(75, "DDE in a formula", _xlsx(rows=[["id"], ["=cmd|'/c calc'!A1"]]), "XLSX_ACTIVE_CONTENT", spec=_XLSX,
         facts={"found": "formula"}),
    Case(76, "in CSV", _write("a.csv", "id,name,id\n1,x,2\n"), "DUPLICATE_HEADER", "row 1", spec=_CSV, facts={"names": "id"}),
    Case(76, "in XLSX", _xlsx(rows=[["id", "id"], [1, 2]]), "DUPLICATE_HEADER", "Hazards!row 1", spec=_XLSX),
    Case(77, "two decimals", _geometry(point(17.12, 44.12)), "LOW_PRECISION", "features[0]", "note"),
    # shapefile
    Case(78, "no .prj", lambda folder: write_shapefile(folder / "a.zip", prj=None), "CRS_MISSING", "sha", spec=_SHP),
    Case(78, "fewer records than shapes", lambda folder: write_shapefile(folder / "a.zip", dbf=_shapes_without_match()), "SHP_COUNTS",
         spec=_SHP),
    Case(78, "the same without an index", lambda folder: write_shapefile(folder / "a.zip", dbf=_shapes_without_match(), shx=None),
         "SHP_COUNTS", spec=_SHP, facts={"records": "1"}),
    Case(78, "no .dbf", lambda folder: write_shapefile(folder / "a.zip", dbf=None), "ARCHIVE_MEMBER", "sha", spec=_SHP),
    Case(79, "another datum than the file says", lambda folder: write_shapefile(folder / "a.zip"), "DATUM_DIFFERS", level="confirm",
         spec={"format": "shapefile", "crs": "EPSG:3906"}),
]  # fmt: skip


def _cut(path: Path, size: int | None = None) -> Path:
    raw = path.read_bytes()
    path.write_bytes(raw[: size or len(raw) // 2])
    return path


_MOST_MB = 512


@pytest.fixture
def peaks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What each child of this test alone had in memory at most, in MB, known when it has ended.

    The process's own account of its children is their greatest of all time, those of other tests among them.
    """
    found: list[float] = []

    def waited(pid: int, options: int) -> tuple[int, int]:
        gone, status, used = os.wait4(pid, options)
        if gone:
            found.append(_mb(used.ru_maxrss))
        return gone, status

    monkeypatch.setattr(os, "waitpid", waited)
    return found


def _mb(peak: int) -> float:
    return peak / 1024 / (1024 if sys.platform == "darwin" else 1)


def _most_mb() -> float:
    """A child is born with the peak of the process it was forked from, which other tests may have filled.

    ``test_in_a_fresh_process_no_child_needs_more_memory`` is not born so.
    """
    return max(_MOST_MB, _mb(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) + 1)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_bad_input(case: Case, tmp_path: Path, peaks: list[float]) -> None:
    path = case.make(tmp_path)
    reading = Reading(path, ReadSpec(**case.spec))
    began = time.monotonic()
    found: list[Any] = []
    refusal = None
    try:
        for batch in reading:
            found += batch.findings
    except FallowError as fault:
        refusal = fault
    assert time.monotonic() - began <= 5.0
    assert peaks or case.number <= 2, "files without bytes or too large are refused before a child is asked"
    assert all(20 < one <= _most_mb() for one in peaks)

    if case.level == "file":
        assert refusal is not None, f"read without a refusal; findings {found}"
        assert refusal.code == case.code
        assert path.name in refusal.where
        assert case.where in refusal.where
        assert {name: str(value) for name, value in case.facts.items()}.items() <= {
            name: str(value) for name, value in refusal.facts.items()
        }.items()
        assert refusal.remedy.strip() and refusal.what.strip()
        return
    assert refusal is None, refusal
    said = [one.as_dict() for one in found]
    assert not [one for one in said if "{" in one["what"] + one["remedy"] or "None" in one["remedy"]]
    if case.level == "none":
        assert {one.level for one in found} <= {"note"}
        return
    mine = [one for one in found if one.code == case.code]
    assert mine, [(one.code, one.level, one.where, dict(one.facts)) for one in found]
    assert mine[0].level == case.level
    assert mine[0].where.startswith(case.where) if case.where else True
    assert case.facts.items() <= dict(mine[0].facts).items()
    assert text(mine[0].code, "remedy", mine[0].facts).strip()
    assert "{" not in text(mine[0].code, "what", mine[0].facts)


def _source(folder: Path, file: str, content: str, delivered: str = "2024-03-31") -> Path:
    """A source of hazards whose one file has this name."""
    (folder / file).write_text(content, encoding="utf-8")
    (folder / "source.yaml").write_text(
        json.dumps(  # JSON is YAML
            {
                "source": "survey",
                "who": "Survey organisation",
                "licence": "none stated",
                "delivered": delivered,
                "files": {"areas": file},
                "tables": [
                    {
                        "name": "areas",
                        "format": "geojson",
                        "records": [
                            {
                                "kind": "hazard",
                                "id": {"column": "id"},
                                "date": "delivered",
                                "geometry": "own",
                                "fields": {"hazard_class": "class", "status": {"value": "open"}},
                            }
                        ],
                    }
                ],
            }
        )
    )
    return folder


def _areas(*names: str) -> str:
    return collection(*(feature(polygon(SQUARE), id=name, **{"class": "sha"}) for name in names))


def _names_are_labels(folder: Path, register: Register) -> None:
    """Row 6: whatever a file is called, its content is kept under its hash and its name is only told."""
    composed, apart = (
        "min\u00e9.geojson",
        "mine\u0301.geojson",
    )  # NFC and NFD: one name to a reader, two files
    names = ("CON.geojson", "..%2f..%2fx.geojson", composed, apart, "n" * 240 + ".geojson")
    source = folder / "deep" / "source"
    source.mkdir(parents=True)
    seen = {one.relative_to(folder) for one in folder.rglob("*")}
    for position, name in enumerate(names):
        _source(source, name, _areas(f"HA-{position}"), f"2024-03-{position + 1:02}")
        receipt = bring_in(source, register)
        assert [one["name"] for one in receipt.files] == [name]
        digest = receipt.files[0]["sha256"]
        assert register.files.path(digest).name == digest
        assert register.files.path(digest).parent.parent == register.files.folder
        (source / name).unlink()
    assert len({one["sha256"] for row in register.deliveries() for one in row.delivery.files}) == len(names)
    _source(source, "x.geojson", _areas("HA-9"))
    text = (source / "source.yaml").read_text()
    for outside in ("../../x", "/etc/hostname", "C:/x", "..\\\\x", "../source/x.geojson"):
        (source / "source.yaml").write_text(text.replace("x.geojson", outside))
        before = register.ledger.head()
        with pytest.raises(FallowError) as refusal:
            bring_in(source, register)
        assert refusal.value.code == "SOURCE_FILE_NAME"
        assert refusal.value.remedy
        assert register.ledger.head() == before
    left = {one.relative_to(folder) for one in folder.rglob("*") if register.files.folder not in one.parents}
    beside = {one for one in left - seen if one.parts[0].startswith("country.")}
    assert left - seen - beside == {Path("deep/source/source.yaml"), Path("deep/source/x.geojson")}


def _known_already(folder: Path, register: Register) -> None:
    """Row 7: the same file twice, also under another name, does nothing and says when it came."""
    bring_in(_source(folder, "a.geojson", _areas("HA-1")), register)
    before = register.ledger.head()
    for name in ("a.geojson", "b.geojson"):
        again = bring_in(_source(folder, name, _areas("HA-1")), register)
        (found,) = again.findings
        assert (found.code, found.where) == ("ALREADY_IMPORTED", name)
        assert found.facts["date"] == before[2][:10]
        assert found.facts["date"] in found.as_dict("en")["what"]
        assert (again.rows, again.known_already, again.reported) == (1, 1, 0)
        assert register.ledger.head() == before


def _ground_is_told(folder: Path, register: Register) -> None:
    """Row 44: areas that cover one ground come in, and the reviewer is told of it by place and size."""
    receipt = bring_in(_source(folder, "a.geojson", _areas("HA-1", "HA-2")), register)
    assert (receipt.reported, receipt.counts["HAZARDS_OVERLAP"]) == (2, 1)
    found = next(one for one in receipt.findings if one.code == "HAZARDS_OVERLAP")
    assert (found.level, found.where, found.facts["share"]) == ("note", "a.geojson features[1]", 100.0)
    assert found.as_dict("en")["remedy"]


BROUGHT: dict[int, Callable[[Path, Register], None]] = {
    6: _names_are_labels,
    7: _known_already,
    44: _ground_is_told,
}
"""Rows that are about what a register does with a file; tests/intake/test_ground.py says more of row 44."""


@pytest.mark.parametrize("number", BROUGHT)
def test_bad_input_that_needs_a_register(number: int, tmp_path: Path, peaks: list[float]) -> None:
    with create_register(tmp_path / "country.gpkg", title="Test") as register:
        BROUGHT[number](tmp_path, register)
        assert register.verify(refold=True).holds
    assert 20 < max(peaks) <= _most_mb()


def test_in_a_fresh_process_no_child_needs_more_memory() -> None:
    """Every ninth case, where nothing else was done before; the others are held to it when they run alone."""
    some = [f"{Path(__file__).name}::test_bad_input[{case.id}]" for case in CASES[::9]]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *some]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(some)} passed" in done.stdout


def test_no_row_is_missing() -> None:
    wanted = {number for number in range(1, 80) if number not in ELSEWHERE}
    read, brought = {case.number for case in CASES}, set(BROUGHT)
    assert read | brought == wanted
    assert not read & brought


def test_refused_rows_keep_their_other_values(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        collection(feature(polygon(_star(12)), id="HA-1"), feature(point(16.1234, 44.1234), id="HA-2"))
    )
    (batch,) = list(Reading(path, ReadSpec("geojson")))
    assert batch.columns["id"] == ["HA-1", "HA-2"]
    assert batch.wkb[0] is None
    assert batch.wkb[1] is not None


def test_formula_text_and_minus_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,note\n1,"=1+1"\n2,-12.5\n3,@x\n')
    (batch,) = list(Reading(path, ReadSpec("csv")))
    assert batch.columns["note"] == ["=1+1", "-12.5", "@x"]


@pytest.mark.parametrize("head", ["laughs", "file", "parameter"])
def test_no_part_of_a_workbook_has_a_document_type(head: str, tmp_path: Path) -> None:
    """Rows 55 to 57 in every part: openpyxl reads some of them with a parser that expands entities."""
    declared = {"laughs": _LAUGHS, "file": _DTD_FILE, "parameter": _DTD_PARAMETER}[head].encode()
    good = write_xlsx(tmp_path / "good.xlsx", [["id", "note"], ["HA-1", "a text"]])
    with zipfile.ZipFile(good) as archive:
        parts = [name for name in archive.namelist() if name.endswith((".xml", ".rels"))]
    assert {"xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"} <= set(parts)
    for part in parts:
        path = tmp_path / "a.xlsx"
        path.write_bytes(good.read_bytes())

        def spoil(name: str, raw: bytes, part: str = part) -> bytes:
            body = raw[raw.find(b"?>") + 2 :] if raw.startswith(b"<?xml") else raw
            return declared + body.lstrip() if name == part else raw

        repack(path, spoil)
        with pytest.raises(FallowError) as refusal:
            list(Reading(path, ReadSpec("xlsx")))
        assert refusal.value.code == "XML_DTD_FORBIDDEN", part


def test_a_table_name_that_is_sql_is_only_a_name(tmp_path: Path) -> None:
    name = 'x"; DROP TABLE gpkg_contents; --'
    path = write_gpkg(tmp_path / "a.gpkg", [_GOOD], table=name)
    before = path.read_bytes()
    (batch,) = list(Reading(path, ReadSpec("gpkg", layer=name)))
    assert batch.where == [f"layer {name}, fid 1"]
    assert path.read_bytes() == before


def test_dimension_that_lies_is_not_believed(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["id", "items"], *[[f"HA-{n}", n] for n in range(1, 50)]]
    path = write_xlsx(tmp_path / "a.xlsx", rows)

    def lie(name: str, raw: bytes) -> bytes:
        return raw.replace(b'ref="A1:B50"', b'ref="A1:A20"') if name == "xl/worksheets/sheet1.xml" else raw

    repack(path, lie)
    read = list(Reading(path, ReadSpec("xlsx")))
    assert sum(len(batch) for batch in read) == 49
    assert read[0].columns["items"][-1] == 49


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_both_epochs_give_the_same_day(tmp_path: Path, epoch_1904: bool) -> None:
    import datetime as dt

    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    def change(book: Any, sheet: Any) -> None:
        if epoch_1904:
            book.epoch = CALENDAR_MAC_1904
        sheet["B2"] = dt.date(2025, 4, 3)
        sheet["B3"] = dt.datetime(2025, 4, 3, 14, 30)

    path = write_xlsx(tmp_path / "a.xlsx", [["id", "day"], ["HA-1", None], ["HA-2", None]], change)
    (batch,) = list(Reading(path, ReadSpec("xlsx")))
    assert batch.columns["day"] == ["2025-04-03", "2025-04-03T14:30:00"]


def test_written_dates_are_not_interpreted(tmp_path: Path) -> None:
    """``03/04/2025`` stays text: which number is the month is for the source to say."""
    path = tmp_path / "a.csv"
    path.write_text("id,day\n1,03/04/2025\n")
    (batch,) = list(Reading(path, ReadSpec("csv")))
    assert batch.columns["day"] == ["03/04/2025"]


def test_killed_child_is_told_and_the_parent_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature()))
    fake = tmp_path / "child_start.py"
    fake.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    monkeypatch.setattr("fallow.intake.read._CHILD", fake)
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson")))
    assert refusal.value.code == "READER_DIED"
    fake.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson")))
    assert refusal.value.code == "READER_TOO_LARGE"
    fake.write_text("import time\ntime.sleep(60)\n")
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson", limits=Limits(wall_s=0.5))))
    assert refusal.value.code == "READER_TOO_SLOW"
    fake.write_text("import sys\nsys.stdout.write('nonsense that is no frame at all')\n")
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson")))
    assert refusal.value.code == "READER_DIED"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_DATA is counted by Linux")
def test_memory_limit_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature(None, text="x" * 60_000_000)))
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson", limits=Limits(memory_mb=120, text=100_000_000))))
    assert refusal.value.code == "READER_TOO_LARGE"


def test_processor_limit_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    one = json.dumps(feature(polygon(SQUARE)))
    path.write_text('{"type": "FeatureCollection", "features": [' + ",".join([one] * 200_000) + "]}")
    with pytest.raises(FallowError) as refusal:
        list(Reading(path, ReadSpec("geojson", limits=Limits(cpu_s=1))))
    assert refusal.value.code == "READER_TOO_SLOW"


def test_reading_still_works_after_all_that(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(collection(feature(point(16.1234, 44.1234))))
    reading = Reading(path, ReadSpec("geojson"))
    (batch,) = list(reading)
    assert batch.wkb == [wkb_point(16.1234, 44.1234)]
    assert reading.bytes_report().rows == 1
    assert [one.name for one in tmp_path.iterdir()] == ["a.geojson"]
