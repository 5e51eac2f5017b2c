"""Step 1, reports arrive: open a GeoPackage so that nothing in it can act, and list its layers.

Read only and immutable, schema not trusted, every statement but reading refused by an authorizer, and a file
with views, foreign triggers or virtual tables refused before its rows are asked for: a recursive view loops
for ever.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from fallow.errors import FallowError
from fallow.intake.readers.gpkg_triggers import Indexed, is_standard
from fallow.intake.readers.job import Job

_NEEDED = ("gpkg_contents", "gpkg_spatial_ref_sys")
_STEPS_BETWEEN_LOOKS = 100_000
_READS_ONLY = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_FUNCTION}
_PRAGMAS = {"trusted_schema", "cell_size_check", "quick_check", "table_xinfo"}
_FUNCTIONS = {"count", "lower"}
_KINDS = (
    (re.compile(r"BOOL"), "boolean"),
    (re.compile(r"INT"), "number"),
    (re.compile(r"REAL|DOUBLE|FLOAT|NUM|DEC"), "number"),
    (re.compile(r"CHAR|TEXT|CLOB|DATE|JSON|STRING"), "text"),
    (re.compile(r"BLOB"), "blob"),
)


@dataclass(frozen=True, slots=True)
class Layer:
    """One feature or attribute table."""

    name: str
    columns: tuple[str, ...]
    """Without the geometry, in the order of the table."""
    kinds: dict[str, str]
    """``number``, ``boolean``, ``text``, ``blob`` or ``any`` by column, from the declared type."""
    key: str | None
    geometry_column: str | None
    geometry_type: str
    srs_id: int | None
    crs: str | None
    """``EPSG:n`` or the definition as WKT; ``None`` when the file does not say."""


@contextmanager
def open_guarded(job: Job) -> Iterator[sqlite3.Connection]:
    """A connection that can only read; raises ``NOT_GPKG``, ``GPKG_DAMAGED``, ``GPKG_ACTIVE_CONTENT``."""
    connection = sqlite3.connect(
        f"file:{quote(str(job.path))}?mode=ro&immutable=1", uri=True, isolation_level=None
    )
    try:
        deadline = time.monotonic() + job.spec.limits.wall_s
        connection.set_progress_handler(lambda: int(time.monotonic() > deadline), _STEPS_BETWEEN_LOOKS)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.set_authorizer(_authorize)
        _check_schema(connection)
        _check_pages(connection)
        connection.set_progress_handler(None, 0)
        yield connection
    except sqlite3.DatabaseError as fault:
        raise FallowError("NOT_GPKG", "", found=str(fault)[:80]) from fault
    finally:
        connection.close()


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    allowed = action in _READS_ONLY
    if action == sqlite3.SQLITE_PRAGMA:
        allowed = first in _PRAGMAS
    elif action == sqlite3.SQLITE_FUNCTION:
        allowed = second in _FUNCTIONS
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _check_pages(connection: sqlite3.Connection) -> None:
    try:
        answers = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.DatabaseError as fault:
        raise FallowError("GPKG_DAMAGED", "", found=str(fault)[:80]) from fault
    if answers != ["ok"]:
        raise FallowError("GPKG_DAMAGED", "", found=str(answers[0])[:80] if answers else "?")


def _check_schema(connection: sqlite3.Connection) -> None:
    entries = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    present = {name for kind, name, _, _ in entries if kind == "table"}
    for name in _NEEDED:
        if name not in present:
            raise FallowError("NOT_GPKG", "", found=f"no {name}")
    indexed = _indexed(connection) if "gpkg_geometry_columns" in present else []
    trees = {f"rtree_{one.table}_{one.geometry}".lower() for one in indexed}
    for kind, name, _, sql in entries:
        if kind == "view" or (kind == "trigger" and not is_standard(sql or "", indexed)):
            raise FallowError("GPKG_ACTIVE_CONTENT", str(name)[:80], found=kind)
        if kind == "table" and sql and re.match(r"\s*create\s+virtual", sql, re.IGNORECASE):
            plain = re.sub(r"[\"'`\[\]\s]", "", sql).lower()
            tree = plain.startswith(
                f"createvirtualtable{str(name).lower()}usingrtree(id,minx,maxx,miny,maxy)"
            )
            if not (tree and str(name).lower() in trees):
                raise FallowError("GPKG_ACTIVE_CONTENT", str(name)[:80], found="virtual table")


def _indexed(connection: sqlite3.Connection) -> list[Indexed]:
    rows = connection.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
    return [Indexed(table, _key(connection, table) or "rowid", column) for table, column in rows]


_NOWHERE = ("LOCAL_CS", "ENGCRS", "ENGINEERINGCRS")
"""How the definition of a system begins that is of a drawing and not of the Earth."""


def _key(connection: sqlite3.Connection, table: str) -> str | None:
    rows = connection.execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall()
    keys = [row[1] for row in rows if row[5]]
    return str(keys[0]) if len(keys) == 1 else None


def layers(connection: sqlite3.Connection) -> list[Layer]:
    """Feature and attribute tables in the order the file lists them."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    geometries = {}
    if "gpkg_geometry_columns" in tables:
        wanted = "SELECT table_name, column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns"
        geometries = {row[0]: row[1:] for row in connection.execute(wanted)}
    found = []
    for name, kind in connection.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall():
        if kind not in ("features", "attributes", "aspatial"):
            continue
        if name not in tables:
            raise FallowError("NOT_GPKG", f"layer {str(name)[:80]}", found="no table")
        found.append(_layer(connection, name, geometries.get(name)))
    return found


def _layer(connection: sqlite3.Connection, name: str, geometry: tuple[str, str, int] | None) -> Layer:
    info = connection.execute(f"PRAGMA table_xinfo({quoted(name)})").fetchall()
    if any(row[6] for row in info):
        # A generated column runs an expression of the file at every row that is read.
        raise FallowError("GPKG_ACTIVE_CONTENT", name[:80], found="generated column")
    column, kind, srs_id = geometry or (None, "", None)
    names = [row[1] for row in info]
    if column is not None and column not in names:
        raise FallowError("NOT_GPKG", f"layer {name[:80]}", found=f"no column {column}"[:80])
    return Layer(
        name,
        tuple(one for one in names if one != column),
        {row[1]: _kind(row[2]) for row in info if row[1] != column},
        _key(connection, name),
        column,
        (kind or "").upper(),
        srs_id,
        _crs(connection, srs_id) if column is not None else None,
    )


def _kind(declared: str) -> str:
    upper = (declared or "").upper()
    return next((kind for pattern, kind in _KINDS if pattern.search(upper)), "any")


def _crs(connection: sqlite3.Connection, srs_id: int | None) -> str | None:
    """What the reference system table says: an authority and number, else the definition, else nothing."""
    row = connection.execute(
        "SELECT organization, organization_coordsys_id, definition "
        "FROM gpkg_spatial_ref_sys WHERE srs_id = ?",
        (srs_id,),
    ).fetchone()
    if row is None or srs_id in (-1, 0):
        return None
    organization, number, definition = row
    if str(organization).upper() in ("EPSG", "OGC", "ESRI") and isinstance(number, int) and number > 0:
        return f"{str(organization).upper()}:{number}"
    text = str(definition or "").strip()
    # What GDAL writes for a layer without a system: axes that lie nowhere on the Earth.
    return text if len(text) > 20 and not text.upper().startswith(_NOWHERE) else None


def quoted(name: str) -> str:
    """A name of the file as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def warn_of_journal(job: Job) -> None:
    """A file in write-ahead mode that came without its ``-wal`` may lack the last changes (53)."""
    with job.path.open("rb") as file:
        head = file.read(20)
    if head[18:20] == b"\x02\x02":
        job.tell("MAYBE_INCOMPLETE", "confirm")
