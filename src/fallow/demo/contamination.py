"""Beside the faces: what really lies in the invented ground, and what the two parties wrote down of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, pi, sin
from random import Random
from typing import Any

import numpy as np
import shapely
import shapely.affinity

from fallow.demo.ground import Ground, point_in
from fallow.demo.plan import AP, AV, CLUSTER, PARTIES, SHELL, Laying, Metres, day_in


@dataclass(slots=True, eq=False)
class Item:
    """One item of explosive ordnance in the ground. Its fate is written while the years are played."""

    code: str
    model: str
    at: Metres
    depth_cm: float
    laid_on: str
    laid_by: str
    """Party, or empty where nobody knows."""
    patch: str
    """The minefield or strike it belongs to."""
    row: int = 0
    serial: int = 0
    year_marked: int = 0
    lot: str = ""
    fate: str = "in_ground"
    """``in_ground``, ``found``, ``detonated``."""
    fate_on: str = ""


@dataclass(frozen=True, slots=True)
class Patch:
    """Ground that is truly contaminated: a minefield, a cluster strike, or scattered shells."""

    code: str
    type: str
    """``minefield``, ``strike``, ``scatter``."""
    party: str
    laid_on: str
    items: tuple[Item, ...]
    rows: tuple[Any, ...] = ()
    """Lines on which the mines of each row lie, in order."""

    @property
    def extent(self) -> Any:
        """The ground within 10 m of an item."""
        return shapely.MultiPoint([item.at for item in self.items]).convex_hull.buffer(10.0, quad_segs=4)

    @property
    def contamination(self) -> str:
        """Code of the hazard's contamination."""
        return "mined_area" if self.type == "minefield" else "battle_area"

    @property
    def categories(self) -> tuple[str, ...]:
        """Models present, sorted."""
        return tuple(sorted({item.model for item in self.items}))


@dataclass(frozen=True, slots=True)
class FieldRecord:
    """A minefield record as it was handed over."""

    code: str
    patch: str
    party: Laying
    outline: Any
    rows: tuple[Any, ...]
    mines_claimed: int
    models: tuple[str, ...]
    laid_on: str
    shift: Metres
    """True displacement of the record, east and north."""
    rows_missing: int


@dataclass(frozen=True, slots=True)
class Contamination:
    """Everything that lies in the ground, and the records of it."""

    patches: tuple[Patch, ...]
    records: tuple[FieldRecord, ...]
    items: tuple[Item, ...]

    def inside(self, area: Any) -> list[Item]:
        """Every item that lay in an area, whatever became of it."""
        places = np.array([item.at for item in self.items])
        within = shapely.contains_xy(area, places[:, 0], places[:, 1])
        return [self.items[number] for number in np.flatnonzero(within)]


def contaminate(random: Random, ground: Ground) -> Contamination:
    """Lay, drop and shell; then write down what each party wrote down."""
    patches: list[Patch] = []
    for laying in PARTIES:
        patches += [_minefield(random, ground, laying, number) for number in range(1, laying.fields + 1)]
    patches += [_strike(random, ground, number) for number in range(1, 13)]
    patches += [_scatter(random, ground, number) for number in range(1, 9)]
    records = [
        _record(random, laying, patch)
        for laying in PARTIES
        for patch in patches
        if patch.party == laying.party and patch.type == "minefield" and random.random() < laying.recorded
    ]
    return Contamination(tuple(patches), tuple(records), tuple(item for one in patches for item in one.items))


def _minefield(random: Random, ground: Ground, laying: Laying, number: int) -> Patch:
    code = f"{laying.party}-{number:02}"
    middle, along = _place_by_the_front(random, ground, laying)
    # Three fields of each party were laid late, after the agreement of 2018: what dating has to find.
    late = number % 11 == 0
    laid_on = day_in(random, 2021, 1, 12) if late else day_in(random, random.randint(2014, 2017), 1, 12)
    length = random.uniform(50, 170)
    rows, items = [], []
    gap = random.uniform(8, 14)
    spacing = random.uniform(7.0, 11.0)
    with_av = random.random() < 0.25
    for row in range(1, random.choice((2, 3, 3)) + 1):
        count = max(6, int(length * random.uniform(0.85, 1.0) / spacing))
        places = []
        for serial in range(1, count + 1):
            forth = (serial - count / 2) * spacing + random.gauss(0, 0.35)
            aside = (row - 2) * gap + random.gauss(0, 0.35)
            places.append(
                (
                    middle[0] + forth * cos(along) - aside * sin(along),
                    middle[1] + forth * sin(along) + aside * cos(along),
                )
            )
            model = AV if with_av and row == 1 and serial % 4 == 0 else AP
            items.append(
                _item(random, f"{code}-{row}-{serial:02}", model, places[-1], laid_on, laying.party, code)
            )
            items[-1].row, items[-1].serial = row, serial
        rows.append(shapely.LineString([places[0], places[-1]]))
    return Patch(code, "minefield", laying.party, laid_on, tuple(items), tuple(rows))


def _place_by_the_front(random: Random, ground: Ground, laying: Laying) -> tuple[Metres, float]:
    """A middle on the party's own side, and a direction roughly along the front."""
    while True:
        share = random.random()
        here = ground.front.interpolate(share, normalized=True)
        there = ground.front.interpolate(min(share + 0.01, 1.0), normalized=True)
        back = random.uniform(120, 1_900) * (1 if laying.north else -1)
        middle = (here.x + random.gauss(0, 200), here.y + back)
        if ground.outline.buffer(-400).contains(shapely.Point(middle)):
            reach = hypot(there.x - here.x, there.y - here.y) or 1.0
            along = (there.y - here.y) / reach * pi / 3 + random.gauss(0, 0.25)
            return middle, along


def _strike(random: Random, ground: Ground, number: int) -> Patch:
    code = f"S-{number:02}"
    middle = point_in(random, ground.outline.buffer(-900))
    along = random.uniform(0, pi)
    laid_on = day_in(random, random.randint(2015, 2016), 1, 12)
    items = []
    for serial in range(1, random.randint(18, 44) + 1):
        forth, aside = random.gauss(0, 95), random.gauss(0, 42)
        at = (
            middle[0] + forth * cos(along) - aside * sin(along),
            middle[1] + forth * sin(along) + aside * cos(along),
        )
        items.append(_item(random, f"{code}-{serial:02}", CLUSTER, at, laid_on, "", code))
    return Patch(code, "strike", "", laid_on, tuple(items))


def _scatter(random: Random, ground: Ground, number: int) -> Patch:
    code = f"U-{number:02}"
    village = ground.villages[number * 7 % len(ground.villages)]
    laid_on = day_in(random, random.randint(2014, 2017), 1, 12)
    items = [
        _item(
            random,
            f"{code}-{serial:02}",
            SHELL,
            (village.at[0] + random.gauss(0, 110), village.at[1] + random.gauss(0, 110)),
            laid_on,
            "",
            code,
        )
        for serial in range(1, random.randint(8, 16) + 1)
    ]
    return Patch(code, "scatter", "", laid_on, tuple(items))


def _item(random: Random, code: str, model: str, at: Metres, laid_on: str, party: str, patch: str) -> Item:
    laid = int(laid_on[:4])
    # Nothing can be laid before it is made; what is laid late is mostly of late make.
    made = laid - (random.randint(0, 1) if laid >= 2020 else random.choice((3, 8, 12, 19, 26)))
    depth = max(0.0, random.gauss({AP: 6, AV: 14, CLUSTER: 3, SHELL: 30}[model], 4))
    lot = f"{made % 100:02}-{random.randint(1, 48):02}"
    return Item(code, model, at, round(depth, 1), laid_on, party, patch, year_marked=made, lot=lot)


def _record(random: Random, laying: Laying, patch: Patch) -> FieldRecord:
    east = random.gauss(laying.shift[0], laying.spread)
    north = random.gauss(laying.shift[1], laying.spread)
    kept = [row for row in patch.rows if random.random() >= laying.rows_missing] or [patch.rows[0]]
    share = len(kept) / len(patch.rows)
    claimed = max(1, round(len(patch.items) * share * random.gauss(1.0, laying.count_error)))
    rows = tuple(shapely.affinity.translate(row, east, north) for row in kept)
    return FieldRecord(
        f"REC-{patch.code}",
        patch.code,
        laying,
        shapely.union_all(list(rows)).convex_hull.buffer(8.0, quad_segs=2),
        rows,
        claimed,
        patch.categories,
        patch.laid_on,
        (round(east, 2), round(north, 2)),
        len(patch.rows) - len(kept),
    )
