"""Step 3, ordnance: items found and what became of them, and items destroyed, by type, place and work.

*Found* counts by the date of the find: ``found = destroyed + handed over + awaiting disposal + left in place
+ not told`` (rule R7) of the items found in the period, whatever day they were destroyed. *Destroyed* counts
by the date of the disposal, and by that of the find where none is recorded. Which items are counted once, and
how, is said in :mod:`~fallow.analysis.items`.

Numbers that only restricted fields tell (how many still wait somewhere, how many were left) are not read:
those items are under "not told" unless the public disposal of their find says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fallow.analysis.items import FATES, SEVERAL, Items, items
from fallow.analysis.parameters import Day, Takes, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key
from fallow.analysis.tally import (
    CALENDAR,
    PLACE,
    UNKNOWN,
    Tally,
    coded,
    dimensions_of,
    levels_of,
    measures,
    organisations,
    text_of,
    within,
)
from fallow.words import catalogue

DIMENSIONS = ("category", "model", "during", "province", "place", "operator", "donor", "year", "month")

By = Annotated[Sequence[str] | str, Takes("some", DIMENSIONS, "analysis.by.")]

_FOUND = ("found", *FATES, "unlisted", "date_uncertain")
_GONE = ("destroyed", "by_find_date", "date_uncertain")


@analysis("ordnance")
def ordnance(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ("category",)
) -> Found:
    """Items of explosive ordnance found in a period, and what became of them.

    Parameters
    ----------
    since, until, year
        The period in which they were found.
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas; by type when empty.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "ordnance")
    tally = Tally(_FOUND, levels_of(dimensions), frozenset(_FOUND))
    for one in items(asked):
        if not one.count:
            continue
        side = period.side(one.date, one.until)
        if side == "outside":
            continue
        key = [_value(one, name, one.date, one.until) for name in dimensions]
        if side == "uncertain":
            tally.add(key, one.record, date_uncertain=one.count)
        else:
            unlisted = 0 if one.listed else one.count
            tally.add(key, one.record, found=one.count, unlisted=unlisted, **one.fates)
    return Found(
        keys=keys_of(asked, dimensions),
        measures=measures(_FOUND, "analysis.items."),
        lines=tally.lines(),
        notes=(("analysis.note.items_once", {}), ("analysis.note.partial_dates", {})),
        sums=(("found", FATES),),
    )


@analysis("destroyed")
def destroyed(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ("category",)
) -> Found:
    """Items of explosive ordnance destroyed in a period.

    Parameters
    ----------
    since, until, year
        The period in which they were destroyed.
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas; by type when empty.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "destroyed")
    tally = Tally(_GONE, levels_of(dimensions), frozenset(_GONE))
    for one in items(asked):
        count = one.fates["destroyed"]
        if not count:
            continue
        date, end = (one.disposed, None) if one.disposed else (one.date, one.until)
        side = period.side(date, end)
        if side == "outside":
            continue
        key = [_value(one, name, date, end) for name in dimensions]
        if side == "uncertain":
            tally.add(key, one.record, date_uncertain=count)
        else:
            by_find = 0 if one.disposed else count
            tally.add(key, one.record, destroyed=count, by_find_date=by_find)
    return Found(
        keys=keys_of(asked, dimensions),
        measures=measures(_GONE, "analysis.items."),
        lines=tally.lines(),
        notes=(("analysis.note.items_once", {}), ("analysis.note.disposal_date", {})),
    )


def keys_of(asked: Asked, dimensions: Sequence[str]) -> tuple[Key, ...]:
    """The columns that say what items a line is about."""
    return tuple(_key(asked, one) for one in dimensions)


def _key(asked: Asked, dimension: str) -> Key:
    words = catalogue()
    if dimension == "category":
        key = coded(asked, "category", "ordnance_find", "ordnance_category")
        return replace(key, values={**key.values, SEVERAL: words["analysis.items.several"]})
    if dimension == "during":
        work = coded(asked, "during", "activity", "activity_type")
        fields = (("activity", "activity_type"), ("ordnance_find", "found_during"))
        return Key("during", work.label, {**work.values, **_found_during(asked)}, fields)
    if dimension == "operator":
        return organisations(asked, "operator", "analysis.unknown")
    if dimension == "donor":
        return organisations(asked, "donor", "analysis.no_donor")
    of = {**PLACE, **dict.fromkeys(CALENDAR, "date")}.get(dimension, dimension)
    return replace(coded(asked, dimension), fields=(("ordnance_find", of),))


def _found_during(asked: Asked) -> dict[str, dict[str, str]]:
    found = coded(asked, "during", "ordnance_find", "found_during").values
    return {code: dict(label) for code, label in found.items()}


def _value(one: Items, dimension: str, date: str | None, until: str | None) -> str:
    if dimension == "category":
        return one.category
    if dimension in CALENDAR:
        return within(date, until, CALENDAR[dimension])
    field = {**PLACE, "operator": "organisation"}.get(dimension, dimension)
    return text_of(one.fields.get(field)) if field in one.fields else UNKNOWN
