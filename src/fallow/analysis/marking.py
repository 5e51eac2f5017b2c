"""Step 3, marking: how the hazardous areas that stand are marked, and the signs that were put up.

Areas that are closed, handed over or dismissed are not counted; an area of which every square metre was
released, and that nobody closed, is. Where nobody recorded a marking it is unknown, which is not "not
marked".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fallow.analysis.books.history import OUT_OF_STOCK
from fallow.analysis.parameters import Day, Takes, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.tally import (
    Tally,
    coded,
    dimensions_of,
    levels_of,
    measures,
    number,
    text_of,
    worked,
)

_FIELDS = {
    "contamination": "contamination",
    "ordnance": "ordnance",
    "class": "hazard_class",
    "marking": "marking",
}
DIMENSIONS = tuple(_FIELDS)
By = Annotated[Sequence[str] | str, Takes("some", DIMENSIONS, "analysis.by.")]

_SIGNS = ("signs", "works", "silent", "date_uncertain")


@analysis("marking")
def marking(asked: Asked, by: By = ("class", "marking")) -> Found:
    """Hazardous areas that stand, by how they are marked.

    Parameters
    ----------
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas; by class and marking when empty.
    """
    dimensions = dimensions_of(by or ("class", "marking"), DIMENSIONS, "marking")
    levels = sorted({*levels_of(dimensions), *((1,) if len(dimensions) > 2 else ())})
    tally = Tally(("areas",), tuple(levels), frozenset({"areas"}))
    for one in asked.records("hazard"):
        class_ = text_of(one.fields.get("hazard_class"))
        if class_ != "dismissed" and one.fields.get("status") not in OUT_OF_STOCK:
            tally.add([_said(one.fields.get(_FIELDS[name])) for name in dimensions], one.id, areas=1)
    return Found(
        keys=tuple(coded(asked, name, "hazard", _FIELDS[name]) for name in dimensions),
        measures=measures(("areas",), "analysis.marking."),
        lines=tally.lines(),
        notes=(("analysis.note.unknown_kept", {}), ("analysis.note.marking_open", {})),
    )


def _said(value: Any) -> str:
    """A code, or several as they are stored."""
    return text_of(";".join(value) if isinstance(value, list) else value)


@analysis("signs")
def signs(asked: Asked, since: Day = None, until: Day = None, year: Year = None) -> Found:
    """Warning signs put up in a period, by kind of work.

    Parameters
    ----------
    since, until, year
        The period in which the work was done; work that reaches beyond it is "date uncertain".
    """
    period = Period.of(since, until, year)
    tally = Tally(_SIGNS, (0, 1), frozenset({"works", "silent", "date_uncertain"}))
    for one in asked.records("activity"):
        placed = number(one.fields.get("signs_placed"))
        if placed is None and one.fields.get("activity_type") != "marking":
            continue
        side = period.side(*worked(one.fields))
        key = [text_of(one.fields.get("activity_type"))]
        if side == "uncertain":
            tally.add(key, one.id, date_uncertain=1)
        elif side == "inside":
            tally.add(key, one.id, works=1, silent=int(placed is None), signs=placed)
    return Found(
        keys=(coded(asked, "work", "activity", "activity_type", "analysis.by.during"),),
        measures=measures(_SIGNS, "analysis.signs."),
        lines=tally.lines(),
    )
