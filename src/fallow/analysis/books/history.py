"""Step 3, what the books read: every state of every hazard along true time, and every release, as known on
one day.

One pass over the history of two kinds. A hazard is a row of :class:`State`, a release is one
:class:`Release`; shapes stay WKB until all of them are read and are then made at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import shapely

from fallow.analysis.books.area import Floats, Shapes, areas_m2, spread
from fallow.analysis.books.carriers import NOTHING, Carriers, Noting
from fallow.analysis.registry import Asked
from fallow.kinds import date_high, date_low
from fallow.register import OPEN_END, States

UNKNOWN = "unknown"
CLASSES = ("indication", "sha", "cha", UNKNOWN)
"""The classes of land in stock, from the least to the most dangerous; unknown counts as suspected."""
DANGER = {"indication": 1, "sha": 2, UNKNOWN: 2, "cha": 3}
OUT_OF_STOCK = ("closed", "handed_over")

_HAZARD = (
    "hazard_class",
    "status",
    "contamination",
    "ordnance",
    "admin1",
    "admin2",
    "organisation",
    "parent",
    "date_of_information",
    "closure_reason",
    "admin1_code",
    "admin2_code",
)
KINDS = ("hazard", "land_release")
_RELEASE = ("release_type", "release_status", "hazard", "date", "decided_on", "organisation")


class State(NamedTuple):
    """A hazard from one true day until its next state.

    Attributes
    ----------
    day
        First true day of the state.
    span
        First and last day of the partial date it rests on: what the rule for partial dates asks for.
    shape
        Position in :attr:`Story.shapes`; ``-1`` when no area is known.
    cell
        Contamination, class, ordnance, first- and second-level unit, operator, and the codes of the two
        units: the account its land stands in. Two units of one name are two accounts.
    """

    day: str
    span: tuple[str, str]
    shape: int
    cell: tuple[str, ...]
    status: str
    parent: str | None
    closure: str | None

    @property
    def stands(self) -> bool:
        """Whether its land and number are in stock."""
        return self.cell[1] != "dismissed" and self.status not in OUT_OF_STOCK


class Hazard(NamedTuple):
    """A hazard with its states in order of true day."""

    id: str
    first_report: int
    states: tuple[State, ...]


class Release(NamedTuple):
    """A release that two people signed; it takes effect on the last day of its date."""

    id: str
    hazard: str
    type: str
    day: str
    span: tuple[str, str]
    operator: str
    shape: int
    report: int


@dataclass(slots=True)
class Left:
    """Records the books could not book, by reason: ids, and the square metres of those with a polygon."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    shapes: dict[str, list[int]] = field(default_factory=dict)

    def put(self, why: str, record: str, shape: int = -1) -> None:
        """Name a record that is told beside the books instead of in them."""
        self.ids.setdefault(why, []).append(record)
        if shape >= 0:
            self.shapes.setdefault(why, []).append(shape)


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the books need of one register as known on one day."""

    hazards: tuple[Hazard, ...]
    releases: tuple[Release, ...]
    shapes: Shapes
    areas: Floats
    left: Left
    carriers: Carriers = NOTHING
    """The reports behind each state and each release."""


def read_story(asked: Asked) -> Story:
    """Read the history of hazards and releases, noting every record as read."""
    shapes = _ShapeBook()
    left = Left()
    noting = Noting()
    hazards = list(_hazards(asked, shapes, noting))
    began = {one.id: one.states[0].day for one in hazards}
    releases = [one for one in _releases(asked, shapes, left) if one.hazard in began or _unlinked(one, left)]
    made, areas, usable = shapes.made()
    hazards = [_with_usable(one, usable, made, left) for one in hazards]
    booked = []
    for one in releases:
        if one.shape < 0 or not usable[one.shape]:
            left.put("release_shape", one.id)
        elif one.day < began[one.hazard]:
            # What was found later is not released by an earlier decision: the land stays in stock (S2).
            left.put("early", one.id, one.shape)
        else:
            booked.append(one)
            noting.put(asked.read[one.id])
    carriers = noting.carriers(
        [h for h, one in enumerate(hazards) for _ in one.states],
        [state.day for one in hazards for state in one.states],
    )
    return Story(tuple(hazards), tuple(booked), made, areas, left, carriers)


def walk_states(asked: Asked) -> None:
    """Walk over everything that is read, for somebody who notes what is read and has the story already."""
    for kind, names in zip(KINDS, (_HAZARD, _RELEASE), strict=True):
        if kind in asked.register.model.kinds:
            for _ in asked.view.states(kind, names):
                pass


def _hazards(asked: Asked, shapes: _ShapeBook, noting: Noting) -> Iterator[Hazard]:
    rows = _states(asked, "hazard", _HAZARD)
    cells: dict[tuple[str, ...], tuple[str, ...]] = {}
    start = 0
    while start < len(rows):
        record = rows[start][0]
        end = start
        numbers: tuple[int, ...] = ()
        declared = 0
        states = []
        while end < len(rows) and rows[end][0] == record:
            _, day, _, wkb, reports, of_declared, said = rows[end]
            numbers += reports
            noting.put(reports)
            declared = max(declared, of_declared)
            states.append(_state(day, -1 if wkb is None else shapes.put(wkb), said, cells))
            end += 1
        asked.read[record] = numbers = tuple(sorted(set(numbers)))
        asked.declared[record] = declared
        start = end
        yield Hazard(record, numbers[0] if numbers else 0, tuple(states))


def _state(
    day: str,
    shape: int,
    said: Sequence[Any],
    cells: dict[tuple[str, ...], tuple[str, ...]],
) -> State:
    class_, status, contamination, ordnance, admin1, admin2, operator, parent, date, closure, *codes = said
    admin1_code, admin2_code = codes
    cell = (
        contamination or UNKNOWN,
        class_ or UNKNOWN,
        ordnance or UNKNOWN,
        admin1 or UNKNOWN,
        admin2 or UNKNOWN,
        operator or UNKNOWN,
        admin1_code or UNKNOWN,
        admin2_code or UNKNOWN,
    )
    # A country has some thousand accounts, each the account of many states: one of each is kept.
    return State(
        day, _span(date, day), shape, cells.setdefault(cell, cell), status or "open", parent, closure
    )


def _span(partial: str | None, day: str) -> tuple[str, str]:
    """First and last day of the partial date a state rests on.

    The register let it count from one of the two; when the date a record states is another one, the day is
    exact.
    """
    if partial is not None:
        low, high = _days(partial)
        if day in (low, high):
            return low, high
    return day, day


@lru_cache(maxsize=65_536)
def _days(partial: str) -> tuple[str, str]:
    """First and last day of a partial date; a country has some thousands, each asked for many times."""
    return date_low(partial), date_high(partial)


def _releases(asked: Asked, shapes: _ShapeBook, left: Left) -> Iterator[Release]:
    rows = _states(asked, "land_release", _RELEASE)
    for record, _, true_to, wkb, reports, declared, cells in rows:
        if true_to != OPEN_END:
            continue  # an event has one state; a second one would be a correction, and the last one stands
        asked.read[record] = reports
        asked.declared[record] = declared
        type, status, hazard, date, decided_on, operator = cells
        date = date or decided_on
        shape = -1 if wkb is None else shapes.put(wkb)
        if status != "released":
            if status != "withdrawn":
                left.put("claimed", record, shape)
        elif date is None:
            left.put("undated", record, shape)
        else:
            span = _days(date)
            at = min(reports, default=0)
            yield Release(record, hazard or "", type, span[1], span, operator or UNKNOWN, shape, at)


def _unlinked(one: Release, left: Left) -> bool:
    left.put("unlinked", one.id, one.shape)
    return False


def _with_usable(one: Hazard, usable: Any, made: Shapes, left: Left) -> Hazard:
    """The hazard with ``-1`` for every shape that has no area, or is no valid polygon."""
    if all(state.shape < 0 or usable[state.shape] for state in one.states):
        return one
    states = []
    for state in one.states:
        if state.shape >= 0 and not usable[state.shape]:
            if shapely.get_dimensions(made[state.shape]) == 2:
                left.put("hazard_shape", one.id)
            state = State(state.day, state.span, -1, state.cell, state.status, state.parent, state.closure)
        states.append(state)
    return Hazard(one.id, one.first_report, tuple(states))


class _ShapeBook:
    """Each distinct WKB once, by position."""

    def __init__(self) -> None:
        self._at: dict[bytes, int] = {}

    def put(self, wkb: bytes) -> int:
        return self._at.setdefault(wkb, len(self._at))

    def made(self) -> tuple[Shapes, Floats, Any]:
        """Shapes, their square metres, and which of them are valid polygons of a square metre or more."""
        wkb = np.empty(len(self._at), dtype=object)
        wkb[:] = list(self._at)
        made = spread(shapely.from_wkb, wkb)
        if shapely.has_z(made).any():
            made = shapely.force_2d(made)
        areas = spread(areas_m2, made)
        usable = (areas >= 1.0) & (shapely.get_type_id(made) != 7) & spread(shapely.is_valid, made)
        return made, areas, usable


def _states(asked: Asked, kind: str, names: Sequence[str]) -> list[States]:
    """Every state of every record of a kind, in order; none when the programme has no such kind."""
    if kind not in asked.register.model.kinds:
        return []
    return sorted(asked.view.states(kind, names), key=itemgetter(0, 1))
