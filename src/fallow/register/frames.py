"""Step 2, a view as a GeoDataFrame: for notebooks; the only place here that needs geopandas."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from fallow.errors import FallowError
from fallow.kinds import Kind
from fallow.register.view import Layout

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

_HEADER = 40  # of every blob written here: 8 bytes and an envelope of four doubles


def frame(connection: sqlite3.Connection, kind: Kind, condition: str, values: Sequence[Any]) -> GeoDataFrame:
    """Rows of a kind's history that meet ``condition`` as a GeoDataFrame on EPSG:4326, index ``record``.

    Quantities and numbers are floats with NaN for empty, codes are text, lists are Python lists.
    """
    try:
        import geopandas
        import pandas as pd
    except ImportError as error:
        raise FallowError("FRAME_NEEDS_GEOPANDAS", "frame") from error
    layout = Layout.of(kind)
    beside = ["known_from", "true_from", "conflict", "awaiting", "declared", "reports"]
    listed = ["record", *beside, *layout.names]
    geometry = "h.geom, " if layout.spatial else ""
    rows = connection.execute(
        f'SELECT {geometry}{", ".join(f"""h."{one}" """ for one in listed)} FROM "{kind.name}_history" h WHERE {condition}',
        values,
    ).fetchall()
    cells: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (len(listed) + layout.spatial)
    shapes: Any = np.full(len(rows), None, dtype=object)
    if layout.spatial:
        shapes = shapely.from_wkb([None if one is None else one[_HEADER if one[3] & 0b1110 else 8 :] for one in cells[0]])
        cells = cells[1:]
    data: dict[str, Any] = dict(zip(listed, cells, strict=True))
    for position, load in layout.loaders:
        name = layout.names[position]
        data[name] = [None if one is None else load(one) for one in data[name]]
    table = pd.DataFrame({name: pd.Series(list(column)) for name, column in data.items()})
    return geopandas.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326").set_index("record")
