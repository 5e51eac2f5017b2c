"""Step 3, one number of the casualties, counted by columns: a figure at any date of a long history at once.

The table of :mod:`~fallow.analysis.casualties` keeps the records behind every cell. One figure needs them of
one cell only, so here the database counts people who are alike in everything that is asked, of those whose
date may lie in the period, and gives the digest of all it read; value, recipe and sources are the same
(``tests/analysis/test_figure.py``). A register with accidents takes the long way, because their unnamed
casualties have to be set against their victims.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from fallow.analysis.casualties import (
    DIMENSIONS,
    PLACES,
    dimension_key,
    dimensions_of,
    measures_of,
    value_of,
)
from fallow.analysis.people import OUTCOMES, UNKNOWN, Harmed, alone
from fallow.analysis.period import Period, Side
from fallow.analysis.registry import Asked, Counted, Plain, counting
from fallow.kinds import Kind, date_high, date_low
from fallow.register import Cell

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
    victim = asked.register.model.kinds["victim"]
    among = _among(victim, period, chosen, dimensions, at)
    alone_in = {name: some[0] for name, some in among.items() if len(some) == 1}
    places = PLACES if place is not None else ()
    decide = _deciding(asked, period, chosen, [*(DIMENSIONS[one] for one in dimensions), *places])
    names = [name for name in decide if name not in alone_in]
    added = asked.view.add_up("victim", names, Cell(_span(period, dimensions, at), among))
    if added is None or not added.inputs.records:
        return None
    values = {"inside": 0, "uncertain": 0}
    voices: dict[str, Counter[int]] = {"inside": Counter(), "uncertain": Counter()}
    there = place is None
    found = bool(not at)
    for alike in added.alike:
        one = alone(Plain("", {**alone_in, **dict(zip(names, alike.cells, strict=True))}))
        if place is not None and not _in(one, place):
            continue
        there = True
        if at and tuple(value_of(one, name) for name in dimensions) != tuple(at):
            continue
        side = period.side(one.date, one.until)
        if side == "outside" or (side == "inside" and one.outcome not in _COLUMNS.get(chosen, _ALL)):
            continue
        found = True
        values[side] += alike.rows
        voices[side].update(alike.voices)
    if not there or not found:
        return None
    wanted: Side = "uncertain" if chosen == "date_uncertain" else "inside"
    return Counted(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measure=measures[chosen],
        value=values[wanted],
        uncertain=None if chosen == "date_uncertain" else values["uncertain"],
        said_by=tuple(added.said_by(voices[wanted])),
        inputs=added.inputs,
    )


def _among(
    victim: Kind, period: Period, chosen: str, dimensions: Sequence[str], at: Sequence[str]
) -> dict[str, tuple[str | None, ...]]:
    """The stored values of fields that the question names, so that no other record need be looked at.

    Not an age, which two fields tell, nor a year or month, which a partial date may only touch. Of all time,
    where no date decides, the outcome of the measure is such a value too.
    """
    named = {
        DIMENSIONS[name]: value
        for name, value in zip(dimensions, at, strict=False)
        if name not in ("age", "year", "month")
    }
    if period.whole and chosen in OUTCOMES:
        named.setdefault("outcome", chosen)
    there = {one.name for one in victim.stored}
    # What is unknown may be stored as that, or not be said at all.
    return {
        name: (value, "", None) if value == UNKNOWN else (value,)
        for name, value in named.items()
        if name in there
    }


def _span(period: Period, dimensions: Sequence[str], at: Sequence[str]) -> tuple[str, str] | None:
    """The days in which the date of everybody in the cell may lie; ``None`` for any."""
    span = None if period.whole else (period.since, period.until)
    for name, value in zip(dimensions, at, strict=False):
        if name in ("year", "month") and _CALENDAR.fullmatch(value):
            span = date_low(value), date_high(value)
    return span


def _accidents(asked: Asked) -> bool:
    return "accident" in asked.register.model.kinds and asked.view.count("accident") > 0


def _deciding(asked: Asked, period: Period, chosen: str, fields: Sequence[str]) -> list[str]:
    """The stored fields that decide on the cell; of all time no date does.

    Nor does the outcome where all there are count together.
    """
    model = asked.register.model
    victim = model.kinds["victim"]
    outcome = victim.field("outcome")
    known = {code.code for code in model.codes(outcome)} if outcome is not None and outcome.codes else set()
    together = chosen not in OUTCOMES and bool(known) and known <= _ALL
    ages = ["age"] if "age_group" in fields else []
    dates = [] if period.whole and "date" not in fields else ["date", "date_until"]
    there = {one.name for one in victim.stored}
    names = dict.fromkeys([*([] if together else ["outcome"]), *dates, *fields, *ages])
    return [one for one in names if one in there]


def _in(one: Harmed, place: str) -> bool:
    wanted = place.casefold()
    return wanted in {str(one.fields.get(name) or "").casefold() for name in PLACES}
