"""Step 3, assistance: services to victims from need to follow-up, and survivors with their referral.

*Assistance* counts records of services, each step in the period in which its own date lies: a need by the
day it was recorded, a referral, a service given, a follow-up. A step that the status tells and no date does
is "date uncertain" unless all of time is asked for. *Survivors* counts people injured, the unnamed of
accidents with them (rule R8), by sex, age and disability, and whether they were referred:
``survivors = referred + waiting + not wanted + unknown``. Personal fields are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fallow.analysis.parameters import Day, Takes, Year
from fallow.analysis.people import Harmed, fields_of, harmed
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key
from fallow.analysis.tally import (
    CALENDAR,
    PLACE,
    UNKNOWN,
    Tally,
    coded,
    dimensions_of,
    levels_of,
    measures,
    text_of,
    within,
)
from fallow.register import Record
from fallow.words import catalogue

SERVICE_DIMENSIONS = ("service", "sex", "age")
DIMENSIONS = ("sex", "age", "disability", "status", "device", "province", "place", "year")

_STEPS = ("needs", "referred", "provided", "followed_up", "lost")
_SURVIVORS = ("survivors", "referred", "waiting", "not_wanted", UNKNOWN, "date_uncertain")
_REFERRAL = {
    "made": "referred",
    "needed": "waiting",
    "no_service": "waiting",
    "not_needed": "not_wanted",
    "declined": "not_wanted",
}
_AFTER_REFERRAL = frozenset({"referred", "provided", "followed_up"})
_FIELDS = {
    **PLACE,
    "sex": "sex",
    "age": "age_group",
    "status": "civil_status",
    "device": "device",
}

ServiceBy = Annotated[Sequence[str] | str, Takes("some", SERVICE_DIMENSIONS, "analysis.by.")]
By = Annotated[Sequence[str] | str, Takes("some", DIMENSIONS, "analysis.by.")]


@analysis("assistance", people=True)
def assistance(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: ServiceBy = ("service",)
) -> Found:
    """Services to victims: needs recorded, referrals, services given, follow-up.

    Parameters
    ----------
    since, until, year
        The period in which each step was taken.
    by
        Names of :data:`SERVICE_DIMENSIONS`, a list or separated by commas; by service when empty.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, SERVICE_DIMENSIONS, "assistance")
    names = (*_STEPS, "date_uncertain")
    tally = Tally(names, levels_of(dimensions), frozenset(names))
    of_victim = {one.record: one.fields for one in harmed(asked) if one.named}
    for record in asked.records("assistance"):
        person = of_victim.get(str(record.fields.get("victim")), {})
        key = [
            text_of(record.fields.get("service") if one == "service" else person.get(_FIELDS[one]))
            for one in dimensions
        ]
        for step, date in _steps(record):
            side = period.side(date)
            if side != "outside":
                tally.add(key, record.id, **{step if side == "inside" else "date_uncertain": 1})
    return Found(
        keys=tuple(
            coded(asked, "service", "assistance", "service")
            if one == "service"
            else replace(coded(asked, one, "victim", _FIELDS[one]), fields=fields_of(_FIELDS[one]))
            for one in dimensions
        ),
        measures=measures(names, "analysis.assistance."),
        lines=tally.lines(),
        notes=(("analysis.note.services", {}),),
    )


def _steps(record: Record) -> Iterator[tuple[str, str | None]]:
    """The steps a record has taken, each with its own date where one is recorded."""
    of, status = record.fields, record.fields.get("status")
    yield "needs", of.get("need_date")
    if of.get("referral_date") or status == "referred":
        yield "referred", of.get("referral_date")
    if of.get("provided_date") or status in ("provided", "followed_up"):
        yield "provided", of.get("provided_date")
    if of.get("followed_up_date") or status == "followed_up":
        yield "followed_up", of.get("followed_up_date")
    if status == "lost":
        yield "lost", of.get("closed_on")


@analysis("survivors", people=True)
def survivors(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ("sex", "age")
) -> Found:
    """People injured in a period by sex, age and disability, and whether they were referred to a service.

    Parameters
    ----------
    since, until, year
        The period in which they were harmed.
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas; by sex and age when empty.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "survivors")
    tally = Tally(_SURVIVORS, levels_of(dimensions), frozenset(_SURVIVORS))
    referred = {
        str(one.fields.get("victim"))
        for one in asked.records("assistance")
        if one.fields.get("referral_date") or one.fields.get("status") in _AFTER_REFERRAL
    }
    for one in harmed(asked):
        side = period.side(one.date, one.until)
        if one.outcome != "injured" or side == "outside":
            continue
        key = [_value(one, name) for name in dimensions]
        if side == "uncertain":
            tally.add(key, one.record, date_uncertain=one.count)
        else:
            stated = _REFERRAL.get(str(one.fields.get("referral")), UNKNOWN)
            state = "referred" if one.record in referred else stated
            tally.add(key, one.record, survivors=one.count, **{state: one.count})
    return Found(
        keys=tuple(_key(asked, one) for one in dimensions),
        measures=measures(_SURVIVORS, "analysis.survivors."),
        lines=tally.lines(),
        notes=(("analysis.note.unknown_kept", {}), ("analysis.note.partial_dates", {})),
        sums=(("survivors", ("referred", "waiting", "not_wanted", UNKNOWN)),),
    )


def _value(one: Harmed, dimension: str) -> str:
    if dimension == "disability":
        return disability(one.fields)
    if dimension in CALENDAR:
        return within(one.date, one.until, CALENDAR[dimension])
    return text_of(one.fields.get(_FIELDS[dimension]))


def disability(fields: Mapping[str, Any]) -> str:
    """``yes``, ``no`` or ``unknown``: what the record says of impairments, of difficulties, of before."""
    told = [set(fields.get(name) or ()) for name in ("impairments", "functional_difficulties")]
    if any(one - {"none", UNKNOWN} for one in told) or fields.get("disability_before") is True:
        return "yes"
    return "no" if any("none" in one for one in told) else UNKNOWN


def _key(asked: Asked, dimension: str) -> Key:
    if dimension == "disability":
        words = catalogue()
        labels = {code: words[f"analysis.disability.{code}"] for code in ("yes", "no")}
        # yes, no and unknown are coarser than any field of a victim, and what treaties ask to be told
        return Key(
            "disability",
            words["analysis.by.disability"],
            {**labels, UNKNOWN: words["analysis.unknown"]},
            fields=(),
        )
    name = _FIELDS.get(dimension, "")
    return replace(coded(asked, dimension, "victim", name), fields=fields_of(name or "date"))
