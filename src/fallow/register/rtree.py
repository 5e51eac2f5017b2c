"""Step 2, the spatial index: the standard GeoPackage R-tree, filled a page at a time.

Row by row the index costs more than everything else in a large import (SQLite inserts about 60,000
boxes a second and splits pages as it goes). SQLite keeps an R-tree in three ordinary shadow tables whose
format is documented (https://www.sqlite.org/rtree.html, section 6), so a large change packs the sorted
boxes into full pages and writes those; small changes go through the standard's triggers. Both
give an index that ``rtreecheck()`` accepts, and ``tests/register/test_rtree.py`` says so.
"""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import sqlite3
import struct

import numpy as np
import numpy.typing as npt

BULK_FROM = 2_000
"""Rows in one change from which rebuilding the packed index is cheaper than the triggers."""

_WITH_BOX = b"\x03"  # the flags of a blob that has an envelope; an empty shape has other flags and none
_CELL = 24  # 8 bytes of row id, four 32-bit floats
_AT_ONCE = 20_000
"""Rows turned into numbers of Python or bytes at a time, whole nodes: they take more memory than an array."""
_PER_NODE = 50  # SQLite allows 51 cells in a node of 4,096-byte pages; one is left free for the next insert

Cells = npt.NDArray[np.float32]
"""Shape (n, 4): min x, max x, min y, max y in degrees, as :func:`outward` rounds them."""


def name(table: str) -> str:
    """Name of the R-tree of a feature table (extension ``gpkg_rtree_index``)."""
    return f"rtree_{table}_geom"


def triggers(table: str) -> dict[str, str]:
    """The standard's seven triggers (GeoPackage 1.3, annex F.3) for ``table`` with ``fid`` and ``geom``."""
    t, r = f'"{table}"', f'"{name(table)}"'
    here = "NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom)"
    gone = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"
    box = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
    put = f"INSERT OR REPLACE INTO {r} VALUES (NEW.fid, {box});"
    drop = f"DELETE FROM {r} WHERE id = OLD.fid;"
    bodies = {
        "insert": f"AFTER INSERT ON {t} WHEN ({here}) BEGIN {put} END",
        "update1": f"AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND ({here}) BEGIN {put} END",
        "update2": f"AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND {gone} BEGIN {drop} END",
        "update3": f"AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND ({here}) BEGIN {drop} {put} END",
        "update4": f"AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND {gone} "
        f"BEGIN DELETE FROM {r} WHERE id IN (OLD.fid, NEW.fid); END",
        "delete": f"AFTER DELETE ON {t} WHEN OLD.geom NOT NULL BEGIN {drop} END",
    }
    return {f"{name(table)}_{verb}": body for verb, body in bodies.items()}


def create(connection: sqlite3.Connection, table: str) -> None:
    """Make the empty index of ``table`` and say so in ``gpkg_extensions``."""
    connection.execute(f'CREATE VIRTUAL TABLE "{name(table)}" USING rtree(id, minx, maxx, miny, maxy)')
    connection.execute(
        "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', "
        "'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        (table,),
    )
    raise_triggers(connection, table)


def raise_triggers(connection: sqlite3.Connection, table: str) -> None:
    """Put the standard's triggers on ``table``."""
    for trigger, body in triggers(table).items():
        connection.execute(f'CREATE TRIGGER "{trigger}" {body}')


def drop_triggers(connection: sqlite3.Connection, table: str) -> None:
    """Take the triggers off ``table`` before a large change; :func:`rebuild` must follow."""
    for trigger in triggers(table):
        connection.execute(f'DROP TRIGGER "{trigger}"')


def rebuild(connection: sqlite3.Connection, table: str) -> None:
    """Fill the index of ``table`` anew from the envelopes in its geometry headers.

    Memory: 24 bytes a row for ids and boxes; the geometries themselves are not read.
    """
    ids, boxes = [np.empty(0, dtype=np.int64)], [np.empty((0, 4), dtype=np.float32)]
    rows = connection.execute(
        f'SELECT fid, substr(geom, 9, 32) FROM "{table}" WHERE substr(geom, 4, 1) = ?', (_WITH_BOX,)
    )
    while some := rows.fetchmany(_AT_ONCE):
        ids.append(np.array([fid for fid, _ in some], dtype=np.int64))
        envelopes = b"".join([envelope for _, envelope in some])
        boxes.append(outward(np.frombuffer(envelopes, dtype="<f8").reshape(-1, 4)))
    fill(connection, table, np.concatenate(ids), np.concatenate(boxes))


def fill(connection: sqlite3.Connection, table: str, ids: npt.NDArray[np.int64], boxes: Cells) -> None:
    """Replace the index of ``table``, given the boxes of its rows as :func:`outward` makes them."""
    shadow = name(table)
    for part in ("node", "rowid", "parent"):
        connection.execute(f'DELETE FROM "{shadow}_{part}"')
    cells, level_ids = boxes, ids
    if len(ids):
        order = _tiled(boxes)
        cells, level_ids = cells[order], ids[order]
        del order
    number = 2  # node 1 is always the root
    depth = 0
    while len(level_ids) > _PER_NODE:
        starts = np.arange(0, len(level_ids), _PER_NODE)
        nodes = np.arange(number, number + len(starts), dtype=np.int64)
        _write_level(connection, shadow, cells, level_ids, nodes, leaf=depth == 0)
        merged = np.empty((len(starts), 4), dtype=np.float32)
        for column, pick in enumerate((np.minimum, np.maximum, np.minimum, np.maximum)):
            merged[:, column] = pick.reduceat(cells[:, column], starts)
        number += len(starts)
        cells, level_ids, depth = merged, nodes, depth + 1
    root = struct.pack(">HH", depth, len(level_ids)) + _pack(level_ids, cells)
    _insert_node(connection, shadow, 1, root)
    _insert_children(connection, shadow, level_ids, np.ones(len(level_ids), dtype=np.int64), leaf=depth == 0)


def extent(connection: sqlite3.Connection, table: str) -> tuple[float | None, ...]:
    """Envelope of everything indexed (west, south, east, north), read from the root node alone."""
    root = connection.execute(f'SELECT data FROM "{name(table)}_node" WHERE nodeno = 1').fetchone()[0]
    count = struct.unpack_from(">H", root, 2)[0]
    if not count:
        return (None,) * 4
    cells = np.frombuffer(root, dtype=[("id", ">i8"), ("box", ">f4", (4,))], count=count, offset=4)["box"]
    low, high = cells.min(axis=0).tolist(), cells.max(axis=0).tolist()
    return (low[0], low[2], high[1], high[3])


def outward(boxes: npt.NDArray[np.float64]) -> Cells:
    """Boxes as the index keeps them, each rounded away from its inside so that no search misses an edge."""
    out = boxes.astype(np.float32)
    for column, toward, worse in (
        (0, -np.inf, np.greater),
        (1, np.inf, np.less),
        (2, -np.inf, np.greater),
        (3, np.inf, np.less),
    ):
        wrong = worse(out[:, column].astype(np.float64), boxes[:, column])
        out[wrong, column] = np.nextafter(out[wrong, column], np.float32(toward))
    return out


def _tiled(boxes: Cells) -> npt.NDArray[np.intp]:
    """Sort-tile-recursive order (Leutenegger 1997): strips by x, within a strip by y."""
    pages = -(-len(boxes) // _PER_NODE)
    per_strip = int(np.ceil(np.sqrt(pages))) * _PER_NODE
    order = np.argsort(boxes[:, 0] + boxes[:, 1], kind="stable")
    for start in range(0, len(order), per_strip):
        strip = order[start : start + per_strip]
        order[start : start + per_strip] = strip[np.argsort(boxes[strip, 2] + boxes[strip, 3], kind="stable")]
    return order


def _pack(ids: npt.NDArray[np.int64], cells: Cells) -> bytes:
    packed = np.empty(len(ids), dtype=[("id", ">i8"), ("box", ">f4", (4,))])
    packed["id"], packed["box"] = ids, cells
    return packed.tobytes()


def _write_level(
    connection: sqlite3.Connection,
    shadow: str,
    cells: Cells,
    ids: npt.NDArray[np.int64],
    nodes: npt.NDArray[np.int64],
    *,
    leaf: bool,
) -> None:
    numbers = iter(nodes.tolist())
    for start in range(0, len(ids), _AT_ONCE):
        packed = _pack(ids[start : start + _AT_ONCE], cells[start : start + _AT_ONCE])
        for at in range(0, len(packed), _PER_NODE * _CELL):
            content = packed[at : at + _PER_NODE * _CELL]
            count = struct.pack(">HH", 0, len(content) // _CELL)
            _insert_node(connection, shadow, next(numbers), count + content)
    owner = np.repeat(nodes, _PER_NODE)[: len(ids)]
    _insert_children(connection, shadow, ids, owner, leaf=leaf)


def _insert_node(connection: sqlite3.Connection, shadow: str, node: int, content: bytes) -> None:
    size = 4 + 51 * _CELL  # what SQLite computes for 4,096-byte pages and two dimensions
    connection.execute(f'INSERT INTO "{shadow}_node" VALUES (?, ?)', (node, content.ljust(size, b"\0")))


def _insert_children(
    connection: sqlite3.Connection,
    shadow: str,
    ids: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
    *,
    leaf: bool,
) -> None:
    table = f"{shadow}_rowid" if leaf else f"{shadow}_parent"
    order = np.argsort(ids, kind="stable")
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        rows = zip(ids[some].tolist(), owner[some].tolist(), strict=True)
        connection.executemany(f'INSERT INTO "{table}" VALUES (?, ?)', rows)
