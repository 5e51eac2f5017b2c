"""Step 3, one number of the casualties, counted by columns: a figure at any date of a long history at once.

The table of :mod:`~fallow.analysis.casualties` keeps the records behind every cell. One figure needs them of
one cell only, so here the database counts people who are alike in everything that is asked, of those whose
date may lie in the period, and gives the digest of all it read; value, recipe and sources are the same
(``tests/analysis/test_figure.py``). A register with accidents takes the long way, because their unnamed
casualties have to be set against their victims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fallow.analysis.casualties import (
    DIMENSIONS,
    PLACES,
    dimension_key,
    dimensions_of,
    measures_of,
    value_of,
)
from fallow.analysis.people import OUTCOMES, Harmed, alone
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Counted, Plain, counting
from fallow.kinds import date_high, date_low

_ALL = frozenset(OUTCOMES)
_COLUMNS = {"casualties": _ALL, **{one: frozenset({one}) for one in OUTCOMES}}


_CALENDAR = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")


@counting("casualties")
def count(
    asked: Asked,
    measure: str | None,
    at: Sequence[str],
    since: str | None = None,
    until: str | None = None,
    year: int | str | None = None,
    by: Sequence[str] | str = (),
    place: str | None = None,
) -> Counted | None:
    """The number, or ``None`` where the table has to be made: a share, a line not there, accidents."""
    period, dimensions = Period.of(since, until, year), dimensions_of(by)
    measures = {one.name: one for one in measures_of(dimensions)}
    chosen = measure or "casualties"
    counted = chosen == "date_uncertain" or chosen in _COLUMNS
    if not counted or "victim" not in asked.register.model.kinds or _accidents(asked):
        return None
    inputs = asked.view.inputs("victim")
    if not inputs.records:
        return None
    places = PLACES if place is not None else ()
    names = _names(asked, period, [*(DIMENSIONS[one] for one in dimensions), *places])
    values = {"inside": 0, "uncertain": 0}
    numbers: dict[str, list[str]] = {"inside": [], "uncertain": []}
    there = place is None
    found = bool(not at)
    for many, reports, *cells in asked.view.grouped("victim", names, _span(period, dimensions, at)):
        one = alone(Plain("", dict(zip(names, cells, strict=True))))
        if place is not None and not _in(one, place):
            continue
        there = True
        if at and tuple(value_of(one, name) for name in dimensions) != tuple(at):
            continue
        side = period.side(one.date, one.until)
        if side == "outside" or (side == "inside" and one.outcome not in _COLUMNS.get(chosen, _ALL)):
            continue
        found = True
        values[side] += many
        numbers[side].append(reports)
    if not there or not found:
        return None
    wanted = "uncertain" if chosen == "date_uncertain" else "inside"
    return Counted(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measure=measures[chosen],
        value=values[wanted],
        uncertain=None if chosen == "date_uncertain" else values["uncertain"],
        behind=list(map(int, " ".join(numbers[wanted]).split())),
        inputs=inputs,
    )


def _span(period: Period, dimensions: Sequence[str], at: Sequence[str]) -> tuple[str, str] | None:
    """The days in which the date of everybody in the cell may lie; ``None`` for any."""
    span = None if period.whole else (period.since, period.until)
    for name, value in zip(dimensions, at, strict=False):
        if name in ("year", "month") and _CALENDAR.fullmatch(value):
            span = date_low(value), date_high(value)
    return span


def _accidents(asked: Asked) -> bool:
    return "accident" in asked.register.model.kinds and asked.view.count("accident") > 0


def _names(asked: Asked, period: Period, fields: Sequence[str]) -> list[str]:
    """The stored fields that decide on the cell; of all time no date does."""
    there = {one.name for one in asked.register.model.kinds["victim"].stored}
    ages = ["age"] if "age_group" in fields else []
    dates = [] if period.whole and "date" not in fields else ["date", "date_until"]
    return [one for one in dict.fromkeys(["outcome", *dates, *fields, *ages]) if one in there]


def _in(one: Harmed, place: str) -> bool:
    wanted = place.casefold()
    return wanted in {str(one.fields.get(name) or "").casefold() for name in PLACES}
