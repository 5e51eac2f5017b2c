"""Step 1, reports arrive: GeoPackage, read as the SQLite database it is and trusted as little."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.gpkg_blob import Blobs
from fallow.intake.readers.gpkg_schema import Layer, layers, open_guarded, quoted, warn_of_journal
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job
from fallow.intake.readers.sniff import expect

_FAMILY = {"POINT": "point", "LINESTRING": "line", "POLYGON": "polygon"}


def tables(job: Job) -> list[TableInfo]:
    """Every feature and attribute table the file lists in ``gpkg_contents``."""
    with _open(job) as connection:
        found = []
        for layer in layers(connection):
            rows = connection.execute(f"SELECT count(*) FROM {quoted(layer.name)}").fetchone()[0]  # noqa: S608
            kind = layer.geometry_type.removeprefix("MULTI") if layer.geometry_type else ""
            geometry = _FAMILY.get(kind, "mixed") if layer.geometry_column else None
            found.append(TableInfo(layer.name, layer.columns, rows, geometry, layer.crs))
        return found


def read(job: Job) -> Iterator[Chunk]:
    """Rows of one table; ``where`` is ``layer sha, fid 17``."""
    warn_of_journal(job)
    with _open(job) as connection:
        layer = _chosen(job, layers(connection))
        job.file_crs = layer.crs
        job.crs = job.spec.crs or layer.crs
        if layer.geometry_column and job.spec.geometry is None and job.crs is None:
            raise FallowError("CRS_MISSING", f"layer {layer.name}", found=layer.srs_id)
        try:
            yield from _rows(job, connection, layer)
        except sqlite3.DatabaseError as fault:
            raise FallowError("NOT_GPKG", f"layer {layer.name}", found=_short(fault)) from fault


def _open(job: Job) -> Any:
    with job.path.open("rb") as file:
        expect(file, "GeoPackage", {"SQLite"})
    return open_guarded(job)


def _chosen(job: Job, found: list[Layer]) -> Layer:
    known = ", ".join(one.name for one in found)
    if job.spec.layer is None:
        if len(found) != 1:
            raise FallowError("LAYER_MISSING", "", known=known)
        return found[0]
    chosen = next((one for one in found if one.name == job.spec.layer), None)
    if chosen is None:
        raise FallowError("LAYER_UNKNOWN", job.spec.layer, known=known)
    job.ignored += [f"layer {one.name}" for one in found if one is not chosen]
    return chosen


def _rows(job: Job, connection: sqlite3.Connection, layer: Layer) -> Iterator[Chunk]:
    names = [one for one in layer.columns if not _counts_rows(layer, one, job.spec.named)]
    total = connection.execute(f"SELECT count(*) FROM {quoted(layer.name)}").fetchone()[0]  # noqa: S608
    wanted = ", ".join(
        quoted(name) for name in (*names, *([layer.geometry_column] if layer.geometry_column else []))
    )
    key = quoted(layer.key) if layer.key else "rowid"
    # Names are quoted identifiers that the file's own schema lists; nothing of the file becomes SQL.
    query = f"SELECT {key}, {wanted} FROM {quoted(layer.name)} LIMIT -1 OFFSET ?"  # noqa: S608
    blobs = Blobs(layer)
    start = 0
    for rows in _fetched(connection, query):
        keys, *columns = zip(*rows, strict=True)
        chunk = Chunk(start, [f"layer {layer.name}, fid {one}" for one in keys], {})
        cells = dict(zip(names, columns, strict=False))
        chunk.columns = {
            name: _plain(job, chunk, layer.kinds[name], name, list(values)) for name, values in cells.items()
        }
        if layer.geometry_column and job.spec.geometry is None:
            chunk.wkb = blobs.to_wkb(chunk, list(columns[-1]))
        start += len(rows)
        chunk.done = start / total if total else 1.0
        yield chunk
    if start == 0:
        yield Chunk(0, [], {name: [] for name in names}, [] if layer.geometry_column else None, done=1.0)


def _counts_rows(layer: Layer, name: str, named: list[str] | None) -> bool:
    """Whether a column is the number of the row, which tells where it stood and nothing else."""
    key = name == layer.key and layer.kinds[name] == "number"
    return key and named is not None and name not in named


def _fetched(connection: sqlite3.Connection, query: str) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in batches; from the first text that is no UTF-8 on, such texts come as bytes."""
    start = 0
    cursor = connection.execute(query, (start,))
    while True:
        try:
            rows = cursor.fetchmany(ROWS_A_BATCH)
        except sqlite3.OperationalError as fault:
            if "decode to UTF-8" not in str(fault) or connection.text_factory is not str:
                raise
            connection.text_factory = _text_or_bytes
            cursor = connection.execute(query, (start,))
            continue
        if not rows:
            return
        yield rows
        start += len(rows)


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


_ALLOWED: dict[str, set[type]] = {
    "number": {int, float, type(None)},
    "boolean": {int, type(None)},
    "text": {str, type(None)},
}


def _plain(job: Job, chunk: Chunk, kind: str, name: str, values: list[Any]) -> list[Any]:
    """A column as plain values; what SQLite stored against the declared type is refused at its row."""
    types = set(map(type, values))
    if kind == "boolean" and types <= _ALLOWED[kind]:
        return [None if one is None else bool(one) if one in (0, 1) else one for one in values]
    if types <= _ALLOWED.get(kind, set()) and bytes not in types:
        return values
    for spot, one in enumerate(values):
        if isinstance(one, bytes):
            values[spot] = _decoded(job, chunk, spot, name, one, kind)
        elif type(one) not in _ALLOWED.get(kind, {str, int, float, type(None)}):
            chunk.say(spot, "GPKG_TYPE", "refuse", f", {name}", declared=kind, found=type(one).__name__)
    return values


def _decoded(job: Job, chunk: Chunk, spot: int, name: str, raw: bytes, kind: str) -> str | None:
    """Text that is no UTF-8 comes as bytes; a real BLOB column is no value a register can take."""
    if kind == "blob":
        job.tally.add("BLOB_COLUMN", f"{chunk.where[spot]}, {name}", chunk.start + spot, column=name)
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        chunk.say(
            spot, "ENCODING", "refuse", f", {name}", encoding="UTF-8", found=f"0x{raw[fault.start]:02X}"
        )
        return None


def _short(fault: Exception) -> str:
    """SQLite's own words; they name structures of the file, never values."""
    return str(fault)[:80]
