"""Step 4, treaty: indicators of the action plans, and the casualty table of the Monitor.

The action plans ask for remaining land by class with size and type, progress by method, education by sex, age
and disability, and victims by sex, age and disability with referral. The Monitor asks for casualties by
outcome, civil status, age, sex and device, with percentages over the known, and keeps what was said of a year
in each later year.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fallow.analysis import Line
from fallow.errors import FallowError
from fallow.publish.builders import Made, Making, publication
from fallow.publish.publication import Absent, Block, Table
from fallow.publish.reports.blocks import assisted, education
from fallow.publish.reports.forms import (
    LAND,
    PEOPLE,
    begun,
    chart,
    end_of,
    form,
    heading,
    missing,
    paragraph,
    text,
    year_of,
)
from fallow.words import catalogue

REMAINING = (
    "cancelled",
    "reduced",
    "cleared",
    "released",
    "remaining_sha",
    "remaining_cha",
    "remaining_other",
    "remaining",
    "remaining_sha_hazards",
    "remaining_cha_hazards",
    "remaining_other_hazards",
    "remaining_hazards",
)


@publication("action_plan", version=1)
def action_plan(making: Making, *, year: int | str, deadline: int | str | None = None) -> Made:
    """Indicators of the action plans of the Convention for a calendar year.

    Parameters
    ----------
    year
        The calendar year.
    deadline
        Last year in which the work is to end: adds what each year until then has to release.
    """
    of = year_of(year)
    begun(making, f"{of}-01-01")
    last = None if deadline in (None, "") else year_of(str(deadline))
    return Made(
        title=catalogue()["publish.action_plan"],
        subtitle=text("publish.year", year=of),
        blocks=tuple(_indicators(making, of, last)),
    )


def _indicators(making: Making, year: int, deadline: int | None) -> Iterator[Block]:
    yield heading("publish.action_plan.remaining")
    making.run("remaining", "books", year=year, by="class,ordnance")
    yield form(
        making,
        "remaining",
        title="publish.forms.remaining",
        kinds=LAND,
        period=str(year),
        keep=lambda line: bool(line.values["closing"] or line.values["closing_hazards"]),
        measures=("closing_hazards", "closing", "closing_no_area"),
        notes=(end_of(making, year),),
    )
    yield heading("publish.action_plan.progress")
    asked: dict[str, Any] = {} if deadline is None else {"deadline": deadline}
    making.run("progress", until=str(year), **asked)
    progress = form(
        making,
        "progress",
        title="publish.forms.progress",
        kinds=LAND,
        measures=(*REMAINING, *(("needed_per_year",) if deadline else ())),
        zeros=True,
        own_notes=False,
    )
    yield progress
    yield from _over_time(making)
    yield heading("publish.action_plan.education")
    yield from education(making, year, "plan")
    yield heading("publish.action_plan.victims")
    making.run("casualties_sex_age", "casualties", year=year, by="sex,age")
    yield form(
        making,
        "casualties_sex_age",
        id="plan_casualties",
        title="publish.forms.casualties_sex_age",
        kinds=PEOPLE,
        period=str(year),
    )
    yield from assisted(making, year, "plan")


def _over_time(making: Making) -> Iterator[Block]:
    """Progress and what remains, year by year, for each kind of contamination, and a picture of it."""
    result = making.results["progress"]
    labels = result.keys[1].values
    for kind in dict.fromkeys(line.key[1] for line in result.lines if len(line.key) == 2):

        def of(line: Line, kind: str = kind) -> bool:
            return len(line.key) == 2 and line.key[1] == kind

        over_time = form(
            making,
            "progress",
            id=f"progress_{kind}",
            title=text("publish.forms.over_time", of=labels.get(kind, {"en": kind})),
            kinds=LAND,
            keep=of,
            measures=("cancelled", "reduced", "cleared", "remaining_sha", "remaining_cha"),
            zeros=True,
            own_notes=False,
        )
        if isinstance(over_time, Table):
            yield over_time
            yield from chart(
                over_time, "lines", "year", ("remaining_sha", "remaining_cha"), "publish.about.over_time"
            )


@publication("monitor_casualties", version=1)
def monitor_casualties(
    making: Making,
    *,
    since: str | None = None,
    until: str | None = None,
    known_on: str | Sequence[str] = (),
) -> Made:
    """Casualties for the Landmine Monitor: by outcome, status, age, sex, device, and by vintage.

    Parameters
    ----------
    since, until
        First and last year or day; all of time when empty.
    known_on
        Days on which the vintages are asked; the ends of all years in which anything became known when empty.
    """
    if since:
        begun(making, f"{since}"[:4] + "-01-01")
    asked = {name: value for name, value in (("since", since), ("until", until)) if value}
    period = "/".join(str(one or "") for one in (since, until)).strip("/")
    return Made(
        title=catalogue()["publish.monitor_casualties"],
        subtitle={} if not period else text("publish.period", period=period),
        blocks=tuple(_casualties(making, asked, period, known_on)),
    )


def _casualties(
    making: Making, asked: dict[str, str], period: str, known_on: str | Sequence[str]
) -> Iterator[Block]:
    yield paragraph("publish.monitor_casualties.about")
    for name, by in (
        ("year", "year"),
        ("status", "status"),
        ("age", "age"),
        ("sex", "sex"),
        ("device", "device"),
        ("together", "status,age,sex"),
    ):
        making.run(f"by_{name}", "casualties", by=by, **asked)
        table = form(
            making,
            f"by_{name}",
            title=f"publish.forms.casualties_{name}",
            kinds=PEOPLE,
            period=period,
            own_notes=name == "year",
        )
        yield table
        if name == "year":
            yield from chart(
                table, "stack", "year", ("killed", "injured", "unknown"), "publish.about.casualties"
            )
    yield heading("publish.monitor_casualties.vintages")
    why = missing(making, PEOPLE)
    if why is not None:
        yield Absent("vintages", catalogue()["publish.forms.vintages"], why)
        return
    try:
        result = making.run("vintages", known_on=known_on, **asked)
    except FallowError as error:
        if error.code != "NOTHING_KNOWN":
            raise
        yield Absent(
            "vintages", catalogue()["publish.forms.vintages"], catalogue()["publish.why.nothing_known"]
        )
        return
    table = form(making, "vintages", title="publish.forms.vintages", kinds=PEOPLE, period=period)
    yield table
    days = tuple(one.name for one in result.measures)
    yield from chart(table, "triangle", "year", days, "publish.about.vintages")
