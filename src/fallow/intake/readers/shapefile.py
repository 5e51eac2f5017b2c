"""Step 1, reports arrive: a zipped shapefile, shapes and records walked side by side.

Own reader: the known package skips deleted records and then gives a shape the attributes of another one, and
it opens network and temporary files. The format is fixed (Esri white paper, July 1998; dBASE III).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from fallow.errors import FallowError
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.archive import Archive, open_archive
from fallow.intake.readers.dbf import Table, encoding_by_cpg
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job
from fallow.intake.readers.shp import BadShape, Shapes
from fallow.intake.readers.text import known_encoding

_FAMILY = {1: "point", 8: "point", 3: "line", 5: "polygon"}


def tables(job: Job) -> list[TableInfo]:
    """Every shapefile of the archive."""
    with open_archive(job, "Shapefile") as archive:
        found = []
        for base in _bases(archive):
            table = _table(job, archive, base)
            kind = Shapes(archive.open(_part(archive, base, ".shp"))).kind
            crs = _prj(archive, base)
            found.append(
                TableInfo(base, tuple(table.names), table.count, _FAMILY.get(kind % 10, "mixed"), crs)
            )
        return found


def read(job: Job) -> Iterator[Chunk]:
    """Shapes with their records; ``where`` is ``shape 12``, counted from 1."""
    with open_archive(job, "Shapefile") as archive:
        base = _chosen(job, archive)
        job.file_crs = _prj(archive, base)
        job.crs = job.spec.crs or job.file_crs
        if job.crs is None and job.spec.geometry is None:
            raise FallowError("CRS_MISSING", base, found=".prj")
        table = _table(job, archive, base)
        shapes = Shapes(archive.open(_part(archive, base, ".shp")))
        _compare_index(archive, base, table)
        yield from _chunks(job, table, shapes)


def _chunks(job: Job, table: Table, shapes: Shapes) -> Iterator[Chunk]:
    start = number = 0
    chunk = Chunk(0, [], {name: [] for name in table.names}, [])
    pairs = zip(table.records(), shapes, strict=False)
    for values, shape in pairs:
        number += 1
        if values is None:
            # Deleted in the table and still on the disk; its shape goes with it, and only with it.
            job.skipped.add(number)
            continue
        spot = len(chunk.where)
        chunk.where.append(f"shape {number}")
        for name, value in zip(table.names, values, strict=True):
            chunk.columns[name].append(value)
        if isinstance(shape, BadShape):
            chunk.say(spot, shape.code, "refuse", **shape.facts)
            shape = None
        elif shape is not None and shapes.dimensions_dropped:
            job.tally.add("DIMENSIONS_DROPPED", f"shape {number}", start + spot)
        _wkb(chunk).append(shape)
        if spot + 1 == ROWS_A_BATCH:
            chunk.done = number / max(table.count, 1)
            yield chunk
            start += ROWS_A_BATCH
            chunk = Chunk(start, [], {name: [] for name in table.names}, [])
    if number != table.count or next(iter(shapes), None) is not None:
        raise FallowError("SHP_COUNTS", "", shapes=shapes.seen, records=table.count)
    if chunk.where or start == 0:
        chunk.done = 1.0
        yield chunk


def _wkb(chunk: Chunk) -> list[bytes | None]:
    if chunk.wkb is None:
        chunk.wkb = []
    return chunk.wkb


def _bases(archive: Archive) -> list[str]:
    found = [
        name[:-4] for name in archive.names() if name.lower().endswith(".shp") and "__MACOSX" not in name
    ]
    if not found:
        raise FallowError("ARCHIVE_MEMBER", "", found=".shp")
    return found


def _chosen(job: Job, archive: Archive) -> str:
    bases = _bases(archive)
    known = ", ".join(bases)
    if job.spec.layer is None:
        if len(bases) != 1:
            raise FallowError("LAYER_MISSING", "", known=known)
        return bases[0]
    chosen = next((one for one in bases if job.spec.layer in (one, one.rpartition("/")[2])), None)
    if chosen is None:
        raise FallowError("LAYER_UNKNOWN", job.spec.layer, known=known)
    job.ignored += [f"layer {one}" for one in bases if one != chosen]
    return chosen


def _find(archive: Archive, base: str, ending: str) -> str | None:
    wanted = (base + ending).lower()
    return next((name for name in archive.names() if name.lower() == wanted), None)


def _part(archive: Archive, base: str, ending: str) -> str:
    name = _find(archive, base, ending)
    if name is None:
        raise FallowError("ARCHIVE_MEMBER", base, found=ending)
    return name


def _table(job: Job, archive: Archive, base: str) -> Table:
    declared = job.spec.encoding
    cpg = _find(archive, base, ".cpg")
    encoding = known_encoding(declared) if declared else encoding_by_cpg(archive.read(cpg)) if cpg else None
    return Table(archive.open(_part(archive, base, ".dbf")), encoding)


def _prj(archive: Archive, base: str) -> str | None:
    """The coordinate system of the ``.prj``: ``EPSG:n`` where pyproj is sure of it, else its text."""
    name = _find(archive, base, ".prj")
    if name is None:
        return None
    text = archive.read(name).decode("utf-8", errors="replace").strip().strip("\x00")
    if not text:
        return None
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        crs = CRS.from_user_input(text)
    except CRSError as fault:
        raise FallowError("CRS_UNKNOWN", f"{base}.prj") from fault
    number = crs.to_epsg(min_confidence=100)
    return f"EPSG:{number}" if number else text


def _compare_index(archive: Archive, base: str, table: Table) -> None:
    """The ``.shx`` says how many shapes there are; another number is another delivery's index."""
    name = _find(archive, base, ".shx")
    if name is None:
        return
    head = archive.open(name).read_exactly(100)
    if len(head) < 100:
        raise FallowError("SHP_DAMAGED", name, found="short")
    words: Any = struct.unpack(">i", head[24:28])[0]
    shapes = (words * 2 - 100) // 8
    if shapes != table.count:
        raise FallowError("SHP_COUNTS", base, shapes=shapes, records=table.count)
