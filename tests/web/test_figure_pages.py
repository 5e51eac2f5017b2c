"""Figures in the browser: the form is made from the declaration, and every number leads to its reports."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from web_story import SECRET, Calendar, Programme, Visitor, bring, hazard, polygon, uid

from fallow.analysis import Line, Result, analyses, of_result, run
from fallow.register import Draft, create_register, open_register
from fallow.web.figures_chart import charts_of
from fallow.words import LANGUAGES, RIGHT_TO_LEFT, in_language, say, speaking

SVG = "{http://www.w3.org/2000/svg}"
SAMPLE = {"day": "2021-01-01", "days": "2021-01-01", "year": "2021", "text": "2021-01", "number": "1"}


def question(name: str) -> str:
    """The address of an analysis with an answer to everything that has to be answered."""
    needed = {one.name: SAMPLE[one.sort] for one in analyses()[name].parameters if one.required}
    return f"/figures/{name}" + (f"?{urlencode(needed)}" if needed else "")


class Links(HTMLParser):
    """Every address of a page, its marks, and tags that are not closed."""

    VOID = frozenset(["br", "col", "hr", "img", "input", "link", "meta", "path", "line", "rect"])

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.names: list[str] = []
        self.open: list[str] = []
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.hrefs.append(str(found["href"]))
        if tag in ("input", "select") and found.get("name"):
            self.names.append(str(found["name"]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        return


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_analysis_has_a_page_in_every_language(visitor: Visitor, language: str) -> None:
    visitor.speak(language)
    start = visitor.get("/figures")
    assert start.status_code == 200
    for name, one in analyses().items():
        assert f"/figures/{name}" in Links(start.body).hrefs
        response = visitor.get(question(name))
        text = unescape(response.body.decode())
        if response.status_code != 200:
            # it speaks about one thing (a parcel, a month) that this programme does not have
            assert response.status_code in (404, 422), (name, text)
            assert any(p.required for p in one.parameters), name
            continue
        assert in_language(one.title, language) in text
        assert say("web.s4", language) in text
        assert say("web.invented", language) in text
        read = Links(response.body)
        assert read.open == []
        assert {p.name for p in one.parameters} | {"known", "true"} <= set(read.names)
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in text
        assert not re.search(r">\s*(web|analysis|books)\.[a-z.]+\s*<", text), (
            "a key stands where its words should"
        )
        assert SECRET not in text


def test_the_page_shows_the_same_numbers_and_digest_as_the_library(
    visitor: Visitor, programme: Programme
) -> None:
    with open_register(programme.path, read_only=True) as register:
        result = run("books", register, by="class")
    text = visitor.get("/figures/books?by=class").body.decode()
    assert result.digest in text
    closing = f"{result.lines[0].values['closing']:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    assert closing in text


def test_every_number_leads_to_its_records_and_reports(visitor: Visitor, programme: Programme) -> None:
    page = Links(visitor.get("/figures/casualties?by=outcome&known=2023-12-31").body)
    explains = [one for one in page.hrefs if "/explain?" in one]
    assert explains
    for address in explains:
        assert visitor.get(address).status_code == 200, address
    with open_register(programme.path, read_only=True) as register:
        result = run("casualties", register, by="outcome", known="2023-12-31")
    key = result.lines[0].key[0]
    explained = result.explain("casualties", key)
    address = f"/figures/casualties/explain?by=outcome&known=2023-12-31&measure=casualties&at={quote(key)}"
    there = Links(visitor.get(address).body).hrefs
    for record in explained.records:
        assert f"/record/{record}?known=2023-12-31" in there
        assert visitor.get(f"/record/{record}?known=2023-12-31").status_code == 200
    text = visitor.get(address).body.decode()
    assert all(f'id="report-{number}"' in text for number in explained.reports)


def test_a_number_about_a_record_names_it_as_people_do(visitor: Visitor, programme: Programme) -> None:
    ground = "POLYGON((18.04 44.71, 18.08 44.71, 18.08 44.75, 18.04 44.75, 18.04 44.71))"
    with open_register(programme.path, read_only=True) as register:
        result = run("parcel", register, parcel=ground)
        line = next(one for one in result.lines if one.key[0] == "hazard")
        found = register.at().record(line.key[1])
        assert found is not None
        sentence = of_result(result, register, "inside", line.key).sentence()
    for told in (sentence, explained_page(visitor, ground, line.key)):
        assert str(found.fields["code"]) in told
        assert found.id not in told


def explained_page(visitor: Visitor, ground: str, key: tuple[str, ...]) -> str:
    """What a person reads above the records behind a number of a parcel."""
    asked = urlencode([("parcel", ground), ("measure", "inside"), *(("at", one) for one in key)])
    main = visitor.get(f"/figures/parcel/explain?{asked}").body.decode().partition("<main")[2]
    return re.sub(r"<[^>]+>", "", main)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/figures/nothing", 404),
        ("/figures/casualties?since=2022&until=2020", 422),
        ("/figures/casualties?since=soon", 422),
        ("/figures/casualties?by=colour", 422),
        ("/figures/casualties?year=last", 422),
        ("/figures/casualties?place=Nowhere", 404),
        ("/figures/casualties?known=yesterday", 422),
        ("/figures/casualties?page=99", 404),
        ("/figures/casualties/explain?measure=maimed", 404),
        ("/figures/casualties/explain?at=nobody", 404),
        ("/figures/difference/explain?measure=change", 422),
        ("/figures/casualties?place=" + quote('"><script>alert(1)</script>'), 404),
    ],
)
def test_what_is_asked_wrongly_is_a_page_with_a_remedy(visitor: Visitor, address: str, status: int) -> None:
    response = visitor.get(address)
    assert response.status_code == status, response.body
    assert b"<script>alert" not in response.body


def test_a_required_parameter_is_asked_for(visitor: Visitor) -> None:
    text = visitor.get("/figures/difference").body.decode()
    assert say("web.figures.incomplete") in text
    assert "required" in text


def test_charts_are_drawn_where_a_person_would_rather_look(visitor: Visitor) -> None:
    for address in ("/figures/vintages", "/figures/books?year=2020"):
        text = visitor.get(address).body.decode()
        assert '<svg xmlns="http://www.w3.org/2000/svg" viewBox' in text, address
    assert "style=" not in visitor.get("/figures/vintages").body.decode()


def grown(**yearly: int) -> Result:
    """Casualties by year, made up; ``y2020=3``."""
    with (
        tempfile.TemporaryDirectory() as folder,
        create_register(Path(folder) / "empty.gpkg", title="Invented", invented=True) as register,
    ):
        result = run("casualties", register, by="year")
    lines = tuple(
        Line((year[1:],), {"casualties": count}, {"casualties": ()}) for year, count in yearly.items()
    )
    return replace(result, lines=lines)


def test_a_chart_tells_its_numbers_to_those_who_do_not_see() -> None:
    result = grown(y2020=3, y2021=12)
    (plain,) = charts_of(result)
    with speaking("ar"):
        (mirrored,) = charts_of(result)
    picture = ElementTree.fromstring(plain.svg)
    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}title") == plain.title
    assert (picture.findtext(f"{SVG}desc") or "").endswith("2020 - 2021: 3 (2020) - 12 (2021)")
    assert plain.axes.rstrip(".") in (picture.findtext(f"{SVG}desc") or "")
    first, turned = marks(plain.svg), marks(mirrored.svg)
    assert first[0]["x"] < first[1]["x"]
    assert turned[0]["x"] > turned[1]["x"]
    assert first[1]["height"] == pytest.approx(4 * first[0]["height"], rel=0.01)


def test_every_mark_of_a_chart_leads_to_what_is_behind_its_number(
    visitor: Visitor, programme: Programme
) -> None:
    address = "/figures/books?year=2022&known=2023-12-31"
    page = visitor.get(address).body.decode()
    pictures = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    found = [
        (unescape(href), title)
        for picture in pictures
        for href, title in re.findall(r'<a href="([^"]+)" tabindex="-1"[^>]*><title>([^<]+)', picture)
    ]
    assert found
    for href, title in found:
        explained = visitor.get(href)
        assert explained.status_code == 200, href
        value = re.sub(r"[^0-9]", "", title.rpartition(": ")[2])
        heading = re.search(r"<h1>(.*?)</h1>", explained.body.decode(), re.DOTALL)
        assert heading and value in re.sub(r"[^0-9]", "", heading[1]), (href, title)
    # once for a pointer in the picture, once for everybody in the table
    assert {href for href, _ in found} <= set(Links(re.sub(r"<svg .*?</svg>", "", page).encode()).hrefs)


def test_a_chart_takes_the_colours_of_its_page(mixed: Path) -> None:
    with open_register(mixed, read_only=True) as register:
        drawn = charts_of(run("books", register, known="2023-03-01", year="2020"))
    for chart in (*drawn, *charts_of(grown(y2020=3, y2021=12))):
        colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', chart.svg))
        allowed = ("var(--", "url(#", "none", "currentColor")
        assert all(one.startswith(allowed) for one in colours), colours
    names = [set(re.findall(r'<pattern id="([^"]+)"', one.svg)) for one in drawn]
    assert names[0] and names[1] and not names[0] & names[1], "ids of one picture stand in the other"


def marks(svg: str) -> list[dict[str, float]]:
    """The bars of a picture, in the order of their table."""
    groups = [one for one in ElementTree.fromstring(svg).iter() if one.find(f"{SVG}title") is not None]
    return [
        {name: float(rect.get(name, 0)) for name in ("x", "y", "width", "height")}
        for group in groups
        for rect in group.findall(f"{SVG}rect")[:1]
    ]


def test_a_waterfall_ends_where_the_books_close(mixed: Path) -> None:
    with open_register(mixed, read_only=True) as register:
        (_, chart) = charts_of(run("books", register, known="2023-03-01", year="2020"))
    opening, new, closing = marks(chart.svg)
    assert opening["y"] + opening["height"] == pytest.approx(closing["y"] + closing["height"], abs=0.2)
    assert new["y"] + new["height"] == pytest.approx(opening["y"], abs=0.2)
    assert new["y"] == pytest.approx(closing["y"], abs=0.2)


def test_a_year_that_had_not_begun_is_a_dash_and_no_number_is_missing(mixed: Path) -> None:
    with open_register(mixed, read_only=True) as register:
        (chart,) = charts_of(run("vintages", register, known_on="2019-12-31,2023-12-31"))
    assert chart.svg.count(">–<") == 1
    assert say("publish.chart.gap") not in chart.svg


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mined areas and a battle area, which grew over three years."""
    path = tmp_path_factory.mktemp("mixed") / "mixed.gpkg"
    clock = Calendar("2023-03-01")
    with create_register(path, title="Invented", country="BA", invented=True, clock=clock) as register:
        drafts = [
            hazard(
                uid(100 + at),
                f"{2019 + at % 3}-05-05",
                polygon(17.0 + at / 10, 44.0, 0.01 + at / 1000),
                code=f"M{at}",
                contamination="battle_area" if at % 4 == 3 else "mined_area",
            )
            for at in range(9)
        ]
        drafts += [
            Draft(
                "victim",
                uid(200 + at),
                "survey",
                "Team 4",
                f"{2019 + at % 2}-07-01",
                {"code": f"V{at}", "outcome": "injured", "date": f"{2019 + at % 2}-07-01"},
            )
            for at in range(3)
        ]
        bring(register, "survey", "Survey organisation", drafts, "2023-02-01")
    return path


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("asked", [{"each": "year"}, {"by": "class"}, {"year": "2020", "each": "year"}])
def test_no_chart_of_the_books_chooses_an_account_for_the_reader(
    mixed: Path, language: str, asked: dict[str, str]
) -> None:
    with open_register(mixed, read_only=True) as register, speaking(language):
        result = run("books", register, known="2023-03-01", **asked)
        drawn = charts_of(result)
        kind = next(one for one in result.keys if one.name == "contamination")
        assert len(drawn) == 2
        for account, chart in zip(("battle_area", "mined_area"), drawn, strict=True):
            assert kind.text(account, language) in chart.title
            assert say("web.chart.m2") in chart.axes
            assert "2023" in chart.about
            assert chart.title.split(".")[0] in unescape(chart.svg)
            assert bool(chart.legend) == ("each" not in asked or "year" in asked)


def test_the_bars_of_an_account_are_its_own_numbers_and_a_year_without_any_is_nought(mixed: Path) -> None:
    with open_register(mixed, read_only=True) as register:
        result = run("books", register, each="year")
        battle, mined = charts_of(result)
    for account, chart in (("battle_area", battle), ("mined_area", mined)):
        told = dict(re.findall(r"<title>(\d{4}): ([^<]+)</title>", chart.svg))
        closing = {line.key[0]: line.values["closing"] for line in result.lines if line.key[1:] == (account,)}
        assert set(told) == {"2019", "2020", "2021"}
        for year, text in told.items():
            assert int(re.sub(r"\D", "", text)) == closing.get(year, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chart_of_people_says_what_it_counts(mixed: Path, language: str) -> None:
    with open_register(mixed, read_only=True) as register, speaking(language):
        (bars,) = charts_of(run("casualties", register, by="year", since="2019"))
        assert say("web.chart.people") in bars.axes
        assert in_language(run("casualties", register).title) in bars.title
        assert "2019" in bars.about
        assert len(marks(bars.svg)) == 2
        (triangle,) = charts_of(run("vintages", register, known_on="2022-12-31,2023-12-31"))
        assert [look for look, _ in triangle.legend] == ["more", "none"]
        assert charts_of(run("casualties", register, by="year,sex")) == []


def test_an_account_alone_is_drawn_once_and_named(programme: Programme) -> None:
    with open_register(programme.path, read_only=True) as register:
        for name, asked in (("books", {"each": "year"}), ("books", {}), ("progress", {})):
            result = run(name, register, **asked)
            (chart,) = charts_of(result)
            assert in_language(result.title) in chart.title
            assert "unknown" in chart.title.lower(), chart.title


def test_lines_across_a_chart_stand_at_round_numbers() -> None:
    def ticks(**yearly: int) -> list[str]:
        (chart,) = charts_of(grown(**yearly))
        return re.findall(r'text-anchor="end"[^>]*>([^<]+)<', chart.svg)

    assert ticks(y2020=7, y2021=23) == ["0", "5", "10", "15", "20", "25"]
    assert ticks(y2020=1, y2021=2) == ["0", "1", "2"]


@pytest.mark.parametrize("address", ["/figures/vintages", "/figures/progress"])
def test_every_chart_has_its_title_and_unit_on_the_page(visitor: Visitor, address: str) -> None:
    text = visitor.get(address).body.decode()
    for figure in re.findall(r'<figure class="chart"[^>]*>.*?</figure>', text, re.S):
        caption = re.search(r"<figcaption><strong>([^<]+)</strong><span>([^<]+)</span>", figure)
        assert caption
        assert say("web.chart.people") in caption[2] or say("web.chart.m2") in caption[2]
    assert '<figure class="chart"' in text


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_in_a_real_browser_a_number_is_followed_to_its_report(
    chromium: Any, address: str, tmp_path: Path, language: str
) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "fallow_language", "value": language, "url": address}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(address + "/figures")
    page.locator('a[href^="/figures/books"]').click()
    page.locator('input[name="by"][value="class"]').check()
    page.locator("form button.do").click()
    assert "by=class" in page.url
    bar = page.locator(".chart a rect").first
    assert bar.bounding_box()["width"] > 5
    assert page.evaluate("getComputedStyle(document.querySelector('.chart a rect')).fill") != "none"
    with page.expect_navigation(url="**/explain?**"):
        page.locator(".chart a rect").last.click()
    page.go_back()
    page.screenshot(path=str(tmp_path / f"figures-{language}.png"), full_page=True)
    page.locator('td.number a[href*="measure=closing&"]').first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain?**")
    page.screenshot(path=str(tmp_path / f"explain-{language}.png"), full_page=True)
    page.locator('tbody a[href^="/record/"]').first.click()
    page.wait_for_url("**/record/**")
    assert wrong == []
    context.close()


def test_no_year_under_a_bar_is_cut() -> None:
    (chart,) = charts_of(grown(**{f"y{year}": year - 1989 for year in range(1990, 2023)}))
    years = re.findall(r">((?:19|20)\d\d)</text>", chart.svg)
    assert len(years) > 10
    assert "\N{HORIZONTAL ELLIPSIS}" not in chart.svg


def test_in_arabic_a_number_is_kept_apart_from_the_next(visitor: Visitor) -> None:
    visitor.speak("ar")
    text = visitor.get("/figures/books/explain?measure=closing").body.decode()
    assert re.search(
        "\N{FIRST STRONG ISOLATE}[\\d\N{NARROW NO-BREAK SPACE}]+م²\N{POP DIRECTIONAL ISOLATE}", text
    )


def test_in_arabic_a_day_over_a_column_keeps_its_order(visitor: Visitor) -> None:
    """After an Arabic letter 2020-12-31 would be drawn as 31-12-2020."""
    visitor.speak("ar")
    text = visitor.get("/figures/vintages?known_on=2020-12-31,2023-12-31").body.decode()
    heads = re.findall(r'<th scope="col" class="number">([^<]+)</th>', text)
    assert len(heads) == 2
    for head, day in zip(heads, ("2020-12-31", "2023-12-31"), strict=True):
        assert head.endswith(f"\N{LEFT-TO-RIGHT MARK}{day}")
    areas = unescape(visitor.get("/figures/books").body.decode())
    heads = re.findall(r'<th scope="col" class="number">([^<]+)</th>', areas)
    assert any("\N{ARABIC COMMA} م²" in one for one in heads)
    assert not any(", " in one or "m²" in one for one in heads)


def test_where_there_is_no_number_no_link_says_that_something_is_behind_it(mixed: Path) -> None:
    visitor = Visitor(mixed)
    text = visitor.get("/figures/vintages?known_on=2019-12-31,2023-12-31").body.decode()
    assert f'<span class="untold">{say("analysis.not_begun", "en")}</span>' in text
    assert not re.search(rf"<a[^>]*><bdi>{say('analysis.not_begun', 'en')}", text)


def test_a_line_about_a_record_says_its_code_and_leads_to_it(mixed: Path) -> None:
    visitor = Visitor(mixed)
    text = visitor.get("/figures/publication_change?known_before=2018-01-01").body.decode()
    assert re.search(rf'<a href="/record/{uid(100)}"><bdi>M0</bdi></a>', text)
    assert f"<bdi>{uid(100)}</bdi>" not in text


def test_in_arabic_a_day_in_words_keeps_its_order(visitor: Visitor) -> None:
    visitor.speak("ar")
    for address in ("/figures/books", "/publish/monitor_casualties", "/figures/casualties?since=2023-1"):
        text = unescape(visitor.get(address).body.decode())
        words = re.sub(r"<code>.*?</code>|placeholder=\S+|datetime=\S+|value=\S+|href=\S+", "", text)
        days = re.findall(r"(.)(?<![\d/-])\d{4}-\d\d(?:-\d\d)?(?![\d-])", words)
        assert days, address
        assert set(days) <= {"\N{LEFT-TO-RIGHT MARK}", '"', ">"}, address
