"""Step 3, the books that were just made, kept in memory for the next question about the same moment.

Treaty reports ask the books several times, and so does everybody who reads a table and then asks what is
behind a number of it; periods, breakdowns and places differ, the ground is the same. So booked ground is kept
as long as the register lies as it lay (:mod:`fallow.register.moment`), never on disk: a file beside the
register could be changed by hand, and its numbers would have no report behind them. What is kept is bounded
by the states and releases in it. A watched register is read again all the same, because the reading is what
is watched; evidence of a bundle is always booked anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property

from fallow.analysis.books.account import Account
from fallow.analysis.books.history import KINDS, walk_states
from fallow.analysis.registry import Asked
from fallow.register import Inputs, digest_of_inputs
from fallow.register.moment import Moment, moment
from fallow.register.watched import WatchedView

MOST_ROWS = 500_000
"""States and releases that are kept: two known days of a country of 50,000 hazards, some 200 MB."""
MOST_ACCOUNTS = 8


@dataclass(frozen=True)
class Kept:
    """Booked ground, and every record that was read for it with its reports.

    ``rows`` is how many states and releases there are in it.
    """

    account: Account
    read: Mapping[str, tuple[int, ...]]
    declared: Mapping[str, int]
    rows: int

    @classmethod
    def of(cls, made: Account, asked: Asked) -> Kept:
        """What was made for ``asked``, which had read nothing before."""
        for one in fields(made.columns):  # nobody who gets it can change its numbers for the next one
            getattr(made.columns, one.name).flags.writeable = False
        rows = sum(len(one.states) for one in made.story.hazards) + len(made.story.releases)
        return cls(made, asked.read, asked.declared, rows)

    @cached_property
    def inputs(self) -> Inputs:
        """What was read, as a recipe has it."""
        return Inputs(
            len(self.read),
            sum(map(len, self.read.values())),
            sum(self.declared.values()),
            digest_of_inputs(self.read),
        )


class Memory:
    """Booked ground by moment, the least recently asked goes first. Threads may share it.

    Parameters
    ----------
    most_rows, most_accounts
        How many states and releases, and how many accounts, are kept at most.
    """

    def __init__(self, most_rows: int = MOST_ROWS, most_accounts: int = MOST_ACCOUNTS) -> None:
        self._most_rows, self._most_accounts = most_rows, most_accounts
        self._kept: OrderedDict[Moment, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Moment, threading.Lock] = {}

    @property
    def rows(self) -> int:
        """States and releases that are kept now."""
        return sum(one.rows for one in self._kept.values())

    def __len__(self) -> int:
        return len(self._kept)

    def account(self, asked: Asked, make: Callable[[Asked], Account]) -> Account:
        """The booked ground of a view, made now or kept; either way its records are noted in ``asked``."""
        kept = self.kept(asked, make)
        asked.read.update(kept.read)
        asked.declared.update(kept.declared)
        return kept.account

    def kept(self, asked: Asked, make: Callable[[Asked], Account]) -> Kept:
        """The same with what was read for it; nothing is noted in ``asked``."""
        at = moment(asked.register, asked.view, KINDS)
        if at is None:
            return _made(asked, make)
        with self._lock:
            making = self._making.setdefault(at, threading.Lock())
        try:
            with making:  # of two threads with one question the second waits for the answer of the first
                kept = self._found(at)
                if kept is None:
                    kept = _made(asked, make)
                    if moment(asked.register, asked.view, KINDS) == at:  # nobody wrote while it was read
                        self._put(at, kept)
                    return kept
        finally:
            with self._lock:
                self._making.pop(at, None)
        if isinstance(asked.view, WatchedView):
            walk_states(asked)
        return kept

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()

    def _found(self, at: Moment) -> Kept | None:
        with self._lock:
            kept = self._kept.get(at)
            if kept is not None:
                self._kept.move_to_end(at)
            return kept

    def _put(self, at: Moment, one: Kept) -> None:
        with self._lock:
            for other in [old for old in self._kept if old.path == at.path and not _together(old, at)]:
                del self._kept[other]
            if one.rows <= self._most_rows:
                self._kept[at] = one
            while self.rows > self._most_rows or len(self._kept) > self._most_accounts:
                self._kept.popitem(last=False)


def _together(one: Moment, other: Moment) -> bool:
    """Whether two moments are of one file as it lies there; others of the same path are of the past."""
    return (one.marks, one.head) == (other.marks, other.head)


def _made(asked: Asked, make: Callable[[Asked], Account]) -> Kept:
    alone = Asked(asked.register, asked.view)
    return Kept.of(make(alone), alone)


MEMORY = Memory()
"""What this process keeps."""
