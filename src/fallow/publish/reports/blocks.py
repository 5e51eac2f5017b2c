"""Step 4, treaty: forms that several treaty reports share: land, warning, education, victims.

Each is a run of blocks for one calendar year; ``keep`` says which lines of land a report is about, and
``prefix`` begins the ids of its tables, so that a sheet is called like its form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fallow.analysis import Line
from fallow.publish.builders import Made, Making
from fallow.publish.publication import Block, Column, Table
from fallow.publish.reports.forms import (
    LAND,
    PEOPLE,
    begun,
    by_hand,
    chart,
    contamination_of,
    end_of,
    form,
    heading,
    paragraph,
    text,
    year_of,
)
from fallow.words import catalogue

STEPS = (
    "opening",
    "newly_identified",
    "corrected",
    "reclassified",
    "cancelled",
    "reduced",
    "cleared",
    "date_uncertain",
    "closing",
)
"""The columns of the books of a year, in the order a waterfall draws them."""

RELEASED = ("cancelled", "reduced", "cleared", "date_uncertain")


def article7_of(
    making: Making,
    name: str,
    year: int | str,
    forms: Callable[[Making, int], Iterator[Block]],
) -> Made:
    """The Article 7 report of a convention for a calendar year: its title, what it is, and its forms.

    ``name`` begins the keys of its words; a year that has not begun in the register is refused.
    """
    of = year_of(year)
    begun(making, f"{of}-01-01")
    return Made(
        title=catalogue()[f"publish.{name}"],
        subtitle=text("publish.year", year=of),
        blocks=(paragraph(f"publish.{name}.about", year=of), *forms(making, of)),
    )


def left_to_hand(name: str, letters: str) -> Iterator[Block]:
    """Forms that only an authority's own files can fill, each empty under its heading."""
    for letter in letters:
        yield heading(f"publish.{name}.form_{letter}")
        yield by_hand(f"{letter}_form", f"publish.{name}.form_{letter}")


def form_c(making: Making, year: int, keep: Callable[[Line], bool], prefix: str = "c") -> Iterator[Block]:
    """Land that stands at the end of a year, by class and place and by type, as forms of a treaty ask."""
    making.run("stock", "books", year=year, by="class,province")
    making.run("stock_type", "books", year=year, by="class,ordnance")
    measures = ("closing_hazards", "closing", "closing_no_area")

    def stands(line: Line) -> bool:
        return keep(line) and bool(line.values["closing"] or line.values["closing_hazards"])

    laid = Column("date_laid", catalogue()["publish.forms.date_laid"], "date", hxl="#date+laid", fields=())
    yield form(
        making,
        "stock",
        id=f"{prefix}_areas",
        title="publish.forms.areas",
        kinds=LAND,
        period=str(year),
        keep=stands,
        measures=measures,
        notes=(end_of(making, year), "publish.note.date_laid"),
        extra=(laid,),
    )
    yield form(
        making,
        "stock_type",
        id=f"{prefix}_types",
        title="publish.forms.types",
        kinds=LAND,
        period=str(year),
        keep=stands,
        measures=measures,
        notes=(end_of(making, year),),
        own_notes=False,
    )


def land_year(making: Making, year: int, keep: Callable[[Line], bool], prefix: str) -> Iterator[Block]:
    """Land released in a year by method and place, and the books of each kind of contamination."""
    result = making.run("released", "books", year=year, by="province")

    def moved(line: Line) -> bool:
        return keep(line) and any(line.values[one] for one in RELEASED)

    yield form(
        making,
        "released",
        id=f"{prefix}_released",
        title="publish.forms.released",
        kinds=LAND,
        period=str(year),
        keep=moved,
        measures=RELEASED,
        notes=("publish.note.signed_only",),
        own_notes=False,
    )
    yield from year_books(making, "released", contamination_of(result), keep, prefix)


def year_books(
    making: Making,
    name: str,
    contamination: tuple[str, ...],
    keep: Callable[[Line], bool],
    prefix: str,
) -> Iterator[Block]:
    """The books of a period for each kind of contamination, a line and a waterfall each."""
    result = making.results[name]
    labels = next((key.values for key in result.keys if key.name == "contamination"), {})
    for kind in contamination:

        def of(line: Line, kind: str = kind) -> bool:
            return line.key == (kind,) and keep(line)

        books = form(
            making,
            name,
            id=f"{prefix}_books_{kind}",
            title=text("publish.forms.books", of=labels.get(kind, {"en": kind})),
            kinds=LAND,
            keep=of,
            measures=STEPS,
            zeros=True,
            own_notes=False,
        )
        if isinstance(books, Table) and books.rows:
            yield books
            yield from chart(books, "waterfall", "contamination", STEPS, "publish.about.waterfall")


def warning(making: Making, year: int, prefix: str, by: str, keep: Callable[[Line], bool]) -> Iterator[Block]:
    """How the areas of a treaty that stand at the end of the year are marked, and signs put up in it."""
    making.run("marking", true=f"{year}-12-31", by=by)
    making.run("signs", year=year)
    yield form(
        making,
        "marking",
        id=f"{prefix}_marking",
        title="publish.forms.marking",
        kinds=LAND,
        period=str(year),
        keep=keep,
        notes=(end_of(making, year),),
    )
    yield form(
        making,
        "signs",
        id=f"{prefix}_signs",
        title="publish.forms.signs",
        kinds=("activity",),
        period=str(year),
    )


def education(making: Making, year: int, prefix: str) -> Iterator[Block]:
    """Risk education in a year by sex and age, by place, and with disability where it was recorded."""
    making.run("education", year=year)
    making.run("education_place", "education", year=year, by="province")
    making.run("education_people", year=year)
    for name, id, title in (
        ("education", "education", "publish.forms.education"),
        ("education_place", "education_place", "publish.forms.education_place"),
        ("education_people", "education_people", "publish.forms.education_people"),
    ):
        yield form(
            making,
            name,
            id=f"{prefix}_{id}",
            title=title,
            kinds=("education_session",),
            period=str(year),
            own_notes=name != "education_place",
        )


def victims(making: Making, year: int, prefix: str) -> Iterator[Block]:
    """Casualties of a year by sex and age, status and device; survivors and referral; services."""
    for name, by in (("sex_age", "sex,age"), ("status", "status"), ("device", "device")):
        making.run(f"casualties_{name}", "casualties", year=year, by=by)
        yield form(
            making,
            f"casualties_{name}",
            id=f"{prefix}_casualties_{name}",
            title=f"publish.forms.casualties_{name}",
            kinds=PEOPLE,
            period=str(year),
            own_notes=name == "sex_age",
        )
    yield from assisted(making, year, prefix)


def assisted(making: Making, year: int, prefix: str) -> Iterator[Block]:
    """Survivors of a year by sex, age and disability with their referral, and services given in it."""
    making.run("survivors", year=year, by="sex,age,disability")
    yield form(
        making,
        "survivors",
        id=f"{prefix}_survivors",
        title="publish.forms.survivors",
        kinds=PEOPLE,
        period=str(year),
    )
    making.run("assistance", year=year, by="service")
    making.run("assistance_people", "assistance", year=year, by="sex,age")
    for name in ("assistance", "assistance_people"):
        yield form(
            making,
            name,
            id=f"{prefix}_{name}",
            title=f"publish.forms.{name}",
            kinds=("assistance",),
            period=str(year),
        )
