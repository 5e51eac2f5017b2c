"""Edges of the books on the command line: an honest table, never a traceback or a silent nought."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from cli_story import Type

from fallow.errors import FallowError
from fixtures_books import Box, wkb
from fixtures_books import Country as Land

FIELD: Box = (0, 0, 10, 10)


class Days:
    """A clock that stands at noon of the day it was set to."""

    def __init__(self, day: str) -> None:
        self.on(day)

    def on(self, day: str) -> None:
        self.now = datetime.combine(date.fromisoformat(day), time(12), UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Days:
    return Days("2024-01-10")


@pytest.fixture
def land(tmp_path: Path, clock: Days) -> Iterator[Land]:
    made = Land(tmp_path, clock)
    yield made
    made.close()


@pytest.fixture
def asked(fallow: Type, land: Land) -> Callable[..., Any]:
    """Ask about the land, as a table that has to be printed and as JSON that is looked into."""

    def ask(*words: str) -> Any:
        path = ("--register", str(land.register.path))
        assert "not mean safe" in fallow(*words, *path, "--table").stdout
        return json.loads(fallow(*words, *path, "--json").stdout)

    return ask


def notes(found: Any) -> dict[str, Any]:
    return {one["key"]: one for one in found["notes"]}


def test_a_hazard_with_no_polygon_counts_in_number_and_never_as_nought_metres(land: Land, asked: Any) -> None:
    land.hazard("bare", "2020-01-01", None)
    found = asked("books", "--year", "2020")
    total = found["rows"][0]
    assert (total["closing"], total["closing_hazards"], total["closing_no_area"]) == (0, 1, 1)
    assert notes(found)["books.note.no_area"]["records"] == "bare"


def test_notes_name_records_as_people_call_them(land: Land, asked: Any, fallow: Type) -> None:
    land.hazard("bare", "2020-01-01", None, code="HA-17")
    found = asked("books", "--year", "2020")
    assert notes(found)["books.note.no_area"]["records"] == "bare"
    for form in ("table", "csv", "json"):
        told = fallow(
            "books", "--year", "2020", "--register", str(land.register.path), "--format", form
        ).stdout
        assert "(HA-17)" in told, form
        assert "(bare)" not in told, form


def test_a_release_larger_than_its_hazard_books_the_hazard_and_tells_the_rest(land: Land, asked: Any) -> None:
    land.hazard("h", "2020-01-01", [FIELD])
    land.release("r", "h", "cleared", "2020-06-01", [(0, 0, 10, 20)])
    found = asked("books", "--year", "2020")
    total = found["rows"][0]
    assert total["closing"] == 0
    assert total["cleared"] == total["newly_identified"]
    outside = notes(found)["books.note.outside"]
    assert outside["records"] == "r"
    assert outside["m2"] == pytest.approx(total["cleared"], rel=0.01)


def test_overlapping_releases_cannot_both_be_signed_and_the_claim_is_told(land: Land, asked: Any) -> None:
    land.hazard("h", "2020-01-01", [FIELD])
    land.release("r1", "h", "reduced", "2020-05-01", [(0, 0, 10, 6)])
    with pytest.raises(FallowError, match="released already, by r1"):
        land.release("r2", "h", "cleared", "2020-06-01", [(0, 4, 10, 10)])
    found = asked("books", "--year", "2020")
    total = found["rows"][0]
    assert total["newly_identified"] - total["reduced"] == pytest.approx(total["closing"], abs=1)
    assert "cleared" not in total or not total["cleared"]
    assert notes(found)["books.note.claimed"]["records"] == "r2"


def test_releases_of_hazards_judged_one_later_are_booked_once(land: Land, asked: Any) -> None:
    for hazard in ("h", "same"):
        land.hazard(hazard, "2020-01-01", [FIELD])
    land.release("r1", "h", "reduced", "2020-05-01", [(0, 0, 10, 6)])
    land.release("r2", "same", "cleared", "2020-06-01", [(0, 4, 10, 10)])
    land.register.same("h", "same", by="im.officer", why="one field, told twice")
    found = asked("books", "--year", "2020")
    total = found["rows"][0]
    assert total["closing"] == 0
    assert total["reduced"] + total["cleared"] == total["newly_identified"]
    assert notes(found)["books.note.twice"]["records"] == "r2"


def test_a_year_with_only_corrections_shows_them_on_their_own_line(land: Land, asked: Any) -> None:
    land.hazard("h", "2019-01-01", [FIELD])
    land.hazard("h", "2021-03-01", [(0, 0, 10, 8)])
    total = asked("books", "--year", "2021")["rows"][0]
    assert total["corrected"] < 0
    assert total["closing"] == total["opening"] + total["corrected"]
    assert not any(total[name] for name in ("newly_identified", "cancelled", "reduced", "cleared"))


def test_a_year_in_which_nothing_moved(land: Land, asked: Any) -> None:
    land.hazard("h", "2019-01-01", [FIELD])
    total = asked("books", "--year", "2021")["rows"][0]
    assert total["opening"] == total["closing"] > 0
    assert asked("figure", "books", "cleared", "--year", "2021")["value"] == 0


def test_reports_declared_after_a_publication_change_it_and_the_change_says_so(
    land: Land, asked: Any, clock: Days
) -> None:
    """Approved late, and declared as learned before the day of publication: head tells the two apart."""
    land.hazard("h", "2020-01-01", [FIELD], learned="2021-02-01")
    published = asked("books", "--year", "2020", "--known", "2021-04-30")
    head = published["recipe"]["head"]
    clock.on("2024-06-01")
    land.hazard("late", "2020-03-01", [(20, 0, 30, 10)], learned="2021-03-01")
    now = asked("books", "--year", "2020", "--known", "2021-04-30")
    assert now["rows"][0]["closing"] > published["rows"][0]["closing"]
    assert now["recipe"]["declared"] == 2
    again = asked("books", "--year", "2020", "--known", "2021-04-30", "--head", str(head))
    assert again["rows"] == published["rows"]
    assert again["digest"] == published["digest"]


def test_a_comparison_before_anything_was_known_misses_everything(
    land: Land, asked: Any, tmp_path: Path
) -> None:
    import shapely

    land.hazard("h", "2020-01-01", [FIELD])
    shape = shapely.geometry.mapping(shapely.from_wkb(wkb(FIELD)))
    feature = {"type": "Feature", "geometry": shape, "properties": {"code": "h", "status": "open"}}
    file = tmp_path / "theirs.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    found = asked("books", "--against", str(file), "--known", "2001-01-01")
    assert {row["difference"] for row in found["rows"] if row["records"]} == {"missing"}
