"""Step 3, booked ground: everything the analyses of land read, made of a view of the register."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fallow.analysis.books.area import Floats
from fallow.analysis.books.ground import lay_out
from fallow.analysis.books.history import Story, read_story
from fallow.analysis.books.journal import Columns, Journal, columns_of, joined
from fallow.analysis.books.moves import book
from fallow.analysis.books.plain import book_plain
from fallow.analysis.registry import Asked, collector_paused


@dataclass(frozen=True, slots=True)
class Account:
    """The booked register, as known on one day.

    Attributes
    ----------
    story
        What was read; its shapes are let go once the ground is cut, their areas stay.
    outside
        By release, the square metres that lie outside its hazard.
    journal
        Accounts, and what releases did beside taking land out of stock; moves and balances are in
        ``columns``.
    """

    story: Story
    outside: Floats
    journal: Journal
    columns: Columns


def book_account(asked: Asked) -> Account:
    """Read, lay out and book the land of a register; the records it reads are noted in ``asked``."""
    with collector_paused():
        return booked(read_story(asked))


def booked(story: Story) -> Account:
    """Lay out and book a story."""
    laid = lay_out(story)
    journal = book(story, laid.grounds)
    columns = joined([columns_of(journal), book_plain(story, laid.plain, journal.cells)])
    story = replace(story, shapes=np.zeros(0, dtype=object))
    return Account(story, laid.outside, replace(journal, moves=[], balances=[]), columns)
