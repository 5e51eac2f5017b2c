"""Step 1, reports arrive: rows that come one by one with their own names, gathered into whole columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fallow.intake.readers.geometry_json import to_wkb
from fallow.intake.readers.job import ROWS_A_BATCH, Chunk, Job


@dataclass(slots=True)
class Row:
    """One placemark, waypoint or track."""

    where: str
    values: dict[str, str | None]
    geometry: dict[str, Any] | None = None
    """As GeoJSON; longitude, latitude and perhaps altitude."""
    trouble: tuple[str, dict[str, Any]] | None = None
    """Code and facts when its geometry could not be taken."""
    layer: str = ""
    done: float = field(default=0.0)


def chunks(job: Job, rows: Iterable[Row], names: list[str]) -> Iterator[Chunk]:
    """Chunks of 2,000 rows with every column in each."""
    start = 0
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == ROWS_A_BATCH:
            yield _chunk(job, start, waiting, names)
            start += len(waiting)
            waiting = []
    if waiting or start == 0:
        yield _chunk(job, start, waiting, names)


def _chunk(job: Job, start: int, rows: list[Row], names: list[str]) -> Chunk:
    where = [row.where for row in rows]
    columns: dict[str, list[Any]] = {name: [row.values.get(name) or None for row in rows] for name in names}
    chunk = Chunk(start, where, columns, done=rows[-1].done if rows else 1.0)
    for spot, row in enumerate(rows):
        if row.trouble is not None:
            chunk.say(spot, row.trouble[0], "refuse", **row.trouble[1])

    def refuse(spot: int, code: str, path: str, facts: dict[str, Any]) -> None:
        del path  # the path of the GeoJSON in between says nothing about the file
        chunk.say(spot, code, "refuse", **facts)

    shapes = [None if row.trouble else row.geometry for row in rows]
    chunk.wkb = to_wkb(shapes, refuse, job.tally, where, start)
    return chunk
