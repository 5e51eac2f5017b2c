"""Step 3, the journal of the books: every move and every balance of every account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

LINES = ("newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
NEW, CORRECTED, RECLASSIFIED, CANCELLED, REDUCED, CLEARED = range(6)
REOPENED, DISMISSED = 1, 2
"""Remarks on a move: it came by a reopening; it went by a dismissal."""


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

    cells: dict[tuple[str, ...], int] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    twice: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that an earlier release had taken out already."""
    still_claimed: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that another hazard still claims."""
