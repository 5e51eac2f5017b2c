"""Step 3, education: explosive ordnance risk education, sessions and who was there, by sex and age.

*Attendance is not people*: who came to two sessions counts twice, and no number here says how many different
people were reached (rule R10). Direct and indirect education are never added, so the kind of education is
always the first dimension and there is no total over it. Where a session says only how many came, they are of
unknown sex and age; where its bands say more than its total, the bands stand. What nobody recorded is empty,
never nought. ``reach`` is what a broadcast or poster is estimated to have reached and is no attendance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fallow.analysis.parameters import Day, Takes, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key
from fallow.analysis.tally import (
    CALENDAR,
    PLACE,
    Tally,
    coded,
    dimensions_of,
    levels_of,
    measures,
    number,
    organisations,
    text_of,
    within,
)
from fallow.register import Record

DIMENSIONS = ("province", "place", "method", "audience", "operator", "donor", "year", "month")

BANDS = ("women", "men", "girls", "boys")

By = Annotated[Sequence[str] | str, Takes("some", DIMENSIONS, "analysis.by.")]

_COUNTED = frozenset({"sessions", "silent", "date_uncertain"})
_MEASURES = ("sessions", "attendance", *BANDS, "unknown", "reach", "silent", "date_uncertain")
_FIELDS = {
    **PLACE,
    "method": "education_method",
    "audience": "audience",
    "operator": "organisation",
    "donor": "donor",
}


@analysis("education")
def education(asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ()) -> Found:
    """Risk education sessions and attendance by sex and age, direct and indirect apart.

    Parameters
    ----------
    since, until, year
        The period in which the sessions were held.
    by
        Names of :data:`DIMENSIONS` after the kind of education, a list or separated by commas.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "education")
    tally = Tally(_MEASURES, levels_of(("type", *dimensions), 1), _COUNTED)
    for one in asked.records("education_session"):
        held = number(one.fields.get("sessions_held")) or 1
        key = key_of(one, dimensions)
        side = period.side(*dates_of(one))
        if side == "uncertain":
            tally.add(key, one.id, date_uncertain=held)
        elif side == "inside":
            came = attendance(one.fields)
            silent = held if came is None else 0
            reach = number(one.fields.get("estimated_reach"))
            tally.add(key, one.id, sessions=held, silent=silent, reach=reach, **(came or {}))
    return Found(
        keys=keys_of(asked, dimensions),
        measures=measures(_MEASURES, "analysis.education."),
        lines=tally.lines(),
        notes=(("analysis.note.attendance", {}), ("analysis.note.direct_indirect", {})),
        sums=(("attendance", (*BANDS, "unknown")),),
    )


@analysis("education_people", people=True)
def education_people(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ()
) -> Found:
    """Persons with disabilities and first-time participants in risk education, where a session recorded them.

    Parameters
    ----------
    since, until, year
        The period in which the sessions were held.
    by
        Names of :data:`DIMENSIONS` after the kind of education, a list or separated by commas.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "education_people")
    names = ("with_disability", "first_time")
    tally = Tally(names, levels_of(("type", *dimensions), 1), frozenset())
    for one in asked.records("education_session"):
        if period.side(*dates_of(one)) == "inside":
            told = {name: number(one.fields.get(name)) for name in names}
            tally.add(key_of(one, dimensions), one.id, **told)
    return Found(
        keys=keys_of(asked, dimensions),
        measures=measures(names, "analysis.education."),
        lines=tally.lines(),
        notes=(("analysis.note.where_recorded", {}), ("analysis.note.direct_indirect", {})),
    )


def attendance(fields: Mapping[str, Any]) -> dict[str, int | None] | None:
    """Who came to a session by band, ``unknown`` and in all; ``None`` where nobody recorded how many."""
    bands = {name: number(fields.get(f"beneficiaries_{name}")) for name in BANDS}
    stated = number(fields.get("beneficiaries"))
    other = number(fields.get("beneficiaries_unknown"))
    if stated is None and other is None and all(one is None for one in bands.values()):
        return None
    known = sum(one for one in bands.values() if one is not None)
    unknown = max((stated or 0) - known, other or 0)
    return {**bands, "unknown": unknown, "attendance": known + unknown}


def dates_of(record: Record) -> tuple[str | None, str | None]:
    """First and last day of a session or campaign."""
    return record.fields.get("date"), record.fields.get("end_date")


def key_of(record: Record, dimensions: Sequence[str]) -> list[str]:
    """The kind of education and the other dimensions of a session."""
    date, until = dates_of(record)
    return [
        text_of(record.fields.get("education_type")),
        *(
            within(date, until, CALENDAR[one])
            if one in CALENDAR
            else text_of(record.fields.get(_FIELDS[one]))
            for one in dimensions
        ),
    ]


def keys_of(asked: Asked, dimensions: Sequence[str]) -> tuple[Key, ...]:
    """The columns that say what education a line is about."""
    found = [coded(asked, "type", "education_session", "education_type", "analysis.by.education")]
    for one in dimensions:
        if one in ("operator", "donor"):
            found.append(
                organisations(asked, one, "analysis.no_donor" if one == "donor" else "analysis.unknown")
            )
        else:
            found.append(coded(asked, one, "education_session", _FIELDS.get(one, "")))
    return tuple(found)
