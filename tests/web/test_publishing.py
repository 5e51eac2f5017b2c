"""Publishing in the browser: readers' part is shown first, leaves by the gate, and leaves nothing behind."""

from __future__ import annotations

import csv
import io
import os
import re
import socket
import stat
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
import shapely
from test_figure_pages import Links
from web_story import PASSPHRASE, SECRET, Programme, Visitor, build

from fallow.publish import AUDIENCES, Layer, new_statement, publications, publish
from fallow.publish import sign_statement as sign
from fallow.publish import withdraw_signature as withdraw
from fallow.register import open_register
from fallow.words import LANGUAGES, RIGHT_TO_LEFT, in_language, say

sys.path.append(str(Path(__file__).resolve().parents[1] / "publish"))
from fixtures_canaries import Canaries, every_word, planted
from test_leaks import STATEMENT, contents

PARCEL = "POLYGON ((18.0 44.7, 18.1 44.7, 18.1 44.8, 18.0 44.8, 18.0 44.7))"
CANARY_PARCEL = str(shapely.to_wkt(shapely.box(15.17, 45.17, 15.18, 45.18)))


def asked(name: str, year: str = "2021", parcel: str = PARCEL) -> dict[str, str]:
    """What each publication needs to be told."""
    if name == "parcel_statement":
        return {"parcel": parcel, "distance": "5000"}
    needed = {"year": year, "month": f"{year}-03"}
    return {one: needed[one] for one in publications()[name].required}


def sent(visitor: Visitor, address: str, do: str = "look", **fields: Any) -> Any:
    """Send the form of a page, with a language and a format that are light."""
    form = {"do": do, "audience": "public", "language": ["en"], "format": ["csv"], **fields}
    response = visitor.client.post(address, {key: value for key, value in form.items() if value is not None})
    response.body = b"".join(response.streaming_content) if response.streaming else response.content
    return response


def opened(body: bytes) -> dict[str, bytes]:
    """The files of a zip by name."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        return {one: archive.read(one) for one in archive.namelist()}


def text(response: Any) -> str:
    return unescape(response.body.decode())


@pytest.fixture
def own(tmp_path: Path, built: None) -> Visitor:
    """A programme of one's own, to be changed."""
    return Visitor(build(tmp_path / "own.gpkg").path)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go in this test and no other."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canaries]:
    made = planted(tmp_path_factory.mktemp("web-canaries"))
    written = made.register.path.with_name("statement.yaml")
    written.write_text(STATEMENT, encoding="utf-8")
    new_statement(made.register, written, by="officer", why="canaries")
    yield made
    made.register.close()


# -- what can be published -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_published_is_listed(visitor: Visitor, language: str) -> None:
    visitor.speak(language)
    response = visitor.get("/publish?known=2022-01-01")
    page = Links(response.body)
    assert page.open == []
    for name, one in publications().items():
        assert f"/publish/{name}?known=2022-01-01" in page.hrefs
        assert in_language(one.title, language) in text(response)
        form = visitor.get(f"/publish/{name}?known=2022-01-01")
        read = Links(form.body)
        assert read.open == []
        assert {*one.parameters, "known", "true", "audience", "language", "format"} <= {
            *read.names,
            *re.findall(r'<textarea[^>]* name="(\w+)"', text(form)),
        }
        assert 'value="2022-01-01"' in text(form), "the date of the page is the date of the form"
        assert say("web.s4", language) in text(form)
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in text(form)
        assert not re.search(r">\s*(web|publish|analysis)\.[a-z_.]+\s*<", text(form)), "a key for its words"


def test_every_field_has_a_label_and_no_audience_is_chosen(visitor: Visitor) -> None:
    for name in publications():
        page = text(visitor.get(f"/publish/{name}"))
        ids = set(re.findall(r'<(?:input|select|textarea)[^>]*? id="([^"]+)"', page))
        assert ids, name
        assert ids <= set(re.findall(r'<label for="([^"]+)"', page)), name
        for about in re.findall(r'aria-describedby="([^"]+)"', page):
            assert f'id="{about}"' in page
        radios = re.findall(r'<input type="radio"[^>]*>', page)
        assert len(radios) == len(AUDIENCES)
        assert not [one for one in radios if "checked" in one]


def test_choices_come_from_the_register(visitor: Visitor) -> None:
    years = re.findall(r'<option value="(\d{4})">', text(visitor.get("/publish/article7")))
    assert years[-1] == "2020"
    assert years == sorted(years, reverse=True)
    months = re.findall(r'<option value="(\d{4}-\d\d)">', text(visitor.get("/publish/monthly_bulletin")))
    assert {"2020-01", "2023-08"} <= set(months)


def test_places_that_have_an_area_are_offered(canaries: Canaries, built: None) -> None:
    page = text(Visitor(canaries.register.path).get("/publish/parcel_statement"))
    found = [one for one in canaries.register.at().records("place") if one.geometry]
    areas = {one.id for one in found if shapely.get_dimensions(shapely.from_wkb(one.geometry)) == 2}
    offered = set(re.findall(r'<option value="([0-9a-f-]{36})"', page))
    assert offered == areas


# -- what an audience gets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(publications()))
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_publication_is_shown_and_leaves_for_every_audience(
    visitor: Visitor, name: str, audience: str
) -> None:
    language = LANGUAGES[sorted(publications()).index(name) % len(LANGUAGES)]
    visitor.speak(language)
    fields = {**asked(name), "audience": audience, "language": [language]}
    look = sent(visitor, f"/publish/{name}", **fields)
    assert look.status_code == 200, text(look)
    page = text(look)
    assert Links(look.body).open == []
    assert say("publish.silence", language) in page
    assert say("cli.invented", language) in page
    assert "EPSG:4326" in page
    assert (
        say("web.publish.look.title", language, audience=say(f"publish.audience.{audience}", language))
        in page
    )
    assert not re.search(r">\s*(web|publish|analysis)\.[a-z_.]+\s*<", page), "a key for its words"
    assert SECRET not in page
    left = sent(visitor, f"/publish/{name}", "download", **fields)
    assert left.status_code == 200, text(left)
    files = opened(left.body)
    manifest = orjson.loads(files["manifest.json"])
    assert (manifest["name"], manifest["audience"]) == (name, audience)
    assert set(files) == {one["name"] for one in manifest["files"]} | {"manifest.json"}
    shown = say("web.publish.look.withheld", language, count=manifest["withheld"])
    assert shown in page, "as many are withheld on the page as in the file"
    assert (audience in left["Content-Disposition"]) and "POLYGON" not in left["Content-Disposition"]
    assert not [one for one in Links(look.body).hrefs if "POLYGON" in one], "a parcel is in no address"


def printed_numbers(files: dict[str, bytes]) -> int:
    """How many cells of the tables say that they are withheld."""
    tables = [body for name, body in files.items() if name.endswith(".csv")]
    cells = (
        cell for one in tables for row in csv.reader(io.StringIO(one.decode("utf-8-sig"))) for cell in row
    )
    return sum(cell == say("publish.withheld", "en") for cell in cells)


def test_the_page_prints_the_tables_that_leave(visitor: Visitor) -> None:
    look = text(sent(visitor, "/publish/monitor_casualties"))
    files = opened(sent(visitor, "/publish/monitor_casualties", "download").body)
    withheld = look.count(f'<span class="untold">{say("publish.withheld", "en")}</span>')
    assert withheld == printed_numbers(files) > 0
    partner = text(sent(visitor, "/publish/monitor_casualties", audience="partner"))
    assert f'<span class="untold">{say("publish.withheld", "en")}</span>' not in partner


def test_every_number_leads_to_what_is_behind_it(visitor: Visitor) -> None:
    seen = set()
    for name in publications():
        page = sent(visitor, f"/publish/{name}", audience="partner", **asked(name))
        for href, value in re.findall(
            r'<a[^>]* href="(/figures/[^"]+)"><bdi>([^<]*)</bdi>', page.body.decode()
        ):
            if (key := href.partition("?")[0]) and len([one for one in seen if one[0] == key]) < 6:
                seen.add((key, unescape(href), unescape(value)))
    assert len({key for key, _, _ in seen}) > 5
    for _, href, value in sorted(seen):
        response = visitor.get(href)
        assert response.status_code == 200, (href, text(response)[-600:])
        assert value.rstrip("%") in text(response), href


def test_a_form_without_data_says_why(visitor: Visitor) -> None:
    page = text(sent(visitor, "/publish/article7", year="2021"))
    assert page.count(say("publish.absent", "en")) >= 5
    assert page.count("<h4>") >= 11, "forms A to K"


def test_what_no_reader_gets_is_listed_by_the_classes_of_the_kinds(
    visitor: Visitor, programme: Programme
) -> None:
    with open_register(programme.path, read_only=True) as register:
        label = in_language(next(one for one in register.model.kind("victim").fields if one.personal).label)
        restricted = next(
            one for one in register.model.kind("hazard").stored if one.sensitivity == "restricted"
        )
    public = text(sent(visitor, "/publish/article7", year="2021"))
    internal = text(sent(visitor, "/publish/article7", year="2021", audience="internal"))
    assert in_language(restricted.label) in public
    assert say("web.publish.look.fields", "en") not in internal
    assert label not in internal, "the vault is in no list"


def words_in(body: bytes, made: Canaries) -> set[str]:
    found = set()
    for _, part in contents("answer", body):
        for plain in (part, part.replace(b"\0", b"")):
            found |= {name for _, name, word in every_word(made) if word.removeprefix(b"15.1") in plain}
    return found


def test_nothing_restricted_and_nothing_personal_is_on_a_public_page_or_in_its_file(
    canaries: Canaries, built: None, tmp_path: Path
) -> None:
    visitor = Visitor(canaries.register.path)
    statement = next(one.id for one in canaries.register.at().records("statement", {"code": "CANARY-1"}))
    addresses = {f"/publish/{name}": asked(name, "2024", CANARY_PARCEL) for name in publications()}
    addresses[f"/publish/statement/{statement}"] = {}
    addresses["/publish"] = {}
    for address, fields in addresses.items():
        answers = [visitor.get(address)]
        if address != "/publish":
            answers.append(sent(visitor, address, **fields))
            files = ["xlsx", "csv", "pdf", "docx", "html"]
            answers.append(sent(visitor, address, "download", format=files, **fields))
        for response in answers:
            assert response.status_code == 200, (address, text(response))
            assert words_in(response.body, canaries) == set(), address
    # the search finds what is there: the office's own layer of the same register
    publish(Layer("hazard"), tmp_path / "layer", "internal", register=canaries.register, formats=("geojson",))
    layer = (tmp_path / "layer" / "hazard.geojson").read_bytes()
    assert {"hazard.remarks"} & words_in(layer, canaries) or len(words_in(layer, canaries)) > 2


# -- the file ------------------------------------------------------------------------------------------------


def test_one_document_comes_as_itself_and_more_as_a_zip(visitor: Visitor) -> None:
    one = sent(visitor, "/publish/article7", "download", year="2021", format=["html"], language=["ar"])
    assert one["Content-Disposition"] == 'attachment; filename="article7-2021-public-ar.html"'
    assert one.body.startswith(b"<!doctype html>") and b'dir="rtl"' in one.body
    assert one["X-Content-Type-Options"] == "nosniff"
    two = sent(visitor, "/publish/article7", "download", year="2021", format=["html"], language=["ar", "fr"])
    assert two["Content-Disposition"] == 'attachment; filename="article7-2021-public.zip"'
    assert set(opened(two.body)) == {"article7.ar.html", "article7.fr.html", "manifest.json"}
    then = sent(visitor, "/publish/article7", "download", year="2021", known="2021-12-31")
    assert "article7-2021-known-2021-12-31-public.zip" in then["Content-Disposition"]


def test_a_parcel_is_read_from_a_file_and_kept_as_a_shape(visitor: Visitor, temporary: Path) -> None:
    feature = {
        "type": "Feature",
        "properties": {"owner": SECRET},
        "geometry": orjson.loads(shapely.to_geojson(shapely.from_wkt(PARCEL))),
    }
    file = io.BytesIO(orjson.dumps(feature))
    file.name = f"{SECRET}.geojson"
    page = text(sent(visitor, "/publish/parcel_statement", parcel_file=file))
    assert SECRET not in page
    kept = re.search(r"<textarea[^>]*>([^<]*)</textarea>", page)
    assert kept and shapely.from_wkt(kept[1]).equals(shapely.from_wkt(PARCEL))
    left = sent(visitor, "/publish/parcel_statement", "download", parcel=kept[1])
    assert left.status_code == 200
    assert left["Content-Disposition"] == 'attachment; filename="parcel-statement-public.zip"'
    assert list(temporary.iterdir()) == []


def test_no_file_of_this_machine_is_read_for_a_parcel(visitor: Visitor, tmp_path: Path) -> None:
    there = tmp_path / "parcel.geojson"
    there.write_text(shapely.to_geojson(shapely.from_wkt(PARCEL)), encoding="utf-8")
    said = []
    for path in (there, tmp_path / "not_there.geojson"):
        response = sent(visitor, "/publish/parcel_statement", parcel=str(path))
        assert response.status_code == 422
        assert "PARCEL_FILE" in text(response)
        said.append(re.sub(re.escape(path.name), "", re.sub(r'value="[^"]*"', "", text(response))))
    assert said[0] == said[1], "a page does not tell which files there are"


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("article7", {"year": None}, "PUBLICATION_ASKS"),
    ("article7", {"year": "twenty"}, "PARAMETER_YEAR"),
    ("article7", {"year": "20211"}, "PARAMETER_YEAR"),
    ("article7", {"year": "\u202e1202"}, "WEB_PARAMETER"),
    ("article7", {"year": "2" * 300}, "WEB_PARAMETER"),
    ("article7", {"year": "2021", "known": "2023-13-40"}, "DATE_IMPOSSIBLE"),
    ("article7", {"year": "2021", "true": "yesterday"}, "DATE_FORMAT"),
    ("article7", {"year": "2021", "audience": "friends"}, "AUDIENCE_UNKNOWN"),
    ("article7", {"year": "2021", "audience": None}, "WEB_NOT_CHOSEN"),
    ("article7", {"year": "2021", "language": ["xx"]}, "PUBLISH_LANGUAGE"),
    ("article7", {"year": "2021", "language": None}, "WEB_NOT_CHOSEN"),
    ("article7", {"year": "2021", "format": ["doc"]}, "PUBLISH_FORMAT"),
    ("article7", {"year": "2021", "format": None}, "WEB_NOT_CHOSEN"),
    ("action_plan", {"year": "2021", "deadline": "soon"}, "PARAMETER_YEAR"),
    ("monthly_bulletin", {"month": "2021-13"}, ""),
    ("monthly_bulletin", {"month": "March"}, ""),
    ("donor_table", {"since": "2022", "until": "2021"}, ""),
    ("donor_table", {"since": "'; DROP TABLE hazard"}, ""),
    ("monitor_casualties", {"known_on": "then"}, "DATE_FORMAT"),
    ("parcel_statement", {}, "PUBLICATION_ASKS"),
    ("parcel_statement", {"parcel": "POLYGON (("}, ""),
    ("parcel_statement", {"parcel": "{" * 2000}, "PARCEL_FILE"),
    ("parcel_statement", {"parcel": '{"type": "FeatureCollection", "features": []}'}, "PARCEL_FILE"),
    ("parcel_statement", {"parcel": PARCEL, "distance": "-5"}, ""),
    ("parcel_statement", {"parcel": PARCEL, "distance": "nan"}, ""),
    ("parcel_statement", {"place": "nowhere"}, "PARCEL_PLACE"),
]


@pytest.mark.parametrize("do", ["look", "download"])
@pytest.mark.parametrize(("name", "fields", "code"), BAD)
def test_what_is_entered_wrongly_is_said_beside_the_form(
    visitor: Visitor, temporary: Path, name: str, fields: dict[str, Any], code: str, do: str
) -> None:
    response = sent(visitor, f"/publish/{name}", do, **fields)
    page = text(response)
    assert 400 <= response.status_code < 500, page
    found = re.search(r'role="alert".*?<bdi>([A-Z_]+)</bdi>', page, re.DOTALL)
    assert found, page
    assert not code or found[1] == code
    assert found[1] not in ("WEB_FAULT", "WEB_REGISTER_UNREADABLE")
    for field, value in fields.items():
        if isinstance(value, str) and field != "audience":
            assert value in page, "what was entered is kept"
    assert list(temporary.iterdir()) == []


def test_a_field_that_is_wrong_is_marked(visitor: Visitor) -> None:
    page = text(sent(visitor, "/publish/article7", year="twenty"))
    marked = re.findall(r'<input[^>]*id="([^"]+)"[^>]*aria-invalid="true"', page)
    assert marked == ["ask-year"]


def test_what_is_not_there_has_no_page(visitor: Visitor, programme: Programme) -> None:
    for address, code in (
        ("/publish/nothing", "PUBLICATION_UNKNOWN"),
        ("/publish/statement/nothing", "RECORD_UNKNOWN"),
        (f"/publish/statement/{programme.sha}", "STATEMENT_UNKNOWN"),
    ):
        for response in (visitor.get(address), sent(visitor, address, "download")):
            assert (response.status_code, code in text(response)) == (404, True), address


# -- small numbers -------------------------------------------------------------------------------------------

SMALL = "by_year/casualties/2021"


def hidden(page: str) -> str:
    found = re.search(r'name="judged" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_a_small_number_leaves_only_when_somebody_answers_for_it(own: Visitor) -> None:
    address = "/publish/monitor_casualties"
    page = text(sent(own, address))
    small = re.findall(r'name="small:([^"]+)"', page)
    assert SMALL in small
    every = {f"small:{one}": "the family asked for it" for one in small}
    judged = hidden(page)
    for do in ("look", "download"):
        nobody = sent(own, address, do, judged=judged, **every)
        assert nobody.status_code == 422
        assert "ACCEPTED_BY" in text(nobody)
        assert text(nobody).count('value="the family asked for it"') == len(small), "reasons are kept"
    look = text(sent(own, address, judged=judged, by="M. Alder", **every))
    assert say("web.publish.look.withheld", "en", count=0) in look
    assert look.count('value="the family asked for it"') == len(small)
    left = sent(own, address, "download", judged=judged, by="M. Alder", format=["html"], **every)
    manifest = orjson.loads(opened(left.body)["manifest.json"])
    assert {(one["figure"], one["by"]) for one in manifest["accepted"]} == {
        (one, "M. Alder") for one in small
    }
    assert manifest["withheld"] == 0


def test_a_reason_holds_for_the_number_it_was_given_for(visitor: Visitor) -> None:
    address = "/publish/monitor_casualties"
    judged = hidden(text(sent(visitor, address)))
    given = {"judged": judged, "by": "M. Alder", f"small:{SMALL}": "the family asked for it"}
    other = sent(visitor, address, until="2022", **given)
    assert say("web.publish.look.put_aside", "en") in text(other)
    assert "the family asked for it" not in text(other)
    refused = sent(visitor, address, "download", until="2022", **given)
    assert (refused.status_code, "WEB_NUMBERS_CHANGED" in text(refused)) == (409, True)
    forged = sent(visitor, address, "download", **{**given, "judged": ""})
    assert (forged.status_code, "WEB_NUMBERS_CHANGED" in text(forged)) == (409, True)


def test_a_small_number_that_is_not_there_is_refused(visitor: Visitor) -> None:
    address = "/publish/monitor_casualties"
    judged = hidden(text(sent(visitor, address)))
    refused = sent(visitor, address, "download", judged=judged, by="M. Alder", **{"small:no/such": "because"})
    assert (refused.status_code, "FIGURE_UNKNOWN" in text(refused)) == (404, True)


def test_only_the_public_is_spared_small_numbers(visitor: Visitor) -> None:
    page = text(sent(visitor, "/publish/monitor_casualties", audience="partner"))
    assert 'name="small:' not in page


# -- nothing stays -------------------------------------------------------------------------------------------


def test_the_folder_is_the_user_s_alone_and_gone_before_the_answer(
    visitor: Visitor, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fallow.web import publishing_made

    modes = []

    def looked(*given: Any, **named: Any) -> Any:
        modes.append([stat.S_IMODE(one.stat().st_mode) for one in temporary.iterdir()])
        return publish(*given, **named)

    monkeypatch.setattr(publishing_made, "publish", looked)
    response = visitor.client.post(
        "/publish/article7",
        {"do": "download", "year": "2021", "audience": "public", "language": "en", "format": ["csv", "html"]},
    )
    assert modes == [[0o700]]
    assert list(temporary.iterdir()) == [], "the answer is not read yet and nothing lies anywhere"
    response.close()


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), RuntimeError("broken"), KeyboardInterrupt()]
)
def test_nothing_stays_after_a_fault(
    visitor: Visitor, temporary: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    from fallow.publish.writers import pages as writer

    def broken(*_: Any) -> str:
        raise fault

    monkeypatch.setattr(writer, "html", broken)
    form = {"do": "download", "year": "2021", "audience": "public", "language": "en", "format": "html"}
    if isinstance(fault, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            visitor.client.post("/publish/article7", form)
    else:
        response = visitor.client.post("/publish/article7", form)
        assert response.status_code == 500
        assert (
            "PUBLISH_NOT_WRITTEN" if isinstance(fault, OSError) else "WEB_FAULT"
        ).encode() in response.content
    assert list(temporary.iterdir()) == []


def test_no_room_for_temporary_files_is_said(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    response = sent(visitor, "/publish/article7", "download", year="2021")
    assert (response.status_code, "WEB_TEMPORARY" in text(response)) == (507, True)


def test_a_connection_that_breaks_leaves_nothing(address: str, temporary: Path) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(
            f"GET /publish/article7 HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        page = b"".join(iter(lambda: line.recv(65536), b"")).decode()
    cookie, token = (
        re.search(one, page)[1]  # type: ignore[index]
        for one in (r"fallow_form=(\w+)", r'name="csrfmiddlewaretoken" value="(\w+)"')
    )
    form = {"csrfmiddlewaretoken": token, "do": "download", "year": "2021", "audience": "public"}
    body = urlencode([*form.items(), ("language", "en"), ("format", "csv"), ("format", "pdf")]).encode()
    head = (
        f"POST /publish/article7 HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: fallow_form={cookie}\r\n"
        f"Origin: {address}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(head.encode() + body)
        deadline = time.monotonic() + 60
        while not list(temporary.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.005)
        assert list(temporary.iterdir()), "it was at work"
    deadline = time.monotonic() + 60
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(temporary.iterdir()) == []


def test_two_at_once_get_what_each_asked_for(programme: Programme, built: None, temporary: Path) -> None:
    jobs = [("article7", "public"), ("article7", "partner"), ("monitor_casualties", "public")] * 2
    alone = {
        job: sent(
            Visitor(programme.path), f"/publish/{job[0]}", "download", **asked(job[0]), audience=job[1]
        ).body
        for job in set(jobs)
    }
    found: list[tuple[tuple[str, str], bytes]] = []

    def work(job: tuple[str, str]) -> None:
        visitor = Visitor(programme.path)
        answer = sent(visitor, f"/publish/{job[0]}", "download", **asked(job[0]), audience=job[1])
        found.append((job, answer.body))
        visitor.desk.close()

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert len(found) == len(jobs)
    for job, body in found:
        assert opened(body) == opened(alone[job])
    assert list(temporary.iterdir()) == []


# -- forms that nobody sent ----------------------------------------------------------------------------------


def strict(path: Path) -> Any:
    """A browser that forgets nothing: cookies, and a form only with its mark."""
    from django.test import Client

    from fallow.web.desk import Desk

    return Client(HTTP_HOST="127.0.0.1:8321", enforce_csrf_checks=True, **{"fallow.desk": Desk(path)})


def test_a_form_needs_the_mark_of_its_page(programme: Programme, visitor: Visitor) -> None:
    client = strict(programme.path)
    fields = {"do": "download", "year": "2021", "audience": "public", "language": "en", "format": "csv"}
    assert client.post("/publish/article7", fields).status_code == 403
    page = client.get("/publish/article7")
    assert page["Referrer-Policy"] == "same-origin"
    cookie = client.cookies["fallow_form"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["max-age"] == ""
    mark = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())
    assert mark
    fields["csrfmiddlewaretoken"] = mark[1]
    for origin in ("null", "http://127.0.0.1:9999", "https://example.org"):
        forged = client.post("/publish/article7", fields, HTTP_ORIGIN=origin)
        assert (forged.status_code, b"WEB_FORM_OLD" in forged.content) == (403, True), origin
    assert client.post("/publish/article7", fields, HTTP_ORIGIN="http://127.0.0.1:8321").status_code == 200
    assert client.post("/publish/article7", fields).status_code == 200
    assert client.post("/check", {"key": ""}).status_code == 403


def test_only_forms_can_be_sent_and_not_much(visitor: Visitor) -> None:
    for address in ("/", "/publish", "/figures/books", "/api/kinds", "/checking"):
        response = visitor.client.post(address, {"year": "2021"})
        assert response.status_code in (404, 405), address
    assert visitor.client.put("/publish/article7", b"x").status_code == 405
    large = visitor.client.post(
        "/check", b"", content_type="application/zip", CONTENT_LENGTH=str(65 * 1024**2)
    )
    assert (large.status_code, b"WEB_TOO_MUCH" in large.content) == (413, True)
    odd = visitor.client.post("/check", b"", content_type="application/zip", CONTENT_LENGTH="-1")
    assert odd.status_code == 400
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain", ""):
        response = visitor.client.post("/publish/article7", b"--x\r\n\xff\xfe", content_type=kind)
        assert 400 <= response.status_code < 500, kind
    many = visitor.client.post("/publish/article7", {f"small:{one}": "x" for one in range(2_000)})
    assert many.status_code == 400


def test_what_is_sent_lies_on_no_disk_before_a_page_has_it(
    programme: Programme, built: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import waitress
    from waitress.adjustments import Adjustments

    from fallow.web import serve
    from fallow.web.configured import MOST_SENT

    given: dict[str, Any] = {}

    def instead(application: Any, **named: Any) -> Any:
        given.update(named)
        raise OSError("not served")

    monkeypatch.setattr(waitress, "create_server", instead)
    with pytest.raises(Exception, match="not served"):
        serve(programme.path, open_browser=False)
    Adjustments(**given)  # names the server knows
    assert given["inbuf_overflow"] >= given["max_request_body_size"] > MOST_SENT


# -- bundles -------------------------------------------------------------------------------------------------


def test_without_the_key_the_form_says_how(own: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FALLOW_PASSPHRASE", raising=False)
    page = text(own.get("/publish/article7"))
    assert say("web.publish.bundle.locked", "en") in page
    assert "fallow publish article7 --year YEAR --audience AUDIENCE --bundle --to FOLDER" in page
    assert 'name="bundle"' not in page and 'type="password"' not in page
    refused = sent(own, "/publish/article7", "download", year="2021", bundle="yes")
    assert (refused.status_code, "KEY_LOCKED" in text(refused)) == (423, True)
    own.desk.path.with_suffix(".key").unlink()
    assert say("web.publish.bundle.missing", "en") in text(own.get("/publish/article7"))
    gone = sent(own, "/publish/article7", "download", year="2021", bundle="yes")
    assert (gone.status_code, "KEY_MISSING" in text(gone)) == (423, True)


def test_a_bundle_is_sealed_where_the_server_has_the_passphrase(
    own: Visitor, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FALLOW_PASSPHRASE", PASSPHRASE)
    assert 'name="bundle"' in text(own.get("/publish/article7"))
    left = sent(own, "/publish/article7", "download", year="2021", bundle="yes")
    assert left.status_code == 200, text(left)
    bundle = opened(left.body)["bundle.zip"]
    with open_register(own.desk.path, passphrase=PASSPHRASE) as register:
        key = register.key_public
    held = checked(own, bundle, str(key))
    page = text(held)
    assert held.status_code == 200
    assert "verdict does_not_hold" not in page, page
    assert str(key) in page and say("publish.article7", "en") in page
    assert page.count(f'<th scope="row">{say("web.check.state.holds", "en")}</th>') > 5
    assert say("publish.check.key", "en") in page
    assert list(temporary.iterdir()) == []
    other = text(checked(own, bundle, "ab" * 32))
    assert "BUNDLE_KEY_OTHER" in other and "verdict does_not_hold" in other
    monkeypatch.setenv("FALLOW_PASSPHRASE", "another one")
    refused = sent(own, "/publish/article7", "download", year="2021", bundle="yes")
    assert (refused.status_code, "VAULT_PASSPHRASE" in text(refused)) == (403, True)


# -- statements ----------------------------------------------------------------------------------------------

TEXT = """
code: BULLETIN-7
type: bulletin
date: 2022-01-31
issuer: Survey organisation
title: {en: What happened, ar: ما حدث}
figures:
  harmed: {analysis: casualties, parameters: {year: 2021}, measure: casualties}
text:
  en: |
    In 2021, {harmed} people were harmed.
  ar: |
    في عام 2021 أصيب {harmed} من الأشخاص.
"""


def test_a_statement_is_listed_with_those_who_signed_and_those_who_took_back(
    own: Visitor, tmp_path: Path
) -> None:
    written = tmp_path / "statement.yaml"
    written.write_text(TEXT, encoding="utf-8")
    assert say("web.publish.statements.none", "en") in text(own.get("/publish"))
    with open_register(own.desk.path, passphrase=PASSPHRASE) as register:
        kept = new_statement(register, written, by="im.officer", why="agreed")
        for name in ("M. Alder", "<b>N. Birch</b>"):
            sign(
                register, "BULLETIN-7", name, organisation="Survey organisation", by="im.officer", why="paper"
            )
        withdraw(register, "BULLETIN-7", "M. Alder", why="she asked", by="im.officer")
    page = own.get("/publish")
    cells = re.findall(r"<td>(.*?)</td>", page.body.decode(), re.DOTALL)
    assert "N. Birch" in cells[1] and "<b>" not in cells[1] and "M. Alder" not in cells[1]
    assert "M. Alder" in cells[2] and "Survey organisation" in cells[2]
    address = f"/publish/statement/{kept.record}"
    assert address in Links(page.body).hrefs
    opened_page = text(own.get(address))  # nobody chose an audience yet, and nothing was published
    assert "{harmed}" in opened_page and say("cli.statement.public", "en") in opened_page
    assert "it counts fewer than 5 people" in opened_page
    look = text(sent(own, address, audience="partner", language=["en", "ar"]))
    assert "people were harmed" in look and "&lt;b&gt;N. Birch" in sent(own, address).body.decode()
    assert re.search(r'class="figure" href="/figures/casualties/explain\?year=2021[^"]*"><bdi>1</bdi>', look)
    public = text(sent(own, address, language=["en", "ar"]))
    assert f'In 2021, <span class="untold">{say("publish.withheld", "en")}</span> people' in public
    own.speak("ar")
    arabic = text(sent(own, address, audience="partner", language=["en", "ar"]))
    assert '<article class="paper" lang="ar" dir="rtl"' in arabic
    refused = sent(own, address, language=["fr"])
    assert (refused.status_code, "STATEMENT_LANGUAGE" in text(refused)) == (422, True)
    left = sent(own, address, "download", language=["en"], format=["html"])
    assert left["Content-Disposition"] == 'attachment; filename="statement-BULLETIN-7-public-en.html"'


# -- checking what somebody sent -----------------------------------------------------------------------------


def checked(visitor: Visitor, body: bytes, key: str = "") -> Any:
    file = io.BytesIO(body)
    file.name = "bundle.zip"
    response = visitor.client.post("/check", {"bundle": file, "key": key})
    response.body = response.content
    return response


def zipped(members: dict[str, bytes], **rest: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **rest) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


NO_BUNDLES = {
    "BUNDLE_NO_ZIP": b"this is no bundle",
    "BUNDLE_EMPTY": zipped({}),
    "BUNDLE_OTHER_ZIP": zipped({"README.txt": b"hello"}),
}


@pytest.mark.parametrize("code", NO_BUNDLES)
def test_what_is_no_bundle_is_refused_and_nothing_is_said_to_hold_or_not(
    visitor: Visitor, temporary: Path, code: str
) -> None:
    response = checked(visitor, NO_BUNDLES[code])
    page = text(response)
    assert response.status_code == 422 and code in page
    assert "verdict" not in page
    assert list(temporary.iterdir()) == []


HOSTILE = {
    "a zip without a manifest": zipped({"model.json": b"hello"}),
    "a manifest that is none": zipped({"manifest.json": b"[1, 2"}),
    "a deep manifest": zipped({"manifest.json": b"[" * 100_000}),
    "a large number": zipped({"manifest.json": b'{"schema": ' + b"9" * 5000 + b"}"}),
    "words of another type": zipped({"manifest.json": b'{"files": 7, "stamp": [], "title": "<script>"}'}),
    "a way out": zipped({"../../etc/passwd": b"x", "manifest.json": b"{}"}),
    "a bomb": zipped({"manifest.json": b" " * 300_000_000}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_a_line_and_never_a_fault(visitor: Visitor, temporary: Path, name: str) -> None:
    response = checked(visitor, HOSTILE[name])
    page = text(response)
    assert response.status_code == 200, page
    assert "verdict does_not_hold" in page or "verdict cannot_be_checked" in page
    assert "BUNDLE_" in page and "<script>" not in page
    assert list(temporary.iterdir()) == []


def test_nothing_sent_and_an_empty_file_are_said(visitor: Visitor) -> None:
    nothing = visitor.client.post("/check", {"key": "ab"})
    assert (nothing.status_code, b"WEB_NOT_CHOSEN" in nothing.content) == (422, True)
    assert b'value="ab"' in nothing.content
    empty = checked(visitor, b"")
    assert empty.status_code < 500
    assert checked(visitor, b"x", "\u202e" * 3).status_code == 422


def test_each_change_to_a_bundle_is_named(
    own: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FALLOW_PASSPHRASE", PASSPHRASE)
    left = sent(own, "/publish/monitor_casualties", "download", audience="partner", bundle="yes")
    bundle = opened(left.body)["bundle.zip"]
    members = opened(bundle)
    table = next(name for name in members if name.endswith("by_year.csv"))
    changed = text(checked(own, zipped({**members, table: members[table].replace(b"2021", b"2022")})))
    assert "verdict does_not_hold" in changed
    assert "BUNDLE_MEMBER_CHANGED" in changed and table in changed
    unsigned = text(checked(own, zipped({**members, "manifest.sig": b"0" * 128})))
    assert "BUNDLE_SIGNATURE" in unsigned
    one_byte = checked(own, bundle[:1])
    assert one_byte.status_code == 422 and "BUNDLE_NO_ZIP" in text(one_byte)
    other = checked(own, zipped({"photo.jpg": b"x"}))
    assert other.status_code == 422 and "BUNDLE_OTHER_ZIP" in text(other)
    no_key = checked(own, bundle, "zz")
    assert no_key.status_code == 422 and "BUNDLE_KEY_FORMAT" in text(no_key)
    assert "BUNDLE_BYTES_AFTER" in text(checked(own, bundle + b"more"))
    for at in (30, len(bundle) // 3, len(bundle) - 1):
        cut = checked(own, bundle[:at])
        assert cut.status_code == 200 and "verdict does_not_hold" in text(cut)
    own.speak("ar")
    assert say("web.check.state.fails", "ar") in text(checked(own, bundle[:-9]))


CHILDREN = {
    "slow": ("import time; time.sleep(60)", "WEB_CHECK_LIMIT"),
    "busy": ("confine()\nwhile True: pass", "WEB_CHECK_LIMIT"),
    "dead": ("import os; os.abort()", "WEB_CHECK_DIED"),
    "mute": ("", "WEB_CHECK_DIED"),
    "mad": ("print('[]')", "WEB_CHECK_DIED"),
    "large": ("confine()\nx = bytearray(3 << 30)", "WEB_CHECK_DIED"),
}


@pytest.mark.parametrize("name", CHILDREN)
def test_a_check_that_goes_wrong_is_said_and_the_pages_go_on(
    visitor: Visitor, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from fallow.web import checking, checking_child

    written, code = CHILDREN[name]
    limits = Path(checking_child.__file__).read_text("utf-8").replace("CPU_S = 90", "CPU_S = 1")
    child = tmp_path / "child.py"
    child.write_text(limits.rpartition("if __name__")[0] + written + "\n", encoding="utf-8")
    monkeypatch.setattr(checking, "_CHILD", child)
    monkeypatch.setattr(checking, "WALL_S", 5.0 if name == "slow" else 60.0)
    response = checked(visitor, b"PK\x03\x04")
    assert (response.status_code, code in text(response)) == (422, True), text(response)
    assert list(temporary.iterdir()) == []
    assert visitor.get("/check").status_code == 200


def test_the_child_knows_nothing_of_the_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fallow.web import checking

    monkeypatch.setenv("FALLOW_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1")
    child = tmp_path / "child.py"
    child.write_text(
        "import os, sys\nsys.stderr = None\nopen('seen', 'w').write(repr(dict(os.environ)) + os.getcwd())\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(checking, "_CHILD", child)
    bundle = tmp_path / "folder" / "bundle.zip"
    bundle.parent.mkdir()
    bundle.write_bytes(b"x")
    with pytest.raises(Exception, match="ended without"):
        checking.in_child(bundle)
    seen = (bundle.parent / "seen").read_text("utf-8")
    assert PASSPHRASE not in seen and "192.0.2.1" not in seen
    assert str(bundle.parent) in seen
    assert PASSPHRASE in repr(dict(os.environ)), "it was there to be taken"
