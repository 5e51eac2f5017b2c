"""When the file goes missing or is damaged while pages are open: a page that says so, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest
from web_story import Programme, Visitor

from fallow.errors import FallowError
from fallow.kinds import load_kinds
from fallow.web import serve
from fallow.web.symbology import symbology

ASKED = (
    "/",
    "/records",
    "/records/hazard",
    "/about",
    "/api/summary",
    "/api/times",
    "/api/table",
    "/api/layer/hazard.geojson",
    "/api/tile/0/0/0.mvt?kinds=hazard",
)


@pytest.fixture
def copied(programme: Programme, tmp_path: Path) -> Path:
    target = tmp_path / "copy.gpkg"
    shutil.copy(programme.path, target)
    return target


def refused(visitor: Visitor, address: str) -> tuple[int, str]:
    response = visitor.get(address)
    assert b"Traceback" not in response.body
    if address.startswith("/api/"):
        return response.status_code, orjson.loads(response.body)["code"]
    found = [
        code
        for code in (
            "REGISTER_MISSING",
            "REGISTER_DAMAGED",
            "NOT_A_REGISTER",
            "WEB_REGISTER_UNREADABLE",
            "WEB_FAULT",
        )
        if code.encode() in response.body
    ]
    return response.status_code, found[0] if found else ""


@pytest.mark.parametrize("address", ASKED)
def test_the_file_goes_missing_and_comes_back(copied: Path, built: None, address: str) -> None:
    visitor = Visitor(copied)
    assert visitor.get(address).status_code == 200
    aside = copied.with_suffix(".aside")
    copied.rename(aside)
    gone = 410 if "/tile/" in address else 404  # a map would take 404 for an empty tile (S1)
    assert refused(visitor, address) == (gone, "REGISTER_MISSING")
    aside.rename(copied)
    assert visitor.get(address).status_code == 200


@pytest.mark.parametrize("address", ASKED)
def test_another_program_writes_rubbish_over_the_file(copied: Path, built: None, address: str) -> None:
    visitor = Visitor(copied)
    assert visitor.get("/records/hazard").status_code == 200
    with copied.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (copied.stat().st_size - 100))
    status, code = refused(visitor, address)
    assert code in {"WEB_REGISTER_UNREADABLE", "REGISTER_DAMAGED"}, code
    assert status in {500, 503}


@pytest.mark.parametrize("content", [b"", b"not a register", b"SQLite format 3\0" + b"\0" * 4000])
def test_a_file_that_is_no_register(tmp_path: Path, built: None, content: bytes) -> None:
    target = tmp_path / "thing.gpkg"
    target.write_bytes(content)
    visitor = Visitor(target)
    for address in ("/", "/api/summary"):
        status, code = refused(visitor, address)
        assert code in {"NOT_A_REGISTER", "REGISTER_DAMAGED", "WEB_REGISTER_UNREADABLE"}, code
        assert status in {422, 500, 503}


def test_one_unreadable_shape_is_told_not_left_out(copied: Path, programme: Programme, built: None) -> None:
    import sqlite3

    connection = sqlite3.connect(copied)
    triggers = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'hazard_history'"
    )
    for (name,) in triggers.fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute(
        "UPDATE hazard_history SET geom = substr(geom, 1, length(geom) - 20) WHERE record = ?",
        (programme.cha,),
    )
    connection.commit()
    connection.close()
    assert refused(Visitor(copied), "/api/layer/hazard.geojson") == (503, "WEB_REGISTER_UNREADABLE")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "example.org"])
def test_the_map_is_served_to_this_machine_only(programme: Programme, host: str) -> None:
    with pytest.raises(FallowError) as refusal:
        serve(programme.path, host=host, open_browser=False)
    assert refusal.value.code == "WEB_NOT_LOOPBACK"


def test_a_missing_register_is_refused_before_anything_is_served(tmp_path: Path, built: None) -> None:
    with pytest.raises(FallowError) as refusal:
        serve(tmp_path / "none.gpkg", open_browser=False)
    assert refusal.value.code == "REGISTER_MISSING"


def test_a_taken_port_is_said(programme: Programme, built: None) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(FallowError) as refusal:
            serve(programme.path, port=taken.getsockname()[1], open_browser=False)
    assert refusal.value.code == "WEB_PORT_TAKEN"


def test_what_two_people_signed_is_told_from_what_is_claimed() -> None:
    legend = symbology(load_kinds(), "land_release")
    assert legend.line("cleared", "released") == "land_release.cleared"
    assert legend.line("cleared", "claimed") == "land_release.cleared~claimed"
    assert legend.line("cleared", None) == "land_release.cleared~claimed"
    assert legend.line(None, "released") == "land_release.all~claimed"
    assert legend.line("cleared", "withdrawn") == "land_release.withdrawn"
    assert len({one.look for one in legend.items}) == len(legend.items), "each line looks its own way"


def test_doubt_about_a_hazard_is_drawn_as_danger() -> None:
    legend = symbology(load_kinds(), "hazard")
    assert legend.line("cha", "open") == "hazard.cha"
    assert legend.line(None, "open") == "hazard.unknown"
    assert legend.line("of a later list", None) == "hazard.unknown"
    assert legend.line("sha", "closed") == "hazard.closed" == legend.line("cha", "handed_over")
    assert legend.line("sha", "reopened") == "hazard.sha"
    colours = {one.key: one.colour for one in legend.items}
    assert (colours["hazard.cha"], colours["hazard.sha"]) == ("#ff0000", "#f4a718")


@pytest.mark.parametrize("kind", sorted(load_kinds().kinds))
def test_every_line_a_record_can_stand_on_is_in_the_legend(kind: str) -> None:
    model = load_kinds()
    legend = symbology(model, kind)
    symbols, states = (
        [None, "unheard of", *_codes(model, kind, name)] for name in (legend.symbol, legend.status)
    )
    for symbol in symbols:
        for state in states:
            assert legend.item(legend.line(symbol, state)).words()


def _codes(model: object, kind: str, name: str | None) -> list[str]:
    field = load_kinds().kind(kind).field(name or "")
    return [one.code for one in load_kinds().codes(field)] if field is not None and field.codes else []


def test_what_the_first_picture_needs_is_read_ahead(copied: Path, built: None) -> None:
    from fallow.web import layers
    from fallow.web.asked import When
    from fallow.web.serving import _warm

    desk = Visitor(copied).desk
    _warm(desk)
    with desk.reading() as register:
        head = register.ledger.head()[0]
        kept = desk.kept((register.id, head, "hazard", When()), lambda: None)
        assert kept is layers.layer(desk, register, "hazard", When()), "nothing is read again"
    desk.close()


def test_reading_ahead_leaves_a_lost_register_to_the_page(
    copied: Path, built: None, caplog: pytest.LogCaptureFixture
) -> None:
    from fallow.web.serving import _warm

    desk = Visitor(copied).desk
    copied.unlink()
    _warm(desk)
    assert "nothing was read ahead" in caplog.text


def test_a_form_nobody_can_read_leaves_no_traceback_where_the_server_runs(
    visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """The person who serves looks at that terminal, and the sender has a page that says so."""
    from django.test import Client

    sender = Client(enforce_csrf_checks=True, HTTP_HOST="127.0.0.1:8321", **{"fallow.desk": visitor.desk})
    sender.get("/check")  # the cookie that ties the form to its page
    response = sender.post("/check", {f"field{one}": "x" for one in range(2_000)})
    assert response.status_code == 400
    assert [one.name for one in caplog.records] == [], "a traceback of the framework"


def test_the_language_of_a_refusal_is_changed_where_it_stands(visitor: Visitor) -> None:
    page = visitor.get("/records/hazard?known=2020-13-99")
    assert page.status_code == 422
    assert b'"/language/fr?back=%2Frecords%2Fhazard%3Fknown%3D2020-13-99"' in page.body
