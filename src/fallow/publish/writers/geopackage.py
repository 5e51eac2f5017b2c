"""Step 4, a layer as a GeoPackage 1.3 of its own, for QGIS and e-mail: no GDAL, the same bytes each time."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

_UNDEFINED = "undefined"
_STANDARD = (
    """CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
    description TEXT)""",
    """CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
    identifier TEXT UNIQUE, description TEXT DEFAULT '', last_change DATETIME NOT NULL
    DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
    srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
    CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
)


def write_layer(
    target: Path,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Any]],
    *,
    spatial: bool,
    title: str,
    about: str,
    changed: str,
) -> int:
    """Write one layer to a new file; gives how many rows.

    Parameters
    ----------
    name, columns
        Of the layer, plain lower-case names; a column is its name and SQL type.
    rows
        WKB or ``None`` first when the layer is spatial, then a value for each column; longitude and latitude
        on WGS 84.
    title, about
        Identifier and description of the layer: S4's words travel in the description.
    changed
        ISO moment of the data.
    """
    with closing(sqlite3.connect(target, isolation_level=None)) as out:
        out.execute("PRAGMA application_id=0x47504B47")
        out.execute("PRAGMA user_version=10300")
        out.execute("BEGIN")
        _standard_tables(out)
        spelled = ", ".join(
            [
                "fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
                *(["geom GEOMETRY"] if spatial else []),
                *(f'"{column}" {type}' for column, type in columns),
            ]
        )
        out.execute(f'CREATE TABLE "{name}" ({spelled})')
        data_type, srs = ("features", 4326) if spatial else ("attributes", None)
        out.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
            "VALUES (?,?,?,?,?,?)",
            (name, data_type, title, about, changed, srs),
        )
        if spatial:
            out.execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', 4326, 0, 0)", (name,)
            )
        listed = ", ".join(
            f'"{one}"' for one in [*(["geom"] if spatial else []), *(one for one, _ in columns)]
        )
        marks = ",".join("?" * (len(columns) + spatial))
        insert = f'INSERT INTO "{name}" ({listed}) VALUES ({marks})'  # noqa: S608 - names of the model only
        count, each = 0, iter(rows)
        while chunk := [_blobbed(row, spatial=spatial) for row in islice(each, 2_000)]:
            out.executemany(insert, chunk)
            count += len(chunk)
        out.execute("COMMIT")
    return count


def _standard_tables(out: sqlite3.Connection) -> None:
    from pyproj import CRS

    for statement in _STANDARD:
        out.execute(statement)
    wgs84 = CRS.from_epsg(4326).to_wkt("WKT1_GDAL")
    out.executemany(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)",
        [
            ("Undefined Cartesian SRS", -1, "NONE", -1, _UNDEFINED, None),
            ("Undefined geographic SRS", 0, "NONE", 0, _UNDEFINED, None),
            ("WGS 84 geodetic", 4326, "EPSG", 4326, wgs84, "longitude, latitude in degrees"),
        ],
    )


def _blobbed(row: Sequence[Any], *, spatial: bool) -> Sequence[Any]:
    """A GeoPackage geometry: magic, version, flags (little endian, no envelope), EPSG code, WKB."""
    if not spatial or row[0] is None:
        return row
    return (struct.pack("<2sBBi", b"GP", 0, 0b1, 4326) + row[0], *row[1:])
