"""Step 3, one number of the books: its line alone, of ground that is booked once and kept.

The table of :mod:`~fallow.analysis.books` sums every account of every period and names the records behind
each; one figure needs one line of one period. Its opening, its moves and its closing are summed and proved as
the table's are; number, sentence, recipe and sources are the same (``tests/analysis/test_books_count.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.analysis.books import (
    EACH,
    addable,
    cells_in,
    dimensions_of,
    kept,
    keys_of,
    measures,
    within,
)
from fallow.analysis.books_account import Account
from fallow.analysis.books_area import Integers
from fallow.analysis.books_journal import DISMISSED, REOPENED
from fallow.analysis.books_table import (
    COLUMNS,
    MOVED,
    RELEASED,
    UNCERTAIN,
    day_before,
    periods_of,
    standing,
)
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Counted, counting
from fallow.errors import FallowError

_TAIL = "_hazards"
_NO_AREA = "closing_no_area"


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
    column = COLUMNS.index("closing" if chosen.name == _NO_AREA else chosen.name.removesuffix(_TAIL))
    numbers = {number for record in line.behind(booked, column) for number in found.read.get(record, ())}
    uncertain = int(line.m2[COLUMNS.index("date_uncertain")])
    return Counted(
        keys=keys_of(asked, booked.journal, dimensions, names),
        measure=chosen,
        value=line.values[chosen.name],
        uncertain=None if chosen.name == "date_uncertain" else uncertain,
        said_by=tuple(asked.register.said_by(sorted(numbers))),
        inputs=found.inputs,
    )


def _cells(
    booked: Account, dimensions: Sequence[int], wanted: Sequence[str], place: str | None
) -> npt.NDArray[np.bool_] | None:
    """By cell, whether it counts in the line; ``None`` when there is no such line in any period."""
    together = not wanted and not addable(booked.journal)
    if len(wanted) > len(dimensions) or together:
        return None
    used = dimensions[: len(wanted)]
    mine = np.array(
        [tuple(cell[d] for d in used) == tuple(wanted) for cell in booked.journal.cells], dtype=bool
    )
    if place is not None:
        there = cells_in(booked, place)
        if not there.any():
            return None
        mine &= there
    return mine if mine.any() or not wanted else None


@dataclass(frozen=True, slots=True)
class _Line:
    """The sums of one line in one period, in the order of :data:`COLUMNS`; releases as negative numbers.

    ``moved`` and ``column`` are the moves of the period and the column of each; ``held`` are the balances at
    its opening and its closing.
    """

    period: Period
    m2: Integers
    number: Integers
    no_area: int
    moved: Integers
    column: Integers
    remark: Integers
    held: Mapping[str, Integers]

    @classmethod
    def of(cls, booked: Account, period: Period, cells: npt.NDArray[np.bool_]) -> _Line:
        columns = booked.columns
        m2, number = np.zeros(len(COLUMNS), dtype=np.int64), np.zeros(len(COLUMNS), dtype=np.int64)
        rows = np.flatnonzero(cells[columns.cell]) if len(cells) else np.zeros(0, dtype=np.int64)
        day = columns.day[rows]
        rows = rows[(day >= period.since) & (day <= period.until)]
        exact = (columns.low[rows] >= period.since) & (columns.high[rows] <= period.until)
        column = 1 + np.where(exact, columns.line[rows], UNCERTAIN)
        np.add.at(m2, column, columns.m2[rows])
        np.add.at(number, column, columns.number[rows])
        remark = np.where(exact, columns.remark[rows], 0)
        for bit, name in ((REOPENED, "reopened"), (DISMISSED, "dismissed")):
            some = rows[(remark & bit) != 0]
            m2[COLUMNS.index(name)] = np.abs(columns.m2[some]).sum()
            number[COLUMNS.index(name)] = np.abs(columns.number[some]).sum()
        held = {}
        for name, end in (("opening", day_before(period.since)), ("closing", period.until)):
            there = standing(columns, end)
            held[name] = there[cells[columns.held_cell[there]]] if len(there) else there
            area, hazards, no_area = columns.held[held[name]].sum(axis=0).tolist()
            m2[COLUMNS.index(name)], number[COLUMNS.index(name)] = area, hazards
        return cls(period, m2, number, no_area, rows, column, remark, held)

    @property
    def there(self) -> bool:
        """Whether the table has a line for it."""
        return bool(self.m2.any() or self.number.any())

    @property
    def values(self) -> Mapping[str, int]:
        """Every measure of the line."""
        found = {_NO_AREA: self.no_area}
        for sums, tail in ((self.m2, ""), (self.number, _TAIL)):
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
                    day=self.period.until,
                )

    def behind(self, booked: Account, column: int) -> set[str]:
        """Ids of the hazards and releases behind one column."""
        columns, story, name = booked.columns, booked.story, COLUMNS[column]
        if name in self.held:
            held = columns.held_hazard[self.held[name]]
            return {story.hazards[h].id for h in held.tolist()}
        if name in ("reopened", "dismissed"):
            bit = REOPENED if name == "reopened" else DISMISSED
            rows = self.moved[(self.remark & bit) != 0]
            return {story.hazards[h].id for h in columns.hazard[rows].tolist()}
        rows = self.moved[self.column == column]
        causes = {story.releases[r].id for r in columns.cause[rows].tolist() if r >= 0}
        return causes | {story.hazards[h].id for h in columns.hazard[rows].tolist()}
