"""A small programme with land and people, and a publication with every kind of block, for documents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fallow.analysis import run
from fallow.publish.publication import (
    Absent,
    Cell,
    Chart,
    Figure,
    Heading,
    Paragraph,
    Publication,
    Signatory,
    Signatures,
)
from fallow.publish.results import of_results
from fallow.words import LANGUAGES, Text
from fixtures_books import Country

HOSTILE = (
    '#import "x" #read("/etc/passwd") $x^2$ @y *bold* _it_ `raw` [a](b) <script>alert(1)</script> & \\ //c'
)
"""What would mean something to typst, to HTML, to Markdown or to Word if it were not set as data."""

YEARS = {"2021": (3, 5), "2022": (12, 31), "2023": (7, 1043), "2024": (21, 18)}
"""Killed and injured by year, in accidents that name nobody."""


def programme(folder: Path) -> Country:
    """Two hazards, a release and an accident a year; everything known by the end of its year."""
    made = Country(folder)
    made.hazard(
        "H-1", "2021-03-02", [(0, 0, 4, 4)], contamination="mined_area", admin1="North", learned="2021-03-02"
    )
    made.hazard(
        "H-2",
        "2022-05-01",
        [(10, 0, 12, 3)],
        contamination="mined_area",
        admin1="South",
        learned="2022-05-01",
    )
    for year, (killed, injured) in YEARS.items():
        day = f"{year}-06-15"
        made.says(
            "accident",
            f"A-{year}",
            day,
            learned=day,
            code=f"A-{year}",
            date=day,
            accident_type="mine",
            killed=killed,
            injured=injured,
        )
    return made


def all_languages(words: str) -> Text:
    """The same words in every language, where a test does not care."""
    return dict.fromkeys(LANGUAGES, words)


def publication(country: Country, **changed: object) -> Publication:
    """Every kind of block, with numbers from three results."""
    register = country.register
    results = {
        "casualties": run("casualties", register, by="year"),
        "vintages": run("vintages", register),
        "books": run("books", register, each="year"),
    }
    base = of_results(results, register)
    years, vintages, books = base.tables
    total = results["casualties"].value("casualties")
    words = {
        "en": "In all {total} people were harmed, {killed} of them killed in 2023.",
        "fr": "En tout, {total} personnes ont été touchées, dont {killed} tuées en 2023.",
        "es": "En total {total} personas resultaron afectadas, {killed} de ellas muertas en 2023.",
        "ru": "Всего пострадали {total} человек, из них {killed} погибли в 2023 году.",
        "uk": "Усього постраждали {total} осіб, з них {killed} загинули у 2023 році.",
        "az": "Ümumilikdə {total} nəfər zərər çəkib, onlardan {killed} nəfəri 2023-cü ildə həlak olub.",
        "ar": "تضرر {total} شخصاً إجمالاً، قُتل منهم {killed} في 2023.",
    }
    blocks = (
        Heading({lang: text.split("{")[0].strip(" ,") or lang for lang, text in words.items()}, 1),
        Paragraph(
            words,
            {
                "total": Cell(total, Figure("casualties", "casualties")),
                "killed": Cell(
                    results["casualties"].value("killed", "2023"), Figure("casualties", "killed", ("2023",))
                ),
            },
        ),
        years,
        Chart(
            "outcomes",
            years.id,
            "stack",
            "year",
            ("killed", "injured"),
            all_languages("Outcomes"),
            all_languages("Bars for each year"),
        ),
        Heading(all_languages("2"), 2),
        vintages,
        books,
        Absent("form_b", all_languages("Form B"), all_languages("No stockpiles are kept in this register.")),
        Signatures(
            (
                Signatory("Nino O'Test-Name", "Invented Authority", "Director", "2025-01-31", 7),
                Signatory("محمد تجريبي", "هيئة مختلقة", "مدير", "2025-02-01", 8),
            )
        ),
    )
    made = replace(
        base,
        title={**base.title, "en": "Printed for a test", "ar": "مطبوع للتجربة"},
        subtitle=all_languages("A subtitle"),
        blocks=blocks,
        issued="2025-02-03",
    )
    return replace(made, **changed)  # type: ignore[arg-type]
