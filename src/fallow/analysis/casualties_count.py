"""Step 3, one number of the casualties, counted by columns: a figure at any date of a long history at once.

The table of :mod:`~fallow.analysis.casualties` keeps the records behind every cell. One figure needs them of
one cell only, so here the view is read as columns and people who are alike in everything that is asked are
counted together; value, recipe and sources are the same (``tests/analysis/test_figure.py``). A register with
accidents takes the long way, because their unnamed casualties have to be set against their victims.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

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

_ALL = frozenset(OUTCOMES)
_COLUMNS = {"casualties": _ALL, **{one: frozenset({one}) for one in OUTCOMES}}


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
    places = PLACES if place is not None else ()
    columns = _columns(asked, [*(DIMENSIONS[one] for one in dimensions), *places])
    if columns is None:
        return None
    records, reports, declared, alike, names = columns
    inside: set[tuple[Any, ...]] = set()
    uncertain: set[tuple[Any, ...]] = set()
    there = place is None
    sums = Counter(alike)
    for combination in sums:
        one = alone(Plain("", dict(zip(names, combination, strict=True))))
        if place is not None and not _in(one, place):
            continue
        there = True
        if at and tuple(value_of(one, name) for name in dimensions) != tuple(at):
            continue
        side = period.side(one.date, one.until)
        if side == "uncertain":
            uncertain.add(combination)
        elif side == "inside" and one.outcome in _COLUMNS.get(chosen, _ALL):
            inside.add(combination)
    if not there or (at and not inside and not uncertain):
        return None
    wanted = uncertain if chosen == "date_uncertain" else inside
    numbers = [text for combination, text in zip(alike, reports, strict=True) if combination in wanted]
    doubtful = sum(sums[one] for one in uncertain)
    return Counted(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measure=measures[chosen],
        value=sum(sums[one] for one in wanted),
        uncertain=None if chosen == "date_uncertain" else doubtful,
        behind=tuple(map(int, " ".join(numbers).split())),
        records=records,
        reports=reports,
        declared=sum(declared),
    )


def _accidents(asked: Asked) -> bool:
    return "accident" in asked.register.model.kinds and asked.view.count("accident") > 0


def _columns(
    asked: Asked, fields: Sequence[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[int], list[tuple[Any, ...]], list[str]] | None:
    """Record, reports and declared as columns, what is asked of each as a tuple, and the names in it."""
    there = {one.name for one in asked.register.model.kinds["victim"].stored}
    ages = ["age"] if "age_group" in fields else []
    names = [one for one in dict.fromkeys(["outcome", "date", "date_until", *fields, *ages]) if one in there]
    rows = chain.from_iterable(
        asked.view.raw("victim", ["record", "reports", "declared", *names], geometry=False)
    )
    columns = list(zip(*rows, strict=True))
    if not columns:
        return None
    return columns[0], columns[1], columns[2], list(zip(*columns[3:], strict=True)), names


def _in(one: Harmed, place: str) -> bool:
    wanted = place.casefold()
    return wanted in {str(one.fields.get(name) or "").casefold() for name in PLACES}
