"""Beside the faces: what survey says of the invented ground: areas that cover it, miss it, hold nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import cos, pi, sin
from random import Random
from typing import Any

import shapely
import shapely.affinity

from fallow.demo.contamination import Contamination, Patch
from fallow.demo.ground import Ground, Village, point_in
from fallow.demo.plan import CATEGORY, Metres, day_in


@dataclass(frozen=True, slots=True)
class Change:
    """What the authority says anew about a hazard in the list of one year."""

    year: int
    day: str
    """Date of information; the earlier one again when the list only corrects itself."""
    values: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Hazard:
    """One hazardous area in the authority's list, and what is true about it."""

    code: str
    name: str
    village: Village
    shape: Any
    patch: Patch | None
    """What really lies there; ``None`` for ground with nothing in it."""
    found: str
    operator: str
    changes: list[Change] = field(default_factory=list)
    parent: str = ""

    def tell(self, year: int, day: str, **values: Any) -> None:
        """Add a change to the list of a year."""
        self.changes.append(Change(year, day, values))

    def listed(self, year: int) -> dict[str, Any] | None:
        """What the list of ``year`` says, or ``None`` when it is not in it yet."""
        told = [one for one in self.changes if one.year <= year]
        if not told:
            return None
        values: dict[str, Any] = {"shape": self.shape}
        for one in sorted(told, key=lambda change: change.year):
            values |= one.values
            values["day"] = one.day
        return values


@dataclass(frozen=True, slots=True)
class Indication:
    """What a village said: a name, a place if it has one, a sentence."""

    code: str
    village: Village
    at: Metres | None
    day: str
    words: str
    patch: str
    """The patch it is truly about, or empty."""


def survey(random: Random, ground: Ground, truth: Contamination) -> list[Hazard]:
    """The hazards that non-technical survey enters into the list, each with its first statement."""
    hazards: list[Hazard] = []
    for number, patch in enumerate(truth.patches):
        if number % 19 == 7:
            continue  # nobody told anybody: known only when somebody is hurt
        early = patch.party == "B" and patch.code in ("B-02", "B-05", "B-08")
        year = 2020 if early else random.choice((2020, 2020, 2020, 2021, 2021, 2022))
        year = max(year, int(patch.laid_on[:4]) + 1)
        hazards.append(_enter(random, ground, hazards, year, patch))
    for _ in range(150):
        year = random.choice((2020, 2020, 2021, 2021, 2022, 2023))
        hazards.append(_enter(random, ground, hazards, year, None))
    return hazards


def _enter(random: Random, ground: Ground, hazards: list[Hazard], year: int, patch: Patch | None) -> Hazard:
    if patch is None:
        near = random.choice(ground.villages).at if random.random() < 0.6 else None
        shape = _loop(random, near or point_in(random, ground.outline.buffer(-700)), random.uniform(60, 240))
    else:
        shape = _around(random, patch)
    middle = (shape.centroid.x, shape.centroid.y)
    village = ground.village_near(middle)
    day = day_in(random, year, 2, 9)
    number = len(hazards) + 1
    north = (
        ground.front.distance(shapely.Point(middle)) == 0
        or middle[1] > ground.front.interpolate(ground.front.project(shapely.Point(middle))).y
    )
    hazard = Hazard(
        f"FH-{number:04}", f"{village.name} {number}", village, shape, patch, day, "OP1" if north else "OP2"
    )
    seen = patch is not None and random.random() < 0.25
    hazard.tell(
        year,
        day,
        hazard_class="cha" if seen else "sha",
        status="open",
        ordnance=sorted({CATEGORY[one] for one in patch.categories}) if patch else _rumoured(random),
        contamination=patch.contamination if patch else random.choice(("mined_area", "unknown")),
        direct_evidence=["ordnance_seen"] if seen else [],
        indirect_evidence=random.choice(
            (["military_position"], ["verbal_report"], ["verbal_report", "unused_land"])
        ),
        area=round(shape.area),
        source_reliability=random.choice("ABCD"),
        information_reliability=random.choice("1234"),
        remarks="",
    )
    return hazard


def _rumoured(random: Random) -> list[str]:
    return random.choice((["ap_mine"], ["ap_mine", "uxo"], ["unknown"], ["uxo"]))


def _around(random: Random, patch: Patch) -> Any:
    """A suspected area as people draw it: wider than what lies there; one in twelve leaves part out."""
    shape = patch.extent.buffer(random.uniform(20, 90), quad_segs=2)
    if random.random() < 1 / 12:
        reach = 0.4 * (shape.bounds[2] - shape.bounds[0])
        shape = shapely.affinity.translate(shape, random.choice((-1, 1)) * reach, random.uniform(-20, 20))
    rough = [(x + random.gauss(0, 5), y + random.gauss(0, 5)) for x, y in list(shape.exterior.coords)[:-1]]
    drawn = shapely.Polygon(rough)
    return drawn if drawn.is_valid else drawn.convex_hull


def _loop(random: Random, middle: Metres, reach: float) -> Any:
    """A closed line around a middle, as a walk with a receiver gives it."""
    stretch, turn = random.uniform(0.5, 1.0), random.uniform(0, pi)
    ring = []
    count = random.randint(8, 16)
    for step in range(count):
        angle = 2 * pi * step / count
        r = reach * random.uniform(0.75, 1.1)
        x, y = r * cos(angle), stretch * r * sin(angle)
        ring.append((middle[0] + x * cos(turn) - y * sin(turn), middle[1] + x * sin(turn) + y * cos(turn)))
    return shapely.Polygon(ring)


_WORDS = (
    "Nobody has walked there since the front left.",
    "A cow was killed there, people say.",
    "There was a sign; it fell down.",
    "Children brought metal from there.",
    "Soldiers told us to keep to the road.",
)


def village_indications(random: Random, ground: Ground, truth: Contamination) -> list[Indication]:
    """What villages told in 2024: near something, near nothing, and a few with no place at all."""
    found = []
    for number in range(1, 61):
        real = number % 3 == 0
        patch = random.choice(truth.patches) if real else None
        if patch is not None:
            spot = patch.extent.centroid
            at: Metres = (spot.x + random.gauss(0, 60), spot.y + random.gauss(0, 60))
        else:
            at = point_in(random, ground.outline.buffer(-600))
        village = ground.village_near(at)
        found.append(
            Indication(
                f"V-{number:03}",
                village,
                None if number % 10 == 0 else at,
                day_in(random, 2024, 3, 8),
                random.choice(_WORDS),
                patch.code if patch else "",
            )
        )
    return found
