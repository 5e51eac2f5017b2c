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

from fallow.analysis.books_account import Account
from fallow.analysis.books_history import KINDS, walk_states
from fallow.analysis.registry import Asked
from fallow.register.moment import Moment, moment
from fallow.register.watched import WatchedView

MOST_ROWS = 500_000
"""States and releases that are kept: two known days of a country of 50,000 hazards, some 200 MB."""
MOST_ACCOUNTS = 8


@dataclass(frozen=True, slots=True)
class _Kept:
    account: Account
    read: Mapping[str, tuple[int, ...]]
    declared: Mapping[str, int]
    rows: int


class Memory:
    """Booked ground by moment, the least recently asked goes first. Threads may share it.

    Parameters
    ----------
    most_rows, most_accounts
        How many states and releases, and how many accounts, are kept at most.
    """

    def __init__(self, most_rows: int = MOST_ROWS, most_accounts: int = MOST_ACCOUNTS) -> None:
        self._most_rows, self._most_accounts = most_rows, most_accounts
        self._kept: OrderedDict[Moment, _Kept] = OrderedDict()
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
        at = moment(asked.register, asked.view, KINDS)
        if at is None:
            return make(asked)
        with self._lock:
            making = self._making.setdefault(at, threading.Lock())
        try:
            with making:  # of two threads with one question the second waits for the answer of the first
                kept = self._found(at)
                if kept is None:
                    return self._made(at, asked, make)
        finally:
            with self._lock:
                self._making.pop(at, None)
        if isinstance(asked.view, WatchedView):
            walk_states(asked)
        asked.read.update(kept.read)
        asked.declared.update(kept.declared)
        return kept.account

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()

    def _found(self, at: Moment) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(at)
            if kept is not None:
                self._kept.move_to_end(at)
            return kept

    def _made(self, at: Moment, asked: Asked, make: Callable[[Asked], Account]) -> Account:
        alone = Asked(asked.register, asked.view)
        made = _fixed(make(alone))
        asked.read.update(alone.read)
        asked.declared.update(alone.declared)
        if moment(asked.register, asked.view, KINDS) == at:  # nobody wrote while it was read
            rows = sum(len(one.states) for one in made.story.hazards) + len(made.story.releases)
            self._put(at, _Kept(made, alone.read, alone.declared, rows))
        return made

    def _put(self, at: Moment, one: _Kept) -> None:
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


def _fixed(made: Account) -> Account:
    """The same account; nobody who gets it can change its numbers for the next one."""
    for one in fields(made.columns):
        getattr(made.columns, one.name).flags.writeable = False
    return made


MEMORY = Memory()
"""What this process keeps."""
