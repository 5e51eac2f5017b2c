"""Step 3, vintages: what was said of each year, as known at the end of each later year.

Registers revise their past: the casualties of 2016 were 8,605 in one worldwide report and 9,437 a year
later. A triangle of year by known-on keeps every vintage.
"""

from __future__ import annotations

from collections.abc import Sequence

from fallow.analysis.parameters import Day, Days
from fallow.analysis.people import UNKNOWN, Harmed, fields_of, harmed
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.errors import FallowError
from fallow.register import BEGINNING
from fallow.words import catalogue


@analysis("vintages", version=3, people=True)
def vintages(asked: Asked, known_on: Days = (), since: Day = None, until: Day = None) -> Found:
    """Casualties of each year, as known on several days; without a number where the year had not begun.

    Parameters
    ----------
    known_on
        ISO days (partial ones mean their last), a list or separated by commas; the ends of all years in which
        anything became known when empty.
    since, until
        Years shown.
    """
    period = Period.of(since, until)
    days = _days(asked, known_on)
    columns: dict[str, dict[str, list[Harmed]]] = {}
    for day in days:
        then = Asked(asked.register, asked.register.at(known=day), asked.read, asked.declared)
        for one in harmed(then, ()):
            if period.side(one.date, one.until) == "inside":
                columns.setdefault(one.within(4), {}).setdefault(day, []).append(one)
    words = catalogue()
    measures = tuple(
        Measure(day, {lang: f"{text} {day}" for lang, text in words["analysis.known_on"].items()})
        for day in days
    )
    lines = []
    for year in sorted(columns):
        of = columns[year]
        lines.append(
            Line(
                (year,),
                {day: _said(year, day, of.get(day, ())) for day in days},
                {day: tuple(sorted({one.record for one in of.get(day, ())})) for day in days},
            )
        )
    labels = {UNKNOWN: words["analysis.unknown"]}
    return Found((Key("year", words["analysis.by.year"], labels, fields_of("date")),), measures, tuple(lines))


def _said(year: str, day: str, harmed: Sequence[Harmed]) -> int | None:
    """How many were known on a day; nothing, rather than nobody, before the year began."""
    begun = year == UNKNOWN or year <= day[:4]
    return sum(one.count for one in harmed) if begun or harmed else None


def _days(asked: Asked, known_on: Sequence[str] | str) -> list[str]:
    from fallow.kinds import date_high

    given = [one.strip() for one in known_on.split(",")] if isinstance(known_on, str) else list(known_on)
    days = sorted({date_high(one) for one in given if one})
    if days:
        return days
    years = sorted({day[:4] for day in asked.register.known_days() if day > BEGINNING})
    if not years:
        raise FallowError("NOTHING_KNOWN", "vintages")
    return [f"{year}-12-31" for year in years]
