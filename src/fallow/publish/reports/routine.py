"""Step 4, routine: the monthly bulletin and the donor table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fallow.analysis import Line
from fallow.publish.builders import Made, Making, publication
from fallow.publish.publication import Block
from fallow.publish.reports.forms import LAND, PEOPLE, begun, form, heading, paragraph, text
from fallow.words import catalogue

WORK = ("ordnance_find", "activity", "land_release")


@publication("monthly_bulletin", version=1)
def monthly_bulletin(making: Making, *, month: str) -> Made:
    """The bulletin of a month: land released, items, accidents, casualties and education, with the changes.

    Parameters
    ----------
    month
        ``2024-03``.
    """
    of = str(month).strip()
    making.run("month_accidents", month=of)  # refuses what is no month before anything else is asked
    begun(making, f"{of}-01")
    return Made(
        title=catalogue()["publish.monthly_bulletin"],
        subtitle=text("publish.month", month=of),
        blocks=tuple(_bulletin(making, of)),
    )


def _bulletin(making: Making, month: str) -> Iterator[Block]:
    yield paragraph("publish.monthly_bulletin.about")
    for name, kinds in (
        ("month_land", LAND),
        ("month_items", WORK),
        ("month_accidents", ("accident",)),
        ("month_casualties", PEOPLE),
        ("month_education", ("education_session",)),
    ):
        result = making.run(name, month=month)
        yield heading(f"analysis.{name}")
        yield form(making, name, title=result.title, kinds=kinds, period=month)


@publication("donor_table", version=1)
def donor_table(
    making: Making,
    *,
    since: str | None = None,
    until: str | None = None,
    year: int | str | None = None,
) -> Made:
    """Land released, items and beneficiaries by donor; what names no donor is a row of its own.

    Parameters
    ----------
    since, until, year
        The period: ISO dates (partial ones mean all of it), or a calendar year; all of time when empty.
    """
    asked = {name: value for name, value in (("since", since), ("until", until), ("year", year)) if value}
    period = str(year or "/".join(str(one or "") for one in (since, until)).strip("/"))
    return Made(
        title=catalogue()["publish.donor_table"],
        subtitle=text("publish.period", period=period) if period else {},
        blocks=tuple(_donors(making, asked, period)),
    )


def _donors(making: Making, asked: Mapping[str, Any], period: str) -> Iterator[Block]:
    yield paragraph("publish.donor_table.about")
    making.run("donor_land", **asked)
    making.run("donor_items", "ordnance", by="donor,category", **asked)
    making.run("donor_destroyed", "destroyed", by="donor,category", **asked)
    making.run("donor_beneficiaries", "land_beneficiaries", by="donor", **asked)
    making.run("donor_education", "education", by="donor", **asked)

    def whole(line: Line) -> bool:
        return bool(line.key)

    for name, kinds in (
        ("donor_land", ("land_release",)),
        ("donor_items", WORK),
        ("donor_destroyed", WORK),
        ("donor_beneficiaries", ("land_release",)),
        ("donor_education", ("education_session",)),
    ):
        keep = whole if name == "donor_land" else None
        title = f"publish.forms.{name}"
        yield form(making, name, title=title, kinds=kinds, period=period, keep=keep)
