"""Step 3, donors: land released and people who gain from it, by who paid for the work.

The donor of a release is the one its report names, else that of the activity it rests on, else that of the
task. What names no donor is a line of its own and never shared out. Land is what the books took out of stock
(:mod:`~fallow.analysis.books.balance`): so the lines of donors add up to the books of the same period, and
battle area and mined area stay apart (rule R9). Direct and indirect beneficiaries are never added (rule R10).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np

from fallow.analysis.books.balance import account, cell_key, notes, within
from fallow.analysis.books.history import UNKNOWN
from fallow.analysis.books.journal import LINES
from fallow.analysis.books.table import RELEASED
from fallow.analysis.parameters import Day, Takes, Year
from fallow.analysis.period import Period
from fallow.analysis.registry import Asked, Found, analysis
from fallow.analysis.result import Key
from fallow.analysis.tally import (
    Tally,
    coded,
    dimensions_of,
    levels_of,
    measures,
    number,
    organisations,
    text_of,
)
from fallow.register import Record

BANDS = ("women", "men", "girls", "boys")
DIMENSIONS = ("donor", "operator", "province", "place", "release")

By = Annotated[Sequence[str] | str, Takes("some", DIMENSIONS, "analysis.by.")]

_LAND = (*RELEASED, "released", "date_uncertain", "releases")
_PEOPLE = ("direct", *BANDS, "indirect", "releases", "silent", "date_uncertain")
_FIELDS = {
    "operator": "organisation",
    "province": "admin1",
    "place": "admin2",
    "release": "release_type",
}


@analysis("donor_land")
def donor_land(asked: Asked, since: Day = None, until: Day = None, year: Year = None) -> Found:
    """Land cancelled, reduced and cleared in a period by donor; what names no donor is a line of its own.

    Parameters
    ----------
    since, until, year
        The period in which the land was released.
    """
    period = within(asked, Period.of(since, until, year))
    booked = account(asked)
    donors = donors_of(asked)
    story, columns = booked.story, booked.columns
    cells = list(booked.journal.cells)
    tally = Tally(_LAND, (1, 2), frozenset(_LAND))
    named: set[tuple[str, str, str]] = set()
    moved = (columns.cause >= 0) & (columns.day >= period.since) & (columns.day <= period.until)
    for row in np.flatnonzero(moved).tolist():
        line = LINES[int(columns.line[row])]
        if line not in RELEASED:
            continue
        release = story.releases[int(columns.cause[row])]
        key = (cells[int(columns.cell[row])][0], donors.get(release.id, UNKNOWN))
        m2 = -int(columns.m2[row])
        if str(columns.low[row]) < period.since or str(columns.high[row]) > period.until:
            tally.add(key, release.id, date_uncertain=m2)
            continue
        first = (*key, release.id) not in named
        named.add((*key, release.id))
        tally.add(key, release.id, **{line: m2}, released=m2, releases=int(first))
    return Found(
        keys=(cell_key(asked, booked.journal, 0), organisations(asked, "donor", "analysis.no_donor")),
        measures=measures(
            _LAND, "analysis.land.", dict.fromkeys((*RELEASED, "released", "date_uncertain"), "m2")
        ),
        lines=tally.lines(),
        notes=(
            ("analysis.note.donors", {}),
            ("analysis.note.donor_releases", {}),
            ("books.note.never_added", {}),
            *notes(booked, together=True),
        ),
        sums=(("released", RELEASED),),
    )


@analysis("land_beneficiaries")
def land_beneficiaries(
    asked: Asked, since: Day = None, until: Day = None, year: Year = None, by: By = ("donor",)
) -> Found:
    """Beneficiaries that signed releases state, by donor, operator, place or method.

    Parameters
    ----------
    since, until, year
        The period in which the land was released.
    by
        Names of :data:`DIMENSIONS`, a list or separated by commas; by donor when empty.
    """
    period = Period.of(since, until, year)
    dimensions = dimensions_of(by, DIMENSIONS, "land_beneficiaries")
    donors = donors_of(asked)
    tally = Tally(_PEOPLE, levels_of(dimensions), frozenset({"releases", "silent", "date_uncertain"}))
    for one in asked.records("land_release"):
        if one.fields.get("release_status") != "released":
            continue
        date = one.fields.get("date") or one.fields.get("decided_on")
        side = period.side(date)
        key = [
            donors.get(one.id, UNKNOWN) if name == "donor" else text_of(one.fields.get(_FIELDS[name]))
            for name in dimensions
        ]
        if side == "uncertain":
            tally.add(key, one.id, date_uncertain=1)
        elif side == "inside":
            bands = {name: number(one.fields.get(f"beneficiaries_{name}")) for name in BANDS}
            told = [count for count in bands.values() if count is not None]
            indirect = number(one.fields.get("beneficiaries_indirect"))
            silent = int(not told and indirect is None)
            direct = sum(told) if told else None
            tally.add(key, one.id, releases=1, silent=silent, direct=direct, indirect=indirect, **bands)
    return Found(
        keys=tuple(_key(asked, one) for one in dimensions),
        measures=measures(_PEOPLE, "analysis.land."),
        lines=tally.lines(),
        notes=(("analysis.note.donors", {}), ("analysis.note.land_direct_indirect", {})),
        sums=(("direct", BANDS),),
    )


def donors_of(asked: Asked) -> Mapping[str, str]:
    """The donor of each release that has one: its own, else that of its activity, else of a task."""
    of: dict[str, Mapping[str, Record]] = {
        kind: {one.id: one for one in asked.records(kind)} for kind in ("task", "activity")
    }
    found = {}
    for one in asked.records("land_release"):
        activity = of["activity"].get(str(one.fields.get("activity")))
        chain = [one, *([activity] if activity else [])]
        task = next((each.fields["task"] for each in chain if each.fields.get("task")), None)
        chain += [of["task"][str(task)]] if str(task) in of["task"] else []
        donor = next((each.fields["donor"] for each in chain if each.fields.get("donor")), None)
        if donor:
            found[one.id] = str(donor)
    return found


def _key(asked: Asked, dimension: str) -> Key:
    if dimension in ("donor", "operator"):
        none = "analysis.no_donor" if dimension == "donor" else "analysis.unknown"
        return organisations(asked, dimension, none)
    return coded(asked, dimension, "land_release", _FIELDS[dimension])
