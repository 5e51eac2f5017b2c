"""Make ``src/fallow/intake/countries.csv``: a box, or several, around every country of ISO 3166-1.

Source: Natural Earth 1:50m admin 0 (public domain) as TopoJSON in the npm package ``world-atlas`` 2.0.2 (ISC
licence), joined by ISO number with the PyPI package ``iso3166`` (MIT). Run with the path of the file::

    npm pack world-atlas && tar xzf world-atlas-*.tgz
    python tools/make_countries.py package/countries-50m.json

A box is rounded outward to 0.1 degree. Parts further apart than :data:`APART` degrees get boxes of their
own, which also splits a country at the antimeridian. A box takes no side on a border; areas that more than
one country calls its own are in the boxes of each (:data:`ALSO`), so that no programme is told that its
records lie elsewhere.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import iso3166

APART = 3.0
Box = tuple[float, float, float, float]

NAMED: dict[str, tuple[str, ...]] = {
    # Drawn apart in the source without an ISO number.
    "N. Cyprus": ("CY",),
    "Somaliland": ("SO",),
    "Kosovo": ("RS", "XK"),
    "Siachen Glacier": ("IN", "PK", "CN"),
}
ALSO: dict[Box, tuple[str, ...]] = {
    (32.4, 44.3, 36.7, 46.3): ("UA", "RU"),
    (35.6, 32.6, 36.0, 33.5): ("SY", "IL"),
    (72.5, 32.2, 80.4, 37.1): ("IN", "PK", "CN"),
    (-17.2, 20.7, -8.6, 27.7): ("EH", "MA"),
}
MISSING: dict[Box, str] = {
    # Inhabited islands too small for the 1:50m map.
    (-81.9, 12.3, -81.2, 13.5): "CO",
}
WITHOUT_NUMBER = {"XK": "XKX"}
"""Codes in use that ISO leaves to its users."""


def main(topojson: Path, out: Path) -> None:
    """Write the table."""
    world = json.loads(topojson.read_text(encoding="utf-8"))
    by_number = {country.numeric: country for country in iso3166.countries}
    parts: dict[str, list[Box]] = {}
    for shape in world["objects"]["countries"]["geometries"]:
        number = str(shape.get("id", "")).zfill(3)
        name = shape["properties"]["name"]
        codes = (by_number[number].alpha2,) if number in by_number else NAMED.get(name, ())
        if not codes:
            sys.stderr.write(f"left out: {name}\n")
        for code in codes:
            parts.setdefault(code, []).extend(_boxes(world, shape))
    for box, codes in ALSO.items():
        for code in codes:
            parts[code].append(box)
    parts["AQ"] = [(-180.0, -90.0, 180.0, -60.0)]  # the pole has no west and no east
    for box, code in MISSING.items():
        parts[code].append(box)
    alpha3 = {country.alpha2: country.alpha3 for country in iso3166.countries} | WITHOUT_NUMBER
    with out.open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines, lineterminator="\n")
        table.writerow(["iso2", "iso3", "west", "south", "east", "north"])
        for code in sorted(parts):
            for box in sorted(_merged(parts[code])):
                table.writerow([code, alpha3[code], *_outward(box)])


def _boxes(world: dict, shape: dict) -> Iterator[Box]:  # type: ignore[type-arg]
    polygons = [shape["arcs"]] if shape["type"] == "Polygon" else shape.get("arcs", [])
    scale, move = world["transform"]["scale"], world["transform"]["translate"]
    for polygon in polygons:
        xs, ys = [], []
        for arc in polygon[0]:
            x = y = 0
            for dx, dy in world["arcs"][arc if arc >= 0 else ~arc]:
                x, y = x + dx, y + dy
                xs.append(x * scale[0] + move[0])
                ys.append(y * scale[1] + move[1])
        for side in _sides(xs):
            yield min(side), min(ys), max(side), max(ys)


def _sides(xs: list[float]) -> list[list[float]]:
    """Longitudes of one outline, cut where it runs over the antimeridian: a quarter of the globe is empty."""
    ordered = sorted(xs)
    gaps = [(right - left, at) for at, (left, right) in enumerate(pairwise(ordered), 1)]
    widest, at = max(gaps)
    return [ordered[:at], ordered[at:]] if widest > 90 else [ordered]


def _merged(boxes: list[Box]) -> list[Box]:
    """Join boxes nearer than :data:`APART` until none are left to join."""
    boxes = list(boxes)
    joined = True
    while joined:
        joined = False
        for one in range(len(boxes)):
            for other in range(one + 1, len(boxes)):
                a, b = boxes[one], boxes[other]
                near = all(a[low] - APART <= b[low + 2] and b[low] - APART <= a[low + 2] for low in (0, 1))
                if near:
                    boxes[one] = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
                    del boxes[other]
                    joined = True
                    break
            if joined:
                break
    return boxes


def _outward(box: Box) -> list[str]:
    west, south, east, north = box
    west, east = (-180.0 if west < -179.5 else west), (180.0 if east > 179.5 else east)
    # A coast on a tenth of a degree must not round to the tenth beyond by the last bit of a float.
    low = [math.floor(one * 10 + 1e-9) / 10 for one in (west, south)]
    high = [math.ceil(one * 10 - 1e-9) / 10 for one in (east, north)]
    values = [max(low[0], -180.0), max(low[1], -90.0), min(high[0], 180.0), min(high[1], 90.0)]
    return [f"{one:g}" for one in values]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parents[1] / "src/fallow/intake/countries.csv")
