"""Items, education, assistance, donors, months, parcels: small registers, numbers worked by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

import fallow
from fallow.analysis import Result, telling
from fallow.analysis.education import attendance
from fallow.errors import FallowError, catalogue
from fallow.register import Register
from fallow.words import LANGUAGES
from fixtures_books import Country, box, wkb


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    try:
        yield made
    finally:
        made.close()


def table(result: Result, *measures: str) -> dict[tuple[str, ...], tuple[Any, ...]]:
    return {line.key: tuple(line.values[one] for one in measures) for line in result.lines}


def work(country: Country, name: str, **fields: Any) -> None:
    fields = {"activity_type": "clearance", "status": "completed", "start_date": "2024-03-01", **fields}
    fields.setdefault("end_date", fields["start_date"])
    country.says("activity", name, "2024-06-01", code=name, date_of_information="2024-06-01", **fields)


def find(country: Country, name: str, category: str, date: str = "2024-03-02", **fields: Any) -> None:
    country.says("ordnance_find", name, date, code=name, ordnance_category=category, date=date, **fields)


# -- items ------------------------------------------------------------------------------------------------


def test_an_item_told_three_times_is_counted_once(country: Country) -> None:
    work(country, "a1", items_found=5, ap_mines_found=3, uxo_found=2, items_destroyed=5)
    find(country, "f1", "ap_mine", activity="a1", quantity_found=2, disposal="destroyed")
    country.says(
        "land_release",
        "r1",
        "2024-03-05",
        wkb((0, 0, 1, 1)),
        code="r1",
        release_type="cleared",
        release_status="claimed",
        activity="a1",
        date="2024-03-05",
        items_found=5,
    )
    result = fallow.run("ordnance", country.register)
    # 2 mines written down; of the 3 left, 1 is a mine and 2 are UXO, and all 3 were destroyed
    assert table(result, "found", "destroyed", "unlisted") == {
        ("ap_mine",): (3, 3, 1),
        ("uxo",): (2, 2, 2),
        (): (5, 5, 3),
    }
    assert result.explain("unlisted", "uxo").records == ("a1",)
    assert result.explain("found").records == ("a1", "f1")


def test_items_whose_fate_is_not_told_by_type_stand_under_several_types(country: Country) -> None:
    work(country, "a1", items_found=10, ap_mines_found=6, uxo_found=4, items_destroyed=7)
    result = fallow.run("ordnance", country.register)
    assert table(result, "found", "destroyed", "fate_unknown") == {("several",): (10, 7, 3), (): (10, 7, 3)}


def test_more_finds_than_the_work_states_are_all_counted(country: Country) -> None:
    work(country, "a1", items_found=1)
    find(country, "f1", "ap_mine", activity="a1", quantity_found=3, disposal="awaiting_disposal")
    line = fallow.run("ordnance", country.register).line().values
    assert (line["found"], line["awaiting"], line["unlisted"]) == (3, 3, 0)


def test_a_find_without_a_number_is_one_item_and_without_a_disposal_untold(country: Country) -> None:
    find(country, "f1", "uxo")
    find(country, "f2", "uxo", quantity_found=4, items_destroyed=3, disposal="destroyed")
    assert table(fallow.run("ordnance", country.register), "found", "destroyed", "fate_unknown") == {
        ("uxo",): (5, 3, 2),
        (): (5, 3, 2),
    }


def test_a_spot_task_adds_items_and_no_area(country: Country) -> None:
    country.hazard("h", "2023-01-01", [(0, 0, 10, 10)])
    before = fallow.run("books", country.register, year=2024).line().values
    work(country, "spot", activity_type="eod_spot_task", items_found=2, uxo_found=2)
    assert fallow.run("books", country.register, year=2024).line().values == before
    assert table(fallow.run("ordnance", country.register, by="during"), "found") == {
        ("eod_spot_task",): (2,),
        (): (2,),
    }


def test_destroyed_counts_on_the_day_of_disposal(country: Country) -> None:
    find(country, "f1", "uxo", "2023-12-30", disposal="destroyed", disposal_date="2024-01-02")
    find(country, "f2", "uxo", "2024-05-01", disposal="destroyed")
    find(country, "f3", "uxo", "2024", disposal="destroyed", disposal_date="2024")
    assert fallow.run("destroyed", country.register, year=2023).value("destroyed") == 0
    line = fallow.run("destroyed", country.register, year=2024).line().values
    assert (line["destroyed"], line["by_find_date"]) == (3, 1)
    spring = fallow.run("destroyed", country.register, since="2024-01", until="2024-06").line().values
    assert (spring["destroyed"], spring["date_uncertain"]) == (2, 1)


def test_a_donor_is_found_through_the_work_and_its_task(country: Country) -> None:
    country.says(
        "organisation",
        "d",
        "2020",
        code="d",
        name="A donor",
        date_of_information="2020",
        organisation_type="donor",
    )
    country.says(
        "task",
        "t",
        "2024",
        code="t",
        activity_type="clearance",
        status="completed",
        date_of_information="2024",
        donor="d",
    )
    work(country, "a1", task="t", items_found=1, uxo_found=1)
    work(country, "a2", items_found=2, uxo_found=2)
    result = fallow.run("ordnance", country.register, by="donor")
    assert table(result, "found") == {("d",): (1,), ("unknown",): (2,), (): (3,)}
    assert result.keys[0].text("d", "en") == "A donor"
    assert result.keys[0].text("unknown", "en") == "No donor recorded"


# -- education --------------------------------------------------------------------------------------------


def session(country: Country, name: str, date: str, **fields: Any) -> None:
    fields = {"education_type": "direct", **fields}
    country.says("education_session", name, date, code=name, date=date, **fields)


def test_attendance_is_the_sum_of_bands_and_silence_is_not_nought(country: Country) -> None:
    session(
        country, "s1", "2024-02-01", beneficiaries_women=10, beneficiaries_girls=5, beneficiaries_unknown=3
    )
    session(country, "s2", "2024-02-02", sessions_held=2, beneficiaries=7)
    session(country, "s3", "2024-02-03")
    session(country, "s4", "2024-02-04", education_type="indirect", estimated_reach=900)
    session(country, "s5", "2024", beneficiaries=4)
    result = fallow.run("education", country.register, since="2024-01", until="2024-06")
    line = result.line("direct").values
    assert [line[one] for one in ("sessions", "attendance", "women", "girls", "unknown")] == [
        4,
        25,
        10,
        5,
        10,
    ]
    assert line["men"] is None, "nobody recorded men"
    assert (line["silent"], line["date_uncertain"], line["reach"]) == (1, 1, None)
    indirect = result.line("indirect").values
    assert (indirect["attendance"], indirect["reach"]) == (None, 900)


def test_direct_and_indirect_education_have_no_total(country: Country) -> None:
    session(country, "s1", "2024-02-01", beneficiaries=3, admin1="North")
    session(country, "s2", "2024-02-01", education_type="indirect", beneficiaries=4, admin1="North")
    keys = {line.key for line in fallow.run("education", country.register, by="province").lines}
    assert keys == {("direct", "North"), ("direct",), ("indirect", "North"), ("indirect",)}


def test_bands_stand_over_a_smaller_total_and_a_larger_one_is_of_unknown_sex() -> None:
    """The register refuses such reports; a merged record may still say so."""
    bands = {"beneficiaries_men": 10, "beneficiaries_boys": 5}
    fewer, more = attendance({**bands, "beneficiaries": 12}), attendance({**bands, "beneficiaries": 18})
    assert fewer == {"women": None, "men": 10, "girls": None, "boys": 5, "unknown": 0, "attendance": 15}
    assert more is not None and (more["unknown"], more["attendance"]) == (3, 18)


def test_disability_is_people_and_only_where_recorded(country: Country) -> None:
    session(country, "s1", "2024-02-01", beneficiaries=30, with_disability=3)
    session(country, "s2", "2024-02-01", beneficiaries=30)
    result = fallow.run("education_people", country.register)
    assert result.people
    assert table(result, "with_disability", "first_time") == {("direct",): (3, None)}


# -- assistance -------------------------------------------------------------------------------------------


def victim(country: Country, name: str, outcome: str = "injured", **fields: Any) -> None:
    fields = {"date": "2024-04-01", "outcome": outcome, **fields}
    country.says("victim", name, fields["date"], code=name, **fields)


def need(country: Country, name: str, victim: str, **fields: Any) -> None:
    fields = {"service": "prosthesis", "status": "need", **fields}
    country.says(
        "assistance",
        name,
        "2024-09-01",
        code=name,
        victim=victim,
        date_of_information="2024-09-01",
        **fields,
    )


def test_each_step_of_a_service_counts_on_its_own_day(country: Country) -> None:
    victim(country, "v1", sex="female", age=30)
    need(
        country,
        "n1",
        "v1",
        status="provided",
        need_date="2023-11-01",
        referral_date="2024-01-10",
        provided_date="2024-03-01",
    )
    need(country, "n2", "v1", service="cash", status="referred", need_date="2024-02-01")
    result = fallow.run("assistance", country.register, year=2024)
    measures = ("needs", "referred", "provided", "date_uncertain")
    assert table(result, *measures) == {
        ("cash",): (1, 0, 0, 1),
        ("prosthesis",): (0, 1, 1, 0),
        (): (1, 1, 1, 1),
    }
    whole = fallow.run("assistance", country.register, by="sex,age")
    assert table(whole, "needs", "referred") == {("female", "18_and_over"): (2, 2), (): (2, 2)}


def test_survivors_and_their_referral_add_up(country: Country) -> None:
    victim(country, "v1", sex="female", age=30, referral="needed", impairments=["leg_below_knee"])
    victim(country, "v2", sex="male", age=10, referral="declined", impairments=["none"])
    victim(country, "v3", "killed", sex="male", age=40)
    victim(country, "v4", sex="male", age=50)
    need(country, "n1", "v4", status="referred")
    country.says(
        "accident",
        "acc",
        "2024-05-01",
        code="acc",
        accident_type="mine",
        date="2024-05-01",
        injured=2,
        killed=1,
    )
    result = fallow.run("survivors", country.register, year=2024, by="sex,disability")
    measures = ("survivors", "referred", "waiting", "not_wanted", "unknown")
    assert table(result, *measures) == {
        ("female", "yes"): (1, 0, 1, 0, 0),
        ("male", "no"): (1, 0, 0, 1, 0),
        ("male", "unknown"): (1, 1, 0, 0, 0),
        ("unknown", "unknown"): (2, 0, 0, 0, 2),
        (): (5, 1, 1, 1, 2),
    }
    assert result.people
    assert result.value("survivors") == fallow.run("casualties", country.register, year=2024).value("injured")


# -- donors -----------------------------------------------------------------------------------------------


def test_land_without_a_donor_is_a_line_of_its_own(country: Country) -> None:
    country.says(
        "organisation",
        "d",
        "2020",
        code="d",
        name="A donor",
        date_of_information="2020",
        organisation_type="donor",
    )
    country.hazard("h", "2023-01-01", [(0, 0, 10, 10)], contamination="mined_area")
    country.release("r1", "h", "cleared", "2024-05-01", [(0, 0, 2, 10)], donor="d", beneficiaries_women=4)
    country.release("r2", "h", "reduced", "2024-06-01", [(2, 0, 3, 10)])
    country.claim("r3", "h", "reduced", "2024-07-01", [(3, 0, 4, 10)], donor="d")
    books = fallow.run("books", country.register, year=2024)
    land = fallow.run("donor_land", country.register, year=2024)
    assert land.value("cleared", "mined_area", "d") == books.value("cleared", "mined_area")
    assert land.value("reduced", "mined_area", "unknown") == books.value("reduced", "mined_area")
    assert land.value("reduced", "mined_area", "d") == 0, "a claim nobody signed is no release"
    assert land.value("releases", "mined_area") == 2
    gain = fallow.run("land_beneficiaries", country.register, year=2024)
    assert table(gain, "direct", "women", "men", "indirect", "releases", "silent") == {
        ("d",): (4, 4, None, None, 1, 0),
        ("unknown",): (None, None, None, None, 1, 1),
        (): (4, 4, None, None, 2, 1),
    }


def test_processed_area_is_not_cleared_area(country: Country) -> None:
    work(country, "a1", processed_area=5000.0)
    work(country, "a2")
    work(
        country,
        "a3",
        activity_type="ts",
        processed_area=100.0,
        start_date="2023-12-01",
        end_date="2024-02-01",
    )
    result = fallow.run("processed", country.register, year=2024)
    assert table(result, "processed", "works", "silent", "date_uncertain") == {
        ("clearance",): (5000, 2, 1, 0),
        ("ts",): (None, 0, 0, 1),
        (): (5000, 2, 1, 1),
    }
    assert fallow.run("books", country.register, year=2024).line().values["cleared"] == 0


# -- months -----------------------------------------------------------------------------------------------


def test_a_month_stands_beside_the_month_before_and_the_year_before(country: Country) -> None:
    for name, date in (("v1", "2024-01-05"), ("v2", "2023-12-31"), ("v3", "2023-01-01"), ("v4", "2024-01")):
        victim(country, name, date=date)
    victim(country, "v5", "killed", date="2024")
    result = fallow.run("month_casualties", country.register, month="2024-01")
    assert table(result, "now", "month_before", "year_before", "change_month", "change_year") == {
        ("injured",): (2, 1, 1, 1, 1),
        (): (2, 1, 1, 1, 1),
    }


def test_months_of_land_over_the_end_of_a_year(country: Country) -> None:
    country.hazard("h", "2022-01-01", [(0, 0, 10, 10)], contamination="mined_area")
    country.release("r1", "h", "cleared", "2024-01-09", [(0, 0, 2, 10)])
    country.release("r2", "h", "cleared", "2023-12-09", [(2, 0, 3, 10)])
    land = fallow.run("month_land", country.register, month="2024-01")
    books = {
        one: fallow.run("books", country.register, since=one, until=one) for one in ("2024-01", "2023-12")
    }
    assert land.value("now", "mined_area", "cleared") == books["2024-01"].value("cleared", "mined_area")
    assert land.value("month_before", "mined_area", "cleared") == books["2023-12"].value(
        "cleared", "mined_area"
    )
    assert land.value("year_before", "mined_area") == 0


@pytest.mark.parametrize("month", ["2024", "2024-13", "24-01", "soon", "0001-01"])
def test_what_is_no_month_is_refused(country: Country, month: str) -> None:
    with pytest.raises(FallowError) as refused:
        fallow.run("month_items", country.register, month=month)
    assert refused.value.code == "PARAMETER_VALUE"


def test_marking_nobody_recorded_is_unknown(country: Country) -> None:
    country.hazard("h1", "2023-01-01", [(0, 0, 1, 1)], marking="none")
    country.hazard("h2", "2023-01-01", [(2, 0, 3, 1)])
    result = fallow.run("marking", country.register)
    assert table(result, "areas") == {("sha", "none"): (1,), ("sha", "unknown"): (1,), (): (2,)}


def test_marking_tells_each_kind_of_land_apart(country: Country) -> None:
    """A treaty report counts the areas of its treaty: battle area is not mined area."""
    country.hazard("mine", "2023-01-01", [(0, 0, 1, 1)], contamination="mined_area", marking="none")
    country.hazard(
        "battle",
        "2023-01-01",
        [(2, 0, 3, 1)],
        contamination="battle_area",
        ordnance=["uxo", "cluster_munition_remnant"],
    )
    result = fallow.run("marking", country.register, by="contamination,marking")
    assert table(result, "areas") == {
        ("mined_area", "none"): (1,),
        ("battle_area", "unknown"): (1,),
        (): (2,),
    }
    result = fallow.run("marking", country.register, by="contamination,ordnance,marking")
    assert table(result, "areas") == {
        ("mined_area", "unknown", "none"): (1,),
        ("battle_area", "uxo;cluster_munition_remnant", "unknown"): (1,),
        ("mined_area",): (1,),
        ("battle_area",): (1,),
        (): (2,),
    }
    with pytest.raises(FallowError, match="paint"):
        fallow.run("marking", country.register, by="paint")


# -- parcels ----------------------------------------------------------------------------------------------


def test_a_parcel_tells_what_is_on_it_near_it_and_unseen(country: Country) -> None:
    country.hazard("near", "2023-01-01", [(12, 0, 13, 10)])
    country.hazard("on", "2023-01-01", [(0, 0, 4, 10)])
    country.release("out", "on", "cleared", "2024-01-01", [(0, 0, 2, 10)])
    country.hazard("far", "2023-01-01", [(60, 0, 61, 1)])
    country.hazard("nowhere", "2023-01-01", None)
    country.says("accident", "acc", "2024", point(1, 1), code="acc", accident_type="mine", date="2024")
    result = fallow.run("parcel", country.register, parcel=box(0, 0, 10, 10).wkt, distance=200)
    whole = result.value("inside", "parcel")
    assert whole == pytest.approx(10 * 78.84 * 10 * 111.13, rel=2e-3)
    assert result.value("inside", "hazard", "on") == pytest.approx(whole * 0.2, rel=1e-4)
    assert result.value("inside", "released_ground") == pytest.approx(whole * 0.2, rel=1e-4)
    assert result.value("inside", "unseen") == pytest.approx(whole * 0.6, rel=1e-4)
    assert result.value("distance", "hazard", "near") == pytest.approx(2 * 78.84, abs=1)
    assert [line.key for line in result.lines if "far" in line.key] == []
    assert (result.value("number", "unlocated"), result.value("number", "accident")) == (1, 1)
    assert result.explain("number", "unlocated").records == ("nowhere",)


def test_a_parcel_with_its_axes_exchanged_is_told_to_be_far_from_all_that_is_known(country: Country) -> None:
    country.hazard("near", "2023-01-01", [(12, 0, 13, 10)])
    here = box(0, 0, 10, 10)
    there = shapely.transform(here, lambda at: at[:, ::-1])
    told = "analysis.note.parcel_far"
    for parcel, far in ((here, False), (there, True)):
        result = fallow.run("parcel", country.register, parcel=parcel.wkt)
        assert (told in dict(result.notes)) is far
    assert "50 km" in telling.note(told, dict(result.notes)[told])


def test_a_claim_leaves_the_hazard_as_it_is(country: Country) -> None:
    country.hazard("on", "2023-01-01", [(0, 0, 4, 10)])
    country.claim("out", "on", "cleared", "2024-01-01", [(0, 0, 4, 10)])
    result = fallow.run("parcel", country.register, parcel=box(0, 0, 4, 10).wkt)
    assert result.value("inside", "hazard_ground") == result.value("inside", "parcel")
    assert result.value("inside", "released_ground") == 0
    assert result.value("inside", "claimed_release", "out") == result.value("inside", "parcel")


NO_PARCELS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POINT (30 45)", "PARCEL_SHAPE", {"found": "POINT (30 45)"}),
    ("POLYGON EMPTY", "PARCEL_SHAPE", {"found": "POLYGON EMPTY"}),
    ("POLYGON ((0 0, 9 0, 9 9, 0 0))", "PARCEL_SHAPE", {}),
    ("POLYGON ((0 95, 0.001 95, 0.001 95.001, 0 95))", "PARCEL_SHAPE", {"found": "0 95, 0.001 95.001"}),
    ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "PARCEL_CROSSES", {"found": "0.5 0.5"}),
    ("not a shape", "PARCEL_WKT", {"at": 1, "found": "not a shape", "expected": "POLYGON MULTIPOLYGON"}),
    ("POLIGON((30 45, 30 46))", "PARCEL_WKT", {"at": 1, "expected": "POLYGON MULTIPOLYGON"}),
    ("POLYGON((30.01 45.01, 30.02 45.01", "PARCEL_WKT_END", {"at": 33, "expected": ", )"}),
    ("POLYGON((", "PARCEL_WKT_END", {"at": 9, "expected": "30.5"}),
    ("  ", "PARCEL_WKT_END", {"at": 2}),
    ("POLYGON(30 45, 30.1 45)", "PARCEL_WKT", {"at": 9, "found": "30 45, 30.1 45)", "expected": "("}),
    ("POLYGON((30,5 45, 30 46))", "PARCEL_WKT", {"at": 12, "found": ",5 45, 30 46))", "expected": "30.5"}),
    ("POLYGON((30 45; 30 46))", "PARCEL_WKT", {"at": 13, "found": "45; 30 46))", "expected": "30.5"}),
    ("POLYGON((30° 45, 30 46))", "PARCEL_WKT", {"at": 10, "expected": "30.5"}),
    ("POLYGON((30 45, 31 45, 31 46, 30 45)) x", "PARCEL_WKT", {"at": 39, "found": "x", "expected": "—"}),
    ("POLYGON((nan 45, 30 45, 30 46, nan 45))", "PARCEL_WKT", {"at": 10}),
    ("MULTIPOLYGON((30 45, 31 45))", "PARCEL_WKT", {"at": 15, "expected": "("}),
    (
        "POLYGON((30 45, 31 45, 31 46, 30 46))",
        "PARCEL_RING",
        {"ring": 1, "count": 4, "first": "30 45", "last": "30 46"},
    ),
    ("POLYGON((30 45, 31 45, 30 45))", "PARCEL_RING", {"ring": 1, "count": 3}),
    ("POLYGON((30 45, 31 45, 31 46, 30 45), (30 45, 31 45))", "PARCEL_RING", {"ring": 2, "last": "31 45"}),
)


@pytest.mark.parametrize(("text", "code", "facts"), NO_PARCELS)
def test_what_is_no_parcel_is_refused_with_the_place(
    country: Country, text: str, code: str, facts: dict[str, Any]
) -> None:
    with pytest.raises(FallowError) as refused:
        fallow.run("parcel", country.register, parcel=text)
    assert (refused.value.code, refused.value.where) == (code, "parcel")
    assert {name: refused.value.facts[name] for name in facts} == facts
    for lang in LANGUAGES:
        said = refused.value.as_dict(lang)
        assert "{" not in said["what"] + said["remedy"]


def test_the_example_in_every_remedy_is_a_parcel(country: Country) -> None:
    for code in ("PARCEL_WKT", "PARCEL_WKT_END", "PARCEL_RING", "PARCEL_SHAPE"):
        for lang in LANGUAGES:
            (example,) = re.findall(r"POLYGON\(\([^)]*\)\)", catalogue()[code].remedy[lang])
            result = fallow.run("parcel", country.register, parcel=example)
            assert (result.value("inside", "parcel") or 0) > 100_000


@pytest.mark.parametrize(
    "text",
    [
        "polygon z((30 45 1, 30.01 45 1, 30.01 45.01 1, 30 45 1))",
        " MULTIPOLYGON (((30 45, 30.01 45, 30.01 45.01, 30 45)), ((31 45, 31.01 45, 31.01 45.01, 31 45)))\n",
        "POLYGON((30 45, 30.01 45, 30.01 45.01, 30 45.01, 30 45), "
        "(30.002 45.002, 30.004 45.002, 3.0004e1 45.004, 30.002 45.002))",
    ],
)
def test_what_the_library_reads_is_a_parcel(country: Country, text: str) -> None:
    assert fallow.run("parcel", country.register, parcel=text).value("inside", "parcel")


def point(x: float, y: float) -> bytes:
    return bytes(shapely.to_wkb(shapely.Point(30 + x * 0.001, 45 + y * 0.001), byte_order=1))


# -- edges ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "ordnance",
        "destroyed",
        "education",
        "education_people",
        "assistance",
        "survivors",
        "donor_land",
        "land_beneficiaries",
        "processed",
        "marking",
        "signs",
    ],
)
def test_an_empty_register_has_an_honest_table(register: Register, name: str) -> None:
    result = fallow.run(name, register)
    assert all(not value for line in result.lines for value in line.values.values())
    assert ("analysis.note.no_record", {}) in result.notes


@pytest.mark.parametrize("name", ["month_land", "month_items", "month_casualties", "month_education"])
def test_an_empty_register_has_an_empty_month(register: Register, name: str) -> None:
    result = fallow.run(name, register, month="2024-01")
    assert all(not value for line in result.lines for value in line.values.values())


@pytest.mark.parametrize("name", ["progress", "books"])
def test_years_before_anything_moved_are_a_line_of_nought(country: Country, name: str) -> None:
    country.hazard("h", "2023-01-01", [(0, 0, 1, 1)])
    each = {"each": "year"} if name == "books" else {}
    result = fallow.run(name, country.register, until="1990", **each)
    assert all(not value for line in result.lines for value in line.values.values())


def test_a_hazard_without_a_polygon_is_in_no_parcel_and_is_told(country: Country) -> None:
    country.hazard("h", "2023-01-01", point(1, 1))
    result = fallow.run("parcel", country.register, parcel=box(0, 0, 4, 4).wkt)
    assert result.value("inside", "hazard", "h") is None
    assert result.value("distance", "hazard", "h") == 0
    assert ("analysis.note.parcel_points", {}) in result.notes
