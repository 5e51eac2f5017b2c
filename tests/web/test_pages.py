"""Every page in every language: its words, its dates, its direction, and what must never be on it."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from web_story import SECRET, Calendar, Programme, Visitor, bring, hazard, polygon, uid

from fallow.register import create_register
from fallow.words import LANGUAGES, RIGHT_TO_LEFT, catalogue, in_language, say

PAGES = (
    "/",
    "/records",
    "/records/hazard",
    "/records/victim",
    "/about",
    "/record/{cha}",
    "/record/{victim}",
    "/nowhere",
)


def addresses(programme: Programme) -> list[str]:
    return [page.format(cha=programme.cha, victim=programme.victim) for page in PAGES]


class Outline(HTMLParser):
    """The tags of a page, and whether each one that was opened was closed again."""

    VOID = frozenset(
        ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "path", "wbr"]
    )

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def outline(body: bytes) -> Outline:
    read = Outline()
    read.feed(body.decode())
    return read


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_every_language(visitor: Visitor, programme: Programme, language: str) -> None:
    visitor.speak(language)
    for address in addresses(programme):
        response = visitor.get(address)
        assert response.status_code == (404 if address == "/nowhere" else 200), address
        text = unescape(response.body.decode())
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in text
        assert not re.search(r">\s*web\.[a-z.]+\s*<", text), "a key stands where its words should"
        read = outline(response.body)
        assert read.open == [] and read.wrong == [], address
        if address != "/nowhere":
            assert say("web.s4", language) in text, (
                f"{address} does not say that no hazard shown means nothing (S4)"
            )
            assert "EPSG:4326" in text
            assert 'datetime="2023-09-09"' in text, f"{address} does not say its data date"
            assert say("web.invented", language) in text


def test_the_script_of_the_map_gets_every_word_in_its_language(visitor: Visitor) -> None:
    import json

    visitor.speak("az")
    text = visitor.get("/").body.decode()
    found = re.search(r'<script id="config" type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found
    config = json.loads(found[1])
    words = {key: said["az"] for key, said in catalogue().items() if key.startswith(("web.", "date."))}
    assert config["words"] == words
    labels = [item["label"] for kind in config["kinds"] for item in kind["items"]]
    assert all(labels)


def test_personal_values_are_on_no_page_and_in_no_answer(visitor: Visitor, programme: Programme) -> None:
    asked = [
        *addresses(programme),
        f"/record/{programme.victim}?panel=1",
        "/api/kinds",
        "/api/summary",
        "/api/table",
    ]
    asked += [f"/api/layer/{kind}.geojson" for kind in ("victim", "accident", "hazard")]
    asked += [f"/records/victim?q={SECRET.split()[0]}"]
    for address in asked:
        body = visitor.get(address).body.decode()
        body = body.replace(f'value="{SECRET.split()[0]}"', "")
        assert SECRET.split()[1] not in body, address
    sealed = visitor.get(f"/record/{programme.victim}").body.decode()
    assert say("web.life.sealed", "en") in sealed, (
        "the page says that there are personal values, not what they are"
    )


def test_what_somebody_typed_stays_text(visitor: Visitor, programme: Programme) -> None:
    for address in (f"/record/{programme.evil}", f"/record/{programme.evil}?panel=1", "/records/hazard", "/"):
        body = visitor.get(address).body
        assert b"<script>alert(1)" not in body, address
    assert b"&lt;script&gt;alert(1)" in visitor.get(f"/record/{programme.evil}").body
    found = visitor.get("/records/hazard").body
    assert b"{{7*7}}" in found and b"49}}" not in found


def test_a_record_tells_its_life(visitor: Visitor, programme: Programme) -> None:
    text = visitor.get(f"/record/{programme.sha}").body.decode()
    assert text.index("Report 28") < text.index("Report 3<"), "newest first"
    assert "true on 1 August 2023" in text and "known on 9 September 2023" in text
    assert "witnessed by the ledger" in text
    assert "DONJA POLJA N." in text, "the original stands beside the cleaned value"
    assert "AC-001" in text, "the accident that points here is listed"
    assert "no longer stands" in text
    # 0.02 and 0.03 degrees at 44.7 north, computed apart with pyproj's ellipsoid
    assert "3\u202f522\u202f411 m²" in text and "7\u202f924\u202f750 m²" in text


def test_conflicts_and_claims_are_said(visitor: Visitor, programme: Programme) -> None:
    disputed = visitor.get(f"/record/{programme.disputed}").body.decode()
    assert say("web.record.conflict", "en") in disputed and say("web.record.conflict.rule", "en") in disputed
    claimed = visitor.get(f"/record/{programme.claimed}").body.decode()
    assert "Status: Closed" in claimed and say("web.record.claim.rule", "en") in claimed
    assert claimed.count('class="chip state">Open') + claimed.count(">Open</span>") >= 1, (
        "a claim changes no state"
    )
    quiet = visitor.get(f"/record/{programme.cha}").body.decode()
    assert say("web.record.conflict", "en") not in quiet


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_source_replaced_unseen_is_said_in_words(tmp_path: Path, built: None, language: str) -> None:
    clock = Calendar("2021-03-01")
    with create_register(
        tmp_path / "r.gpkg", title="R", country="BA", invented=True, clock=clock
    ) as register:
        said = {"village": ("2020-01-01", "Old mill"), "survey": ("2020-06-01", "Upper mill")}
        for source, (day, name) in said.items():
            shape = polygon(17.0, 44.0) if source == "village" else polygon(17.0, 44.0, 0.03)
            drafts = [hazard(uid(1), day, shape, code="H1", name=name, source=source)]
            bring(register, source, f"The {source}", drafts, "2020-07-01")
            clock.on("2021-04-01")
        model = register.model.kind("hazard")
    visitor = Visitor(tmp_path / "r.gpkg")
    visitor.speak(language)
    text = unescape(visitor.get(f"/record/{uid(1)}").body.decode())
    boxes = re.findall(r'<div class="warn soft">(.*?)</div>', text, re.S)
    label = in_language(model.field("name").label, language)
    (name_box,) = [one for one in boxes if say("cli.soft_conflict_on", language, field=label) in one]
    assert say("web.record.soft.rule", language) in name_box
    first, second = re.findall(r"<li>(.*?)</li>", name_box)
    assert "The survey" in first and "Upper mill" in first
    assert say("web.life.past", language) not in first
    assert "The village" in second and "Old mill" in second
    assert say("web.life.past", language) in second
    shape = say("cli.soft_conflict_on", language, field=say("web.geometry", language))
    assert any(shape in one and say("web.geometry.given", language) in one for one in boxes)
    for number in re.findall(r'href="/record/[^"]+#report-(\d+)"', "".join(boxes)):
        assert f'id="report-{number}"' in text
    before = unescape(visitor.get(f"/record/{uid(1)}?known=2021-03-15").body.decode())
    assert 'class="warn soft"' not in before, "only one source had spoken then"


def test_a_record_at_an_earlier_day(visitor: Visitor, programme: Programme) -> None:
    then = visitor.get(f"/record/{programme.sha}?known=2021-12-31&true=2021-12-31").body.decode()
    assert "Became known after the date of this page" in then
    assert re.search(r"<h1>.*Donja polja</bdi>", then), "the name as known then"
    before = visitor.get(f"/record/{programme.late}?known=2021-12-31").body.decode()
    assert say("web.record.absent", "en") in before


def test_the_table_filters_searches_and_sorts(visitor: Visitor, programme: Programme) -> None:
    def titles(query: str) -> list[str]:
        body = visitor.get(f"/records/hazard{query}").body.decode()
        return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', body)

    assert titles("")[:2] == ["HA-002", "HA-003"], "the most dangerous first"
    assert titles("?sort=code") == [f"HA-00{n}" for n in range(1, 9)]
    assert titles("?sort=-code") == [f"HA-00{n}" for n in range(8, 0, -1)]
    assert titles("?hazard_class=cha") == ["HA-002", "HA-003"]
    assert titles("?q=sasino") == ["HA-002"], "accents do not matter"
    assert titles("?unlocated=1") == ["HA-005"]
    assert "HA-003" in titles("?conflict=1") and "HA-002" not in titles("?conflict=1")
    assert titles("?awaiting=1") == ["HA-004"]
    assert titles("?known=2020-12-31&sort=code") == [f"HA-00{n}" for n in range(1, 8)]
    assert titles("?q=nothing-like-this") == []


def test_the_dates_travel_with_every_link(visitor: Visitor) -> None:
    body = visitor.get("/records/hazard?known=2021-12-31&true=2021-06-30").body.decode()
    assert "What was true on" in body and "30 June 2021" in body and "31 December 2021" in body
    links = re.findall(r'href="(/record/[^"]*)"', body)
    assert links and all("known=2021-12-31" in one and "true=2021-06-30" in one for one in links)


@pytest.mark.parametrize(
    ("back", "goes"),
    [
        ("/records/hazard?q=x", "/records/hazard?q=x"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_choosing_a_language_goes_back_and_nowhere_else(visitor: Visitor, back: str, goes: str) -> None:
    from urllib.parse import quote

    response = visitor.get(f"/language/uk?back={quote(back, safe='')}")
    assert (response.status_code, response["Location"]) == (302, goes)
    cookie = visitor.client.cookies["fallow_language"]
    assert cookie.value == "uk" and cookie["httponly"] and cookie["samesite"] == "Strict"
    assert 'lang="uk"' in visitor.get("/about").body.decode()


def test_the_browser_is_asked_when_nobody_chose(visitor: Visitor) -> None:
    assert b'lang="fr"' in visitor.get("/about", **{"Accept-Language": "de-DE,fr-CH;q=0.9,en;q=0.8"}).body
    assert b'lang="en"' in visitor.get("/about", **{"Accept-Language": "de"}).body


def test_every_page_carries_the_guard_of_headers(visitor: Visitor, programme: Programme) -> None:
    for address in [*addresses(programme), "/api/kinds", "/api/layer/hazard.geojson"]:
        response = visitor.get(address)
        policy = response["Content-Security-Policy"]
        assert (
            "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        )
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "no-referrer"


def test_no_page_has_inline_scripts_styles_or_handlers(visitor: Visitor, programme: Programme) -> None:
    for address in addresses(programme):
        for tag, attributes in outline(visitor.get(address).body).found:
            assert "style" not in attributes, (address, tag)
            assert not [name for name in attributes if name.startswith("on")], (address, tag)
            if tag == "script":
                assert "src" in attributes or attributes.get("type") == "application/json", address
            for name in ("src", "href"):
                if name not in attributes:
                    continue
                target = attributes[name] or ""
                assert target.startswith(("/", "#", "?", "data:,")) and not target.startswith("//"), (
                    address,
                    target,
                )


def test_every_control_has_a_name(visitor: Visitor, programme: Programme) -> None:
    for address in addresses(programme):
        read = outline(visitor.get(address).body)
        labelled = {one["for"] for tag, one in read.found if tag == "label" and one.get("for")}
        for tag, one in read.found:
            if tag in {"input", "select"} and one.get("type") not in {"hidden", "checkbox", "search"}:
                named = one.get("aria-label") or one.get("id") in labelled or one.get("name")
                assert named, (address, tag, one)


def test_an_empty_register_says_what_to_do_next(tmp_path: Any, built: None) -> None:
    from fallow.register import create_register

    create_register(tmp_path / "empty.gpkg", title="Nothing yet").close()
    visitor = Visitor(tmp_path / "empty.gpkg")
    assert b"fallow bring" in visitor.get("/records").body
    assert say("web.rows.empty", "en") in visitor.get("/records/hazard").body.decode()
    assert say("web.s4.nodata", "en") in visitor.get("/").body.decode()
    assert b'class="invented"' not in visitor.get("/").body
