"""Step 3, what one number of the casualties asks of each row of two histories.

A number asks whether a person is of a place, in a line, and in a period. Each is a :class:`Part`: a question
to the victim's own row, and, where an accident may fill it in (:mod:`~fallow.analysis.people`), whether the
victim's row is silent on it, and the same question to the accident's. Walked through: a victim without a
date, of accident A, asked for 2019, answers "silent"; A of 2019-05 answers "inside"; so the victim is inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fallow.analysis.casualties import DIMENSIONS, PLACES
from fallow.analysis.people import COUNTED, OUTCOMES, SHARED, UNKNOWN
from fallow.analysis.period import Period
from fallow.kinds import Model
from fallow.register.conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Dated,
    all_of,
    among,
    any_of,
    below,
    failing,
    from_on,
    reads_as,
)
from fallow.register.counted import Questions

MINE, UNKNOWN_LINE, OTHER = 0, 1, 2
"""Answers to whether a person belongs in a line; who is known to belong elsewhere is told for shares only."""
INSIDE, OUTSIDE, UNCERTAIN = 0, 1, 2
"""Answers to where a date lies."""
ELSEWHERE, OTHER_LINE = 0, 1
"""What takes a victim out of all other questions."""

_CALENDAR = {"year": re.compile(r"[0-9]{4}"), "month": re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")}
_DIGITS = {"year": 4, "month": 7}
_ADULT = 18

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """One question, answered by the position of the first condition that holds, else by how many there are.

    Attributes
    ----------
    own
        Conditions on a victim's row.
    unsaid
        The answer where nothing is said.
    silent
        Whether a victim's row leaves it to the accident; ``None`` where no accident tells it.
    other
        Conditions on an accident's row, as many.
    """

    own: tuple[Condition, ...]
    unsaid: int
    silent: Condition | None = None
    other: tuple[Condition, ...] = ()

    def to_victim(self, *, linked: bool) -> tuple[Condition, ...]:
        """What is asked of a victim's row, silence first where there are accidents."""
        return (self.silent, *self.own) if linked and self.silent is not None else self.own

    def lost(self, *, linked: bool) -> Condition:
        """Whether the first condition on a victim's row fails, and no accident may fill it in."""
        held = [self.silent, self.own[0]] if linked and self.silent is not None else [self.own[0]]
        return failing(any_of(held))

    def filled(self, given: Integers, told: Integers | None, at: Integers) -> Integers:
        """The answers of victims, given what their rows and the accidents at these positions answer."""
        if self.silent is None or told is None:
            return given
        filled = np.where(at >= 0, told[at], self.unsaid)
        return np.where(given == 0, filled, given - 1)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that one number asks.

    Attributes
    ----------
    place
        One of them must be answered with nought; nobody is left out where there are none.
    line
        All of them must.
    dated
        Where a date lies; ``None`` for all of time.
    outcome
        Which of :data:`~fallow.analysis.people.OUTCOMES` a victim suffered, and the one a line is of.
    share
        Whether it has to be known of others than those in the line whether they belong in another.
    counted
        The fields in which an accident counts each outcome; ``None`` where the programme has no accidents.
    """

    place: tuple[Part, ...]
    line: tuple[Part, ...]
    dated: Part | None
    outcome: tuple[Condition, ...]
    of_outcome: int | None
    share: bool
    counted: tuple[str | None, ...] | None

    @classmethod
    def of(
        cls,
        model: Model,
        dimensions: Sequence[str],
        at: Sequence[str],
        period: Period,
        place: str | None,
        *,
        share: bool = False,
    ) -> Parts | None:
        """What to ask for a line; ``None`` where no condition can say it, or no table has it."""
        rows = _Rows.of(model)
        in_place = rows.in_place(place)
        if in_place is None or (at and (len(at) != len(dimensions) or "" in at)):
            return None
        told = dict(zip(dimensions, at, strict=False))
        of = told.pop("outcome", None)
        line = [rows.in_line(name, value, share=share) for name, value in told.items()]
        known = [one for one in line if one is not None]
        if len(known) < len(line) or of not in (None, *OUTCOMES):
            return None
        return cls(
            place=in_place,
            line=tuple(known),
            dated=None if period.whole else rows.dated(period),
            outcome=tuple(rows.reads("victim", "outcome", one) for one in OUTCOMES),
            of_outcome=None if of is None else OUTCOMES.index(of),
            share=share,
            counted=rows.counted(),
        )

    def all(self) -> Iterator[Part]:
        """Every part, in the order in which they are asked."""
        yield from self.place
        yield from self.line
        if self.dated is not None:
            yield self.dated

    def to_victim(self, *, linked: bool) -> Questions:
        """The questions to a victim's row; where there are accidents its outcome always counts."""
        each = [one.to_victim(linked=linked) for one in self.all()]
        elsewhere = all_of(one.lost(linked=linked) for one in self.place) if self.place else NEVER
        other = NEVER if self.share else any_of(one.lost(linked=linked) for one in self.line)
        unless = (elsewhere, other)
        if linked:
            return Questions(each, unless, always=self.outcome)
        return Questions([*each, self.outcome], unless)

    def to_accident(self) -> Questions:
        """The questions to an accident's row."""
        return Questions([one.other for one in self.all()])

    def belonging(self, line: Sequence[Integers], outcome: Integers) -> Integers:
        """Whether people belong in the line, by their answers to the parts of it."""
        found = np.zeros(len(outcome), dtype=np.int64)
        for one in line:
            found = np.maximum(found, one)
        if self.of_outcome is None:
            return found
        unknown = np.where(outcome == OUTCOMES.index(UNKNOWN), UNKNOWN_LINE, OTHER)
        return np.where(outcome == self.of_outcome, found, np.maximum(found, unknown))


@dataclass(frozen=True, slots=True)
class _Rows:
    """What may be asked of a row: the same as :mod:`~fallow.analysis.casualties` reads from it."""

    fields: dict[str, frozenset[str]]
    """By kind, the fields that are stored; a kind that the programme does not have is not there."""

    @classmethod
    def of(cls, model: Model) -> _Rows:
        kinds = [model.kinds[name] for name in ("victim", "accident") if name in model.kinds]
        return cls({one.name: frozenset(field.name for field in one.stored) for one in kinds})

    def counted(self) -> tuple[str | None, ...] | None:
        there = self.fields.get("accident")
        linked = "accident" in self.fields["victim"]
        if there is None:
            return None
        return tuple(COUNTED[one] if COUNTED[one] in there else None for one in OUTCOMES) if linked else None

    def in_place(self, place: str | None) -> tuple[Part, ...] | None:
        if place is None:
            return ()
        found = []
        for name in PLACES:
            own, other = (
                reads_as([name] if name in self.fields.get(kind, ()) else [], place)
                for kind in ("victim", "accident")
            )
            if own is None or other is None:
                return None
            found.append(self._part(name, (own,), (other,), unsaid=1))
        return tuple(found)

    def in_line(self, name: str, value: str, *, share: bool) -> Part | None:
        """Whether a person belongs in a line; ``None`` where no table can have it."""
        wanted = [value, UNKNOWN] if share and value != UNKNOWN else [value]
        own, other = ([self._dimension(kind, name, one) for one in wanted] for kind in ("victim", "accident"))
        unsaid = wanted.index(UNKNOWN) if UNKNOWN in wanted else len(wanted)
        told = tuple(one for one in own if one is not None)
        if len(told) < len(own):
            return None
        return self._part(DIMENSIONS[name], told, tuple(one or NEVER for one in other), unsaid=unsaid)

    def dated(self, period: Period) -> Part:
        """Whether all of a date lies in the period, and whether none of it."""
        own, other = (self._sides(kind, period) for kind in ("victim", "accident"))
        return self._part("date", own, other, unsaid=UNCERTAIN)

    def _sides(self, kind: str, period: Period) -> tuple[Condition, ...]:
        dated = self._dated(kind)
        if dated is None:
            return NEVER, NEVER
        return dated.inside(period.since, period.until), dated.outside(period.since, period.until)

    def _part(
        self, name: str, own: tuple[Condition, ...], other: tuple[Condition, ...], *, unsaid: int
    ) -> Part:
        """A part on one field, which an accident may fill in."""
        if name not in (*SHARED, "date") or name not in self.fields.get("accident", ()):
            return Part(own, unsaid)
        empty = (None, "") if name == "date" else (None,)
        silent = among(name, empty) if name in self.fields["victim"] else ALWAYS
        return Part(own, unsaid, silent, other)

    def _dated(self, kind: str) -> Dated | None:
        there = self.fields.get(kind, frozenset())
        return Dated("date", "date_until" if "date_until" in there else None) if "date" in there else None

    def _dimension(self, kind: str, name: str, value: str) -> Condition | None:
        if name not in _CALENDAR:
            return self._age(kind, value) if name == "age" else self.reads(kind, DIMENSIONS[name], value)
        dated = self._dated(kind)
        if value == UNKNOWN:
            return ALWAYS if dated is None else dated.in_no_one(_DIGITS[name])
        if not _CALENDAR[name].fullmatch(value):
            return None
        return NEVER if dated is None else dated.all_in(value)

    def _age(self, kind: str, value: str) -> Condition:
        """The group of an age: as it is told, else as the age in years tells it."""
        silent = self._has(kind, "age_group", None, UNKNOWN)
        if value == UNKNOWN:
            told_neither = all_of([silent, self._has(kind, "age", None)])
            return any_of([self._has(kind, "age_group", ""), told_neither])
        by_years = {"under_18": below, "18_and_over": from_on}.get(value)
        if by_years is None or "age" not in self.fields.get(kind, ()):
            return self._has(kind, "age_group", value)
        return any_of([self._has(kind, "age_group", value), all_of([silent, by_years("age", _ADULT)])])

    def reads(self, kind: str, name: str, value: str) -> Condition:
        """Whether a field reads so in the table: what is unknown may be stored as that, or not be said."""
        return self._has(kind, name, *((UNKNOWN, "", None) if value == UNKNOWN else (value,)))

    def _has(self, kind: str, name: str, *wanted: str | None) -> Condition:
        if name in self.fields.get(kind, ()):
            return among(name, wanted)
        return ALWAYS if None in wanted else NEVER
