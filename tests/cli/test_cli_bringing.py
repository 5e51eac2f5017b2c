"""The verbs that bring in: source draft, source check, bring, demo; the receipt that scripts rely on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cli_story import Type, child_environment

from fallow.register import open_register

Asked = Callable[..., Any]
FALLOW = [sys.executable, "-c", "from fallow.cli import main; main()"]
WHO = ("--by", "im.officer", "--why", "checked against paper")

TABLE = """site_id,class,found,lon,lat,note
S-1,suspected,2021-03-04,15.1,45.1,by the mill
S-2,confirmed?,2021-03-05,15.2,45.2,
S-3,suspected,2021-13-05,15.3,45.3,
S-4,suspected,2021-03-07,65.4,45.4,far away
"""
DESCRIPTION = """source: village-survey
title: Village survey
who: Survey organisation
licence: for this test only
known: declared
delivered: {delivered}
files: {{sites: {file}}}
tables:
  - name: sites
    format: csv
    records:
      - kind: hazard
        id: {{column: site_id}}
        date: {{from: found}}
        fields:
          code: {{from: site_id}}
          hazard_class: {{from: class, lookup: {{suspected: sha}}}}
        geometry: {{x: lon, y: lat}}
    ignore: {{note: a reminder of the surveyor to himself}}
"""


@dataclass
class Desk:
    register: Path
    source: Path


@pytest.fixture
def desk(fallow: Type, tmp_path: Path) -> Desk:
    register = tmp_path / "country.gpkg"
    fallow("new", register, "--title", "Country", "--extent", "10,40,20,50", "--invented")
    return Desk(register, described(tmp_path / "source", TABLE))


def described(folder: Path, table: str, delivered: str = "2021-04-01") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"sites_{delivered}.csv").write_text(table, encoding="utf-8")
    text = DESCRIPTION.format(delivered=delivered, file=f"sites_{delivered}.csv")
    (folder / "source.yaml").write_text(text, encoding="utf-8")
    return folder


def test_bring_prints_the_receipt_scripts_rely_on(told: Asked, desk: Desk) -> None:
    receipt = told("bring", desk.source, "--register", desk.register)
    assert (receipt["rows"], receipt["reports"], receipt["refused"], receipt["known_already"]) == (4, 2, 2, 0)
    for one in receipt["findings"]:
        assert {"code", "level", "where", "what", "remedy"} <= set(one)
        assert one["what"]
        assert one["remedy"]
    found = {(one["code"], one["level"]) for one in receipt["findings"]}
    assert ("OUTSIDE_COUNTRY", "confirm") in found
    assert {code for code, level in found if level == "refuse"} >= {"DATE_IMPOSSIBLE"}
    assert set(receipt["columns"]["mapped"]) == {"site_id", "class", "found", "lon", "lat"}
    assert receipt["columns"]["ignored"] == ["note"]
    assert receipt["columns"]["left_over"] == []
    assert receipt["approved"] == 0


def test_the_same_again_is_known_already(told: Asked, desk: Desk) -> None:
    told("bring", desk.source, "--register", desk.register)
    before = desk.register.read_bytes()
    again = told("bring", desk.source, "--register", desk.register)
    assert again["reports"] == 0
    assert again["known_already"] + again["refused"] == again["rows"]
    assert desk.register.read_bytes() == before


def test_bring_and_approve_in_one_step(told: Asked, desk: Desk) -> None:
    receipt = told("bring", desk.source, "--register", desk.register, "--approve", *WHO)
    assert (receipt["approved"], receipt["held"]) == (1, 1)
    assert told("list", "hazard", "--register", desk.register, "--count") == {"count": 1}
    assert told("review", "--register", desk.register)["drafts"][0]["held"][0]["code"] == "OUTSIDE_COUNTRY"
    seen = told("look", "S-1", "--register", desk.register)
    assert seen["values"]["hazard_class"]["sources"] == ["village-survey"]
    assert seen["reports"][0]["original"]["hazard_class"] == "suspected"


def test_review_shows_what_a_held_finding_said(told: Asked, desk: Desk) -> None:
    told("bring", desk.source, "--register", desk.register)
    (held,) = told("review", "--register", desk.register)["drafts"][0]["held"]
    assert held["accept"] == "--accept OUTSIDE_COUNTRY"
    assert "65.4" in held["examples"][0]["what"]


def test_accept_lets_a_held_report_through(told: Asked, desk: Desk) -> None:
    words = ("bring", desk.source, "--register", desk.register, "--approve", *WHO)
    assert told(*words, "--accept", "OUTSIDE_COUNTRY")["approved"] == 2


def test_a_second_delivery_is_compared_with_the_first(told: Asked, desk: Desk) -> None:
    told("bring", desk.source, "--register", desk.register, "--approve", *WHO)
    described(
        desk.source, TABLE.replace("S-1,suspected,2021-03-04", "S-1,suspected,2022-03-04"), "2022-04-01"
    )
    receipt = told(
        "bring", desk.source, "--register", desk.register, "--approve", *WHO, "--only", "2022-04-01"
    )
    assert receipt["updates"] == 1
    assert (
        told("list", "hazard", "--register", desk.register, "--known", "2021-12-31", "--count")["count"] == 1
    )


def test_the_status_is_that_of_the_refusal_when_no_row_came_in(
    told: Asked, desk: Desk, tmp_path: Path
) -> None:
    source = described(
        tmp_path / "bad", "site_id,class,found,lon,lat,note\nS-9,suspected,2021-13-01,15,45,\n"
    )
    receipt = told("bring", source, "--register", desk.register, status=2)
    assert (receipt["rows"], receipt["refused"]) == (1, 1)


def test_an_unreadable_delivery_changes_nothing(fallow: Type, desk: Desk, tmp_path: Path) -> None:
    source = described(tmp_path / "bad", "")
    before = desk.register.read_bytes()
    refused = fallow("bring", source, "--register", desk.register, "--json", status=2)
    assert json.loads(refused.stderr)["error"]["code"] == "EMPTY"
    assert desk.register.read_bytes() == before


def test_the_receipt_is_text_for_a_person_in_any_language(fallow: Type, desk: Desk) -> None:
    text = fallow("bring", desk.source, "--register", desk.register, "--table").stdout
    assert "Rows 4 = reports 2 + refused 2 + known already 0" in text
    again = fallow("bring", desk.source, "--register", desk.register, "--table", "--lang", "ar").stdout
    assert any("\u0600" <= letter <= "\u06ff" for letter in again)


def test_a_draft_is_refused_until_a_person_has_finished_it(fallow: Type, desk: Desk, tmp_path: Path) -> None:
    table = desk.source / "sites_2021-04-01.csv"
    printed = fallow("source", "draft", table, "--kind", "hazard").stdout
    assert "?" in printed
    target = tmp_path / "drafted" / "source.yaml"
    target.parent.mkdir()
    fallow("source", "draft", table, "--kind", "hazard", "--to", target)
    assert target.read_text(encoding="utf-8") == printed
    assert "TARGET_EXISTS" in fallow("source", "draft", table, "--to", target, status=2).stderr
    assert "source.yaml" in fallow("source", "check", target, status=2).stderr


def test_check_says_what_is_described(told: Asked, fallow: Type, desk: Desk) -> None:
    checked = told("source", "check", desk.source, "--register", desk.register)
    assert checked["source"] == "village-survey"
    assert checked["deliveries"] == ["2021-04-01"]
    assert checked["kinds"] == ["hazard"]
    assert "village-survey" in fallow("source", "check", desk.source, "--table").stdout


def test_the_path_in_real_processes(tmp_path: Path) -> None:
    """As a script does it: each verb a process of its own, JSON through pipes, statuses checked."""

    def run(*words: str, status: int = 0) -> Any:
        done = subprocess.run(
            [*FALLOW, *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=child_environment(),
            check=False,
        )
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    described(tmp_path / "source", TABLE)
    run("new", "r.gpkg", "--title", "T", "--extent", "10,40,20,50")
    assert run("bring", "source", "--register", "r.gpkg", "--json")["reports"] == 2
    numbers = run("review", "--register", "r.gpkg")["drafts"][0]
    assert run("approve", str(numbers["first"]), *WHO, "--register", "r.gpkg")["approved"] == 1
    assert run("list", "hazard", "--register", "r.gpkg", "--count", "--json") == {"count": 1}
    assert run("look", "S-1", "--register", "r.gpkg", "--json")["title"] == "S-1"
    assert run("verify", "--register", "r.gpkg", "--json", "--refold")["holds"] is True
    assert "KIND_UNKNOWN" in run("list", "hazzard", "--register", "r.gpkg", status=2)


def test_demo_refuses_a_folder_with_something_in_it(fallow: Type, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert "TARGET_EXISTS" in fallow("demo", "--to", tmp_path, "--no-serve", status=2).stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]


@pytest.mark.slow
def test_demo_builds_a_register_that_verifies(told: Asked, tmp_path: Path, long: bool) -> None:
    if not long:
        pytest.skip(
            "building the demo takes a minute; tests/test_demo.py does it, and --long does it here too"
        )
    made = told("demo", "--to", tmp_path / "demo", "--no-serve")
    with open_register(made["register"], read_only=True) as register:
        assert register.settings["invented"] is True
    assert told("verify", "--register", made["register"])["holds"] is True


@pytest.mark.slow
def test_the_real_victim_register_known_then_and_now(
    told: Asked, shared_data: Path, tmp_path: Path, long: bool
) -> None:
    if not long:
        pytest.skip("23,560 rows take a minute; tests/intake brings them in, and --long asks about them here")
    root = Path(__file__).resolve().parents[2]
    register = tmp_path / "co.gpkg"
    told("new", register, "--title", "Victims", "--country", "CO")
    words = ("bring", root / "sources" / "colombia-victims", "--files", shared_data / "colombia-victims")
    receipt = told(*words, "--register", register, "--approve", *WHO)
    assert [one["rows"] for one in receipt["deliveries"]] == [11498, 12062]
    assert receipt["refused"] == 0
    for day, count in (("2017-12-31", 11498), ("2022-12-31", 12062)):
        assert told("list", "victim", "--register", register, "--known", day, "--count") == {"count": count}
    changed = told(
        *("changes", "victim", "--from", "2017-12-31", "--to", "2022-12-31", "--true", "2016-12-31"),
        *("--by", "admin2_code,date:month", "--register", register),
    )
    assert changed["groups_changed"] == len(changed["groups"]) == 178
    assert all(one["added"] or one["removed"] for one in changed["groups"])


def test_review_shows_again_what_the_receipt_told_about_ground(
    told: Asked, fallow: Type, tmp_path: Path
) -> None:
    register = tmp_path / "ground.gpkg"
    fallow("new", register, "--title", "Country", "--extent", "10,40,20,50", "--invented")
    ring = "POLYGON ((15 45, 15.01 45, 15.01 45.01, 15 45.01, 15 45))"
    table = f'site_id,class,found,wkt\nS-1,suspected,2021-03-04,"{ring}"\nS-2,suspected,2021-03-05,"{ring}"\n'
    source = described(tmp_path / "twice", table)
    text = (source / "source.yaml").read_text(encoding="utf-8")
    text = text.replace("{x: lon, y: lat}", "{column: wkt, as: wkt}").split("    ignore:")[0]
    (source / "source.yaml").write_text(text, encoding="utf-8")
    receipt = told("bring", source, "--register", register)
    assert receipt["counts"]["HAZARDS_OVERLAP"] == 1
    (drafts,) = told("review", "--register", register)["drafts"]
    (seen,) = drafts["told"]
    assert (seen["code"], seen["count"]) == ("HAZARDS_OVERLAP", 1)
    assert seen["examples"] == [one for one in receipt["findings"] if one["code"] == "HAZARDS_OVERLAP"]
    assert drafts["held"] == []
    printed = fallow("review", "--register", register, "--table").stdout
    assert "look before approving: 1 × HAZARDS_OVERLAP" in printed
    assert "counted twice" in printed
