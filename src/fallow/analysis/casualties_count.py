"""Step 3, one number of the casualties, counted by columns: a figure at any date of a long history at once.

The table of :mod:`~fallow.analysis.casualties` keeps the records behind every cell. One figure needs them of
one cell only, so here the database itself puts people where they belong (in the period or not, in the line or
not) and gives the digest of all it read; value, recipe and sources are the same
(``tests/analysis/test_figure.py``). A register with accidents takes the long way, because their unnamed
casualties have to be set against their victims.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from fallow.analysis.casualties import DIMENSIONS, PLACES, dimension_key, dimensions_of, measures_of
from fallow.analysis.people import OUTCOMES, UNKNOWN
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Counted, counting
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
from fallow.register.counted import Voices

_COLUMNS = {"casualties": OUTCOMES, "date_uncertain": OUTCOMES, **{one: (one,) for one in OUTCOMES}}
_CALENDAR = {"year": re.compile(r"[0-9]{4}"), "month": re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")}
_DIGITS = {"year": 4, "month": 7}
_ADULT = 18

Group = Literal["elsewhere", "other line", "counted", "other outcome", "outside", "uncertain"]
"""Where a person belongs: the first that holds, in this order."""


@counting("casualties")
def count(
    asked: Asked,
    measure: str | None,
    at: Sequence[str],
    since: str | None = None,
    until: str | None = None,
    year: int | str | None = None,
    by: Sequence[str] | str = (),
    place: str | None = None,
) -> Counted | None:
    """The number, or ``None`` where the table has to be made: a share, a line not there, accidents."""
    period, dimensions = Period.of(since, until, year), dimensions_of(by)
    measures = {one.name: one for one in measures_of(dimensions)}
    chosen = measure or "casualties"
    if chosen not in _COLUMNS or "victim" not in asked.register.model.kinds or _accidents(asked):
        return None
    people = _People.of(asked.register.model)
    in_place, in_line = people.in_place(place), people.in_line(dimensions, at)
    if in_place is None or in_line is None:
        return None
    groups = list(people.groups(in_place, in_line, period, _COLUMNS[chosen]))
    added = asked.view.add_up("victim", [condition for _, condition in groups])
    if added is None or not added.inputs.records:
        return None
    voices: dict[Group, Voices] = {}
    for (group, _), found in zip(groups, added.groups, strict=False):
        voices[group] = found
    many = {group: sum(found.values()) for group, found in voices.items()}
    there = added.inputs.records - many.get("elsewhere", 0)
    in_table = sum(many.get(group, 0) for group in _IN_TABLE)
    if not there or (at and not in_table):
        return None
    wanted: Group = "uncertain" if chosen == "date_uncertain" else "counted"
    return Counted(
        keys=tuple(dimension_key(asked.register.model, name) for name in dimensions),
        measure=measures[chosen],
        value=many.get(wanted, 0),
        uncertain=None if chosen == "date_uncertain" else many.get("uncertain", 0),
        said_by=tuple(added.said_by(voices.get(wanted, {}))),
        inputs=added.inputs,
    )


_IN_TABLE: tuple[Group, ...] = ("counted", "other outcome", "uncertain")
"""Whoever is in one of these has a line in the table, if with a nought in the column that is asked."""


def _accidents(asked: Asked) -> bool:
    return "accident" in asked.register.model.kinds and asked.view.count("accident") > 0


@dataclass(frozen=True, slots=True)
class _People:
    """What may be asked of a person's row: the same as :mod:`~fallow.analysis.casualties` reads from it."""

    there: frozenset[str]
    dated: Dated | None
    outcomes: frozenset[str]
    """The codes an outcome may have; empty where it has no list."""

    @classmethod
    def of(cls, model: Model) -> _People:
        victim = model.kinds["victim"]
        there = frozenset(one.name for one in victim.stored)
        until = "date_until" if "date_until" in there else None
        outcome = victim.field("outcome")
        codes = model.codes(outcome) if outcome is not None and outcome.codes else ()
        return cls(
            there, Dated("date", until) if "date" in there else None, frozenset(one.code for one in codes)
        )

    def groups(
        self, in_place: Condition, in_line: Condition, period: Period, outcomes: Sequence[str]
    ) -> Iterator[tuple[Group, Condition]]:
        """The groups in their order, up to the one in which everybody is who is in none before."""
        inside, outside = self._sides(period)
        counted = self._outcome(outcomes)
        listed: tuple[tuple[Group, Condition], ...] = (
            ("elsewhere", failing(in_place)),
            ("other line", failing(in_line)),
            ("counted", all_of([inside, counted])),
            ("other outcome", inside if counted is not ALWAYS else NEVER),
            ("outside", outside),
            ("uncertain", ALWAYS),
        )
        for group, condition in listed:
            if condition is not NEVER:
                yield group, condition
            if condition is ALWAYS:
                return

    def _sides(self, period: Period) -> tuple[Condition, Condition]:
        """Whether all of a date lies in the period, and whether none of it; of all time all are inside."""
        if period.whole:
            return ALWAYS, NEVER
        if self.dated is None:
            return NEVER, NEVER
        return self.dated.inside(period.since, period.until), self.dated.outside(period.since, period.until)

    def _outcome(self, wanted: Sequence[str]) -> Condition:
        if wanted == OUTCOMES and self.outcomes and self.outcomes <= frozenset(OUTCOMES):
            return ALWAYS
        return any_of(self._reads("outcome", one) for one in wanted)

    def in_place(self, place: str | None) -> Condition | None:
        """Whether a person is of a place by any of its names; ``None`` where no condition can say it."""
        return ALWAYS if place is None else reads_as([one for one in PLACES if one in self.there], place)

    def in_line(self, dimensions: Sequence[str], at: Sequence[str]) -> Condition | None:
        """Whether a person belongs in a line; ``None`` where no table can have it."""
        if not at:
            return ALWAYS
        if len(at) != len(dimensions) or "" in at:
            return None
        parts = [self._dimension(name, value) for name, value in zip(dimensions, at, strict=True)]
        told = [one for one in parts if one is not None]
        return all_of(told) if len(told) == len(parts) else None

    def _dimension(self, name: str, value: str) -> Condition | None:
        if name in _CALENDAR:
            if value == UNKNOWN:
                return ALWAYS if self.dated is None else self.dated.in_no_one(_DIGITS[name])
            if not _CALENDAR[name].fullmatch(value):
                return None
            return NEVER if self.dated is None else self.dated.all_in(value)
        return self._age(value) if name == "age" else self._reads(DIMENSIONS[name], value)

    def _age(self, value: str) -> Condition:
        """The group of an age: as it is told, else as the age in years tells it."""
        silent = self._has("age_group", None, UNKNOWN)
        if value == UNKNOWN:
            return any_of([self._has("age_group", ""), all_of([silent, self._has("age", None)])])
        by_years = {"under_18": below, "18_and_over": from_on}.get(value)
        if by_years is None or "age" not in self.there:
            return self._has("age_group", value)
        return any_of([self._has("age_group", value), all_of([silent, by_years("age", _ADULT)])])

    def _reads(self, name: str, value: str) -> Condition:
        """Whether a field reads so in the table: what is unknown may be stored as that, or not be said."""
        return self._has(name, *((UNKNOWN, "", None) if value == UNKNOWN else (value,)))

    def _has(self, name: str, *wanted: str | None) -> Condition:
        if name in self.there:
            return among(name, wanted)
        return ALWAYS if None in wanted else NEVER
