"""Step 3, progress: what each year cancelled, reduced and cleared, what remains, what a deadline asks for.

The figures that the action plans of the Convention and its Article 5 requests ask for, year by year from the
books: remaining land by class with the number of areas, land released by method. Battle area and mined area
stay apart (R9).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallow.analysis.books.balance import account, addable, cell_key, in_place, notes, within
from fallow.analysis.books.cell import Behind, Part
from fallow.analysis.books.table import COLUMNS, RELEASED, Sheet, periods_of, sheet
from fallow.analysis.parameters import Day, Place, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.words import catalogue

_CLASSES = ("sha", "cha")
_COUNTS = ("remaining", "remaining_sha", "remaining_cha", "remaining_other")
_MEASURES = (*RELEASED, "released", *_COUNTS)


@analysis("progress", version=3)
def progress(
    asked: Asked,
    since: Day = None,
    until: Day = None,
    deadline: Year = None,
    place: Place = None,
) -> Found:
    """Land cancelled, reduced and cleared each year, what remained, and the pace a deadline asks for.

    Parameters
    ----------
    since, until
        First and last year (or ISO dates); all years in which something moved when empty.
    deadline
        Last year in which the work is to end: adds what each year from then on has to release. A year not
        before the end of the figures has none.
    place
        Only land in this first- or second-level unit.
    """
    last = None if deadline is None else int(deadline)
    booked = in_place(account(asked), place)
    period = within(asked, Period.of(since, until))
    periods, names = periods_of(period, "year", booked.columns)
    sums = sheet(booked.story, booked.journal, booked.columns, periods)
    kinds = sorted({cell[0] for cell in sums.cells})
    together = addable(booked.journal)
    lines = []
    for p, name in enumerate(names):
        for kind in (*((None,) if together else ()), *kinds):
            chosen = [i for i, cell in enumerate(sums.cells) if kind is None or cell[0] == kind]
            key = (name,) if kind is None else (name, kind)
            lines.append(_line(key, sums, p, chosen, _left(last, periods[p])))

    def parts(line: tuple[str, ...], measure: str) -> tuple[Part]:
        chosen = [len(line) == 1 or cell[0] == line[1] for cell in sums.cells]
        name = measure.removesuffix("_hazards")
        if name in ("released", *RELEASED):
            columns = RELEASED if name == "released" else (name,)
        else:
            columns = ("closing",)
            chosen = [mine and _remains(name, cell[1]) for mine, cell in zip(chosen, sums.cells, strict=True)]
        return (Part(periods[names.index(line[0])], np.array(chosen, dtype=bool), columns),)

    words = catalogue()
    measures = [Measure(name, words[f"books.measure.{name}"], "m2") for name in _MEASURES]
    measures += [
        Measure(
            f"{name}_hazards",
            {
                lang: f"{text} ({words['books.hazards'][lang]})"
                for lang, text in words[f"books.measure.{name}"].items()
            },
        )
        for name in _COUNTS
    ]
    if last is not None:
        measures.append(Measure("needed_per_year", words["books.measure.needed_per_year"], "m2"))
    return Found(
        keys=(Key("year", words["books.by.year"]), cell_key(asked, booked.journal, 0)),
        measures=tuple(measures),
        lines=tuple(lines),
        notes=tuple(notes(booked, together, place)),
        carried=Behind(booked, periods, (*RELEASED, "closing"), parts),
        sums=(
            ("released", RELEASED),
            ("remaining", _COUNTS[1:]),
            ("remaining_hazards", tuple(f"{name}_hazards" for name in _COUNTS[1:])),
        ),
    )


def _left(deadline: int | None, period: Period) -> int | None:
    """Whole years after a period up to and with the deadline; ``None`` without one."""
    return None if deadline is None else deadline - int(period.until[:4])


def _line(key: tuple[str, ...], sums: Sheet, p: int, chosen: list[int], years: int | None) -> Line:
    closing = COLUMNS.index("closing")
    rows = {name: [i for i in chosen if _remains(name, sums.cells[i][1])] for name in _COUNTS}
    values: dict[str, float | int | None] = {
        name: int(sums.m2[p, chosen, COLUMNS.index(name)].sum()) for name in RELEASED
    }
    values["released"] = sum(int(values[name] or 0) for name in RELEASED)
    for name, some in rows.items():
        values[name] = int(sums.m2[p, some, closing].sum())
        values[f"{name}_hazards"] = int(sums.number[p, some, closing].sum())
    behind = {name: ids_of(sums, name, p, chosen) for name in RELEASED}
    behind["released"] = tuple(sorted({one for name in RELEASED for one in behind[name]}))
    for name, some in rows.items():
        behind[name] = behind[f"{name}_hazards"] = ids_of(sums, "closing", p, some)
    if years is not None:
        remaining = int(values["remaining"] or 0)
        values["needed_per_year"] = -(-remaining // years) if years > 0 else None
        behind["needed_per_year"] = behind["remaining"]
    return Line(key, values, behind)


def _remains(measure: str, of: str) -> bool:
    """Whether land of a class counts in what a measure says remains."""
    if measure == "remaining_other":
        return of not in _CLASSES
    return measure == f"remaining_{of}" or measure in ("remaining", "needed_per_year")


def ids_of(sums: Sheet, column: str, p: int, cells: Sequence[int]) -> tuple[str, ...]:
    """Records behind one column of some cells in a period."""
    if not sums.records:
        return ()
    at, record = np.divmod(sums.behind[column], len(sums.records))
    period, cell = np.divmod(at, len(sums.cells))
    rows = (period == p) & np.isin(cell, cells)
    return tuple(sums.records[one] for one in np.unique(record[rows]).tolist())
