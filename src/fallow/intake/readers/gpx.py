"""Step 1, reports arrive: GPX of a hand-held receiver: waypoints, tracks or routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fallow.errors import FallowError
from fallow.intake.coordinates_text import BadCoordinate, number
from fallow.intake.read_spec import TableInfo
from fallow.intake.readers.job import Chunk, Job
from fallow.intake.readers.rows_of_dicts import Row, chunks
from fallow.intake.readers.sniff import expect
from fallow.intake.readers.xml_guard import GuardedParser

_LAYERS = {"wpt": "waypoints", "trk": "tracks", "rte": "routes"}
_POINTS = {"trkpt", "rtept"}


def tables(job: Job) -> list[TableInfo]:
    """The layers that have something in them."""
    return [
        TableInfo(layer, tuple(names), rows, "point" if layer == "waypoints" else "line", "EPSG:4326")
        for layer, (rows, names) in _survey(job).items()
    ]


def read(job: Job) -> Iterator[Chunk]:
    """One row a waypoint, track or route; ``where`` is ``waypoint 3``."""
    layers = _survey(job)
    known = ", ".join(layers)
    chosen = job.spec.layer
    if chosen is None:
        if len(layers) != 1:
            raise FallowError("LAYER_MISSING", "", known=known)
        chosen = next(iter(layers))
    if chosen not in _LAYERS.values():
        raise FallowError("LAYER_UNKNOWN", chosen, known=", ".join(_LAYERS.values()))
    job.ignored += [f"{layer} {rows}" for layer, (rows, _) in layers.items() if layer != chosen]
    names = list(layers[chosen][1]) if chosen in layers else []
    yield from chunks(job, (row for row in _rows(job) if row.layer == chosen), names)


def _survey(job: Job) -> dict[str, tuple[int, dict[str, None]]]:
    layers: dict[str, tuple[int, dict[str, None]]] = {}
    for row in _rows(job, survey=True):
        count, names = layers.get(row.layer, (0, {}))
        names.update(dict.fromkeys(row.values))
        layers[row.layer] = (count + 1, names)
        job.count_row(count)
    return layers


def _rows(job: Job, *, survey: bool = False) -> Iterator[Row]:
    with job.path.open("rb") as file:
        expect(file, "GPX", {"GPX", "XML"})
        found = _Listener(job, tell=not survey)
        parser = GuardedParser(
            job.spec.limits, start=found.start, end=found.end, text=found.text, root=("gpx",)
        )
        more = True
        while more:
            more = parser.feed(file)
            yield from found.take()


class _Listener:
    """Gathers waypoints, tracks and routes out of a stream of elements."""

    def __init__(self, job: Job, *, tell: bool) -> None:
        self._job, self._tell = job, tell
        self._path: list[str] = []
        self._text: list[str] = []
        self._counts = dict.fromkeys(_LAYERS, 0)
        self._row: Row | None = None
        self._lines: list[list[list[float]]] = []
        self._rows: list[Row] = []

    def take(self) -> list[Row]:
        given, self._rows = self._rows, []
        return given

    def start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        self._text = []
        if name in _LAYERS and parent == "gpx":
            self._counts[name] += 1
            self._row = Row(f"{_LAYERS[name][:-1]} {self._counts[name]}", {}, layer=_LAYERS[name])
            self._lines = [[]] if name == "rte" else []
            if name == "wpt":
                position = self._position(attributes)
                self._row.geometry = {"type": "Point", "coordinates": position} if position else None
        elif self._row is not None and name == "trkseg":
            self._lines.append([])
        elif self._row is not None and name in _POINTS and self._lines:
            position = self._position(attributes)
            if position:
                self._lines[-1].append(position)
        elif self._row is not None and name == "link" and parent in _LAYERS and "href" in attributes:
            self._row.values["link"] = attributes["href"]

    def text(self, piece: str) -> None:
        self._text.append(piece)

    def end(self, name: str) -> None:
        text = "".join(self._text).strip()
        self._text = []
        self._path.pop()
        row = self._row
        if row is None:
            return
        parent = self._path[-1] if self._path else ""
        if name in _LAYERS and parent == "gpx":
            if name != "wpt":
                row.geometry = self._line(row, name)
            self._rows.append(row)
            self._row = None
        elif text and (parent in _LAYERS or "extensions" in self._path) and not _POINTS & set(self._path):
            row.values.setdefault(name, text)

    def _position(self, attributes: dict[str, str]) -> list[float] | None:
        try:
            return [number(attributes.get("lon", ""), ".", 0), number(attributes.get("lat", ""), ".", 0)]
        except BadCoordinate as fault:
            if self._row is not None:
                self._row.trouble = self._row.trouble or (fault.code, fault.facts)
            return None

    def _line(self, row: Row, name: str) -> dict[str, Any] | None:
        """The line of a track or route; a segment of one point is left off and counted."""
        whole = [line for line in self._lines if len(line) > 1]
        for line in self._lines:
            if len(line) == 1 and self._tell:
                self._job.tally.add("SEGMENT_DROPPED", row.where)
        if name == "rte":
            return {"type": "LineString", "coordinates": whole[0]} if whole else None
        return {"type": "MultiLineString", "coordinates": whole} if whole else None
