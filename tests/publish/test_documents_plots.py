"""Plots: what is told is drawn and nothing else, from the side one reads from, and told apart in grey."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

import pytest
from fixtures_documents import HOSTILE, all_languages

from fallow.publish.publication import Cell, Chart, Column, Row, Table
from fallow.publish.writers import plots
from fallow.publish.writers.plots_frame import COLOURS, LIGHT, PAGE, WIDTH, Look
from fallow.words import LANGUAGES, say

SVG = "{http://www.w3.org/2000/svg}"
FORMS = ("bars", "stack", "lines", "waterfall", "triangle")


def table(*rows: tuple[str, int | None, int | None], total: bool = True) -> Table:
    columns = (
        Column("year", all_languages("Year")),
        Column("killed", all_languages("Killed"), "count"),
        Column("injured", all_languages("Injured"), "count"),
    )
    made = [Row(tuple(Cell(one) for one in row)) for row in rows]
    if total:
        made.append(Row((Cell("all"), Cell(777), Cell(888)), total=True))
    return Table("years", all_languages("Years"), columns, tuple(made))


def chart(form: Any, *series: str) -> Chart:
    about = all_languages("Bars, said in words")
    chosen = series or ("killed", "injured")
    return Chart("c1", "years", form, "year", chosen, all_languages("A plot"), about)


FULL = table(("2021", 17, 23), ("2022", 41, 59), ("2023", 73, 12))


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("look", [LIGHT, PAGE], ids=["paper", "page"])
def test_every_form_is_an_svg_that_says_what_it_shows(form: str, lang: str, look: Look) -> None:
    made = plots.svg(chart(form), FULL, lang, look=look)
    root = ElementTree.fromstring(made)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "A plot"
    assert root.findtext(f"{SVG}desc") == "Bars, said in words"
    assert made == plots.svg(chart(form), FULL, lang, look=look)
    for mark in root.iter(f"{SVG}rect"):
        assert -0.1 <= float(mark.get("x", 0)) <= WIDTH
        assert float(mark.get("width", 0)) >= 0
        assert float(mark.get("height", 0)) >= 0


@pytest.mark.parametrize("form", ["bars", "stack", "lines", "triangle"])
def test_a_total_is_not_drawn(form: str) -> None:
    made = plots.svg(chart(form), FULL, "en")
    assert not {"777", "888", "all"} & set(texts(made))


def colour_of_series(svg: str, series: int) -> int:
    return len(re.findall(f'<(?:rect|circle)[^>]*fill="{COLOURS[series]}"', svg))


@pytest.mark.parametrize("form", ["bars", "stack", "lines", "triangle"])
def test_what_is_withheld_is_a_dash_and_not_a_zero(form: str) -> None:
    held = table(("2021", 17, 23), ("2022", None, 59), ("2023", 73, 12))
    before, after = plots.svg(chart(form), FULL, "en"), plots.svg(chart(form), held, "en")
    assert "–" not in texts(before)
    assert "–" in texts(after)
    assert say("publish.chart.gap", "en") in texts(after)
    assert "41" not in texts(after)
    if form != "triangle":
        assert colour_of_series(after, 0) == colour_of_series(before, 0) - 1
    if form == "stack":
        assert "59" not in texts(after), "a sum with a part withheld would tell what the others are"
        assert "100" in texts(before)


def test_with_nothing_told_nothing_is_drawn() -> None:
    made = plots.svg(chart("bars"), table(("2021", None, None)), "en")
    assert texts(made) == [say("publish.chart.empty", "en")]


@pytest.mark.parametrize("form", FORMS)
def test_in_arabic_the_axis_runs_from_the_right(form: str) -> None:
    def boxes(lang: str) -> list[tuple[float, float, float]]:
        return [
            (float(one.get("x", 0)), float(one.get("width", 0)), float(one.get("y", 0)))
            for one in ElementTree.fromstring(plots.svg(chart(form), FULL, lang)).iter(f"{SVG}rect")
        ]

    left, right = boxes("en")[1:], boxes("ar")[1:]
    assert len(left) == len(right)
    for (x, width, y), (mirrored, same_width, same_y) in zip(left, right, strict=True):
        assert (width, y) == (same_width, same_y)
        if width < WIDTH:
            assert mirrored == pytest.approx(WIDTH - x - width, abs=0.15)


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_page_written_from_the_right_does_not_turn_the_places_round(lang: str) -> None:
    """Inherited, it would set every label on the other side of the place it was given."""
    made = plots.svg(chart("bars"), FULL, lang)
    assert ElementTree.fromstring(made).get("direction") == "ltr"
    assert made.count("<text ") == made.count('unicode-bidi="plaintext"')


def test_a_waterfall_begins_and_ends_on_the_ground_and_its_steps_hang_together() -> None:
    columns = (
        Column("period", all_languages("Period")),
        *(
            Column(name, all_languages(name), "m2")
            for name in ("opening", "newly_identified", "cleared", "closing")
        ),
    )
    books = Table(
        "years", all_languages("Books"), columns, (Row(tuple(map(Cell, ("2024", 1000, 400, 300, 1100)))),)
    )
    names = ("opening", "newly_identified", "cleared", "closing")
    made = plots.svg(replace(chart("waterfall", *names), category="period"), books, "en")
    bars = [
        (float(one.get("y", 0)), float(one.get("y", 0)) + float(one.get("height", 0)))
        for one in ElementTree.fromstring(made).iter(f"{SVG}rect")
        if one.get("fill") in COLOURS
    ]
    assert len(bars) == 4
    opening, new, cleared, closing = bars
    assert opening[1] == pytest.approx(closing[1], abs=0.2)
    assert new[1] == pytest.approx(opening[0], abs=0.2)
    assert cleared[0] == pytest.approx(new[0], abs=0.2)
    assert closing[0] == pytest.approx(cleared[1], abs=0.2)
    assert {"1 000", "+400", "−300", "1 100"} <= {one.replace("\u202f", " ") for one in texts(made)}


def test_after_a_step_that_is_not_told_no_further_step_is_drawn() -> None:
    columns = (Column("step", all_languages("Step")), Column("area", all_languages("Area"), "m2"))
    values = (("opening", 100), ("new", None), ("cleared", -30), ("closing", 80))
    steps = Table("years", all_languages("Steps"), columns, tuple(Row((Cell(a), Cell(b))) for a, b in values))
    made = plots.svg(replace(chart("waterfall", "area"), category="step"), steps, "en")
    bars = [one for one in ElementTree.fromstring(made).iter(f"{SVG}rect") if one.get("fill") in COLOURS]
    assert len(bars) == 2
    assert "-30" not in made
    assert "−30" not in made


def lightness(colour: str) -> float:
    """Relative luminance (WCAG)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_series_are_told_apart_without_seeing_colour() -> None:
    for one, other in combinations(range(len(COLOURS)), 2):
        low, high = sorted((lightness(COLOURS[one]), lightness(COLOURS[other])))
        contrast = (high + 0.05) / (low + 0.05)
        assert contrast >= 1.3 or one % 3 != other % 3, (one, other, contrast)


def test_long_names_stand_beside_their_bars_and_hostile_ones_stay_text() -> None:
    names = [f"A very long name of a district, number {number}" for number in range(7)]
    made = plots.svg(chart("bars"), table(*((name, 3, 4) for name in (*names, HOSTILE))), "en")
    root = ElementTree.fromstring(made)
    assert "script" not in {one.tag.removeprefix(SVG) for one in root.iter()}
    assert any(one.startswith("A very long name") for one in texts(made))
    assert any(one.startswith('#import "x"') for one in texts(made))


def test_letters_that_xml_cannot_hold_are_left_out() -> None:
    made = plots.svg(replace(chart("bars"), title=all_languages("a\u0000\u0008b\ud800c\ufffe")), FULL, "en")
    assert ElementTree.fromstring(made).findtext(f"{SVG}title") == "abc"
    assert made.encode("utf-8")
