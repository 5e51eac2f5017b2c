"""Step 2, what the fold reads: approved reports as claims, and the decisions that bear on them.

Plain frozen data, so that the fold stays a pure function: the same claims and judgements in any order give
the same slices (``tests/laws/test_fold.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fallow.kinds import date_high, date_low
from fallow.register.report import OPEN_END

GEOMETRY = "@geometry"
"""The name under which a claim's geometry stands among its values."""

Span = tuple[str, str]
"""Known from (inclusive) and known to (exclusive), ISO days."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One report as far as the fold is concerned.

    Attributes
    ----------
    number
        Ledger number: the name of the report, and the order in which one source spoke.
    true
        Partial date of information; ``low`` and ``high`` are its first and last day.
    spans
        When it was accepted; more than one when a decision was superseded.
    values
        Field name to canonical value; the geometry as WKB under ``GEOMETRY``.
    """

    number: int
    record: str
    source: str
    true: str
    spans: tuple[Span, ...]
    values: Mapping[str, Any]
    declared: bool = False
    seen: frozenset[int] = frozenset()
    corrects: tuple[int, ...] = ()
    withdraws: tuple[int, ...] = ()
    low: str = field(init=False)
    high: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", date_low(self.true))
        object.__setattr__(self, "high", date_high(self.true))

    def known_at(self, day: str) -> bool:
        """Whether the programme accepted it on ``day``."""
        return any(start <= day < end for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A named person decided that one report's value of a field stands over others."""

    number: int
    record: str
    field: str
    chosen: int
    over: frozenset[int]
    known_from: str
    known_to: str = OPEN_END


@dataclass(frozen=True, slots=True)
class Signature:
    """One person's signature under claims that need two (S3)."""

    number: int
    person: str
    claims: frozenset[int]
    known_from: str
    known_to: str = OPEN_END


@dataclass(frozen=True, slots=True)
class Sameness:
    """Two records were judged to be one (or, later, not)."""

    number: int
    one: str
    other: str
    same: bool
    known_from: str


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that bears on one record, or on several that were ever judged to be the same."""

    claims: tuple[Claim, ...]
    resolutions: tuple[Resolution, ...] = ()
    signatures: tuple[Signature, ...] = ()
    sameness: tuple[Sameness, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """What is believed of one record between four bounds."""

    record: str
    known_from: str
    known_to: str
    true_from: str
    true_to: str
    values: Mapping[str, Any]
    givers: Mapping[str, tuple[int, ...]]
    """Field name to the reports that gave the standing value; several when they agree."""
    conflict: tuple[str, ...]
    awaiting: tuple[str, ...]
    declared: int

    @property
    def reports(self) -> tuple[int, ...]:
        """The reports behind the values, in ledger order."""
        return tuple(sorted({number for numbers in self.givers.values() for number in numbers}))
