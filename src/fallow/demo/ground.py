"""Beside the faces: the invented ground: an island, its districts and villages, and the front across it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from random import Random
from typing import Any

import shapely

from fallow.demo.plan import CENTRE, Metres

DISTRICTS = ("Alder", "Birch", "Cedar", "Elder", "Hazel", "Juniper", "Larch", "Maple", "Rowan")
PROVINCES = ("North Ficta", "Middle Ficta", "South Ficta")
_VILLAGES = ("Bridge", "Mill", "Well", "Ford", "Hill", "Barn", "Orchard")

_RADIUS = 7_000.0


@dataclass(frozen=True, slots=True)
class District:
    """A second-level area; every third one begins a new province."""

    name: str
    code: str
    province: str
    province_code: str
    shape: Any


@dataclass(frozen=True, slots=True)
class Village:
    """A place where people live."""

    name: str
    code: str
    district: District
    at: Metres
    population: int


@dataclass(frozen=True, slots=True)
class Ground:
    """The island as it is."""

    outline: Any
    districts: tuple[District, ...]
    villages: tuple[Village, ...]
    front: Any
    """The line between the parties from 2014 to 2018, west to east."""
    across: Any
    """The same line drawn out beyond both coasts, which cuts the island in two."""

    def village_near(self, point: Metres) -> Village:
        """The village nearest to a point."""
        return min(self.villages, key=lambda one: (_squared(one.at, point), one.code))


def make_ground(random: Random) -> Ground:
    """The island for a seed."""
    outline = _outline(random)
    districts = _districts(outline)
    across = _front(random)
    front = max(shapely.get_parts(across.intersection(outline)), key=lambda part: float(part.length))
    return Ground(outline, districts, tuple(_villages(random, districts)), front, across)


def _squared(one: Metres, other: Metres) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def _outline(random: Random) -> Any:
    waves = [(random.uniform(0.02, 0.09), random.uniform(0, 2 * pi)) for _ in range(2, 9)]
    ring = []
    for step in range(180):
        angle = 2 * pi * step / 180
        bulge = 1 + sum(height * sin(n * angle + turn) for n, (height, turn) in enumerate(waves, start=2))
        ring.append(
            (CENTRE[0] + 1.5 * _RADIUS * bulge * cos(angle), CENTRE[1] + _RADIUS * bulge * sin(angle))
        )
    return shapely.Polygon(ring)


def _districts(outline: Any) -> tuple[District, ...]:
    """Three columns in each of three provinces, cut along slightly leaning lines."""
    west, south, east, north = outline.bounds
    found = []
    for row in range(3):
        for column in range(3):
            corners = [
                _corner(west, south, east, north, column + dx, row + dy)
                for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1))
            ]
            number = row * 3 + column
            found.append(
                District(
                    DISTRICTS[number],
                    f"XF{3 - row}{column + 1:02}",
                    PROVINCES[2 - row],
                    f"XF{3 - row}",
                    shapely.Polygon(corners).intersection(outline),
                )
            )
    return tuple(found)


def _corner(west: float, south: float, east: float, north: float, column: int, row: int) -> Metres:
    lean = {0: 0.0, 3: 0.0}
    x = column / 3 + lean.get(column, 0.02 * (row - 1.5))
    y = row / 3 + lean.get(row, 0.025 * (column - 1.5))
    return west + x * (east - west), south + y * (north - south)


def _front(random: Random) -> Any:
    turn = random.uniform(0, 2 * pi)
    points = []
    for step in range(-60, 61):
        x = CENTRE[0] + step * 250.0
        points.append((x, CENTRE[1] + 800 * sin(step / 9 + turn) + 260 * sin(step / 3.1)))
    return shapely.LineString(points)


def _villages(random: Random, districts: tuple[District, ...]) -> list[Village]:
    found = []
    for district in districts:
        inner = district.shape.buffer(-500)
        for number, word in enumerate(_VILLAGES, start=1):
            at = point_in(random, inner)
            population = int(random.lognormvariate(5.6, 0.7))
            found.append(
                Village(f"{district.name} {word}", f"{district.code}{number:02}", district, at, population)
            )
    return found


def point_in(random: Random, area: Any) -> Metres:
    """A random point of an area."""
    west, south, east, north = area.bounds
    while True:
        point = (random.uniform(west, east), random.uniform(south, north))
        if area.contains(shapely.Point(point)):
            return point
