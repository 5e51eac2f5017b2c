"""Face one, one kind as a GeoPackage 1.3 with a single layer, for QGIS."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from fallow.cli.stamp import Stamp
from fallow.words import in_language

if TYPE_CHECKING:
    from fallow.kinds import Kind
    from fallow.register import Record

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
_BESIDE = (("known_from", "DATE"), ("true_from", "DATE"), ("conflict", "TEXT"), ("awaiting", "TEXT"))


def write_gpkg(
    target: Path, records: Iterable[Record], kind: Kind, names: Sequence[str], stamp: Stamp
) -> int:
    """Write records to a new GeoPackage; gives how many. The notice is the layer's description."""
    from fallow.kinds import columns

    types = {one.name: one.type for one in columns(kind)}
    listed = [(name, types.get(name, "TEXT")) for name in names]
    out = sqlite3.connect(target, isolation_level=None)
    try:
        out.execute("PRAGMA application_id=0x47504B47")
        out.execute("PRAGMA user_version=10300")
        out.execute("BEGIN")
        _standard_tables(out)
        count = _layer(out, records, kind, listed, stamp)
        out.execute("COMMIT")
    finally:
        out.close()
    return count


def write_features(target: Path, layer: str, features: Sequence[Mapping[str, Any]], about: str) -> None:
    """Write mappings with a ``geometry`` (WKB or ``None``) as one layer; ``about`` is its description."""
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    names = [name for name in (features[0] if features else {"difference": ""}) if name != "geometry"]
    numbers = {name for name in names for one in features if isinstance(one[name], (int, float))}
    out = sqlite3.connect(partial, isolation_level=None)
    try:
        out.execute("PRAGMA application_id=0x47504B47")
        out.execute("PRAGMA user_version=10300")
        out.execute("BEGIN")
        _standard_tables(out)
        spelled = ", ".join(f'"{name}" {"REAL" if name in numbers else "TEXT"}' for name in names)
        out.execute(
            f'CREATE TABLE "{layer}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, '
            f"geom GEOMETRY, {spelled})"
        )
        out.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) "
            "VALUES (?, 'features', ?, ?, 4326)",
            (layer, layer, about),
        )
        out.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', 4326, 0, 0)", (layer,))
        listed, marks = ", ".join(f'"{name}"' for name in names), ",".join("?" * (len(names) + 1))
        out.executemany(
            f'INSERT INTO "{layer}" (geom, {listed}) VALUES ({marks})',  # noqa: S608 - names of our own
            [(_blob(one["geometry"]), *(one[name] for name in names)) for one in features],
        )
        out.execute("COMMIT")
    finally:
        out.close()
    partial.replace(target)


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


def _layer(
    out: sqlite3.Connection,
    records: Iterable[Record],
    kind: Kind,
    listed: Sequence[tuple[str, str]],
    stamp: Stamp,
) -> int:
    spatial = bool(kind.shapes)
    columns = [("record", "TEXT"), *listed, *_BESIDE]
    spelled = ", ".join(f'"{name}" {type}' for name, type in columns)
    shape = "geom GEOMETRY, " if spatial else ""
    # names come from the model, whose loader lets only plain lower-case names through
    out.execute(
        f'CREATE TABLE "{kind.name}" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, {shape}{spelled})'
    )
    _list_layer(out, kind, stamp, spatial=spatial)
    marks = ",".join("?" * (len(columns) + spatial))
    names = ", ".join(f'"{name}"' for name in [*(["geom"] if spatial else []), *(one for one, _ in columns)])
    insert = f'INSERT INTO "{kind.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of the model only
    count, rows = 0, _rows(records, kind, listed, spatial=spatial)
    while chunk := list(islice(rows, 2_000)):
        out.executemany(insert, chunk)
        count += len(chunk)
    return count


def _list_layer(out: sqlite3.Connection, kind: Kind, stamp: Stamp, *, spatial: bool) -> None:
    prefix = "INVENTED " if stamp.invented else ""
    out.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
        "VALUES (?,?,?,?,?,?)",
        (
            kind.name,
            "features" if spatial else "attributes",
            prefix + in_language(kind.plural),
            f"{stamp.notice} {orjson.dumps(stamp.as_dict()).decode()}",
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            4326 if spatial else None,
        ),
    )
    if spatial:
        out.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', 4326, 0, 0)", (kind.name,)
        )


def _rows(
    records: Iterable[Record], kind: Kind, listed: Sequence[tuple[str, str]], *, spatial: bool
) -> Iterator[list[Any]]:
    from fallow.kinds import VALUE_TYPES

    stores = [
        (name, VALUE_TYPES[field.type].store if (field := kind.field(name)) else None) for name, _ in listed
    ]
    for one in records:
        row: list[Any] = [_blob(one.geometry)] if spatial else []
        row.append(one.id)
        for name, store in stores:
            value = one.fields.get(name)
            row.append(store(value) if store is not None and value is not None else value)
        row += [one.known_from, one.true_from, one.conflict, one.awaiting]
        yield row


def _blob(wkb: bytes | None) -> bytes | None:
    """A GeoPackage geometry: magic, version, flags (little endian, no envelope), EPSG code, WKB."""
    return None if wkb is None else struct.pack("<2sBBi", b"GP", 0, 0b1, 4326) + wkb
