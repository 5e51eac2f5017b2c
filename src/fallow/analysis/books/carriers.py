"""Step 3, which reports carry the books: those of each state of a hazard, and those of each release.

A record has reports of its whole life; a number of the books rests on those that carry the states it counts.
So what stood at the end of 2024 does not name a report of 2025. The reports of a country lie in one flat
array of numbers with the place where each state's begin: 8 bytes a report and 16 a state, where a tuple for
each state would take some hundred.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fallow.analysis.books.area import Integers
from fallow.analysis.books.journal import Days

_A_HAZARD = 100_000_000
"""Days as ``20241231`` are below it, so that hazard and day make one number that sorts by both."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """Ledger numbers of the reports behind every state and every release of a story.

    Attributes
    ----------
    states
        By state, hazard by hazard in order of true day: position of the hazard and first true day, as one
        number.
    starts
        Where the reports of each state, then of each release, begin in ``numbers``; one more at the end.
    numbers
        Ledger numbers.
    """

    states: Integers
    starts: Integers
    numbers: Integers

    def standing(self, hazards: Integers, days: Integers) -> Integers:
        """Positions of the states that stand on days given as ``20241231``; a hazard not yet there has none.

        ``hazards`` and ``days`` have one shape, or one of them is one number for all.
        """
        return self._last(hazards, hazards * _A_HAZARD + days + 1)

    def before(self, hazards: Integers, days: Integers) -> Integers:
        """The same for the states that stood until these days: what a state of the day took the place of."""
        return self._last(hazards, hazards * _A_HAZARD + days)

    def reports(self, states: Sequence[Integers], releases: Sequence[Integers]) -> list[int]:
        """Ledger numbers of states and releases by position, each once and in order."""
        used = np.zeros(len(self.starts) - 1, dtype=bool)
        for some in states:
            used[some] = True
        for some in releases:
            used[len(self.states) + some] = True
        each = np.repeat(used, np.diff(self.starts))
        return sorted(set(self.numbers[each].tolist()))

    def _last(self, hazards: Integers, below: Integers) -> Integers:
        at = np.searchsorted(self.states, below) - 1
        found = at[(at >= 0) & (self.states[at] // _A_HAZARD == hazards)] if len(self.states) else at[:0]
        return np.asarray(found, dtype=np.int64)


class Noting:
    """The reports of one row after the other, while they are read."""

    def __init__(self) -> None:
        self._starts, self._numbers = array("q", [0]), array("q")

    def put(self, reports: Iterable[int]) -> None:
        """Note the reports of the next state or release."""
        self._numbers.extend(reports)
        self._starts.append(len(self._numbers))

    def carriers(self, hazards: Sequence[int], days: Sequence[str]) -> Carriers:
        """All of them, for states with these positions of hazards and first true days."""
        at = np.asarray(hazards, dtype=np.int64) * _A_HAZARD + numbered(np.array(days, dtype="U10"))
        return Carriers(at, np.array(self._starts), np.array(self._numbers))


def numbered(days: Days) -> Integers:
    """ISO days as numbers that sort as they do: ``2024-12-31`` is 20241231."""
    digits = np.ascontiguousarray(days, dtype="U10").view(np.uint32).reshape(-1, 10).astype(np.int64) - 48
    weights = np.array([10**7, 10**6, 10**5, 10**4, 0, 1000, 100, 0, 10, 1], dtype=np.int64)
    return np.asarray(digits @ weights, dtype=np.int64)


NOTHING = Noting().carriers((), ())
"""Of a story that was not read from reports."""
