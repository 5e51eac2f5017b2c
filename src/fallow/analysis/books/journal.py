"""Step 3, the journal of the books: every move and every balance of every account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fallow.analysis.books.area import Integers

LINES = ("newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
NEW, CORRECTED, RECLASSIFIED, CANCELLED, REDUCED, CLEARED = range(6)
RELEASED_AS = {"cancelled": CANCELLED, "reduced": REDUCED, "cleared": CLEARED}
REOPENED, DISMISSED = 1, 2
"""Remarks on a move: it came by a reopening; it went by a dismissal."""
OPERATOR = 5
"""Position of the operator in an account."""

Cells = dict[tuple[str, ...], int]
"""Accounts to their numbers, in the order in which they were first booked in."""
Days = npt.NDArray[np.str_]


class Move(NamedTuple):
    """One move; positions are those of the story.

    ``m2`` and ``number`` carry the sign they have in their account. ``cause`` is the position of the release,
    or ``-1`` when the hazard itself is the cause.
    """

    day: str
    low: str
    high: str
    cell: int
    line: int
    m2: int
    number: int
    hazard: int
    cause: int
    remark: int


class Balance(NamedTuple):
    """What a hazard holds after a step that changed it, counted from the parts and not from the moves."""

    hazard: int
    day: str
    cell: int
    m2: int
    number: int
    no_area: int


@dataclass(slots=True)
class Journal:
    """The booked story: accounts, moves, balances, and what releases did beside taking land out of stock."""

    cells: Cells = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    twice: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that an earlier release had taken out already."""
    still_claimed: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that another hazard still claims."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Moves and balances of a journal as arrays; the balances of a hazard in order of time."""

    day: Days
    low: Days
    high: Days
    cell: Integers
    line: Integers
    m2: Integers
    number: Integers
    hazard: Integers
    cause: Integers
    remark: Integers
    held_day: Days
    held_hazard: Integers
    held_cell: Integers
    held: Integers
    """Shape (n, 3): square metres, number, number without a known area."""


def columns_of(journal: Journal) -> Columns:
    """The journal as arrays."""
    day, low, high, *moved = zip(*journal.moves, strict=True) if journal.moves else [()] * len(Move._fields)
    of, since, *held = (
        zip(*journal.balances, strict=True) if journal.balances else [()] * len(Balance._fields)
    )
    cell, line, m2, number, hazard, cause, remark = (np.array(one, dtype=np.int64) for one in moved)
    return Columns(
        day=np.array(day, dtype="U10"),
        low=np.array(low, dtype="U10"),
        high=np.array(high, dtype="U10"),
        cell=cell,
        line=line,
        m2=m2,
        number=number,
        hazard=hazard,
        cause=cause,
        remark=remark,
        held_day=np.array(since, dtype="U10"),
        held_hazard=np.array(of, dtype=np.int64),
        held_cell=np.array(held[0], dtype=np.int64),
        held=np.array(held[1:], dtype=np.int64).T.reshape(-1, 3),
    )


def joined(some: Sequence[Columns]) -> Columns:
    """All of them, balances by hazard; no hazard may be in two of them."""
    every = {one.name: np.concatenate([getattr(each, one.name) for each in some]) for one in fields(Columns)}
    order = np.argsort(every["held_hazard"], kind="stable")
    return Columns(
        **{name: values[order] if name.startswith("held") else values for name, values in every.items()}
    )
