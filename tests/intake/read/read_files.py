"""Files for the tests of the readers: small, true-looking, and bad ones made to order."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

SQUARE = [[16.1234, 44.1234], [16.2345, 44.1234], [16.2345, 44.2345], [16.1234, 44.2345], [16.1234, 44.1234]]
WGS84_PRJ = (
    'GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties or {"id": "HA-1"}}


def point(lon: Any, lat: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def collection(*features: Any, **members: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def raw_collection(geometry: str, properties: str = '{"id": "HA-1"}') -> str:
    """A collection of one feature whose parts are given as text, for JSON that Python would not write."""
    one = f'{{"type": "Feature", "properties": {properties}, "geometry": {geometry}}}'
    return f'{{"type": "FeatureCollection", "features": [{one}]}}'


# GeoPackage

_SYSTEMS = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
 organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
 definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES ('undefined', -1, 'NONE', -1, 'undefined', NULL),
 ('undefined', 0, 'NONE', 0, 'undefined', NULL), ('WGS 84', 4326, 'EPSG', 4326, 'GEOGCS', NULL),
 ('UTM 33N', 32633, 'EPSG', 32633, 'PROJCS', NULL);
"""
_CONTENTS = """
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
 description TEXT, last_change TEXT, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT PRIMARY KEY, column_name TEXT NOT NULL,
 geometry_type_name TEXT, srs_id INTEGER, z TINYINT, m TINYINT);
"""


def wkb_point(lon: float, lat: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, lon, lat)


def wkb_polygon(*rings: list[list[float]]) -> bytes:
    body = b"".join(
        struct.pack("<I", len(ring)) + b"".join(struct.pack("<dd", *xy) for xy in ring) for ring in rings
    )
    return struct.pack("<BII", 1, 3, len(rings)) + body


def blob(
    wkb: bytes, *, srs_id: int = 4326, magic: bytes = b"GP", envelope: tuple[float, ...] | None = None
) -> bytes:
    flags = 1 | (2 if envelope else 0)
    box = struct.pack("<4d", *envelope) if envelope else b""
    return magic + struct.pack("<BBi", 0, flags, srs_id) + box + wkb


def write_gpkg(
    path: Path,
    rows: list[tuple[Any, ...]],
    *,
    table: str = "sha",
    columns: str = "id TEXT, status TEXT",
    srs_id: int = 4326,
    systems: str = _SYSTEMS,
    contents: str = _CONTENTS,
    extra: str = "",
    listed: bool = True,
) -> Path:
    """A GeoPackage with one feature table; a row is its blob and then its columns."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;" + systems + contents
    )
    quoted = '"' + table.replace('"', '""') + '"'
    connection.execute(f"CREATE TABLE {quoted} (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom BLOB, {columns})")
    if listed and contents:
        about = "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
        about += "VALUES (?, 'features', ?, ?)"
        connection.execute(about, (table, table, srs_id))
        column = "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', ?, 0, 0)"
        connection.execute(column, (table, srs_id))
    marks = ", ".join("?" * (len(rows[0]) if rows else 3))
    connection.executemany(f"INSERT INTO {quoted} VALUES (NULL, {marks})", rows)
    connection.commit()
    if extra:
        connection.executescript(extra)
    connection.close()
    return path


# ZIP


def write_zip(path: Path, files: dict[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def kml(*placemarks: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    inner = "".join(placemarks)
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inner}</Document></kml>'


def placemark(coordinates: str = "16.1234,44.1234", name: str = "HA-1") -> str:
    return (
        f"<Placemark><name>{name}</name><Point><coordinates>{coordinates}</coordinates></Point></Placemark>"
    )


def gpx(*points: str) -> str:
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{"".join(points)}</gpx>'


# Shapefile


def shapefile_parts(shapes: list[tuple[Any, tuple[Any, ...]]], shape_type: int = 1) -> dict[str, bytes]:
    """The three files of a shapefile written by pyshp: ``(coordinates or None, record)`` each."""
    import shapefile

    shp, shx, dbf = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with shapefile.Writer(shp=shp, shx=shx, dbf=dbf, shapeType=shape_type, encoding="utf-8") as writer:
        writer.field("id", "C", 40)
        writer.field("items", "N", 10, 0)
        writer.field("area", "N", 18, 6)
        for coordinates, record in shapes:
            if coordinates is None:
                writer.null()
            elif shape_type == 1:
                writer.point(*coordinates)
            elif shape_type == 3:
                writer.line(coordinates)
            else:
                writer.poly(coordinates)
            writer.record(*record)
    return {"sha.shp": shp.getvalue(), "sha.shx": shx.getvalue(), "sha.dbf": dbf.getvalue()}


def write_shapefile(path: Path, **changes: bytes | None) -> Path:
    """A shapefile of two points; a part given as ``shp=...`` replaces it, ``prj=None`` leaves it out."""
    parts = shapefile_parts([((16.1234, 44.1234), ("HA-1", 3, 1.5)), ((16.2345, 44.2345), ("HA-2", 4, 2.5))])
    files: dict[str, bytes | str] = {**parts, "sha.prj": WGS84_PRJ, "sha.cpg": "UTF-8"}
    for ending, content in changes.items():
        if content is None:
            del files[f"sha.{ending}"]
        else:
            files[f"sha.{ending}"] = content
    return write_zip(path, files)


# XLSX


def write_xlsx(path: Path, rows: list[list[Any]], change: Any = None) -> Path:
    """A workbook of one sheet; ``change(workbook, sheet)`` may add what makes it bad."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Hazards"
    for row in rows:
        sheet.append(row)
    if change is not None:
        change(book, sheet)
    book.save(path)
    return path


def repack(path: Path, change: Any) -> Path:
    """The same archive with ``change(name, content)`` applied to each part; ``None`` drops it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = {name: change(name, content) for name, content in parts.items()}
    return write_zip(path, {name: content for name, content in changed.items() if content is not None})
