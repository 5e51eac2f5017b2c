"""Step 2, the ground under a delivery: shapes that came in, held against each other and against what stands.

Two hazardous areas that cover one ground count it twice, two releases of one hazard claim it twice (rule R3),
and land released where no hazardous area is recorded says that one of the two reports is about another place.
None is refused: the reviewer is told, and decides at approval. What is measured is bounded, and what was not
measured is counted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from fallow.kinds import Model
from fallow.register import boxes as joins
from fallow.register.boxes import Boxes
from fallow.register.geodesy import areas_m2
from fallow.register.ground_reading import Numbers, Outlines, Reading, Shape, Spans
from fallow.register.standing import Guards

PAIRS = 10_000
"""Pairs of shapes measured of one delivery, and as many releases: about half a second of one core."""
VERTICES = 2_000_000
"""Vertices measured of one delivery; a shape may have 100,000."""
_SLIVER_M2, _SLIVER_SHARE = 1.0, 0.01
"""What lies within the accuracy of drawing: neighbours are never drawn to the millimetre."""
_BLOCK = 500

Compared = Callable[[Shape, Shape], bool]
"""Whether two shapes must not cover common ground."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A hazardous area that came in and covers ground of another, or a release that covers a release."""

    report: int
    record: str
    where: str
    other: str
    area_m2: float
    share: float
    """Of the smaller of the two."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A land release that came in and reaches outside every recorded hazardous area."""

    report: int
    record: str
    where: str
    outside_m2: float
    area_m2: float


@dataclass(frozen=True, slots=True)
class Ground:
    """What was found, and how many pairs of shapes near each other were not measured."""

    overlaps: tuple[Overlap, ...] = ()
    outside: tuple[Outside, ...] = ()
    again: tuple[Overlap, ...] = ()
    """Releases of ground of one hazard that another release of it covers."""
    unmeasured: int = 0


def ground(
    connection: sqlite3.Connection, model: Model, spans: Spans, coming: Outlines | None = None
) -> Ground:
    """Compare the shapes of some reports; needs the indexes whole, so not while a bulk load is open.

    Parameters
    ----------
    spans
        Ledger numbers of the reports of one delivery, in order.
    coming
        Where their polygons lie, if that was noted while they were entered; else they are read back.
    """
    if "hazard" not in model.kinds or not spans:
        return Ground()
    reading, budget = Reading(connection, model, spans), _Budget()
    coming = coming or reading.coming()
    (numbers, boxes), (releases, reach) = coming.of("hazard"), coming.of("land_release")
    compared = _compared(reading.guards(model.kind("hazard")))
    wanted = ("hazard_class", "status", "parent")
    overlaps = list(_overlaps(reading, "hazard", wanted, compared, numbers, boxes, budget))
    outside = list(_outside(reading, releases, reach, numbers, boxes, budget)) if len(releases) else []
    again = list(_overlaps(reading, "land_release", ("hazard",), _of_one_hazard, releases, reach, budget))
    return Ground(tuple(overlaps), tuple(outside), tuple(again), budget.unmeasured)


class _Budget:
    """How much is still measured of this delivery; what is not is counted."""

    def __init__(self) -> None:
        self.pairs, self.vertices, self.unmeasured = PAIRS, VERTICES, 0

    def blocks(self, pairs: Iterable[joins.Pairs]) -> Iterator[list[list[int]]]:
        """Pairs in blocks, as long as there is room for them."""
        for some in pairs:
            for start in range(0, len(some), _BLOCK):
                block = some[start : start + _BLOCK]
                room = max(0, min(len(block), self.pairs))
                self.pairs -= room
                self.unmeasured += len(block) - room
                if room:
                    yield block[:room].tolist()

    def takes(self, *shapes: Any) -> Any:
        """Which are measured: not those after too many vertices, or that cross themselves.

        Parameters
        ----------
        shapes
            Arrays of one length; what stands at one place in them is measured together.
        """
        cost = sum(shapely.get_num_coordinates(some) for some in shapes)
        room = np.cumsum(cost) <= self.vertices
        taken = room & np.logical_and.reduce([shapely.is_valid(some) for some in shapes])
        self.vertices -= int(cost[room].sum()) if room.all() else self.vertices
        self.unmeasured += int(len(taken) - taken.sum())
        return taken


def _overlaps(
    reading: Reading,
    kind: str,
    wanted: tuple[str, ...],
    compared: Compared,
    numbers: Numbers,
    boxes: Boxes,
    budget: _Budget,
) -> Iterator[Overlap]:
    if not len(numbers):
        return
    for block in budget.blocks(joins.within_one(boxes)):
        both = [sorted((int(numbers[one]), int(numbers[other]))) for one, other in block]
        shapes = reading.reports((number for pair in both for number in pair), *wanted)
        yield from _measured(((shapes[late], shapes[early]) for early, late in both), compared, budget)
    rows, standing = reading.stood(boxes, kind)
    for block in budget.blocks(joins.between(boxes, standing)):
        mine = reading.reports((int(numbers[one]) for one, _ in block), *wanted)
        before = reading.rows((int(rows[other]) for _, other in block), kind)
        pairs = [(int(numbers[one]), int(rows[other])) for one, other in block]
        there = ((mine[one], before[other]) for one, other in pairs if other in before)
        yield from _measured(there, compared, budget)


def _counting(guards: Guards) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a hazard counts its ground: suspected or more, and not signed or claimed to be closed."""
    ranks = guards.danger.get("hazard_class", {})
    least, closed = ranks.get("sha", 0), guards.guarded.get("status", frozenset())

    def counts(values: Mapping[str, Any]) -> bool:
        rank = ranks.get(values.get("hazard_class", ""), least)  # unknown is held as suspected (S2)
        return rank >= least and values.get("status") not in closed

    return counts


def _measured(pairs: Iterable[tuple[Shape, Shape]], compared: Compared, budget: _Budget) -> Iterator[Overlap]:
    """The pairs that cover common ground."""
    kept = [(one, other) for one, other in pairs if compared(one, other)]
    if not kept:
        return
    ours, theirs = (np.array([pair[side].geometry for pair in kept], dtype=object) for side in (0, 1))
    taken = budget.takes(ours, theirs)
    common = shapely.intersection(ours[taken], theirs[taken])
    smaller = np.minimum(areas_m2(ours[taken]), areas_m2(theirs[taken]))
    covered = areas_m2(common)
    for at, area, least in zip(np.flatnonzero(taken).tolist(), covered, smaller, strict=True):
        if area > max(_SLIVER_M2, _SLIVER_SHARE * least):
            one, other = kept[at]
            yield Overlap(
                one.report, one.record, one.where, other.record, float(area), min(1.0, float(area / least))
            )


def _compared(guards: Guards) -> Compared:
    """Two hazards that both count their ground; a split covers that of its parent by right."""
    counts = _counting(guards)

    def compared(one: Shape, other: Shape) -> bool:
        split = one.values.get("parent") == other.record or other.values.get("parent") == one.record
        return one.record != other.record and not split and counts(one.values) and counts(other.values)

    return compared


def _of_one_hazard(one: Shape, other: Shape) -> bool:
    """Two releases that name the same hazard."""
    hazard = one.values.get("hazard")
    return one.record != other.record and bool(hazard) and hazard == other.values.get("hazard")


def _outside(
    reading: Reading, releases: Numbers, reach: Boxes, numbers: Numbers, boxes: Boxes, budget: _Budget
) -> Iterator[Outside]:
    """Releases that reach outside every hazard, whichever state that is in: it may be closed by now."""
    rows, standing = reading.stood(reach)
    near: dict[int, tuple[list[int], list[int]]] = {at: ([], []) for at in range(len(releases))}
    for pairs in joins.between(reach, boxes):
        for at, hazard in pairs.tolist():
            near[at][0].append(int(numbers[hazard]))
    for pairs in joins.between(reach, standing):
        for at, hazard in pairs.tolist():
            near[at][1].append(int(rows[hazard]))
    positions = np.arange(len(releases), dtype=np.int64).reshape(-1, 1)
    for block in budget.blocks([positions]):
        mine = reading.reports((int(releases[at]) for (at,) in block), "hazard")
        for (at,) in block:
            one, (came, stood) = mine[int(releases[at])], near[at]
            linked = one.values.get("hazard")
            if linked and reading.without_area(linked):
                continue
            hazards = [*reading.reports(came).values(), *reading.rows(stood).values()]
            shapes = np.array([one.geometry, *(other.geometry for other in hazards)], dtype=object)
            if not budget.takes(shapes).all():
                continue
            rest = shapely.difference(one.geometry, shapely.union_all(shapes[1:]))
            outside, area = areas_m2(np.array([rest, one.geometry], dtype=object)).tolist()
            if outside > max(_SLIVER_M2, _SLIVER_SHARE * area):
                yield Outside(one.report, one.record, one.where, outside, area)
