"""Step 2, what makes the file a GeoPackage 1.3: its tables of contents, and layers for each kind.

For each kind there is a table ``<kind>_history`` and a view ``<kind>`` on its open bounds; both are
registered, so that QGIS opens the view as an ordinary layer, with the spatial index of the table under it.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import numpy as np
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from fallow.kinds import Kind, columns
from fallow.register import rtree, schema
from fallow.register.report import OPEN_END
from fallow.words import in_language

_WGS84 = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,'
    'AUTHORITY["EPSG","9122"]],AXIS["Latitude",NORTH],AXIS["Longitude",EAST],AUTHORITY["EPSG","4326"]]'
)

_CONTENTS = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT
  DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')), min_x DOUBLE,
  min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT
  NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT
  NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""


def create_standard_tables(connection: sqlite3.Connection) -> None:
    """The standard's own tables; runs inside a transaction."""
    for statement in _CONTENTS.strip().split(";\n"):
        connection.execute(statement)
    connection.executemany(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)",
        [
            (
                "Undefined Cartesian",
                -1,
                "NONE",
                -1,
                "undefined",
                "undefined Cartesian coordinate reference system",
            ),
            (
                "Undefined geographic",
                0,
                "NONE",
                0,
                "undefined",
                "undefined geographic coordinate reference system",
            ),
            (
                "WGS 84 geodetic",
                4326,
                "EPSG",
                4326,
                _WGS84,
                "longitude/latitude coordinates in decimal degrees",
            ),
        ],
    )


def create_contents(connection: sqlite3.Connection) -> None:
    """The standard's own tables and the ledger's; runs inside a transaction."""
    create_standard_tables(connection)
    for table in schema.SYSTEM_TABLES:
        connection.execute(str(CreateTable(table).compile(dialect=dialect.dialect())))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index).compile(dialect=dialect.dialect())))


def create_layer(connection: sqlite3.Connection, kind: Kind, *, invented: bool = False) -> None:
    """The history table and the current view of one kind, registered as a layer."""
    table = schema.history(kind)
    connection.execute(str(CreateTable(table).compile(dialect=dialect.dialect())))
    _create_view(connection, kind)
    spatial = bool(kind.shapes)
    marked = "INVENTED " if invented else ""
    about = in_language(kind.about, "en")
    list_layer(connection, kind.name, f"{marked}{in_language(kind.plural, 'en')}", about, spatial=spatial)
    list_layer(connection, table.name, f"{marked}{kind.name} history", about, spatial=spatial)
    if spatial:
        rtree.create(connection, table.name)
        rtree.drop_triggers(connection, table.name)
    create_indexes(connection, kind)


def _indexes(kind: Kind) -> dict[str, str]:
    """The ordinary indexes of a history: by record, the current rows, and each link backwards.

    None on the bounds: an index on known_to or known_from makes as-of queries two to three times slower. The
    partial one is in order of row id, so that reading the current layer reads the table front to back.
    """
    table = f"{kind.name}_history"
    found = {
        f"{table}_record": "(record)",
        f"{table}_current": f"(known_to) WHERE known_to = '{OPEN_END}' AND true_to = '{OPEN_END}'",
    }
    for one in kind.stored:
        if one.type == "link":
            found[f"{table}_{one.name}"] = f'("{one.name}") WHERE "{one.name}" IS NOT NULL'
    return found


def create_indexes(connection: sqlite3.Connection, kind: Kind, boxes: rtree.Cells | None = None) -> None:
    """Build the indexes of a history, the spatial one packed, and raise its triggers.

    ``boxes`` are those of rows 1 to n (NaN for none), where they are at hand; else they are read.
    """
    for name, on in _indexes(kind).items():
        connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{kind.name}_history" {on}')
    if kind.shapes:
        if boxes is None:
            rtree.rebuild(connection, f"{kind.name}_history")
        else:
            located = np.flatnonzero(~np.isnan(boxes[:, 0]))
            some = boxes if len(located) == len(boxes) else boxes[located]
            rtree.fill(connection, f"{kind.name}_history", located + 1, some)
        rtree.raise_triggers(connection, f"{kind.name}_history")


def drop_indexes(connection: sqlite3.Connection, kind: Kind) -> None:
    """Take the dear indexes off before a large change; :func:`create_indexes` must follow.

    The one by record and those of links stay: folding again and the rules look records up while the change
    goes on, and without them 9,737 corrections read the whole table 9,737 times.
    """
    connection.execute(f'DROP INDEX IF EXISTS "{kind.name}_history_current"')
    if kind.shapes:
        rtree.drop_triggers(connection, f"{kind.name}_history")


def drop_record_index(connection: sqlite3.Connection, kind: Kind) -> None:
    """Take the index by record off an empty history; :func:`create_record_index` must follow.

    Record ids are random: entering them one by one into the index costs two and a half times what sorting
    them at the end does.
    """
    connection.execute(f'DROP INDEX IF EXISTS "{kind.name}_history_record"')


def create_record_index(connection: sqlite3.Connection, kind: Kind) -> None:
    """Build the index by record of a history."""
    name = f"{kind.name}_history_record"
    connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{kind.name}_history" {_indexes(kind)[name]}')


def list_layer(connection: sqlite3.Connection, name: str, label: str, about: str, *, spatial: bool) -> None:
    """Register a table or view in the table of contents."""
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES "
        "(?,?,?,?,?)",
        (name, "features" if spatial else "attributes", label, about, 4326 if spatial else None),
    )
    if spatial:
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', 4326, 0, 0)", (name,)
        )


def _create_view(connection: sqlite3.Connection, kind: Kind) -> None:
    names = [
        "record",
        *(one.name for one in columns(kind)),
        "known_from",
        "true_from",
        "conflict",
        "awaiting",
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    geometry = "geom, " if kind.shapes else ""
    connection.execute(
        f'CREATE VIEW "{kind.name}" AS SELECT fid AS OGC_FID, {geometry}{listed} FROM "{kind.name}_history" '
        f"WHERE known_to = '{OPEN_END}' AND true_to = '{OPEN_END}'"
    )


def widen_layer(connection: sqlite3.Connection, kind: Kind, added: Iterable[str]) -> None:
    """Add the columns of new fields; what was there keeps its meaning and reads as empty in them."""
    spelled = {one.name: one.type for one in columns(kind)}
    connection.execute(f'DROP VIEW "{kind.name}"')
    for name in added:
        connection.execute(f'ALTER TABLE "{kind.name}_history" ADD COLUMN "{name}" {spelled[name]}')
    for name, on in _indexes(kind).items():
        connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON "{kind.name}_history" {on}')
    _create_view(connection, kind)


def put_aside(connection: sqlite3.Connection, kind: Kind) -> str:
    """Make the table of a history anew, empty and as it is made today; gives the name of the one before.

    Its indexes and triggers are gone: :func:`create_indexes` must follow.
    """
    table = schema.history(kind)
    before = f"{table.name}_before"
    connection.execute(f'DROP VIEW "{kind.name}"')
    for name in _indexes(kind):
        connection.execute(f'DROP INDEX IF EXISTS "{name}"')
    if kind.shapes:
        rtree.drop_triggers(connection, table.name)
    connection.execute(f'ALTER TABLE "{table.name}" RENAME TO "{before}"')
    connection.execute(str(CreateTable(table).compile(dialect=dialect.dialect())))
    _create_view(connection, kind)
    return before


def note_change(connection: sqlite3.Connection, kind: Kind, now: str) -> None:
    """Tell the table of contents that a layer changed and where it lies now."""
    table = f"{kind.name}_history"
    box = rtree.extent(connection, table) if kind.shapes else (None,) * 4
    connection.execute(
        "UPDATE gpkg_contents SET last_change = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ? "
        "WHERE table_name IN (?, ?)",
        (now, *box, kind.name, table),
    )
