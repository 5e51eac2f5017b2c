"""Beside the faces: lists change while the ground does not: corrections, splits, a second opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import shapely
import shapely.affinity

from fallow.demo.plan import YEARS
from fallow.demo.survey import Change, Hazard


@dataclass(frozen=True, slots=True)
class Opinion:
    """What Operator Two says about a hazard of the authority's list."""

    hazard: Hazard
    shape: Any
    day: str
    hazard_class: str
    status: str
    same: bool
    """A person has judged that both speak of one hazard; otherwise it still waits to be compared."""


def amend(random: Random, hazards: list[Hazard]) -> None:
    """Put slips into the lists and correct them a year later; split a few large hazards."""
    quiet = [one for one in hazards if len(one.changes) == 1 and one.changes[0].year < YEARS[-1]]
    for hazard in quiet[1::9]:
        _area_slip(hazard)
    for hazard in quiet[3::11]:
        _place_slip(random, hazard)
    large = sorted(
        (one for one in quiet[5::3] if len(one.changes) == 1), key=lambda one: -float(one.shape.area)
    )
    for hazard in large[:4]:
        _split(hazards, hazard)


def _restate_first(hazard: Hazard, **values: Any) -> None:
    first = hazard.changes[0]
    hazard.changes[0] = Change(first.year, first.day, {**first.values, **values})


def _area_slip(hazard: Hazard) -> None:
    """A zero too many, put right in the next list at the same date of information."""
    first = hazard.changes[0]
    right = first.values["area"]
    _restate_first(hazard, area=right * 10)
    hazard.tell(first.year + 1, first.day, area=right, remarks="area corrected")


def _place_slip(random: Random, hazard: Hazard) -> None:
    """Drawn from the wrong reference point, put right in the next list."""
    first = hazard.changes[0]
    moved = shapely.affinity.translate(
        hazard.shape, random.choice((-1, 1)) * 110.0, random.choice((-1, 1)) * 80.0
    )
    _restate_first(hazard, shape=moved)
    hazard.tell(first.year + 1, first.day, shape=hazard.shape, remarks="position corrected")


def _split(hazards: list[Hazard], hazard: Hazard) -> None:
    """Two parts that tile the whole, to be worked on apart."""
    year = hazard.changes[0].year + 1
    day = f"{year}-06-14"
    west, south, east, north = hazard.shape.bounds
    half = shapely.box(west - 1, south - 1, (west + east) / 2, north + 1)
    parts = [hazard.shape.intersection(half), hazard.shape.difference(half)]
    if not all(part.geom_type == "Polygon" for part in parts):
        return
    for letter, part in zip("ab", parts, strict=True):
        child = Hazard(
            f"{hazard.code}-{letter}",
            f"{hazard.name}{letter}",
            hazard.village,
            part,
            hazard.patch,
            day,
            hazard.operator,
            parent=hazard.code,
        )
        child.tell(
            year,
            day,
            **{**hazard.changes[0].values, "area": round(part.area), "remarks": f"part of {hazard.code}"},
        )
        hazards.append(child)
    hazard.tell(year, day, status="worked_on", remarks="worked on as its parts")


def second_opinions(random: Random, hazards: Sequence[Hazard]) -> list[Opinion]:
    """Operator Two's own list of 24 southern hazards; it agrees with the authority on few of them."""
    reopened = {one.code for one in hazards if any(c.values.get("status") == "reopened" for c in one.changes)}
    known = [
        one
        for one in hazards
        if one.operator == "OP2" and one.listed(2022) and not one.parent and one.code not in reopened
    ]
    opinions = []
    for number, hazard in enumerate(known[::3][:24]):
        listed = hazard.listed(2022) or {}
        other = {"sha": "cha", "cha": "sha"}.get(listed["hazard_class"], "sha")
        grow = random.uniform(8, 35) if number % 2 else -4.0
        shape = listed["shape"].buffer(grow, quad_segs=2)
        if shape.is_empty or shape.geom_type != "Polygon":
            shape = listed["shape"]
        opinions.append(
            Opinion(
                hazard,
                shape,
                listed["day"],
                other if number % 3 else listed["hazard_class"],
                "worked_on" if number % 4 else "open",
                same=number % 4 != 3,
            )
        )
    return opinions
