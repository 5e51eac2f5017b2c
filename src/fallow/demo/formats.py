"""Beside the faces: writers of the formats people send, small, and byte for byte the same on every run."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import shapely
from openpyxl import Workbook
from pyproj import CRS

Row = Mapping[str, Any]

_STAMP = (2025, 12, 1, 0, 0, 0)
"""The time every archive member carries: an archive made today must be the archive made tomorrow."""


def write_geojson(path: Path, rows: Iterable[Row]) -> None:
    """Features on WGS 84; ``geometry`` of a row is a shape in degrees or ``None``."""
    features = [
        {
            "type": "Feature",
            "properties": {name: value for name, value in row.items() if name != "geometry"},
            "geometry": None if row["geometry"] is None else json.loads(shapely.to_geojson(row["geometry"])),
        }
        for row in rows
    ]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n', encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Row], delimiter: str = ";", encoding: str = "utf-8-sig") -> None:
    """A table with the columns of its first row, as spreadsheets save it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_xlsx(
    path: Path, sheet: str, head: Sequence[str], header: Sequence[str], rows: Iterable[Row]
) -> None:
    """A sheet with title lines merged over the whole width above its header row."""
    book = Workbook()
    page = book.active
    page.title = sheet
    for number, line in enumerate(head, start=1):
        page.cell(number, 1, line)
        page.merge_cells(start_row=number, start_column=1, end_row=number, end_column=len(header))
    page.append(list(header))
    for row in rows:
        page.append([row[name] for name in header])
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    core = members["docProps/core.xml"].decode()
    members["docProps/core.xml"] = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2025-12-01T00:00:00Z", core).encode()
    write_zip(path, members)


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """An archive whose members carry one fixed time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def write_gpkg(path: Path, layers: Mapping[str, Sequence[Row]]) -> None:
    """GeoPackage 1.3 with polygon layers on EPSG:4326; the first row decides the types of the columns."""
    base = sqlite3.connect(path)
    base.executescript(
        """
        PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
        CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
            organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
            description TEXT);
        CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL,
            identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL,
            min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
            srs_id INTEGER REFERENCES gpkg_spatial_ref_sys);
        CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL REFERENCES gpkg_contents,
            column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
            z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
        """
    )
    base.executemany(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,NULL)",
        [
            ("Undefined Cartesian", -1, "NONE", -1, "undefined"),
            ("Undefined geographic", 0, "NONE", 0, "undefined"),
            ("WGS 84", 4326, "EPSG", 4326, CRS.from_epsg(4326).to_wkt("WKT1_GDAL")),
        ],
    )
    for name, rows in layers.items():
        _layer(base, name, rows)
    base.commit()
    base.close()


def _layer(base: sqlite3.Connection, name: str, rows: Sequence[Row]) -> None:
    fields = [field for field in rows[0] if field != "geometry"]
    types = {int: "INTEGER", float: "REAL"}
    columns = ", ".join(f'"{field}" {types.get(type(rows[0][field]), "TEXT")}' for field in fields)
    base.execute(f'CREATE TABLE "{name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT, geom BLOB, {columns})')
    west, south, east, north = shapely.total_bounds([row["geometry"] for row in rows])
    base.execute(
        "INSERT INTO gpkg_contents VALUES (?, 'features', ?, '', '2025-12-01T00:00:00.000Z', ?,?,?,?, 4326)",
        (name, name, west, south, east, north),
    )
    base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', 4326, 0, 0)", (name,))
    marks = ", ".join("?" * (len(fields) + 1))
    columns = ", ".join(f'"{field}"' for field in fields)
    base.executemany(
        f'INSERT INTO "{name}" (geom, {columns}) VALUES ({marks})',  # noqa: S608  (the names are ours)
        [(_blob(row["geometry"]), *(row[field] for field in fields)) for row in rows],
    )


def _blob(shape: Any) -> bytes:
    return b"GP\x00\x01" + struct.pack("<i", 4326) + bytes(shapely.to_wkb(shape, byte_order=1, flavor="iso"))


def write_kml(path: Path, title: str, rows: Iterable[Row]) -> None:
    """Placemarks with extended data; a row without ``geometry`` has no point."""
    places = []
    for row in rows:
        data = "".join(
            f'<Data name="{name}"><value>{escape(str(value))}</value></Data>'
            for name, value in row.items()
            if name not in ("geometry", "name", "description")
        )
        point = row["geometry"]
        where = "" if point is None else f"<Point><coordinates>{point[0]},{point[1]},0</coordinates></Point>"
        places.append(
            f"<Placemark><name>{escape(row['name'])}</name>"
            f"<description>{escape(row['description'])}</description>"
            f"<ExtendedData>{data}</ExtendedData>{where}</Placemark>"
        )
    body = "\n".join(places)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(title)}</name><Folder><name>indications</name>\n{body}\n</Folder></Document></kml>\n",
        encoding="utf-8",
    )


def write_gpx(path: Path, waypoints: Iterable[Row], track: Sequence[tuple[float, float]]) -> None:
    """Waypoints with name, time, symbol and sentence, and the track the team walked."""
    points = "\n".join(
        f'<wpt lat="{row["lat"]}" lon="{row["lon"]}"><time>{row["time"]}</time>'
        f"<name>{escape(row['name'])}</name>"
        f"<desc>{escape(row['desc'])}</desc><sym>{escape(row['sym'])}</sym></wpt>"
        for row in waypoints
    )
    walked = "".join(f'<trkpt lat="{lat}" lon="{lon}"/>' for lon, lat in track)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="INVENTED" '
        'xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"{points}\n<trk><name>INVENTED team track</name><trkseg>{walked}</trkseg></trk>\n</gpx>\n",
        encoding="utf-8",
    )


def write_shapefile(path: Path, name: str, rows: Sequence[Row], crs: str) -> None:
    """A zipped shapefile of points; ``x`` and ``y`` of a row are in ``crs``."""
    west, east = min(row["x"] for row in rows), max(row["x"] for row in rows)
    south, north = min(row["y"] for row in rows), max(row["y"] for row in rows)

    def head(words: int) -> bytes:
        return struct.pack(">i20xi", 9994, words) + struct.pack(
            "<ii8d", 1000, 1, west, south, east, north, 0, 0, 0, 0
        )

    shp = b"".join(
        struct.pack(">ii", number, 10) + struct.pack("<idd", 1, row["x"], row["y"])
        for number, row in enumerate(rows, start=1)
    )
    shx = b"".join(struct.pack(">ii", 50 + 14 * number, 10) for number in range(len(rows)))
    write_zip(
        path,
        {
            f"{name}.shp": head(50 + len(shp) // 2) + shp,
            f"{name}.shx": head(50 + len(shx) // 2) + shx,
            f"{name}.dbf": _dbf(
                [{key: value for key, value in row.items() if key not in "xy"} for row in rows]
            ),
            f"{name}.prj": CRS.from_user_input(crs).to_wkt("WKT1_ESRI").encode(),
            f"{name}.cpg": b"UTF-8",
        },
    )


def _dbf(rows: Sequence[Row]) -> bytes:
    """Write dBASE III: names of at most 10 letters, everything as text."""
    widths = {name: max(1, *(len(str(row[name]).encode()) for row in rows)) for name in rows[0]}
    described = b"".join(
        struct.pack("<11sc4xBB14x", name.encode(), b"C", width, 0) for name, width in widths.items()
    )
    head = struct.pack(
        "<B3BIHH20x", 3, 125, 12, 1, len(rows), 33 + 32 * len(widths), 1 + sum(widths.values())
    )
    body = b"".join(
        b" " + b"".join(str(row[name]).encode().ljust(width) for name, width in widths.items())
        for row in rows
    )
    return head + described + b"\r" + body + b"\x1a"
