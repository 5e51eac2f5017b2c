"""Step 1, reports arrive: where a country lies, as boxes wide enough to take no side on a border."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from fallow.errors import FallowError

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""


@cache
def _boxes() -> Mapping[str, list[Box]]:
    found: dict[str, list[Box]] = {}
    with (Path(__file__).parent / "countries.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            box = (float(row["west"]), float(row["south"]), float(row["east"]), float(row["north"]))
            for code in {row["iso2"], row["iso3"]} - {""}:
                found.setdefault(code, []).append(box)
    return found


def country_extent(code: str) -> list[list[float]]:
    """The boxes ``[west, south, east, north]`` of a country by its ISO 3166-1 code of two or three letters.

    Made from Natural Earth 1:50m and rounded outward to 0.1 degree; parts that lie apart, or on both sides
    of the antimeridian, have a box each. A box around a country says nothing about where its border runs.

    Raises
    ------
    FallowError
        ``COUNTRY_UNKNOWN``.
    """
    boxes = _boxes().get(code.strip().upper())
    if boxes is None:
        raise FallowError("COUNTRY_UNKNOWN", code[:40])
    return [list(box) for box in boxes]
