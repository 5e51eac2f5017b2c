"""Treaty reports, bulletins, donor tables, parcel statements: where there is little, nothing or a mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import shapely

from fallow.errors import FallowError
from fallow.kinds import load_kinds
from fallow.publish import (
    Absent,
    Cell,
    Chart,
    Heading,
    Paragraph,
    Publication,
    Table,
    prepare,
    publications,
    publish,
)
from fallow.publish.writers.tables import grids
from fallow.register import Register, create_register
from fallow.words import LANGUAGES
from fixtures_books import Country, box

ASKED: dict[str, dict[str, Any]] = {
    "article7": {"year": 2024},
    "ccm_article7": {"year": 2024},
    "action_plan": {"year": 2024},
    "monitor_casualties": {},
    "monthly_bulletin": {"month": "2024-05"},
    "donor_table": {"year": 2024},
    "parcel_statement": {"parcel": box(0, 0, 10, 10).wkt},
}


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    try:
        yield made
    finally:
        made.close()


def absent(publication: Publication) -> dict[str, str]:
    return {one.id: one.reason["en"] for one in publication.blocks if isinstance(one, Absent)}


def numbers(publication: Publication) -> Iterator[tuple[str, Cell]]:
    for table in publication.tables:
        for row in table.rows:
            for column, cell in zip(table.columns, row.cells, strict=True):
                if column.unit in ("count", "m2", "percent", "number"):
                    yield f"{table.id}.{column.name}", cell


# -- every publication ------------------------------------------------------------------------------------


def test_every_publication_is_asked_here() -> None:
    assert set(ASKED) == set(publications())


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_programme_with_no_data_has_reasons_and_no_numbers(register: Register, name: str) -> None:
    made = prepare(name, register, **ASKED[name])
    told = [where for where, cell in numbers(made) if cell.value]
    assert [one for one in told if not one.startswith("parcel_ground")] == []
    if name != "parcel_statement":
        assert absent(made)
        assert not any(isinstance(one, Chart) for one in made.blocks)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_number_names_the_result_it_comes_from(country: Country, name: str) -> None:
    happen(country)
    made = prepare(name, country.register, **ASKED[name])
    found = list(numbers(made))
    assert found
    for where, cell in found:
        if cell.figure is None:
            assert cell.value is None and cell.instead == "publish.not_recorded", where
        else:
            value = made.results[cell.figure.result].value(cell.figure.measure, *cell.figure.line)
            assert value == cell.value, where


@pytest.mark.parametrize("name", sorted(ASKED))
def test_every_text_is_there_in_seven_languages(country: Country, name: str) -> None:
    happen(country)
    made = prepare(name, country.register, **ASKED[name])
    assert set(made.title) >= set(LANGUAGES)
    for block in made.blocks:
        texts = [getattr(block, one) for one in ("title", "reason", "text", "about") if hasattr(block, one)]
        texts += [column.label for column in block.columns] if isinstance(block, Table) else []
        texts += list(block.notes) if isinstance(block, Table) else []
        assert all(text.get(lang) for text in texts for lang in LANGUAGES), block
    for lang in LANGUAGES:
        for block, of in grids(made, lang):
            assert all(of.header), (block.id, lang)


@pytest.mark.parametrize("name", sorted(ASKED))
def test_ids_are_ascii_and_stand_once(country: Country, name: str) -> None:
    happen(country)
    made = prepare(name, country.register, **ASKED[name])
    ids = [one.id for one in made.blocks if isinstance(one, Table | Absent | Chart)]
    assert len(ids) == len(set(ids))
    assert all(one.isascii() and one.replace("_", "").isalnum() and one == one.lower() for one in ids)
    assert all(
        one.table in {table.id for table in made.tables} for one in made.blocks if isinstance(one, Chart)
    )


def happen(country: Country) -> None:
    """A little of everything in May 2024."""
    country.hazard("h", "2023-01-01", [(0, 0, 10, 10)], contamination="mined_area", ordnance=["ap_mine"])
    country.hazard("c", "2023-01-01", [(20, 0, 25, 9)], contamination="cluster_strike")
    country.release("r1", "h", "cleared", "2024-05-03", [(0, 0, 2, 10)])
    country.says(
        "ordnance_find",
        "f",
        "2024-05-02",
        code="f",
        ordnance_category="ap_mine",
        date="2024-05-02",
        quantity_found=3,
        disposal="destroyed",
        activity="r1-work",
    )
    country.says(
        "education_session",
        "s",
        "2024-05-04",
        code="s",
        date="2024-05-04",
        education_type="direct",
        beneficiaries=40,
        with_disability=7,
    )
    country.says(
        "victim",
        "v",
        "2024-05-05",
        code="v",
        date="2024-05-05",
        outcome="injured",
        sex="male",
        age=9,
        device="cluster_munition_remnant",
    )
    country.says(
        "assistance",
        "n",
        "2024-05-09",
        code="n",
        victim="v",
        service="surgery",
        status="provided",
        date_of_information="2024-05-09",
        need_date="2024-05-05",
        provided_date="2024-05-06",
    )


# -- years ------------------------------------------------------------------------------------------------


def test_a_year_with_nothing_in_it_says_so_and_still_tells_the_land(country: Country) -> None:
    happen(country)
    made = prepare("article7", country.register, year=2025)
    why = absent(made)
    assert "none that lies in 2025" in why["g_destroyed"]
    assert "none that lies in 2025" in why["j_casualties_sex_age"]
    assert made.table("c_areas").rows, "the land that stood at the end of the year is still told"


def test_a_year_that_has_not_ended_says_so(country: Country) -> None:
    happen(country)
    this_year = int(country.register.today()[:4])
    for year, expected in ((this_year, "has not ended"), (this_year - 1, "at the end of the year")):
        table = prepare("article7", country.register, year=year).table("c_areas")
        assert expected in table.notes[0]["en"]


def test_a_year_before_everything_has_no_land(country: Country) -> None:
    happen(country)
    why = absent(prepare("article7", country.register, year=1990))
    assert "none that lies in 1990" in why["c_areas"]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("article7", {"year": 2999}),
        ("ccm_article7", {"year": "2999"}),
        ("action_plan", {"year": 2999}),
        ("monthly_bulletin", {"month": "2999-01"}),
        ("monitor_casualties", {"since": "2999"}),
        ("article7", {"year": 2024, "known": "2023-06-30"}),
    ],
)
def test_a_period_that_has_not_begun_is_refused(register: Register, name: str, asked: dict[str, Any]) -> None:
    with pytest.raises(FallowError) as refused:
        prepare(name, register, **asked)
    assert refused.value.code == "PERIOD_AHEAD"


@pytest.mark.parametrize("year", ["24", "2024-05", "next", "", None, "٢٠٢٤", "0000"])
def test_what_is_no_year_is_refused(register: Register, year: Any) -> None:
    with pytest.raises(FallowError) as refused:
        prepare("article7", register, year=year)
    assert refused.value.code in {"PARAMETER_YEAR", "PUBLICATION_ASKS"}


# -- what is asked ----------------------------------------------------------------------------------------


def test_a_publication_that_is_none_names_the_nearest(register: Register) -> None:
    with pytest.raises(FallowError) as refused:
        prepare("artcle7", register, year=2024)
    assert (refused.value.code, refused.value.facts["known"]) == ("PUBLICATION_UNKNOWN", "article7")


def test_a_parameter_that_is_none_is_refused(register: Register) -> None:
    with pytest.raises(FallowError) as refused:
        prepare("article7", register, year=2024, yaer=2023)
    assert refused.value.code == "PUBLICATION_PARAMETER"


def test_clocks_and_issue_day_are_kept(country: Country) -> None:
    happen(country)
    made = prepare("article7", country.register, year=2024, true="2024-12-31", issued="2025-04-30")
    assert made.issued == "2025-04-30"
    assert made.stamp.true == "2024-12-31"
    assert made.parameters == {"true": "2024-12-31", "year": 2024}
    assert made.results["released"].recipe.true == "2024-12-31"


# -- an older catalogue -----------------------------------------------------------------------------------


def test_a_register_without_the_kind_says_that_it_has_none(tmp_path: Path) -> None:
    model = load_kinds()
    gone = {"education_session", "assistance", "ordnance_type", "ordnance_find"}
    older = replace(model, kinds={name: one for name, one in model.kinds.items() if name not in gone})
    with (
        patch("fallow.register.opening.load_kinds", lambda overlay=None: older),
        create_register(tmp_path / "old.gpkg", title="An older programme", invented=True) as register,
    ):
        for name, asked in ASKED.items():
            made = prepare(name, register, **asked)
            why = absent(made)
            if name == "article7":
                assert "without a kind of record" in why["i_education"]
                assert "without a kind of record" in why["j_assistance"]
                assert "no record of this on these dates" in why["g_found"], "activities are there"


# -- forms ------------------------------------------------------------------------------------------------


def test_battle_areas_are_not_in_form_c(country: Country) -> None:
    happen(country)
    country.hazard("b", "2023-01-01", [(40, 0, 45, 9)], contamination="battle_area")
    country.hazard("u", "2023-01-01", [(60, 0, 65, 9)])
    made = prepare("article7", country.register, year=2024)
    shown = {row.cells[0].value for row in made.table("c_areas").rows}
    assert shown == {"mined_area", "unknown"}
    of_ccm = prepare("ccm_article7", country.register, year=2024)
    assert {row.cells[0].value for row in of_ccm.table("f_areas").rows} == {"cluster_strike"}


def test_a_hazard_with_no_polygon_counts_and_has_no_area(country: Country) -> None:
    country.hazard("h", "2023-01-01", None, contamination="mined_area")
    made = prepare("article7", country.register, year=2024)
    table = made.table("c_areas")
    place = {one.name: i for i, one in enumerate(table.columns)}
    (row,) = [one for one in table.rows if not one.total]
    told = {name: row.cells[place[name]].value for name in ("closing", "closing_hazards", "closing_no_area")}
    assert told == {"closing": 0, "closing_hazards": 1, "closing_no_area": 1}
    assert made.stamp.unlocated == {"hazard": 1}
    laid = row.cells[place["date_laid"]]
    assert (laid.value, laid.instead) == (None, "publish.not_recorded")


def test_characteristics_are_words_of_public_fields(country: Country) -> None:
    country.says(
        "ordnance_type",
        "t",
        "2020",
        code="t",
        name="A model",
        ordnance_category="ap_mine",
        date_of_information="2020",
        diameter=112.0,
        fuze_type="a restricted word",
    )
    table = prepare("article7", country.register, year=2024).table("h_characteristics")
    told = [cell.value for row in table.rows for cell in row.cells]
    assert "A model" in told and "112" in told
    assert "a restricted word" not in told


# -- parcels ----------------------------------------------------------------------------------------------

OWNER = "Mehriban Owner-Canary"


def parcel_file(folder: Path, body: Any, name: str = f"parcel of {OWNER}.geojson") -> str:
    path = folder / name
    path.write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return str(path)


def feature(shape: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"owner": OWNER}, "geometry": shapely.geometry.mapping(shape)}


def test_the_owner_never_enters_a_parcel_statement(country: Country, tmp_path: Path) -> None:
    happen(country)
    body = {"type": "FeatureCollection", "features": [feature(box(0, 0, 10, 10))]}
    made = prepare("parcel_statement", country.register, parcel=parcel_file(tmp_path, body), distance=500)
    assert OWNER not in repr(made)
    publish(
        made,
        tmp_path / "out",
        "public",
        register=country.register,
        languages=("en", "ar"),
        formats=("xlsx", "csv"),
    )
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"Owner-Canary" not in path.read_bytes(), path
            assert "Owner-Canary" not in path.name


def test_a_parcel_statement_names_who_signed_and_never_says_that_ground_can_be_used(country: Country) -> None:
    happen(country)
    made = prepare("parcel_statement", country.register, **ASKED["parcel_statement"])
    table = made.table("parcel_release")
    place = {one.name: i for i, one in enumerate(table.columns)}
    (row,) = table.rows
    assert "Anna One" in str(row.cells[place["signed_by"]].value)
    assert "Boris Two" in str(row.cells[place["signed_by"]].value)
    assert row.cells[place["clearance_depth"]].value == "13"
    texts = [block.text for block in made.blocks if isinstance(block, Paragraph | Heading)]
    texts += [note for table in made.tables for note in table.notes]
    words = {"en": "safe", "fr": "sûr", "es": "segur", "ru": "безопасно", "uk": "безпечно", "ar": "آمن"}
    found = [
        one[lang]
        for one in texts
        for lang, word in words.items()
        if re.search(rf"(?<!не){word}", one[lang].casefold())
    ]
    assert found == []
    assert "looked at by nobody" in texts[0]["en"]


def test_a_place_can_be_the_parcel(country: Country) -> None:
    happen(country)
    country.says(
        "place",
        "p",
        "2020",
        [(0, 0, 10, 10)],
        code="p",
        name="Field",
        date_of_information="2020",
    )
    made = prepare("parcel_statement", country.register, place="p")
    direct = prepare("parcel_statement", country.register, **ASKED["parcel_statement"])
    assert made.results["parcel"].value("inside", "unseen") == direct.results["parcel"].value(
        "inside", "unseen"
    )
    with pytest.raises(FallowError) as refused:
        prepare("parcel_statement", country.register, place="nowhere")
    assert refused.value.code == "PARCEL_PLACE"


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        {"type": "FeatureCollection", "features": []},
        {"type": "FeatureCollection", "features": [feature(box(0, 0, 1, 1)), feature(box(2, 0, 3, 1))]},
        {"type": "Feature", "properties": {}, "geometry": None},
        '{"type": "Polygon", "coordinates": [[[NaN, 0], [1, 1], [1, 0], [NaN, 0]]]}',
        '{"type": "Polygon", "coordinates": "x"}',
        "[" * 5_000,
    ],
)
def test_a_file_that_holds_no_parcel_is_refused_without_its_name(
    register: Register, tmp_path: Path, body: Any
) -> None:
    with pytest.raises(FallowError) as refused:
        prepare("parcel_statement", register, parcel=parcel_file(tmp_path, body))
    assert refused.value.code == "PARCEL_FILE"
    assert "Owner-Canary" not in str(refused.value)


def test_a_parcel_file_that_is_not_there_is_refused(register: Register, tmp_path: Path) -> None:
    with pytest.raises(FallowError) as refused:
        prepare("parcel_statement", register, parcel=str(tmp_path / OWNER))
    assert refused.value.code == "PARCEL_FILE"
    assert "Owner-Canary" not in str(refused.value)
