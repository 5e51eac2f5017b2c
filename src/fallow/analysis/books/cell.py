"""Step 3, what is behind one number of the books: moves and balances, their records, and their reports.

Behind a closing stand the hazards that hold something then, carried by the reports of the states that stand
then; behind a line of moves the hazards and releases that moved, carried by the reports of the state that
each move led to, of the state it took the place of, and of the release. What a later report says of the same
hazard is behind later numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.analysis.books.account import Account
from fallow.analysis.books.area import Integers
from fallow.analysis.books.carriers import numbered
from fallow.analysis.books.journal import DISMISSED, LINES, REOPENED
from fallow.analysis.books.table import BESIDE, COLUMNS, UNCERTAIN, day_before, standing
from fallow.analysis.period import Period
from fallow.register import OPEN_END

Cells = npt.NDArray[np.bool_]
"""By cell of a journal, whether it is meant."""


@dataclass(frozen=True, slots=True)
class Picked:
    """Moves and balances of some accounts in one period.

    Attributes
    ----------
    moved, column, remark
        Rows of the moves, the position in :data:`COLUMNS` each counts in, and its remark.
    held
        Rows of the balances at the opening and at the closing.
    """

    booked: Account
    period: Period
    moved: Integers
    column: Integers
    remark: Integers
    held: Mapping[str, Integers]

    @classmethod
    def of(cls, booked: Account, period: Period, cells: Cells) -> Picked:
        """Those of the accounts that ``cells`` says are meant."""
        columns = booked.columns
        rows = np.flatnonzero(cells[columns.cell]) if len(cells) else np.zeros(0, dtype=np.int64)
        day = columns.day[rows]
        rows = rows[(day >= period.since) & (day <= period.until)]
        exact = (columns.low[rows] >= period.since) & (columns.high[rows] <= period.until)
        column = 1 + np.where(exact, columns.line[rows], UNCERTAIN)
        remark = np.where(exact, columns.remark[rows], 0)
        held = {}
        for name in ("opening", "closing"):
            there = standing(columns, _day_of(period, name))
            held[name] = there[cells[columns.held_cell[there]]] if len(there) else there
        return cls(booked, period, rows, column, remark, held)

    def moves(self, column: str) -> Integers:
        """Rows of the moves behind a column that is neither opening nor closing."""
        if column in BESIDE:
            bit = REOPENED if column == "reopened" else DISMISSED
            some = (self.remark & bit) != 0
        else:
            some = self.column == COLUMNS.index(column)
        return np.asarray(self.moved[some], dtype=np.int64)

    def records(self, column: str) -> set[str]:
        """Ids of the hazards and releases behind a column."""
        columns, story = self.booked.columns, self.booked.story
        if column in self.held:
            return {story.hazards[h].id for h in columns.held_hazard[self.held[column]].tolist()}
        rows = self.moves(column)
        causes = columns.cause[rows] if column not in BESIDE else np.zeros(0, dtype=np.int64)
        return {story.releases[r].id for r in causes.tolist() if r >= 0} | {
            story.hazards[h].id for h in columns.hazard[rows].tolist()
        }

    def reports(self, columns: Iterable[str]) -> list[int]:
        """Ledger numbers of the reports behind these columns, each once and in order."""
        of, carriers = self.booked.columns, self.booked.story.carriers
        states: list[Integers] = []
        releases: list[Integers] = []
        for name in columns:
            if name in self.held:
                day = numbered(np.array([_day_of(self.period, name)], dtype="U10"))
                states.append(carriers.standing(of.held_hazard[self.held[name]], day))
            else:
                moved, causes = carrying(self.booked, self.moves(name))
                states += moved
                releases += [causes] if name not in BESIDE else []
        return carriers.reports(states, releases)


def carrying(booked: Account, rows: Integers) -> tuple[list[Integers], Integers]:
    """Positions of the states before and after each of these moves, and of the releases that made them."""
    of, carriers = booked.columns, booked.story.carriers
    hazards, days = of.hazard[rows], numbered(of.day[rows])
    causes = of.cause[rows]
    return [carriers.before(hazards, days), carriers.standing(hazards, days)], causes[causes >= 0]


@dataclass(frozen=True, slots=True)
class Part:
    """What a number is made of: columns of some accounts in one period."""

    period: Period
    cells: Cells
    columns: Sequence[str]


@dataclass(frozen=True, slots=True)
class Behind:
    """The reports behind the numbers of a table that was made of booked ground.

    Attributes
    ----------
    periods
        Its periods, each beginning where the one before it ends.
    columns
        Those of :data:`COLUMNS` that any of its numbers is made of.
    parts
        Line and measure to what the number is made of.
    """

    booked: Account
    periods: Sequence[Period]
    columns: Collection[str]
    parts: Callable[[tuple[str, ...], str], Iterable[Part]]

    def reports(self, line: tuple[str, ...], measure: str) -> Sequence[int]:
        """Ledger numbers behind one number, each once and in order."""
        found: set[int] = set()
        for one in self.parts(line, measure):
            found.update(Picked.of(self.booked, one.period, one.cells).reports(one.columns))
        return sorted(found)

    def true(self, line: tuple[str, ...], measure: str) -> str | None:
        """The last true day that the number speaks of; ``None`` when it has no end."""
        days = [
            _day_of(one.period, "opening" if tuple(one.columns) == ("opening",) else "closing")
            for one in self.parts(line, measure)
        ]
        last = max(days, default=OPEN_END)
        return None if last == OPEN_END else last

    def every(self) -> Sequence[int]:
        """Ledger numbers behind any number of the table."""
        of, carriers = self.booked.columns, self.booked.story.carriers
        moved = (of.day >= self.periods[0].since) & (of.day <= self.periods[-1].until)
        lines = [i for i, name in enumerate(LINES) if name in self.columns]
        rows = np.flatnonzero(moved & np.isin(of.line, lines))
        states, causes = carrying(self.booked, rows)
        ends = [_day_of(one, "closing") for one in self.periods] if "closing" in self.columns else []
        if "opening" in self.columns:
            ends.append(_day_of(self.periods[0], "opening"))
        for end in ends:
            held = of.held_hazard[standing(of, end)]
            states.append(carriers.standing(held, numbered(np.array([end], dtype="U10"))))
        return carriers.reports(states, [causes])


def _day_of(period: Period, column: str) -> str:
    """The day at whose end an opening or a closing is counted."""
    return day_before(period.since) if column == "opening" else period.until
