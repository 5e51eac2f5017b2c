"""Step 3, who was harmed: victims, and the casualties of accidents that nobody has named (rule R8).

An accident says how many were killed, injured or of unknown fate; its victim records are those of them
somebody wrote down. The rest count too, as people of unknown sex, age and status:
``killed + injured + unknown = victims recorded + unnamed``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fallow.analysis.registry import Asked
from fallow.analysis.result import Fields

UNKNOWN = "unknown"
OUTCOMES = ("killed", "injured", UNKNOWN)
SHARED = ("device", "admin1", "admin2", "admin1_code", "admin2_code")
"""What an accident fills in where a victim's record is silent."""
_DATES = ("date", "date_until")
COUNTED = {"killed": "killed", "injured": "injured", UNKNOWN: "casualties_unknown"}
"""By outcome, the field in which an accident counts it."""


def fields_of(name: str) -> Fields:
    """The fields behind what is told of a person: the victim's own, and what the accident fills in."""
    return (("victim", name), ("accident", name)) if name in (*SHARED, *_DATES) else (("victim", name),)


class Told(Protocol):
    """What is read of a record here."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Its values by field name."""


@dataclass(frozen=True, slots=True)
class Harmed:
    """One person, or several of one accident that nobody told apart."""

    record: str
    """The victim record, or the accident's for those without one."""
    outcome: str
    date: str | None
    until: str | None
    """Last possible day, where only a span is known."""
    count: int
    fields: Mapping[str, Any]
    named: bool

    def within(self, digits: int) -> str:
        """The year (4) or month (7) in which all of its date lies; unknown where it may lie in another."""
        date = (self.date or "")[:digits]
        return date if len(date) == digits and (self.until or date)[:digits] == date else UNKNOWN


def harmed(asked: Asked, only: Sequence[str] | None = None) -> Iterator[Harmed]:
    """Everybody harmed as the view has it, in order of record.

    ``only`` names the fields that are needed besides dates and outcome: reading few is several times faster.
    """
    accidents: dict[str, Told] = {}
    victims: Sequence[Told]
    if only is None:
        accidents.update((one.id, one) for one in asked.records("accident"))
        victims = asked.records("victim")
    else:
        shared = [name for name in SHARED if name in only]
        told = [*_DATES, *COUNTED.values(), *shared]
        accidents.update((one.id, one) for one in asked.plain("accident", told))
        ages = ["age"] if "age_group" in only else []
        victims = asked.plain("victim", list(dict.fromkeys(["accident", "outcome", *_DATES, *only, *ages])))
    recorded: dict[str, dict[str, int]] = {}
    for victim in victims:
        accident = accidents.get(str(victim.fields.get("accident")))
        outcome = str(victim.fields.get("outcome") or UNKNOWN)
        if accident is not None:
            of = recorded.setdefault(accident.id, dict.fromkeys(OUTCOMES, 0))
            of[outcome] = of.get(outcome, 0) + 1
        yield Harmed(victim.id, outcome, *_dates(victim, accident), 1, _fields(victim, accident), named=True)
    for accident in accidents.values():
        yield from _unnamed(accident, recorded.get(accident.id, {}))


def alone(victim: Told) -> Harmed:
    """A victim that no accident tells more about."""
    outcome = str(victim.fields.get("outcome") or UNKNOWN)
    return Harmed(victim.id, outcome, *_dates(victim, None), 1, _fields(victim, None), named=True)


def _dates(victim: Told, accident: Told | None) -> tuple[str | None, str | None]:
    """The victim's own date and last possible day, else those of the accident."""
    of = victim if victim.fields.get("date") or accident is None else accident
    return of.fields.get("date"), of.fields.get("date_until")


def _fields(victim: Told, accident: Told | None) -> dict[str, Any]:
    """What is known of a victim; the accident fills in place and device where the record is silent."""
    fields = dict(victim.fields)
    if accident is not None:
        for name in SHARED:
            if fields.get(name) is None:
                fields[name] = accident.fields.get(name)
    if fields.get("age_group") in (None, UNKNOWN) and fields.get("age") is not None:
        fields["age_group"] = "under_18" if fields["age"] < 18 else "18_and_over"
    return fields


def _unnamed(accident: Told, recorded: Mapping[str, int]) -> Iterator[Harmed]:
    """Those an accident counts beyond its victim records.

    A victim whose fate is not recorded is one of the accident's casualties all the same, so those records
    are set against what is left of the counts, in order.
    """
    left = {one: int(accident.fields.get(COUNTED[one]) or 0) - recorded.get(one, 0) for one in OUTCOMES}
    over = sum(-count for count in left.values() if count < 0)
    for outcome in OUTCOMES:
        count = max(left[outcome], 0)
        taken = min(count, over)
        over -= taken
        if count - taken:
            fields = {name: accident.fields.get(name) for name in SHARED}
            yield Harmed(accident.id, outcome, *_dates(accident, None), count - taken, fields, named=False)
