"""Step 3, the change between two publications: why the books of one period read otherwise as known later.

Every figure of the books is a sum of moves, and every move has one record that made it: a release, or the
hazard itself. So the change of a figure is the change of the moves behind it, record by record, and nothing
is left over: the parts are proved against the two tables (``BOOKS_UNEXPLAINED`` otherwise).

Why a record changed a figure:

- *release*: a release that was not booked then (not known, or not yet signed by two people) is booked now.
- *reclassification*: land of the hazard passed to another account.
- *new_information*: the hazard was not known then, or something later in its life is known now and all that
  was known then still stands.
- *rounding*: nothing about the record; its ground is cut into other parts of whole square metres now.
- *correction*: everything else: what was known then reads differently now, or was taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from fallow.analysis.books.account import Account
from fallow.analysis.books.area import Integers
from fallow.analysis.books.balance import Parts, account, addable, cell_key, dimensions_of, within
from fallow.analysis.books.cell import carrying
from fallow.analysis.books.journal import LINES, RECLASSIFIED
from fallow.analysis.books.table import COLUMNS, MOVED, RELEASED, UNCERTAIN, sheet
from fallow.analysis.parameters import Day, KnownDay, Year
from fallow.analysis.period import Period, first_known
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key, Line, Measure
from fallow.errors import FallowError
from fallow.register import OPEN_END
from fallow.words import catalogue

WHY = ("new_information", "correction", "release", "reclassification", "rounding")
_ROUNDING_M2 = 2
_SHOWN = ("opening", *MOVED, "closing")

_Part = tuple[str, tuple[str, ...], str, str]
"""Column, account as broken down, record, and what kind of move: ``hazard``, ``release``,
``reclassified``."""


@dataclass(frozen=True, slots=True)
class _Publication:
    """One publication, taken apart: square metres and number by part, and what is needed to say why."""

    booked: Account
    period: Period
    cells: list[tuple[str, ...]]
    """By cell of the journal, the account as it is broken down."""
    parts: dict[_Part, tuple[int, int]]
    hazards: frozenset[str]
    releases: frozenset[str]
    steps: dict[str, frozenset[tuple[int, str]]]
    """Hazard to the line and day of each of its own moves."""

    def reports(self, rows: Integers, records: Collection[str]) -> list[int]:
        """Ledger numbers behind the moves of some records among these rows.

        A move has one record: the release that made it, carried by the reports of the release; else the
        hazard, carried by those of the state it moved to and of the state it came from.
        """
        of, story = self.booked.columns, self.booked.story
        releases = np.array([one.id in records for one in story.releases], dtype=bool)
        hazards = np.array([one.id in records for one in story.hazards], dtype=bool)
        cause = of.cause[rows]
        made, own = rows[cause >= 0], rows[cause < 0]
        states, _ = carrying(self.booked, own[hazards[of.hazard[own]]])
        _, causes = carrying(self.booked, made[releases[of.cause[made]]])
        return story.carriers.reports(states, [causes])

    def rows(self, column: str | None = None, account: tuple[str, ...] = ()) -> Integers:
        """Moves behind one column of one account; all that are behind any when no column is named."""
        of, period = self.booked.columns, self.period
        chosen = of.day <= period.until
        if column is not None:
            mine = np.array([one == account for one in self.cells], dtype=bool)
            chosen &= mine[of.cell] if len(mine) else False
            before = of.day < period.since
            if column == "opening":
                chosen &= before
            elif column != "closing":
                exact = (of.low >= period.since) & (of.high <= period.until)
                line = np.where(exact, of.line, UNCERTAIN)
                chosen &= ~before & (line == MOVED.index(column))
        return np.asarray(np.flatnonzero(chosen), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Changed:
    """The reports behind each change: those that either publication rests on, and no later ones."""

    publications: tuple[_Publication, _Publication]
    behind: dict[tuple[str, ...], tuple[str, ...]]
    """Line to the records that changed it."""

    def reports(self, line: tuple[str, ...], measure: str) -> list[int]:
        """Ledger numbers behind one change, of both publications."""
        column, account, records = line[0], line[1:-2], frozenset(self.behind[line])
        return self._both(column, account, records)

    def true(self, line: tuple[str, ...], measure: str) -> str | None:
        """The last true day of the period."""
        until = self.publications[0].period.until
        return None if until == OPEN_END else until

    def every(self) -> list[int]:
        """Ledger numbers behind any of the changes."""
        return self._both(None, (), frozenset(one for some in self.behind.values() for one in some))

    def _both(self, column: str | None, account: tuple[str, ...], records: frozenset[str]) -> list[int]:
        found: set[int] = set()
        for one in self.publications:
            found.update(one.reports(one.rows(column, account), records))
        return sorted(found)


@analysis("publication_change")
def publication_change(
    asked: Asked,
    known_before: KnownDay,
    since: Day = None,
    until: Day = None,
    year: Year = None,
    by: Parts = (),
) -> Found:
    """What changed in the books of a period between ``known_before`` and the ``known`` of this call, and why.

    Parameters
    ----------
    known_before
        ISO day of the earlier publication; the later one is as of ``known``, or now. ``KNOWN_ORDER`` when it
        is the later day of the two.
    since, until, year, by
        As for the books.
    """
    period = within(asked, Period.of(since, until, year))
    dimensions = dimensions_of(by)
    first_known(known_before, asked.view.known)
    view = asked.register.at(known=known_before, true=asked.view.true)
    earlier = Asked(asked.register, view, {}, {})
    was = _published(earlier, period, dimensions)
    now = _published(asked, period, dimensions)
    for record, reports in earlier.read.items():
        asked.read[record] = tuple(sorted({*reports, *asked.read.get(record, ())}))
        asked.declared.setdefault(record, earlier.declared[record])
    words = catalogue()
    lines = tuple(_lines(was, now))
    together = addable(was.booked.journal) and addable(now.booked.journal)
    return Found(
        keys=(
            Key(
                "column", words["books.by.column"], {name: words[f"books.measure.{name}"] for name in _SHOWN}
            ),
            *(cell_key(asked, now.booked.journal, d) for d in dimensions),
            Key(
                "why",
                words["books.by.why"],
                {name: words[f"books.why.{name}"] for name in (*WHY, "total")},
            ),
            Key("record", words["books.by.record"]),
        ),
        measures=(
            *(Measure(name, words[f"books.measure.{name}"], "m2") for name in ("before", "after", "change")),
            Measure("change_hazards", words["books.measure.change_hazards"]),
        ),
        lines=lines,
        notes=() if together else (("books.note.never_added", {}),),
        carried=_Changed((was, now), {one.key: one.behind["change"] for one in lines}),
    )


def _published(asked: Asked, period: Period, dimensions: Sequence[int]) -> _Publication:
    booked = account(asked)
    story, columns = booked.story, booked.columns
    cells = [tuple(cell[d] for d in dimensions) for cell in booked.journal.cells]
    parts: dict[_Part, tuple[int, int]] = {}
    steps: dict[str, set[tuple[int, str]]] = {}
    rows = zip(
        columns.day.tolist(),
        columns.low.tolist(),
        columns.high.tolist(),
        columns.cell.tolist(),
        columns.line.tolist(),
        columns.m2.tolist(),
        columns.number.tolist(),
        columns.hazard.tolist(),
        columns.cause.tolist(),
        strict=True,
    )
    for day, low, high, cell, line, m2, number, hazard, cause in rows:
        if cause >= 0:
            record, sort = story.releases[cause].id, "release"
        else:
            record, sort = story.hazards[hazard].id, "reclassified" if line == RECLASSIFIED else "hazard"
            steps.setdefault(record, set()).add((line, day))
        shown = []
        if day < period.since:
            shown.append(("opening", 1))
        if day <= period.until:
            shown.append(("closing", 1))
        if period.since <= day <= period.until:
            inside = period.since <= low and high <= period.until
            name = LINES[line] if inside else MOVED[UNCERTAIN]
            shown.append((name, -1 if name in RELEASED else 1))
        for name, sign in shown:
            part = (name, cells[cell], record, sort)
            before = parts.get(part, (0, 0))
            parts[part] = (before[0] + sign * m2, before[1] + sign * number)
    _prove(booked, period, cells, parts)
    return _Publication(
        booked,
        period,
        cells,
        parts,
        frozenset(one.id for one in story.hazards),
        frozenset(one.id for one in story.releases),
        {record: frozenset(some) for record, some in steps.items()},
    )


def _prove(
    booked: Account,
    period: Period,
    cells: Sequence[tuple[str, ...]],
    parts: dict[_Part, tuple[int, int]],
) -> None:
    """The parts of every figure sum to the figure in the table."""
    sums = sheet(booked.story, booked.journal, booked.columns, [period])
    left: dict[tuple[str, tuple[str, ...]], int] = {}
    for column in _SHOWN:
        for cell, m2 in zip(cells, sums.m2[0, :, COLUMNS.index(column)].tolist(), strict=True):
            left[column, cell] = left.get((column, cell), 0) + m2
    for (column, cell, _, _), (m2, _) in parts.items():
        left[column, cell] -= m2
    for (column, cell), m2 in left.items():
        if m2:
            where = ", ".join((column, *cell))
            raise FallowError("BOOKS_UNEXPLAINED", where, found=f"{m2:+d} m2", day=period.until)


def _why(part: _Part, was: _Publication, now: _Publication) -> str:
    _, _, record, sort = part
    if _only_rounded(part, was, now):
        return "rounding"
    if sort == "release":
        return "correction" if record in was.releases else "release"
    if record not in was.hazards:
        return "new_information"
    if sort == "reclassified":
        return "reclassification"
    before, after = was.steps.get(record, frozenset()), now.steps.get(record, frozenset())
    return "new_information" if before < after else "correction"


def _only_rounded(part: _Part, was: _Publication, now: _Publication) -> bool:
    """Whether the same steps of a record known both times differ by a square metre or two of their parts.

    A release that is known later cuts the ground anew, and whole square metres fall to other parts of it.
    """
    _, _, record, sort = part
    before, after = was.parts.get(part, (0, 0)), now.parts.get(part, (0, 0))
    if abs(before[0] - after[0]) > _ROUNDING_M2 or before[1] != after[1] or part not in was.parts:
        return False
    if sort == "release":
        return record in was.releases and record in now.releases
    return record in was.hazards and was.steps.get(record) == now.steps.get(record)


def _lines(was: _Publication, now: _Publication) -> list[Line]:
    rows: dict[tuple[str, ...], tuple[int, int, int]] = {}
    behind: dict[tuple[str, ...], set[str]] = {}
    for part in was.parts.keys() | now.parts.keys():
        before, after = was.parts.get(part, (0, 0)), now.parts.get(part, (0, 0))
        column, cell, record, _ = part
        keys = [(column, *cell, "total", "")]
        if before != after:
            keys.append((column, *cell, _why(part, was, now), record))
        for key in keys:
            m2, then, number = rows.get(key, (0, 0, 0))
            rows[key] = (m2 + before[0], then + after[0], number + after[1] - before[1])
            if before != after:
                behind.setdefault(key, set()).add(record)
    columns = {name: i for i, name in enumerate(_SHOWN)}
    whys = {name: i for i, name in enumerate((*WHY, "total"))}
    ordered = sorted(rows, key=lambda one: (columns[one[0]], one[1:-2], whys[one[-2]], one[-1]))
    return [_line(key, rows[key], tuple(sorted(behind.get(key, ())))) for key in ordered]


def _line(key: tuple[str, ...], row: tuple[int, int, int], ids: tuple[str, ...]) -> Line:
    before, after, number = row
    values: dict[str, float | int | None] = {
        "before": before,
        "after": after,
        "change": after - before,
        "change_hazards": number,
    }
    return Line(key, values, dict.fromkeys(values, ids))
