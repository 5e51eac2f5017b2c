"""``books --against``: an operator's own file beside the register, as a table, a layer and drafts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from cli_story import Country, Type, record_id

Asked = Callable[..., Any]


def feature(code: str, box: tuple[float, float, float, float] | None, **more: Any) -> dict[str, Any]:
    shape = None if box is None else shapely.geometry.mapping(shapely.box(*box))
    return {"type": "Feature", "geometry": shape, "properties": {"code": code, **more}}


def theirs(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return path


@pytest.fixture
def operator(tmp_path: Path) -> Path:
    return theirs(
        tmp_path / "operator.geojson",
        feature("HA-0001", (15.0, 45.0, 15.01, 45.01), status="closed", hazard_class="cha"),
        feature("HA-0002", (15.1, 45.0, 15.12, 45.01), status="open", hazard_class="cha"),
        feature("NEW-1", (15.005, 45.0, 15.02, 45.01), status="open", hazard_class="sha"),
    )


def test_the_differences_by_class_of_line(
    told: Asked, fallow: Type, country: Country, operator: Path
) -> None:
    words = ("books", "--against", operator, "--register", country.path)
    found = told(*words)
    totals = {row["difference"]: row["records"] for row in found["rows"] if "record" not in row}
    assert totals == {"missing": 1, "extra": 1, "status_conflict": 1, "area_conflict": 1, "overlap": 1}
    table = fallow(*words, "--table").stdout
    assert "Overlaps another record" in table
    assert "not mean safe" in table


def test_the_differences_are_a_layer(fallow: Type, country: Country, operator: Path, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    words = ("books", "--against", operator, "--register", country.path, "--to")
    fallow(*words, tmp_path / "d.gpkg")
    assert pyogrio.read_info(tmp_path / "d.gpkg")["features"] == 5
    with sqlite3.connect(tmp_path / "d.gpkg") as out:
        (about,) = out.execute("SELECT description FROM gpkg_contents").fetchone()
    assert "not mean safe" in about
    fallow(*words, tmp_path / "d.geojson")
    layer = json.loads((tmp_path / "d.geojson").read_text(encoding="utf-8"))
    assert "not mean safe" in layer["fallow"]["notice"]
    overlap = next(one for one in layer["features"] if one["properties"]["difference"] == "overlap")
    expected = shapely.box(15.005, 45.0, 15.01, 45.01)
    assert shapely.equals_exact(
        shapely.normalize(shapely.geometry.shape(overlap["geometry"])), shapely.normalize(expected), 1e-9
    )


def test_drafts_come_in_with_a_receipt_and_change_nothing(
    told: Asked, fallow: Type, country: Country, operator: Path, tmp_path: Path
) -> None:
    words = (
        "books",
        "--against",
        operator,
        "--register",
        country.path,
        "--who",
        "Operator X",
        "--date",
        "2023-05",
    )
    before = told("look", record_id(1), "--register", country.path)["values"]
    fallow(*words, "--table", "--write-drafts", tmp_path / "drafts")
    drafts = json.loads((tmp_path / "drafts" / "drafts.geojson").read_text(encoding="utf-8"))["features"]
    assert {one["properties"]["operators_key"] for one in drafts} == {"HA-0001", "HA-0002", "NEW-1"}
    fallow(*words, "--write-drafts", tmp_path / "drafts", status=2)
    assert told("review", "--register", country.path)["drafts"][-1]["source"] == "village"
    added = fallow(*words, "--table", "--add").stdout
    assert "operator.geojson" in added
    waiting = told("review", "--register", country.path)["drafts"][-1]
    assert waiting["source"] == "operator"
    assert told("look", record_id(1), "--register", country.path)["values"] == before
    assert told("verify", "--register", country.path)["holds"]
    again = fallow(*words, "--table", "--add").stdout
    assert told("review", "--register", country.path)["drafts"][-1] == waiting
    assert "ALREADY_IMPORTED" in again


def test_a_file_in_words_of_its_own_needs_a_description(
    fallow: Type, country: Country, tmp_path: Path
) -> None:
    file = theirs(tmp_path / "fertig.geojson", feature("HA-0001", (15, 45, 15.01, 45.01), status="fertig"))
    refused = fallow("books", "--against", file, "--register", country.path, status=2)
    assert refused.stderr.startswith("SOURCE_UNDECIDED")


def test_what_cannot_be_read_is_told_and_not_compared(fallow: Type, country: Country, tmp_path: Path) -> None:
    bow_tie = {"type": "Polygon", "coordinates": [[[15, 45], [15.1, 45.1], [15.1, 45], [15, 45.1], [15, 45]]]}
    bad = {"type": "Feature", "geometry": bow_tie, "properties": {"code": "HA-0001", "status": "open"}}
    file = theirs(
        tmp_path / "operator.geojson", bad, feature("HA-0002", (15.1, 45, 15.11, 45.01), status="open")
    )
    told = fallow("books", "--against", file, "--register", country.path, "--table").stdout
    assert "SELF_INTERSECTION" in told
    (tmp_path / "evil.geojson").write_text('{"type": "FeatureCollection", "features": [')
    fallow("books", "--against", tmp_path / "evil.geojson", "--register", country.path, status=2)
