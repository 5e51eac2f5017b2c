"""Step 4, relations: numbers about people as the redaction sees them, and the sums between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fallow.publish.publication import Figure


@dataclass(slots=True)
class Number:
    """One number, wherever it stands.

    Attributes
    ----------
    places
        Figures that are this number; none for one that only follows from printed shares.
    signed
        It may be negative (a change), so that nothing bounds it from below.
    shares
        Percentages that would tell it.
    made
        It stands only where a number is made of others of its line: a change, not a count.
    rest
        It stands nowhere and is what is left of one told number without others (`nested`).
    """

    value: int
    places: list[Figure] = field(default_factory=list)
    signed: bool = False
    shares: tuple[Figure, ...] = ()
    made: bool = False
    rest: bool = False


Sum = tuple[tuple[int, int], ...]
"""Positions of numbers with a factor of 1 or -1; together they are 0."""


@dataclass(frozen=True, slots=True)
class Relations:
    """Every number about people in a publication, and every sum between them."""

    numbers: tuple[Number, ...]
    sums: tuple[Sum, ...]
    of: Mapping[Figure, int]
