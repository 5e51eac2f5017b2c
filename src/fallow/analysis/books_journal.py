"""Step 3, the journal of the books: every move and every balance of every account, column by column."""

from __future__ import annotations

from dataclasses import dataclass, field

from fallow.analysis.books_steps import Step

LINES = ("newly_identified", "corrected", "reclassified", "cancelled", "reduced", "cleared")
NEW, CORRECTED, RECLASSIFIED, CANCELLED, REDUCED, CLEARED = range(6)
REOPENED, DISMISSED = 1, 2
"""Remarks on a move: it came by a reopening; it went by a dismissal."""


@dataclass(slots=True)
class Moves:
    """Every move of every ground, column by column; positions are those of the story.

    ``m2`` and ``number`` carry the sign they have in their account. ``cause`` is the position of the release,
    or ``-1`` when the hazard itself is the cause.
    """

    day: list[str] = field(default_factory=list)
    span: list[tuple[str, str]] = field(default_factory=list)
    cell: list[int] = field(default_factory=list)
    line: list[int] = field(default_factory=list)
    m2: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    hazard: list[int] = field(default_factory=list)
    cause: list[int] = field(default_factory=list)
    remark: list[int] = field(default_factory=list)

    def put(
        self, step: Step, cell: int, line: int, m2: int, number: int, hazard: int, cause: int, remark: int
    ) -> None:
        """Write one move."""
        self.day.append(step.day)
        self.span.append(step.span)
        self.cell.append(cell)
        self.line.append(line)
        self.m2.append(m2)
        self.number.append(number)
        self.hazard.append(hazard)
        self.cause.append(cause)
        self.remark.append(remark)


@dataclass(slots=True)
class Balances:
    """What stands after each step that changed it, counted from the parts and not from the moves."""

    hazard: list[int] = field(default_factory=list)
    day: list[str] = field(default_factory=list)
    cell: list[int] = field(default_factory=list)
    m2: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    no_area: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Journal:
    """The booked story: accounts, moves, balances, and what releases did beside taking land out of stock."""

    cells: dict[tuple[str, ...], int] = field(default_factory=dict)
    moves: Moves = field(default_factory=Moves)
    balances: Balances = field(default_factory=Balances)
    twice: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that an earlier release had taken out already."""
    still_claimed: dict[int, int] = field(default_factory=dict)
    """Release to the m2 of it that another hazard still claims."""
