"""Step 1, reports arrive: one KML Placemark at a time out of a stream of elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallow.intake.coordinates_text import BadCoordinate, number
from fallow.intake.readers.rows_of_dicts import Row

_GEOMETRIES = {
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiGeometry",
    "Track",
    "MultiTrack",
    "Model",
}
_BOUNDARIES = {"outerBoundaryIs", "innerBoundaryIs"}
_OTHERS = {"GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Tour"}
_MANY = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


class Placemarks:
    """Listens to a parser and gathers placemarks; :meth:`take` hands over those that are complete."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.others: dict[str, int] = {}
        self.line: Callable[[], int] = lambda: 0
        self._path: list[str] = []
        self._folders: list[str] = []
        self._text: list[str] = []
        self._count = 0
        self._row: Row | None = None
        self._data = ""
        self._shapes: list[dict[str, Any]] = []
        self._rows: list[Row] = []

    def take(self) -> list[Row]:
        """Placemarks that are complete, once."""
        given, self._rows = self._rows, []
        return given

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        self._path.append(name)
        self._text = []
        if name == "Folder":
            self._folders.append("")
        elif name == "Placemark":
            self._count += 1
            self._row = Row(f"Placemark {self._count}", {})
            if "id" in attributes:
                self._row.values["id"] = attributes["id"]
        elif name == "NetworkLink":
            self.links.append(f"line {self.line()}")
        elif name in _OTHERS:
            self.others[name] = self.others.get(name, 0) + 1
        elif name in ("Data", "SimpleData", "SimpleArrayData"):
            self._data = attributes.get("name", name)
        elif name in _GEOMETRIES and self._row is not None:
            self._shapes.append({"type": name, "parts": [], "rings": []})

    def text(self, piece: str) -> None:
        """Some text; long ones come in pieces."""
        self._text.append(piece)

    def end(self, name: str) -> None:
        """An element closes."""
        text = "".join(self._text).strip()
        self._text = []
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        if name == "Folder":
            self._folders.pop()
        elif name == "name" and parent == "Folder":
            self._folders[-1] = text
        elif self._row is not None:
            self._end_inside(self._row, name, parent, text)

    def _end_inside(self, row: Row, name: str, parent: str, text: str) -> None:
        if name == "Placemark":
            row.layer = next((one for one in reversed(self._folders) if one), "")
            row.values["folder"] = "/".join(one for one in self._folders if one)
            self._rows.append(row)
            self._row = None
        elif name == "coordinates":
            self._coordinates(row, text)
        elif name in _GEOMETRIES:
            self._close_shape(row, name)
        elif name in _BOUNDARIES:
            self._close_boundary(name)
        elif name in ("value", "SimpleData", "SimpleArrayData") and parent != "Placemark":
            row.values[self._data] = text
        elif name in ("when", "begin", "end") and parent in ("TimeStamp", "TimeSpan"):
            row.values[name] = text
        elif parent == "Placemark" and text:
            row.values.setdefault(name, text)

    def _coordinates(self, row: Row, text: str) -> None:
        """``lon,lat[,altitude]`` separated by spaces; a space behind a comma makes other numbers of them."""
        if not self._shapes:
            return
        try:
            self._shapes[-1]["positions"] = [_position(one) for one in text.split()]
        except BadCoordinate as fault:
            row.trouble = row.trouble or (fault.code, fault.facts)
            self._shapes[-1]["positions"] = []

    def _close_boundary(self, name: str) -> None:
        if not self._shapes:
            return
        polygon = self._shapes[-1]
        rings, polygon["parts"] = polygon["parts"], []
        for ring in rings:
            polygon["rings"].append((name == "outerBoundaryIs", ring["coordinates"]))

    def _close_shape(self, row: Row, name: str) -> None:
        if not self._shapes:
            return
        shape = self._shapes.pop()
        made = _geometry(name, shape)
        if made is None:
            row.trouble = row.trouble or ("GEOMETRY_TYPE", {"found": name})
        elif self._shapes:
            self._shapes[-1]["parts"].append(made)
        else:
            row.geometry = made


def _position(token: str) -> list[float]:
    parts = token.split(",")
    if not 2 <= len(parts) <= 3:
        raise BadCoordinate
    values = [number(one, ".", 0) for one in parts]
    # Altitude 0 is what programs write for "none"; leaving it off loses nothing and is not told.
    return values if len(values) == 3 and values[2] != 0.0 else values[:2]


def _geometry(name: str, shape: dict[str, Any]) -> dict[str, Any] | None:
    positions = shape.get("positions", [])
    if name == "Point":
        return (
            {"type": "Point", "coordinates": positions[0] if len(positions) == 1 else []}
            if len(positions) <= 1
            else None
        )
    if name in ("LineString", "LinearRing"):
        return {"type": "LineString", "coordinates": positions}
    if name == "Polygon":
        outer = [ring for is_outer, ring in shape["rings"] if is_outer]
        inner = [ring for is_outer, ring in shape["rings"] if not is_outer]
        return {"type": "Polygon", "coordinates": [*outer, *inner]} if len(outer) <= 1 else None
    if name == "MultiGeometry":
        return _gathered(shape["parts"])
    return None


def _gathered(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Parts of one kind as a multi geometry, else as a collection."""
    kinds = {part["type"] for part in parts}
    if len(kinds) == 1 and (many := _MANY.get(next(iter(kinds)))):
        return {"type": many, "coordinates": [part["coordinates"] for part in parts]}
    return {"type": "GeometryCollection", "geometries": parts}
