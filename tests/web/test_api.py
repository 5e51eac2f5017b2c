"""The API of the map: right answers, refusals with their shape, the same bytes for the same question."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest
import shapely
from web_story import Programme, Visitor, polygon

from fallow.register import open_register
from fallow.words import LANGUAGES

BAD = [
    ("/api/layer/hazard.geojson?bbox=nan,0,1,1", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=inf,0,1,1", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=1,1,0,0", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=0,0,1", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=0,0,1,1,2", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=-181,0,1,1", 422, "BBOX"),
    ("/api/layer/hazard.geojson?bbox=a,b,c,d", 422, "BBOX"),
    ("/api/table?bbox=0,0,1e400,1", 422, "BBOX"),
    ("/api/tile/21/0/0.mvt?kinds=hazard", 422, "WEB_PARAMETER"),
    ("/api/tile/3/8/0.mvt?kinds=hazard", 422, "WEB_PARAMETER"),
    ("/api/tile/0/0/1.mvt?kinds=hazard", 422, "WEB_PARAMETER"),
    ("/api/tile/999999999/0/0.mvt?kinds=hazard", 422, "WEB_PARAMETER"),
    # A map takes 404 for a tile with nothing in it and stays silent (S1), so a tile never says 404.
    ("/api/tile/0/0/0.mvt?kinds=unicorn", 410, "KIND_UNKNOWN"),
    ("/api/tile/0/0/0.mvt?kinds=hazard,", 410, "KIND_UNKNOWN"),
    ("/api/tile/0/0/0.mvt", 410, "KIND_UNKNOWN"),
    ("/api/tile/0/0/-1.mvt?kinds=hazard", 410, "WEB_NOT_FOUND"),
    ("/api/tile/0/0/0.mvt?kinds=statement", 422, "NO_GEOMETRY"),
    ("/api/tile/0/0/0.mvt?kinds=hazard&known=2021-13", 422, "DATE_FORMAT"),
    ("/api/shape/not-a-uuid.geojson", 404, "RECORD_UNKNOWN"),
    ("/api/shape/00000000-0000-8000-8000-0000000000ff.geojson", 404, "RECORD_UNKNOWN"),
    ("/api/layer/unicorn.geojson", 404, "KIND_UNKNOWN"),
    ("/api/layer/statement.geojson", 422, "NO_GEOMETRY"),
    ("/api/summary?known=yesterday", 422, "DATE_FORMAT"),
    ("/api/summary?known=2021-13-01", 422, "DATE_FORMAT"),
    ("/api/summary?known=2021-02-30", 422, "DATE_FORMAT"),
    ("/api/summary?true=2021-2-3", 422, "DATE_FORMAT"),
    ("/api/summary?true=0000-01-01", 422, "DATE_FORMAT"),
    ("/api/summary?true=99999-01-01", 422, "DATE_FORMAT"),
    ("/api/summary?true=%D9%A2%D9%A0%D9%A2%D9%A1", 422, "DATE_FORMAT"),
    ("/api/summary?known=" + "9" * 5000, 422, "WEB_PARAMETER"),
    ("/api/summary?known=%00", 422, "WEB_PARAMETER"),
    ("/api/difference?known=2021-00", 422, "DATE_FORMAT"),
    ("/api/nothing", 404, "WEB_NOT_FOUND"),
    ("/records/unicorn", 404, "KIND_UNKNOWN"),
    ("/records/hazard?page=0", 422, "WEB_PARAMETER"),
    ("/records/hazard?page=-1", 422, "WEB_PARAMETER"),
    ("/records/hazard?page=1e9", 422, "WEB_PARAMETER"),
    ("/records/hazard?page=" + "9" * 150, 422, "WEB_PARAMETER"),
    ("/records/hazard?page=999999999", 404, "WEB_PAGE"),
    ("/records/hazard?sort=secret", 404, "FIELD_UNKNOWN"),
    ("/records/victim?sort=name_of_person", 404, "FIELD_UNKNOWN"),
    ("/records/hazard?hazard_class=unicorn", 422, "WEB_PARAMETER"),
    ("/records/hazard?unlocated=perhaps", 422, "WEB_PARAMETER"),
    ("/records/hazard?q=%E2%80%AE", 422, "WEB_PARAMETER"),
    ("/record/not-a-uuid", 404, "RECORD_UNKNOWN"),
    ("/record/00000000-0000-8000-8000-0000000000ff", 404, "RECORD_UNKNOWN"),
    ("/language/xx", 422, "WEB_PARAMETER"),
    ("/built/../../settings.py", 404, "WEB_NOT_FOUND"),
    ("/built/.vite/manifest.json", 404, "WEB_NOT_FOUND"),
]


@pytest.mark.parametrize(("address", "status", "code"), BAD, ids=[one[0][:60] for one in BAD])
def test_a_bad_question_is_refused_with_its_code(
    visitor: Visitor, address: str, status: int, code: str
) -> None:
    response = visitor.get(address)
    assert response.status_code == status, response.body[:300]
    if address.startswith("/api/"):
        said = orjson.loads(response.body)
        assert said["code"] == code
        assert said["what"] and said["remedy"] and said["level"] == "refuse" and "where" in said
    else:
        assert code.encode() in response.body
    assert b"Traceback" not in response.body and len(response.body) < 20_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_speaks_the_language_of_the_page(visitor: Visitor, language: str) -> None:
    from fallow.errors import text

    visitor.speak(language)
    said = orjson.loads(visitor.get("/api/layer/statement.geojson").body)
    assert said["what"] == text("NO_GEOMETRY", "what", {}, language)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8321", "169.254.169.254", "127.0.0.1.evil.example", ""]
)
def test_another_host_is_refused(visitor: Visitor, host: str) -> None:
    response = visitor.get("/api/kinds", Host=host)
    assert (response.status_code, orjson.loads(response.body)["code"]) == (400, "WEB_HOST_REFUSED")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8321", "localhost:1", "[::1]", "[::1]:8321"])
def test_this_machine_is_let_in(visitor: Visitor, host: str) -> None:
    assert visitor.get("/api/kinds", Host=host).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_nothing_can_be_sent(visitor: Visitor, method: str) -> None:
    response = getattr(visitor.client, method)("/api/kinds")
    assert (response.status_code, orjson.loads(response.content)["code"]) == (405, "WEB_READ_ONLY")


def features(visitor: Visitor, address: str) -> dict[str, Any]:
    return {one["properties"]["id"]: one for one in visitor.json(address)["features"]}


def test_a_layer_is_the_register_to_the_centimetre(visitor: Visitor, programme: Programme) -> None:
    found = features(visitor, "/api/layer/hazard.geojson")
    with open_register(programme.path, read_only=True) as register:
        records = {one.id: one for one in register.at().records("hazard")}
    assert programme.unlocated not in found
    assert set(found) == {one.id for one in records.values() if one.geometry}
    for record, feature in found.items():
        drawn = shapely.from_geojson(orjson.dumps(feature["geometry"]))
        true = shapely.from_wkb(records[record].geometry)
        assert shapely.hausdorff_distance(drawn, true) <= 0.5e-7 + 1e-12
        assert len(shapely.get_coordinates(drawn)) == len(shapely.get_coordinates(true)), (
            "no shape is simplified"
        )


def test_a_box_keeps_what_touches_it(visitor: Visitor, programme: Programme) -> None:
    assert set(features(visitor, "/api/layer/hazard.geojson?bbox=17.9,44.6,18.01,44.8")) == {programme.sha}
    assert features(visitor, "/api/layer/hazard.geojson?bbox=10,40,11,41") == {}


def test_both_clocks_move_the_layer(visitor: Visitor, programme: Programme) -> None:
    at = "/api/layer/hazard.geojson?known={}&true={}"
    assert programme.late not in features(visitor, at.format("2021-12-31", "2021-12-31"))
    assert programme.late in features(visitor, at.format("2022-12-31", "2021-12-31")), (
        "known later, true then"
    )
    assert programme.late not in features(visitor, at.format("2022-12-31", "2021-05-31")), "not yet true"
    assert features(visitor, at.format("2019-12-31", "2022-12-31")) == {}
    month = features(visitor, "/api/layer/hazard.geojson?known=2022-05")
    assert programme.late in month, "a month means its last day"


def test_the_summary_adds_up(visitor: Visitor) -> None:
    said = visitor.json("/api/summary")
    for kind in said["kinds"].values():
        assert sum(kind["lines"].values()) == kind["count"]
    hazard = said["kinds"]["hazard"]
    assert (hazard["count"], hazard["unlocated"], hazard["awaiting"]) == (8, 1, 1)
    assert hazard["lines"] == {"hazard.cha": 2, "hazard.sha": 6}
    assert said["kinds"]["land_release"]["lines"] == {"land_release.cancelled~claimed": 1}, (
        "claimed is not released (S3)"
    )
    assert said["data_date"] == "2023-09-09"
    assert said["later"] == {"reports": 0, "records": 0}
    assert said["bounds"] == [18.0, 44.7, 18.37, 44.76]


def test_later_reports_are_counted_and_shown(visitor: Visitor, programme: Programme) -> None:
    asked = "?known=2021-12-31&true=2023-12-31"
    said = visitor.json(f"/api/summary{asked}")["later"]
    shown = visitor.json(f"/api/difference{asked}")
    by_record = {one["id"]: one["said"] for one in shown["rows"]}
    assert by_record[programme.late] == "came"
    assert by_record[programme.release] == "came"
    assert by_record[programme.sha] == "changed"
    assert programme.cha not in by_record
    assert said["records"] == shown["total"] == len(by_record)
    assert said["reports"] >= 3  # at least one each for the release, the late hazard and the corrected one
    assert {one["properties"]["d"] for one in shown["features"]} == {"came", "changed"}
    assert visitor.json("/api/difference")["features"] == []


def test_a_disputed_shape_is_the_larger_one(visitor: Visitor, programme: Programme) -> None:
    drawn = features(visitor, "/api/layer/hazard.geojson")[programme.disputed]
    shape = shapely.from_geojson(orjson.dumps(drawn["geometry"]))
    for wkb in (polygon(18.10, 44.70), polygon(18.11, 44.70, 0.025)):
        assert shape.buffer(1e-7).covers(shapely.from_wkb(wkb)), (
            "S1: what stands contains what each source said"
        )
    assert drawn["properties"]["l"] == "hazard.cha" and drawn["properties"]["c"] == 1


def test_the_same_question_is_answered_from_the_same_head(visitor: Visitor) -> None:
    first = visitor.get("/api/layer/hazard.geojson")
    again = visitor.get("/api/layer/hazard.geojson", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    other = visitor.get("/api/layer/hazard.geojson?true=2021-01-01", **{"If-None-Match": first["ETag"]})
    assert other.status_code == 200 and other["ETag"] != first["ETag"]
    packed = visitor.get("/api/layer/hazard.geojson", **{"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == first.body


def test_a_later_approval_is_seen_at_once(tmp_path: Path, built: None) -> None:
    from web_story import PASSPHRASE, bring, build, hazard

    made = build(tmp_path / "country.gpkg")
    visitor = Visitor(made.path)
    first = visitor.get("/api/layer/hazard.geojson")
    with open_register(made.path, passphrase=PASSPHRASE) as register:
        new = "00000000-0000-8000-8000-0000000000aa"
        bring(
            register,
            "survey",
            "Survey",
            [hazard(new, "2024-01-01", polygon(18.4, 44.7), code="HA-009")],
            "2024-01-02",
        )
    again = visitor.get("/api/layer/hazard.geojson", **{"If-None-Match": first["ETag"]})
    assert again.status_code == 200 and new.encode() in again.body


def test_rows_beside_the_map(visitor: Visitor, programme: Programme) -> None:
    said = visitor.json("/api/table?bbox=17.9,44.6,18.5,44.8")
    assert said["total"] == len(said["rows"]) == 9
    assert [one["title"] for one in said["rows"][:2]] == ["HA-002", "HA-003"]
    only = visitor.json("/api/table?lines=accident.all")
    assert [one["id"] for one in only["rows"]] == [programme.accident]
    assert visitor.json("/api/table?lines=")["rows"] == []


def test_times_span_the_history(visitor: Visitor) -> None:
    said = visitor.json("/api/times")
    assert said["first"] == "2020-01-15"
    assert sum(n for _, n in said["true"]) == sum(n for _, n in said["known"]) == 16, (
        "every approved report once"
    )
    assert ["2023-08", 1] in said["true"] and ["2023-09", 1] in said["known"]
    assert ["2021-02", 2] in said["known"]


def test_a_draft_is_in_no_count(tmp_path: Path, built: None) -> None:
    from web_story import PASSPHRASE, build, hazard

    made = build(tmp_path / "country.gpkg")
    before = Visitor(made.path).json("/api/times")
    with open_register(made.path, passphrase=PASSPHRASE) as register:
        register.add([hazard(made.sha, "2019-01-01", None, code="HA-001")])
    assert Visitor(made.path).json("/api/times") == before
