"""Step 3, one number of the books: its line alone, of ground that is booked once and kept.

The table of :mod:`~fallow.analysis.books.balance` sums every account of every period and names the records
behind each; one figure needs one line of one period. Its opening, its moves and its closing are summed and
proved as the table's are; number, sentence, recipe and sources are the same
(``tests/analysis/test_books_count.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fallow.analysis.books.account import Account
from fallow.analysis.books.area import Integers
from fallow.analysis.books.balance import (
    EACH,
    HAZARDS,
    NO_AREA,
    addable,
    cells_in,
    cells_of,
    column_of,
    dimensions_of,
    kept,
    keys_of,
    measures,
    within,
)
from fallow.analysis.books.cell import Cells, Picked
from fallow.analysis.books.table import BESIDE, COLUMNS, MOVED, RELEASED, periods_of
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Counted, counting
from fallow.errors import FallowError


@counting("books")
def count(
    asked: Asked,
    measure: str | None,
    at: Sequence[str],
    since: str | None = None,
    until: str | None = None,
    year: int | str | None = None,
    each: str | None = None,
    by: Sequence[str] | str = (),
    place: str | None = None,
) -> Counted | None:
    """The number, or ``None`` where the table has to say that there is no such line."""
    period, dimensions = within(asked, Period.of(since, until, year)), dimensions_of(by)
    chosen = {one.name: one for one in measures()}.get(measure or COLUMNS[0])
    if chosen is None or (each is not None and each not in EACH):
        return None
    found = kept(asked)
    booked = found.account
    periods, names = periods_of(period, each, booked.columns)
    if names and (not at or at[0] not in names):
        return None
    wanted = at[1:] if names else at
    cells = _cells(booked, dimensions, wanted, place)
    if cells is None:
        return None
    line = _Line.of(booked, periods[names.index(at[0])] if names else period, cells)
    if wanted and not line.there:
        return None
    line.prove(wanted)
    numbers = line.picked.reports([column_of(chosen.name)])
    uncertain = int(line.m2[COLUMNS.index("date_uncertain")])
    return Counted(
        keys=keys_of(asked, booked.journal, dimensions, names),
        measure=chosen,
        value=line.values[chosen.name],
        uncertain=None if chosen.name == "date_uncertain" else uncertain,
        said_by=tuple(asked.register.said_by(numbers)),
        inputs=found.inputs,
    )


def _cells(
    booked: Account, dimensions: Sequence[int], wanted: Sequence[str], place: str | None
) -> Cells | None:
    """By cell, whether it counts in the line; ``None`` when there is no such line in any period."""
    together = not wanted and not addable(booked.journal)
    if len(wanted) > len(dimensions) or together:
        return None
    mine = cells_of(booked.journal, dimensions, wanted)
    if place is not None:
        there = cells_in(booked, place)
        if not there.any():
            return None
        mine &= there
    return mine if mine.any() or not wanted else None


@dataclass(frozen=True, slots=True)
class _Line:
    """The sums of one line in one period, in the order of :data:`COLUMNS`; releases as negative numbers.

    ``picked`` are the moves and balances it is summed from.
    """

    picked: Picked
    m2: Integers
    number: Integers
    no_area: int

    @classmethod
    def of(cls, booked: Account, period: Period, cells: Cells) -> _Line:
        columns, picked = booked.columns, Picked.of(booked, period, cells)
        m2, number = np.zeros(len(COLUMNS), dtype=np.int64), np.zeros(len(COLUMNS), dtype=np.int64)
        np.add.at(m2, picked.column, columns.m2[picked.moved])
        np.add.at(number, picked.column, columns.number[picked.moved])
        for name in BESIDE:
            some = picked.moves(name)
            m2[COLUMNS.index(name)] = np.abs(columns.m2[some]).sum()
            number[COLUMNS.index(name)] = np.abs(columns.number[some]).sum()
        no_area = 0
        for name, held in picked.held.items():
            area, hazards, no_area = columns.held[held].sum(axis=0).tolist()
            m2[COLUMNS.index(name)], number[COLUMNS.index(name)] = area, hazards
        return cls(picked, m2, number, no_area)

    @property
    def there(self) -> bool:
        """Whether the table has a line for it."""
        return bool(self.m2.any() or self.number.any())

    @property
    def values(self) -> Mapping[str, int]:
        """Every measure of the line."""
        found = {NO_AREA: self.no_area}
        for sums, tail in ((self.m2, ""), (self.number, HAZARDS)):
            for name, value in zip(COLUMNS, sums.tolist(), strict=True):
                found[f"{name}{tail}"] = -value if name in RELEASED else value
        return found

    def prove(self, wanted: Sequence[str]) -> None:
        """Opening and moves give the closing, or there is no figure."""
        last = len(MOVED) + 1
        for sums, unit in ((self.m2, "m2"), (self.number, "number")):
            missing = int(sums[last] - sums[:last].sum())
            if missing:
                raise FallowError(
                    "BOOKS_UNEXPLAINED",
                    ", ".join(wanted),
                    found=f"{missing:+d} {unit}",
                    day=self.picked.period.until,
                )
