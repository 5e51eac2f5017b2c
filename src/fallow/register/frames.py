"""Step 2, a view as a GeoDataFrame: for notebooks; the only place here that needs geopandas."""

# ruff: noqa: S608 - names in SQL come from the checked model, values are always bound

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from fallow.errors import FallowError
from fallow.kinds import Kind, columns
from fallow.register.view import Layout

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_HEADER = 40  # of every blob written here: 8 bytes and an envelope of four doubles


_BESIDE = ("known_from", "true_from", "conflict", "awaiting", "declared", "reports")


def listed(kind: Kind) -> list[str]:
    """The columns of a frame in order, before the geometry."""
    return ["record", *_BESIDE, *(one.name for one in columns(kind))]


def frame(connection: sqlite3.Connection, kind: Kind, condition: str, values: Sequence[Any]) -> GeoDataFrame:
    """Rows of a kind's history that meet ``condition`` as a GeoDataFrame on EPSG:4326, index ``record``."""
    geometry = "h.geom, " if kind.shapes else ""
    quoted = ", ".join(f'h."{one}"' for one in listed(kind))
    cursor = connection.execute(
        f'SELECT {geometry}{quoted} FROM "{kind.name}_history" h WHERE {condition}', values
    )
    return framed(kind, _table(cursor, len(listed(kind)) + bool(kind.shapes)))


def framed(kind: Kind, cells: Any) -> GeoDataFrame:
    """Stored cells, shape (rows, columns) and geometry first, as a GeoDataFrame.

    Quantities and numbers are floats with NaN for empty, codes are text, lists are Python lists.
    """
    try:
        import geopandas
        import pandas as pd  # type: ignore[import-untyped]
    except ImportError as error:
        raise FallowError("FRAME_NEEDS_GEOPANDAS", "frame") from error
    layout = Layout.of(kind)
    shapes: Any = np.full(len(cells), None, dtype=object)
    if layout.spatial:
        shapes = shapely.from_wkb(
            [None if one is None else one[_HEADER if one[3] & 0b1110 else 8 :] for one in cells[:, 0]]
        )
        cells = cells[:, 1:]
    numeric = {one.name for one in columns(kind) if one.type in ("REAL", "INTEGER")} | {"declared"}
    data: dict[str, Any] = {
        name: cells[:, i].astype(np.float64) if name in numeric else cells[:, i]
        for i, name in enumerate(listed(kind))
    }
    for position, load in layout.loaders:
        name = layout.names[position]
        data[name] = [None if one is None else load(one) for one in data[name]]
    index = pd.Index(data.pop("record"), name="record")
    return geopandas.GeoDataFrame(pd.DataFrame(data, index=index), geometry=shapes, crs="EPSG:4326")


def _table(cursor: sqlite3.Cursor, width: int) -> Any:
    """All rows as one array of objects, shape (rows, width).

    The collector is paused: it would walk every row fetched so far, over and over, and find nothing.
    """
    paused = gc.isenabled()
    gc.disable()
    try:
        rows = cursor.fetchall()
        table = np.empty((len(rows), width), dtype=object)
        if rows:
            table[:] = rows
    finally:
        if paused:
            gc.enable()
    return table
