"""Step 3, the moves of plain ground, all at once: one hazard, one outline, releases side by side.

Most ground of a country is such: a hazard appears, passes from one account to another (confirmed, another
operator), and signed releases take their parts out of it. Nobody else claims it, it is not redrawn, closed,
dismissed or reopened. What :mod:`~fallow.analysis.books.moves` finds by asking part for part who owns it
follows here from order and subtraction, over arrays of every hazard: a tenth of the time. The two ways give
the same moves and balances (``tests/analysis/test_books_plain.py``); ground in doubt goes the other way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallow.analysis.books.area import Integers
from fallow.analysis.books.history import UNKNOWN, Release, State, Story
from fallow.analysis.books.journal import NEW, OPERATOR, RECLASSIFIED, RELEASED_AS, Cells, Columns


@dataclass(frozen=True, slots=True)
class Plain:
    """Grounds that nothing but accounts and releases change.

    Attributes
    ----------
    hazards, releases
        Positions in the story.
    square_metres, taken
        Whole m2 of each hazard's ground, and of the part of it that each release covers.
    """

    hazards: Integers
    releases: Integers
    square_metres: Integers
    taken: Integers


def is_plain(story: Story, group: Sequence[int], outlines: Sequence[int], releases: Sequence[int]) -> bool:
    """Whether a ground whose releases lie side by side is plain."""
    if len(group) > 1 or len(outlines) > 1:
        return False
    states = story.hazards[group[0]].states
    first = states[0].day
    return all(
        one.shape == outlines[0] and one.stands and one.status != "reopened" for one in states
    ) and all(story.releases[r].day >= first and story.releases[r].type in RELEASED_AS for r in releases)


def book_plain(story: Story, plain: Plain, cells: Cells) -> Columns:
    """Every move and balance of plain grounds; ``cells`` gets the accounts they are booked in."""
    events = _Events.of(story, plain, cells)
    moves = _Moves(events)
    loss, after, cell = events.loss, events.standing, events.cell
    appear = events.first & (after > 0)
    moves.put(appear, cell, NEW, after, 0)
    moves.put(appear, cell, NEW, 0, 1)

    was = events.was
    passed = ~events.first & (events.release < 0) & (cell != was) & (after > 0)
    for m2, number in ((after, 0), (0, 1)):
        moves.put(passed, was, RECLASSIFIED, m2, number, sign=-1)
        moves.put(passed, cell, RECLASSIFIED, m2, number)

    taken = loss > 0
    theirs = _accounts_of_operators(events, taken, cells)
    passes = taken & (theirs != cell)
    last = taken & (after == 0)
    for m2, number, some in ((loss, 0, taken), (0, 1, last)):
        moves.put(some & passes, cell, RECLASSIFIED, m2, number, sign=-1)
        moves.put(some & passes, theirs, RECLASSIFIED, m2, number)
        moves.put(some, theirs, events.line, m2, number, sign=-1)
    return moves.columns()


@dataclass(frozen=True, slots=True)
class _Events:
    """Every state and release of plain grounds, hazard by hazard in order of true day.

    Attributes
    ----------
    day, low, high
        Positions in ``days``: of the event, and of the partial date it rests on.
    hazard, release
        Positions in the story; ``-1`` where the event is a state.
    cell, standing
        Account and m2 of the hazard after the event.
    line, operator, loss
        Of a release: the line that it is booked in, position in ``operators``, and the m2 that it takes.
    """

    days: Any
    operators: list[str]
    day: Integers
    low: Integers
    high: Integers
    hazard: Integers
    release: Integers
    first: Any
    cell: Integers
    standing: Integers
    line: Integers
    operator: Integers
    loss: Integers

    @property
    def was(self) -> Integers:
        """The account before each event; of the first one of a hazard it says nothing."""
        return np.concatenate((self.cell[:1], self.cell[:-1]))

    @classmethod
    def of(cls, story: Story, plain: Plain, cells: Cells) -> _Events:
        hazards = [story.hazards[h] for h in plain.hazards.tolist()]
        states = [state for one in hazards for state in one.states]
        releases = [story.releases[r] for r in plain.releases.tolist()]
        at = {one.id: i for i, one in enumerate(hazards)}
        of = np.r_[
            np.repeat(np.arange(len(hazards)), _numbers(len(one.states) for one in hazards)),
            _numbers(at[one.hazard] for one in releases),
        ]
        both: list[State | Release] = [*states, *releases]
        days = sorted({day for one in both for day in (one.day, *one.span)})
        on = {day: i for i, day in enumerate(days)}
        operators = sorted({one.operator for one in releases} | {UNKNOWN})
        who = {operator: i for i, operator in enumerate(operators)}
        none = np.zeros(len(states), dtype=np.int64)
        day = _numbers(on[one.day] for one in both)
        release = np.r_[none - 1, plain.releases]
        # On one day a hazard appears and changes first, then releases take effect, by their reports.
        order = np.lexsort((np.r_[none, _numbers(one.report for one in releases)], release >= 0, day, of))
        of, release = of[order], release[order]
        first = np.r_[True, of[1:] != of[:-1]][: len(of)]
        loss = np.r_[none, plain.taken][order]
        gone = np.cumsum(loss)
        standing = plain.square_metres[of] - (gone - gone[np.flatnonzero(first)][of])
        cell = _numbers(cells.setdefault(one.cell, len(cells)) for one in states)
        said = np.where(release < 0, np.arange(len(of)), 0)
        return cls(
            days=np.array(days, dtype="U10"),
            operators=operators,
            day=day[order],
            low=_numbers(on[one.span[0]] for one in both)[order],
            high=_numbers(on[one.span[1]] for one in both)[order],
            hazard=plain.hazards[of],
            release=release,
            first=first,
            cell=np.r_[cell, np.zeros(len(releases), dtype=np.int64)][order][np.maximum.accumulate(said)],
            standing=standing,
            line=np.r_[none, _numbers(RELEASED_AS[one.type] for one in releases)][order],
            operator=np.r_[none, _numbers(who[one.operator] for one in releases)][order],
            loss=loss,
        )


class _Moves:
    """Moves as they are put, by the event that made them."""

    def __init__(self, events: _Events) -> None:
        self._events = events
        self._put: list[tuple[Integers, ...]] = []

    def put(self, where: Any, cell: Integers, line: Any, m2: Any, number: int, *, sign: int = 1) -> None:
        """A move of each of the events ``where``."""
        at = np.flatnonzero(where)
        each = (np.broadcast_to(np.asarray(one), where.shape)[at] for one in (cell, line, m2, number))
        cells, lines, area, count = each
        self._put.append((at, cells, lines, sign * area, sign * count))

    def columns(self) -> Columns:
        """All of them, and what each hazard holds after each event that changed it."""
        events = self._events
        at, cell, line, m2, number = (np.concatenate(one) for one in zip(*self._put, strict=True))
        # A state may say again what stood before it: a marking, a new date.
        since = np.flatnonzero(events.first | (events.release >= 0) | (events.cell != events.was))
        held = np.zeros((len(since), 3), dtype=np.int64)
        held[:, 0], held[:, 1] = events.standing[since], events.standing[since] > 0
        return Columns(
            day=events.days[events.day[at]],
            low=events.days[events.low[at]],
            high=events.days[events.high[at]],
            cell=cell,
            line=line,
            m2=m2,
            number=number,
            hazard=events.hazard[at],
            cause=events.release[at],
            remark=np.zeros(len(at), dtype=np.int64),
            held_day=events.days[events.day[since]],
            held_hazard=events.hazard[since],
            held_cell=events.cell[since],
            held=held,
        )


def _accounts_of_operators(events: _Events, taken: Any, cells: Cells) -> Integers:
    """By event, the account its land leaves from: that of the operator who released it, if one is named."""
    known = list(cells)
    mine = [cell[OPERATOR] for cell in known]
    found = events.cell.copy()
    at = np.flatnonzero(taken)
    pairs, which = np.unique(
        events.cell[at] * len(events.operators) + events.operator[at], return_inverse=True
    )
    accounts = []
    for pair in pairs.tolist():
        cell, who = divmod(pair, len(events.operators))
        operator = events.operators[who]
        if operator in (mine[cell], UNKNOWN):
            accounts.append(cell)
        else:
            theirs = (*known[cell][:OPERATOR], operator, *known[cell][OPERATOR + 1 :])
            accounts.append(cells.setdefault(theirs, len(cells)))
    found[at] = np.array(accounts, dtype=np.int64)[which]
    return found


def _numbers(some: Any) -> Integers:
    return np.fromiter(some, dtype=np.int64)
