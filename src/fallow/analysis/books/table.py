"""Step 3, the table of the books: moves and balances summed to periods and accounts, and proved to balance.

Opening and closing come from the balances (what stands, counted from the parts of the ground), everything
between from the moves (what happened). The two are computed apart, so ``opening + moves = closing`` is a
proof for every account and period, in whole square metres and in hazards; where it fails the result is
``BOOKS_UNEXPLAINED`` and no table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fallow.analysis.books.area import Integers
from fallow.analysis.books.history import Story
from fallow.analysis.books.journal import DISMISSED, LINES, REOPENED, Columns, Journal
from fallow.analysis.period import Period
from fallow.analysis.result import Line
from fallow.errors import FallowError
from fallow.register import BEGINNING, OPEN_END

MOVED = (*LINES, "date_uncertain")
RELEASED = ("cancelled", "reduced", "cleared")
BESIDE = ("reopened", "dismissed")
"""Parts of a line that are told beside it: of newly identified, and of reclassified."""
COLUMNS = ("opening", *MOVED, "closing", *BESIDE)
UNCERTAIN = len(LINES)


def standing(columns: Columns, day: str) -> Integers:
    """Rows of the balances that hold at the end of a day: the last one of each hazard."""
    rows = np.flatnonzero(columns.held_day <= day)
    hazards = columns.held_hazard[rows]
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = hazards[1:] != hazards[:-1]
    rows = rows[last]
    return np.asarray(rows[columns.held[rows, :2].any(axis=1)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Sums by period and cell, and the records behind them.

    Attributes
    ----------
    m2, number
        Shape (periods, cells, columns) in the order of :data:`COLUMNS`; releases counted as positive.
    no_area
        Shape (periods, cells): hazards of the closing number with no known area.
    behind
        By column: period, cell and position in ``records``, each combination once, as one sorted number:
        ``(period * cells + cell) * records + position``.
    records
        Ids of hazards and releases, in order.
    """

    periods: tuple[Period, ...]
    cells: tuple[tuple[str, ...], ...]
    m2: Integers
    number: Integers
    no_area: Integers
    behind: Mapping[str, Integers]
    records: tuple[str, ...]


def sheet(story: Story, journal: Journal, columns: Columns, periods: Sequence[Period]) -> Sheet:
    """Sum the journal; ``periods`` follow each other without a gap."""
    cells = tuple(journal.cells)
    shape = (len(periods), len(cells), len(COLUMNS))
    m2, number = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    no_area = np.zeros(shape[:2], dtype=np.int64)
    behind: dict[str, list[Integers]] = {name: [] for name in COLUMNS}
    hazards = len(story.hazards)
    ids = [*(one.id for one in story.hazards), *(one.id for one in story.releases)]
    in_order = sorted(range(len(ids)), key=ids.__getitem__)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[in_order] = np.arange(len(ids))

    def named(periods: Any, of: Any, records: Any) -> Integers:
        return np.asarray((periods * len(cells) + of) * len(ids) + rank[records], dtype=np.int64)

    starts = np.array([one.since for one in periods], dtype="U10")
    ends = np.array([one.until for one in periods], dtype="U10")
    at = np.searchsorted(starts, columns.day, side="right") - 1
    rows = np.flatnonzero((at >= 0) & (columns.day <= ends[-1]))
    at = at[rows]
    uncertain = (columns.low[rows] < starts[at]) | (columns.high[rows] > ends[at])
    line = np.where(uncertain, UNCERTAIN, columns.line[rows])
    place = (at, columns.cell[rows], line + 1)
    np.add.at(m2, place, columns.m2[rows])
    np.add.at(number, place, columns.number[rows])
    remarks = ((REOPENED, "reopened"), (DISMISSED, "dismissed"))
    for remark, name in remarks:
        some = ((columns.remark[rows] & remark) != 0) & ~uncertain
        beside = (at[some], columns.cell[rows][some], np.full(some.sum(), COLUMNS.index(name)))
        np.add.at(m2, beside, np.abs(columns.m2[rows][some]))
        np.add.at(number, beside, np.abs(columns.number[rows][some]))
        behind[name].append(named(at[some], columns.cell[rows][some], columns.hazard[rows][some]))
    for which, name in enumerate(MOVED):
        some = line == which
        where = at[some], columns.cell[rows][some]
        behind[name].append(named(*where, columns.hazard[rows][some]))
        by_release = columns.cause[rows][some] >= 0
        cause = columns.cause[rows][some][by_release]
        behind[name].append(named(where[0][by_release], where[1][by_release], cause + hazards))

    for p, period in enumerate(periods):
        for column, day in ((0, day_before(period.since)), (len(MOVED) + 1, period.until)):
            held = standing(columns, day)
            of = columns.held_cell[held]
            np.add.at(m2[p, :, column], of, columns.held[held, 0])
            np.add.at(number[p, :, column], of, columns.held[held, 1])
            if column:
                np.add.at(no_area[p], of, columns.held[held, 2])
            behind[COLUMNS[column]].append(named(p, of, columns.held_hazard[held]))
    _prove(m2, number, periods, cells)
    for name in RELEASED:
        m2[:, :, COLUMNS.index(name)] *= -1
        number[:, :, COLUMNS.index(name)] *= -1
    records = tuple(ids[one] for one in in_order)
    each = {name: _distinct(np.concatenate(some)) for name, some in behind.items()}
    return Sheet(tuple(periods), cells, m2, number, no_area, each, records)


def _distinct(values: Integers) -> Integers:
    """Each number once, in order; sorting is 17 times as fast on 500,000 as the hashing of ``np.unique``."""
    found = np.sort(values)
    return found[np.r_[True, found[1:] != found[:-1]]] if len(found) else found


def day_before(day: str) -> str:
    """The day before, for an opening; nothing stands before the beginning."""
    if day == BEGINNING:
        return ""
    return str(np.datetime64(day) - np.timedelta64(1, "D"))


def _prove(
    m2: Integers, number: Integers, periods: Sequence[Period], cells: Sequence[tuple[str, ...]]
) -> None:
    """Opening and moves give the closing in every account and period, or there are no books."""
    last = len(MOVED) + 1
    for sums, unit in ((m2, "m2"), (number, "number")):
        missing = sums[:, :, last] - sums[:, :, :last].sum(axis=2)
        if missing.any():
            p, cell = (int(one[0]) for one in np.nonzero(missing))
            raise FallowError(
                "BOOKS_UNEXPLAINED",
                ", ".join(cells[cell]),
                found=f"{int(missing[p, cell]):+d} {unit}",
                day=periods[p].until,
            )


def lines(sums: Sheet, dimensions: Sequence[int], names: Sequence[str], add_all: bool) -> Iterator[Line]:
    """One line for each account as broken down, and one for each of its beginnings: the subtotals.

    Parameters
    ----------
    dimensions
        Positions in a cell, contamination first.
    names
        Names of the periods; empty when there is one and it is not told.
    add_all
        Whether accounts of different contamination may be added (rule R9).
    """
    records = np.empty(len(sums.records), dtype=object)
    records[:] = sums.records
    behind: dict[str, dict[tuple[int, int], tuple[str, ...]]] = {}
    parted = 0
    for level in range(0 if add_all else 1, len(dimensions) + 1):
        used = dimensions[:level]
        keys = sorted({tuple(cell[d] for d in used) for cell in sums.cells} | ({()} if not level else set()))
        position = {key: i for i, key in enumerate(keys)}
        of = np.array([position[tuple(cell[d] for d in used)] for cell in sums.cells], dtype=np.int64)
        spans: list[tuple[tuple[str, ...], list[int]]] = [((name,), [p]) for p, name in enumerate(names)] or [
            ((), [0])
        ]
        m2, number, no_area = (_gathered(one, of, len(keys)) for one in (sums.m2, sums.number, sums.no_area))
        if len(keys) != parted:  # as many as one level up: every account has one part, and its records
            behind = {name: _behind(some, of, len(keys), records) for name, some in sums.behind.items()}
            parted = len(keys)
        for span, (p,) in spans:
            for k, key in enumerate(keys):
                if level and not (m2[p, k].any() or number[p, k].any()):
                    continue
                yield _line((*span, *key), m2[p, k], number[p, k], no_area[p, k], behind, (p, k))


def _gathered(sums: Integers, of: Integers, keys: int) -> Integers:
    found = np.zeros((sums.shape[0], keys, *sums.shape[2:]), dtype=np.int64)
    for period in range(len(sums)):
        np.add.at(found[period], of, sums[period])
    return found


def _behind(
    some: Integers, of: Integers, keys: int, records: npt.NDArray[np.object_]
) -> dict[tuple[int, int], tuple[str, ...]]:
    """Period and account to the ids of the records behind a column."""
    if not len(some):
        return {}
    at, record = np.divmod(some, len(records))
    period, cell = np.divmod(at, len(of))
    account = period * keys + of[cell]
    rows = _distinct(account * len(records) + record)
    account, record = np.divmod(rows, len(records))
    starts = np.flatnonzero(np.r_[True, account[1:] != account[:-1]]).tolist()
    return {
        divmod(int(account[start]), keys): tuple(records[record[start:end]].tolist())
        for start, end in zip(starts, [*starts[1:], len(record)], strict=True)
    }


def _line(
    key: tuple[str, ...],
    m2: Integers,
    number: Integers,
    no_area: Any,
    behind: Mapping[str, Mapping[tuple[int, int], tuple[str, ...]]],
    at: tuple[int, int],
) -> Line:
    values: dict[str, float | int | None] = dict(zip(COLUMNS, m2.tolist(), strict=True))
    values |= {f"{name}_hazards": n for name, n in zip(COLUMNS, number.tolist(), strict=True)}
    values["closing_no_area"] = int(no_area)
    ids = {name: of.get(at, ()) for name, of in behind.items()}
    ids |= {f"{name}_hazards": some for name, some in ids.items()}
    ids["closing_no_area"] = ids["closing"]
    return Line(key, values, ids)


_MONTHS: Mapping[str, int] = {"year": 12, "quarter": 3, "month": 1}


def periods_of(period: Period, each: str | None, columns: Columns) -> tuple[list[Period], list[str]]:
    """The periods of a table in order, without a gap, and their names; one has no name when not divided."""
    if each is None:
        return [period], []
    if not len(columns.day):
        return _unmoved(period, each)
    first = period.since if period.since != BEGINNING else min(columns.day.tolist())
    last = period.until if period.until != OPEN_END else max(columns.day.tolist())
    months = _MONTHS[each]
    found, names = [], []
    start = _begun(first, months)
    while start <= last:
        after = _next(start, months)
        end = day_before(after)
        since = first if period.since != BEGINNING and start < first else start
        until = last if period.until != OPEN_END and end > last else end
        found.append(Period(since, until))
        names.append(_name(start, each) if (since, until) == (start, end) else f"{since}/{until}")
        start = after
    return (found, names) if found else _unmoved(period, each)


def _unmoved(period: Period, each: str) -> tuple[list[Period], list[str]]:
    """One line for a period in which nothing moved; where its beginning is open, the last unit of it."""
    if period.since == BEGINNING and period.until != OPEN_END:
        months = _MONTHS[each]
        start = _begun(period.until, months)
        whole = day_before(_next(start, months)) == period.until
        return [Period(start, period.until)], [_name(start, each) if whole else f"{start}/{period.until}"]
    return [period], [f"{period.since}/{period.until}"]


def _begun(day: str, months: int) -> str:
    """The first day of the unit that a day lies in."""
    return f"{day[:5]}{(int(day[5:7]) - 1) // months * months + 1:02d}-01"


def _next(start: str, months: int) -> str:
    """The first day of the unit after the one that starts here."""
    month = int(start[5:7]) - 1 + months
    return f"{int(start[:4]) + month // 12:04d}-{month % 12 + 1:02d}-01"


def _name(start: str, each: str) -> str:
    if each == "quarter":
        return f"{start[:4]}-Q{(int(start[5:7]) + 2) // 3}"
    return start[:4] if each == "year" else start[:7]
