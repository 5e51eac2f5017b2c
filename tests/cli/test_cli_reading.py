"""The verbs that ask: list, look, changes, review, verify, snapshot; tables, JSON, files."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from cli_story import PASSPHRASE, PLANTED_NAME, Country, Type, build, hazard, record_id, square

Asked = Callable[..., Any]


def test_list_gives_records_with_what_they_may_not_be_read_as(told: Asked, country: Country) -> None:
    listed = told("list", "hazard", "--register", country.path)
    assert {one["fields"]["code"] for one in listed["records"]} == {"HA-0001", "HA-0002", "HA-0003"}
    assert listed["crs"] == "EPSG:4326"
    assert listed["location_unknown"] == 1
    assert "No hazard shown does not mean safe." in listed["notice"]
    assert listed["data_date"] in listed["notice"]
    assert listed["notice"].startswith("INVENTED DATA")
    assert "remarks" in listed["restricted_fields"]
    assert "restricted fields are included" in listed["notice"]


def test_geometry_comes_out_as_it_went_in(told: Asked, country: Country) -> None:
    by_code = {
        one["fields"]["code"]: one for one in told("list", "hazard", "--register", country.path)["records"]
    }
    assert shapely.geometry.shape(by_code["HA-0001"]["geometry"]).equals(shapely.from_wkb(square(15, 45)))
    assert by_code["HA-0003"]["geometry"] is None


@pytest.mark.parametrize(
    ("clocks", "count"),
    [
        ((), 4),
        (("--known", "2017-12-31"), 3),
        (("--known", "2017"), 3),
        (("--known", "2016-12-31"), 0),
        (("--true", "2006-01-31"), 3),
        (("--known", "2017-12-31", "--true", "2006-01-31"), 2),
    ],
)
def test_count_is_a_number_as_of_any_pair_of_days(
    told: Asked, fallow: Type, country: Country, clocks: tuple[str, ...], count: int
) -> None:
    words = ("list", "victim", "--register", country.path, "--count", *clocks)
    assert told(*words) == {"count": count}
    assert fallow(*words).stdout == f"{count}\n"


def test_head_gives_the_picture_before_the_second_delivery(told: Asked, country: Country) -> None:
    head = country.numbers["second"].start - 2
    before = told("list", "hazard", "--register", country.path, "--head", head)
    assert before["head"] == head
    assert {one["fields"]["hazard_class"] for one in before["records"] if one["id"] == record_id(1)} == {
        "sha"
    }


def test_where_bbox_limit_fields_order(told: Asked, country: Country) -> None:
    def codes(*words: str) -> list[str]:
        listed = told("list", "hazard", "--register", country.path, *words)
        return [one["fields"]["code"] for one in listed["records"]]

    assert codes("--where", "hazard_class=cha", "--order", "code") == ["HA-0001", "HA-0002"]
    assert codes("--where", "code=HA-0001", "--where", "code=HA-0003", "--order", "-code") == [
        "HA-0003",
        "HA-0001",
    ]
    assert codes("--where", "declared_area=") == codes("--where", "code=HA-0001", "--where", "code=HA-0003")
    assert codes("--where", "declared_area=12.5") == ["HA-0002"]
    assert codes("--where", "direct_evidence=ordnance_seen") == ["HA-0001"]
    assert codes("--bbox", "14.99,44.99,15.05,45.05") == ["HA-0001"]
    assert len(codes("--limit", "2")) == 2
    one = told("list", "hazard", "--register", country.path, "--fields", "status,code", "--limit", "1")[
        "records"
    ][0]
    assert list(one["fields"]) == ["status", "code"]


def test_csv_cannot_run_in_a_spreadsheet_and_numbers_stay_numbers(fallow: Type, country: Country) -> None:
    words = (
        "list",
        "hazard",
        "--register",
        country.path,
        "--format",
        "csv",
        "--fields",
        "code,remarks,declared_area",
    )
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(fallow(*words).stdout))}
    assert rows["HA-0001"]["remarks"] == "'=2+2"
    assert rows["HA-0003"]["remarks"] == "'-12.5"
    assert rows["HA-0002"]["declared_area"] == "12.5"
    assert shapely.from_wkt(rows["HA-0001"]["geometry_wkt"]).equals(shapely.from_wkb(square(15, 45)))
    for row in rows.values():
        assert row["crs"] == "EPSG:4326"
        assert "does not mean safe" in row["notice"]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_cell_that_begins_like_a_formula_is_text(begin: str) -> None:
    from fallow.cli.records_out import cell

    assert cell(begin + "1") == "'" + begin + "1"
    assert cell(-1.5) == -1.5
    assert cell([begin + "a", "b"]) == "'" + begin + "a;b"


def test_geojson_is_a_collection_with_the_notice(fallow: Type, country: Country, tmp_path: Path) -> None:
    target = tmp_path / "hazards.geojson"
    fallow("list", "hazard", "--register", country.path, "--to", target)
    read = json.loads(target.read_text(encoding="utf-8"))
    assert read["type"] == "FeatureCollection"
    assert len(read["features"]) == 3
    assert "does not mean safe" in read["fallow"]["notice"]
    assert read["features"][0]["properties"]["record"] == read["features"][0]["id"]


def test_gpkg_opens_elsewhere_with_all_rows(fallow: Type, country: Country, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    target = tmp_path / "hazards.gpkg"
    fallow("list", "hazard", "--register", country.path, "--to", target)
    frame = pyogrio.read_dataframe(target, layer="hazard")
    assert sorted(frame["code"]) == ["HA-0001", "HA-0002", "HA-0003"]
    assert frame.crs.to_epsg() == 4326
    assert frame.set_index("code").geometry["HA-0001"].equals(shapely.from_wkb(square(15, 45)))
    assert frame.set_index("code").geometry["HA-0003"] is None
    with sqlite3.connect(target) as file:
        told = file.execute("SELECT identifier, description FROM gpkg_contents").fetchone()
    assert told[0].startswith("INVENTED")
    assert "does not mean safe" in told[1]


def test_a_file_is_not_overwritten_unless_asked(fallow: Type, country: Country, tmp_path: Path) -> None:
    target = tmp_path / "hazards.csv"
    target.write_text("mine", encoding="utf-8")
    words = ("list", "hazard", "--register", country.path, "--to", target)
    assert "TARGET_EXISTS" in fallow(*words, status=2).stderr
    assert target.read_text(encoding="utf-8") == "mine"
    fallow(*words, "--overwrite")
    assert target.read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert not list(tmp_path.glob("*.partial"))


def test_a_file_has_the_form_of_its_name_and_json_tells_about_it(
    told: Asked, country: Country, tmp_path: Path
) -> None:
    target = tmp_path / "hazards.geojson"
    made = told("list", "hazard", "--register", country.path, "--to", target)
    assert (made["file"], made["format"], made["count"]) == (str(target), "geojson", 3)
    assert json.loads(target.read_text(encoding="utf-8"))["type"] == "FeatureCollection"


def test_the_table_is_for_people(fallow: Type, country: Country) -> None:
    text = fallow("list", "hazard", "--register", country.path, "--table").stdout
    assert "Confirmed hazardous area" in text
    assert "status=closed?" in text
    assert "Shown: 3 of 3." in text
    assert "does not mean safe" in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_nothing_is_cut_off_on_a_narrow_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    from fallow.cli.show import print_table

    monkeypatch.setenv("COLUMNS", str(width))
    print_table(["a", "b", "c"], [["x" * 100, "2017-03-01", "y" * 16] for _ in range(3)])
    shown = capsys.readouterr().out
    assert (shown.count("x"), shown.count("y"), shown.count("2"), "…" in shown) == (300, 48, 3, False)


@pytest.mark.parametrize("spelled", ["HA-0002", record_id(2), record_id(2)[:8], record_id(2).upper()])
def test_look_takes_a_name_an_id_or_its_beginning(told: Asked, country: Country, spelled: str) -> None:
    seen = told("look", spelled, "--register", country.path)
    assert seen["id"] == record_id(2)
    assert seen["title"] == "HA-0002"


def test_look_shows_the_report_and_source_behind_each_value(told: Asked, country: Country) -> None:
    seen = told("look", "HA-0002", "--register", country.path)
    first, second = country.numbers["first"].start + 1, country.numbers["second"].start + 1
    assert seen["values"]["hazard_class"] == {
        "value": "cha",
        "meaning": "Confirmed hazardous area (CHA)",
        "label": "Class",
        "reports": [first],
        "sources": ["authority"],
        "who": ["The authority"],
        "true": "2017-04-01",
    }
    assert seen["values"]["status"]["value"] == "open"
    assert seen["awaiting"] == {"status": "closed"}
    assert [one["number"] for one in seen["reports"]] == [second, first]
    assert [one["by"] for one in seen["decisions"]] == ["im.officer", "im.officer"]
    both = {one["source"]: one for one in seen["conflicts"]["hazard_class"]}
    assert (both["authority"]["value"], both["authority"]["stands"]) == ("cha", True)
    assert (both["operator"]["value"], both["operator"]["stands"]) == ("sha", False)
    assert both["operator"]["true"] == "2021-04-01"
    assert both["operator"]["known_from"] == "2022-03-15"


def test_look_as_known_then(told: Asked, country: Country) -> None:
    seen = told("look", "HA-0001", "--register", country.path, "--known", "2018-01-01")
    assert seen["values"]["hazard_class"]["value"] == "sha"
    assert seen["conflicts"] == {}
    before = told("look", "HA-0001", "--register", country.path, "--known", "2016-01-01")
    assert before["standing"] is None
    assert before["values"] == {}
    at_head = told(
        "look", "HA-0001", "--register", country.path, "--head", country.numbers["second"].start - 2
    )
    assert at_head["values"]["hazard_class"]["value"] == "sha"
    assert len(at_head["reports"]) == 1


def test_look_finds_a_record_with_drafts_only(told: Asked, fallow: Type, country: Country) -> None:
    seen = told("look", record_id(5)[:8], "--register", country.path)
    assert seen["standing"] is None
    assert [one["state"] for one in seen["reports"]] == ["draft"]
    assert (
        "No approved report stands"
        in fallow("look", record_id(5), "--register", country.path, "--table").stdout
    )


def test_look_says_when_several_are_meant(fallow: Type, country: Country) -> None:
    refused = fallow("look", "0000", "--register", country.path, status=2)
    assert "RECORD_AMBIGUOUS" in refused.stderr
    assert record_id(1) in refused.stderr


def test_changes_names_the_groups_and_the_records(told: Asked, country: Country) -> None:
    words = ("changes", "victim", "--register", country.path, "--from", "2017-12-31", "--to", "2022-12-31")
    assert told(*words, "--by", "admin2_code,date:month")["groups"] == [
        {
            "group": {"admin2_code": "05313", "date": "2006-01"},
            "before": 2,
            "after": 3,
            "difference": 1,
            "added": [record_id(1004)],
            "removed": [],
        }
    ]
    whole = told(*words)
    assert (whole["before"], whole["after"], whole["groups_changed"]) == (3, 4, 1)
    assert told(*words, "--true", "2005-12-31")["groups"] == []
    months = told(*words, "--by", "date:month")
    assert (months["groups_before"], months["groups_after"], months["groups_total"]) == (2, 2, 2)


def test_review_shows_what_waits(told: Asked, fallow: Type, country: Country) -> None:
    waiting = told("review", "--register", country.path)
    (drafts,) = waiting["drafts"]
    assert drafts["delivery"] == country.deliveries["third"]
    assert drafts["drafts"] == 2
    assert [(one["code"], one["count"]) for one in drafts["held"]] == [("OUTSIDE_COUNTRY", 1)]
    assert {one["record"] for one in waiting["conflicts"]} == {record_id(1), record_id(2)}
    sides = waiting["conflicts"][0]["fields"]["hazard_class"]
    assert {one["source"] for one in sides} == {"authority", "operator"}
    assert waiting["claims"] == [{"kind": "hazard", "record": record_id(2), "awaiting": "status=closed"}]
    text = fallow("review", "--register", country.path, "--table").stdout
    assert "held by OUTSIDE_COUNTRY" in text
    assert "Sources disagree: Class" in text


def test_verify_holds_and_says_what_was_walked(told: Asked, fallow: Type, country: Country) -> None:
    verdict = told("verify", "--register", country.path, "--refold")
    assert verdict["holds"] is True
    assert verdict["refolded"] is True
    assert verdict["entries"] == country.numbers["casualties_2022"].stop
    assert "Nothing is damaged." in fallow("verify", "--register", country.path, "--table").stdout


def test_verify_ends_with_three_and_names_what_is_damaged(
    told: Asked, fallow: Type, country: Country
) -> None:
    with sqlite3.connect(country.path) as file:
        number = country.numbers["first"].start
        file.execute(
            "UPDATE fallow_ledger SET body = replace(body, 'open', 'oper') WHERE number = ?", (number,)
        )
    verdict = told("verify", "--register", country.path, status=3)
    assert verdict["holds"] is False
    assert f"entry {number}" in {one["where"] for one in verdict["findings"]}
    assert f"entry {number}" in fallow("verify", "--register", country.path, "--table", status=3).stdout


def test_snapshot_writes_layers(told: Asked, country: Country, tmp_path: Path) -> None:
    made = told("snapshot", tmp_path / "out.gpkg", "--register", country.path)
    assert made["layers"]["hazard"] == 3
    with sqlite3.connect(tmp_path / "out.gpkg") as file:
        assert file.execute("SELECT count(*) FROM hazard").fetchone() == (3,)


def test_reading_changes_no_byte(fallow: Type, country: Country) -> None:
    before = {path.name: path.read_bytes() for path in country.path.parent.iterdir() if path.is_file()}
    for words in (["list", "hazard"], ["look", "HA-0001"], ["review"], ["verify", "--refold"], ["grant"]):
        fallow(*words, "--register", country.path)
    assert {
        path.name: path.read_bytes() for path in country.path.parent.iterdir() if path.is_file()
    } == before


def test_personal_values_never_appear(fallow: Type, tmp_path: Path) -> None:
    country = build(tmp_path / "vault" / "country.gpkg", passphrase=PASSPHRASE)
    said = [
        fallow("list", "victim", "--register", country.path, "--format", form).stdout
        for form in ("json", "csv", "geojson", "table")
    ]
    said += [fallow("look", "V-4", "--register", country.path, form).stdout for form in ("--json", "--table")]
    said.append(fallow("review", "--register", country.path).stdout)
    for name in ("victim.gpkg", "victim.csv"):
        fallow("list", "victim", "--register", country.path, "--to", tmp_path / name)
        said.append((tmp_path / name).read_bytes().decode("latin-1"))
    assert [one for one in said if PLANTED_NAME in one or "national_id" in one] == []
    refused = fallow(
        "list", "victim", "--register", country.path, "--where", f"name={PLANTED_NAME}", status=2
    )
    assert "FIELD_PERSONAL" in refused.stderr
    assert PLANTED_NAME not in refused.output


def test_look_and_review_show_values_that_changed_hands_unseen(
    told: Asked, fallow: Type, country: Country
) -> None:
    from fallow.register import open_register

    with open_register(country.path) as register:
        first = register.add([hazard(70, "village", "2020-01-01", square(44.1, 1.1), name="Old mill")])
        register.approve(first, by="im", why="x")
        later = register.add([hazard(70, "survey", "2021-01-01", square(44.1, 1.1), name="Upper mill")])
        register.approve(later, by="im", why="x")
    seen = told("look", record_id(70), "--register", country.path)
    both = seen["parallel"]["name"]
    assert [(one["report"], one["value"], one["stands"]) for one in both] == [
        (later[0], "Upper mill", True),
        (first[0], "Old mill", False),
    ]
    assert "name" not in seen["conflicts"]
    assert told("look", record_id(70), "--register", country.path, "--true", "2020-06-01")["parallel"] == {}
    waiting = told("review", "--register", country.path)
    soft = {one["record"]: one["fields"] for one in waiting["parallel"]}
    assert soft[record_id(70)]["name"] == both
    assert waiting["parallel_more"] is False
    assert told("review", "--register", country.path, "--kind", "victim")["parallel"] == []
    assert told("review", "--register", country.path, "--limit", 0)["parallel_more"] is True
    for verb in (["look", record_id(70)], ["review"]):
        text = fallow(*verb, "--register", country.path, "--table").stdout
        assert "replaced another without having seen it: Name" in text
        assert "Old mill" in text
