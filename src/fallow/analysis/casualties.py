"""Step 3, casualties: how many people were harmed, when, where, who they were, as known when.

Killed or injured by mines and explosive remnants of war. "Unknown" is a class of its own in every
breakdown and shares are over the known only. Partial dates follow :mod:`fallow.analysis.period`. Personal
fields are not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fallow.analysis.parameters import Day, Place, Takes, Year
from fallow.analysis.people import OUTCOMES, UNKNOWN, Harmed, fields_of, harmed
from fallow.analysis.period import Period, Side
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.errors import FallowError
from fallow.kinds import Model
from fallow.words import catalogue

DIMENSIONS = {
    "outcome": "outcome",
    "status": "civil_status",
    "sex": "sex",
    "age": "age_group",
    "device": "device",
    "activity": "activity_at_time",
    "province": "admin1",
    "place": "admin2",
    "place_code": "admin2_code",
    "year": "date",
    "month": "date",
}
"""Ways to break casualties down, and the field each reads."""

_CALENDAR = {"year": 4, "month": 7}
"""How much of an ISO date tells it."""

PLACES = ("admin1", "admin2", "admin1_code", "admin2_code")

TOTAL: tuple[str, ...] = ()


@analysis("casualties", version=2, people=True)
def casualties(
    asked: Asked,
    since: Day = None,
    until: Day = None,
    year: Year = None,
    by: Annotated[Sequence[str] | str, Takes("some", tuple(DIMENSIONS), "analysis.by.")] = (),
    place: Place = None,
) -> Found:
    """People killed, injured or of unknown fate in a period, broken down as asked.

    Parameters
    ----------
    since, until, year
        The period: ISO dates (partial ones mean all of it), or a calendar year.
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas.
    place
        Only in this first- or second-level unit, by name or code; ``PLACE_UNKNOWN`` when there is none.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by)
    people = _in_place(list(harmed(asked, _needed(dimensions, place))), place)
    cells: dict[tuple[str, ...], dict[str, list[Harmed]]] = {TOTAL: _empty()}
    sides: dict[tuple[str | None, str | None], Side] = {}  # a programme has few days and many people
    for one in people:
        dates = (one.date, one.until)
        side = sides.get(dates)
        if side is None:
            side = sides[dates] = period.side(*dates)
        if side == "outside":
            continue
        column = one.outcome if side == "inside" else "date_uncertain"
        cells[TOTAL][column].append(one)
        if dimensions:
            key = tuple(value_of(one, name) for name in dimensions)
            cells.setdefault(key, _empty())[column].append(one)
    return Found(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measures=measures_of(dimensions),
        lines=tuple(
            _line(key, cells, dimensions) for key in sorted(cells, key=lambda key: (key == TOTAL, key))
        ),
        notes=(("analysis.note.unknown_kept", {}), ("analysis.note.partial_dates", {})),
        sums=(("casualties", OUTCOMES),),
    )


def _needed(dimensions: Sequence[str], place: str | None) -> list[str]:
    """The fields of a victim that the question reads."""
    names = [DIMENSIONS[one] for one in dimensions]
    return [*names, *(PLACES if place is not None else ())]


def dimensions_of(by: Sequence[str] | str, where: str = "casualties.by") -> tuple[str, ...]:
    """Names of :data:`DIMENSIONS` as given; ``PARAMETER_VALUE`` for another."""
    names = [one.strip() for one in by.split(",")] if isinstance(by, str) else list(by)
    for name in names:
        if name and name not in DIMENSIONS:
            raise FallowError("PARAMETER_VALUE", where, found=name, known=", ".join(DIMENSIONS))
    return tuple(dict.fromkeys(name for name in names if name))


def _in_place(people: list[Harmed], place: str | None) -> list[Harmed]:
    if place is None:
        return people
    wanted = place.casefold()
    found = [
        one for one in people if wanted in {str(one.fields.get(name) or "").casefold() for name in PLACES}
    ]
    if not found:
        raise FallowError("PLACE_UNKNOWN", "casualties.place", found=place)
    return found


def _empty() -> dict[str, list[Harmed]]:
    return {**{outcome: [] for outcome in OUTCOMES}, "date_uncertain": []}


def value_of(one: Harmed, dimension: str) -> str:
    """Where a person belongs in a dimension; unknown is a class of its own."""
    if dimension == "outcome":
        return one.outcome
    if dimension in _CALENDAR:
        return one.within(_CALENDAR[dimension])
    value: Any = one.fields.get(DIMENSIONS[dimension])
    return str(value) if value not in (None, "") else UNKNOWN


def dimension_key(model: Model, dimension: str) -> Key:
    """The column of a dimension, with the labels of its codes."""
    name = DIMENSIONS[dimension]
    of = model.kind("victim").field(name)
    words = catalogue()
    label = words[f"analysis.by.{dimension}"]
    values = {code.code: code.label for code in model.codes(of)} if of is not None and of.codes else {}
    return Key(dimension, label, {UNKNOWN: words["analysis.unknown"], **values}, fields_of(name))


def measures_of(dimensions: Sequence[str]) -> tuple[Measure, ...]:
    """The columns of numbers; a share only where it is over one dimension."""
    words = catalogue()
    names = ["casualties", "killed", "injured", "unknown", "date_uncertain"]
    measures = [Measure(name, words[f"analysis.measure.{name}"]) for name in names]
    if len(dimensions) == 1:
        measures.append(Measure("share", words["analysis.measure.share"], "%", of=("casualties",)))
    return tuple(measures)


def _line(
    key: tuple[str, ...], cells: dict[tuple[str, ...], dict[str, list[Harmed]]], dimensions: Sequence[str]
) -> Line:
    of = cells[key]
    counts = {name: sum(one.count for one in people) for name, people in of.items()}
    values: dict[str, float | int | None] = {
        "casualties": sum(counts[outcome] for outcome in OUTCOMES),
        "killed": counts["killed"],
        "injured": counts["injured"],
        "unknown": counts[UNKNOWN],
        "date_uncertain": counts["date_uncertain"],
    }
    behind = {name: tuple(sorted({one.record: 0 for one in people})) for name, people in of.items()}
    behind["casualties"] = tuple(sorted({record: 0 for outcome in OUTCOMES for record in behind[outcome]}))
    if len(dimensions) == 1:
        known = sum(
            one.count
            for other, people in cells.items()
            if other not in (TOTAL, (UNKNOWN,))
            for outcome in OUTCOMES
            for one in people[outcome]
        )
        counted = values["casualties"] or 0
        values["share"] = None if key in (TOTAL, (UNKNOWN,)) or not known else round(100 * counted / known, 4)
        behind["share"] = behind["casualties"]
    return Line(key, values, behind)
