"""Step 3, a month: what happened in it, beside the month before and the same month a year earlier.

Land released, items found and destroyed, accidents, casualties, education. Each number is of the whole month:
what has a partial date or reaches over the end of a month is in none of the three. Battle area and mined area
stay apart (R9), direct and indirect education stay apart (R10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np

from fallow.analysis.books.balance import account, cell_key
from fallow.analysis.books.cell import Behind, Part
from fallow.analysis.books.table import COLUMNS, RELEASED, periods_of, sheet
from fallow.analysis.education import attendance, dates_of
from fallow.analysis.items import items
from fallow.analysis.ordnance import keys_of
from fallow.analysis.parameters import Takes
from fallow.analysis.people import OUTCOMES, fields_of, harmed
from fallow.analysis.period import Period
from fallow.analysis.progress import ids_of
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line
from fallow.analysis.tally import Tally, coded, measures, number, text_of
from fallow.errors import FallowError
from fallow.words import catalogue

Month = Annotated[str, Takes("text")]
"""A month as ``2024-03``."""

_THEN = ("now", "month_before", "year_before")
_COLUMNS = (*_THEN, "change_month", "change_year")
_OF = {"change_month": ("now", "-month_before"), "change_year": ("now", "-year_before")}

Entry = tuple[Sequence[str], str, str | None, str | None, float | None]
"""Key, record, first and last day, amount."""


@analysis("month_land")
def month_land(asked: Asked, month: Month) -> Found:
    """Land cancelled, reduced and cleared in a month, beside the month before and a year earlier.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    then = months(month)
    booked = account(asked)
    whole = Period(then["year_before"].since, then["now"].until)
    periods, _ = periods_of(whole, "month", booked.columns)
    if len(periods) == 1:  # nothing ever moved: there are no months to tell apart
        periods = [whole]
    sums = sheet(booked.story, booked.journal, booked.columns, periods)
    lines = []
    for kind in sorted({cell[0] for cell in sums.cells}):
        chosen = [i for i, cell in enumerate(sums.cells) if cell[0] == kind]
        found = {
            (method, name): (
                int(sums.m2[periods.index(then[name]), chosen, COLUMNS.index(method)].sum()),
                ids_of(sums, method, periods.index(then[name]), chosen),
            )
            for method in RELEASED
            for name in _THEN
        }
        for method in (*RELEASED, None):
            those = RELEASED if method is None else (method,)
            values = {name: sum(found[one, name][0] for one in those) for name in _THEN}
            behind = {
                name: tuple(sorted({id for one in those for id in found[one, name][1]})) for name in _THEN
            }
            lines.append(_line((kind,) if method is None else (kind, method), values, behind))

    def parts(line: tuple[str, ...], measure: str) -> list[Part]:
        cells = np.array([cell[0] == line[0] for cell in sums.cells], dtype=bool)
        of = [one.removeprefix("-") for one in _OF.get(measure, (measure,))]
        return [Part(then[name], cells, line[1:] or RELEASED) for name in of]

    words = catalogue()
    methods = {one: words[f"books.measure.{one}"] for one in RELEASED}
    return Found(
        keys=(cell_key(asked, booked.journal, 0), Key("method", words["analysis.by.release"], methods, ())),
        measures=measures(_COLUMNS, "analysis.month.", dict.fromkeys(_COLUMNS, "m2"), of=_OF),
        lines=tuple(lines),
        notes=(("books.note.never_added", {}),),
        carried=Behind(booked, periods, RELEASED, parts),
    )


@analysis("month_items")
def month_items(asked: Asked, month: Month) -> Found:
    """Items found and items destroyed in a month by type, beside the month before and a year earlier.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    entries: list[Entry] = []
    for one in items(asked):
        entries.append((("found", one.category), one.record, one.date, one.until, one.count))
        date, until = (one.disposed, None) if one.disposed else (one.date, one.until)
        entries.append((("gone", one.category), one.record, date, until, one.fates["destroyed"]))
    words = catalogue()
    labels = {"found": words["analysis.items.found"], "gone": words["analysis.items.destroyed"]}
    keys = (Key("what", words["analysis.by.what"], labels, ()), *keys_of(asked, ("category",)))
    return _compared(month, entries, keys, (1, 2), counted=True)


@analysis("month_accidents")
def month_accidents(asked: Asked, month: Month) -> Found:
    """Accidents in a month by type, beside the month before and a year earlier.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    entries: list[Entry] = [
        ((text_of(one.fields.get("accident_type")),), one.id, *_span(one.fields), 1)
        for one in asked.records("accident")
    ]
    keys = (coded(asked, "type", "accident", "accident_type", "analysis.by.accident"),)
    return _compared(month, entries, keys, (0, 1), counted=True)


@analysis("month_casualties", people=True)
def month_casualties(asked: Asked, month: Month) -> Found:
    """People killed, injured or of unknown fate in a month, beside the month before and a year earlier.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    entries: list[Entry] = [
        ((one.outcome,), one.record, one.date, one.until, one.count) for one in harmed(asked)
    ]
    words = catalogue()
    labels = {one: words[f"analysis.measure.{one}"] for one in OUTCOMES}
    return _compared(
        month,
        entries,
        (Key("outcome", words["analysis.by.outcome"], labels, fields_of("outcome")),),
        (0, 1),
        counted=True,
    )


@analysis("month_education")
def month_education(asked: Asked, month: Month) -> Found:
    """Education sessions and attendance in a month, beside the month before and a year earlier.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    entries: list[Entry] = []
    for one in asked.records("education_session"):
        kind = text_of(one.fields.get("education_type"))
        held = number(one.fields.get("sessions_held")) or 1
        entries.append(((kind, "sessions"), one.id, *dates_of(one), held))
        came = attendance(one.fields)
        entries.append(((kind, "attendance"), one.id, *dates_of(one), came["attendance"] if came else None))
    words = catalogue()
    labels = {one: words[f"analysis.education.{one}"] for one in ("sessions", "attendance")}
    keys = (
        coded(asked, "type", "education_session", "education_type", "analysis.by.education"),
        Key("what", words["analysis.by.what"], labels, ()),
    )
    found = _compared(month, entries, keys, (2,), counted=False)
    return Found(found.keys, found.measures, found.lines, (("analysis.note.attendance", {}),))


def months(month: str) -> dict[str, Period]:
    """The month, the one before and the same a year earlier; ``PARAMETER_VALUE`` for what is no month."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or month < "0002":
        raise FallowError("PARAMETER_VALUE", "month", found=month[:40], known="2024-01 ... 2024-12")
    year, number_ = int(month[:4]), int(month[5:])
    before = f"{year:04d}-{number_ - 1:02d}" if number_ > 1 else f"{year - 1:04d}-12"
    named = {"now": month, "month_before": before, "year_before": f"{year - 1:04d}-{month[5:]}"}
    return {name: Period.of(one, one) for name, one in named.items()}


def _compared(
    month: str, entries: Iterable[Entry], keys: tuple[Key, ...], levels: tuple[int, ...], *, counted: bool
) -> Found:
    then = months(month)
    tally = Tally(_THEN, levels, frozenset(_THEN) if counted else frozenset())
    for key, record, date, until, amount in entries:
        for name, period in then.items():
            if amount is not None and period.side(date, until) == "inside":
                tally.add(key, record, **{name: amount})
    return Found(
        keys=keys,
        measures=measures(_COLUMNS, "analysis.month.", of=_OF),
        lines=tuple(_line(one.key, one.values, one.behind) for one in tally.lines()),
        notes=(("analysis.note.whole_month", {}),),
    )


def _line(
    key: tuple[str, ...],
    values: Mapping[str, float | int | None],
    behind: Mapping[str, tuple[str, ...]],
) -> Line:
    """A line with what changed; a change from or to a number that nobody recorded is none."""
    now = values["now"]
    told = dict(values)
    records = dict(behind)
    for change, name in (("change_month", "month_before"), ("change_year", "year_before")):
        was = values[name]
        told[change] = None if now is None or was is None else now - was
        records[change] = tuple(sorted({*behind["now"], *behind[name]}))
    return Line(key, told, records)


def _span(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    return fields.get("date"), fields.get("date_until")
