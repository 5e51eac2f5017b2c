"""One declaration, four faces: the table, the JSON Schema, the page and the phone form say the same."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json_schema import errors
from openpyxl import load_workbook
from pyxform.xls2xform import convert
from two_kinds import Declare, row, words

from fallow.errors import FallowError
from fallow.kinds import (
    VALUE_TYPES,
    Field,
    Model,
    as_form,
    as_index,
    as_page,
    as_schema,
    columns,
    load_kinds,
)
from fallow.words import LANGUAGE_NAMES, LANGUAGES

RECORD = "0190b5a2-7f3e-7c11-9a3b-1f2e3d4c5b6a"
CATALOGUE = load_kinds()
DECLARED = [one for kind in CATALOGUE.kinds.values() for one in kind.fields]


# --- the table


def test_a_table_has_a_column_for_each_field_but_the_personal_ones(model: Model) -> None:
    found = columns(model.kind("crater"))
    assert [(one.name, one.type) for one in found] == [
        ("code", "TEXT"),
        ("seen_on", "TEXT"),
        ("status", "TEXT"),
        ("area", "REAL"),
        ("people", "INTEGER"),
        ("near", "TEXT"),
        ("titles", "TEXT"),
        ("fenced", "BOOLEAN"),
        ("depth", "REAL"),
    ]
    assert found[3].field is model.kind("crater").field("area")


@pytest.mark.parametrize("kind", CATALOGUE.kinds.values(), ids=lambda kind: kind.name)
def test_every_table_of_the_catalogue_can_be_made(kind: Any) -> None:
    """A name that SQL keeps for itself (``order``, ``group``) is harmless inside quotes."""
    made = ", ".join(f'"{one.name}" {one.type}' for one in columns(kind))
    connection = sqlite3.connect(":memory:")
    connection.execute(
        f'CREATE TABLE "{kind.name}_history" (fid INTEGER PRIMARY KEY, geom BLOB, record TEXT, {made})'
    )
    assert not {one.name for one in columns(kind)} & {one.name for one in kind.fields if one.personal}


# --- the JSON Schema


def report(**fields: Any) -> dict[str, Any]:
    return {"kind": "crater", "record": RECORD, "true": "2021-02", "fields": fields}


GOOD: dict[str, Any] = {"code": "C-1", "seen_on": "2021"}
POINT = {"type": "Point", "coordinates": [16.5, 44.5]}
RING = {"type": "Polygon", "coordinates": [[[16, 44], [17, 44], [17, 45], [16, 44]]]}

VALID = [
    report(**GOOD),
    report(**GOOD, area=12.5, near=["WATER", "road"], titles={"ar": "حفرة"}, fenced=False, status="open"),
    report(**GOOD, area=None),
    {**report(**GOOD), "secret": {"owner": "somebody"}},
    {**report(**GOOD), "geometry": POINT},
    {**report(**GOOD), "geometry": RING},
    {**report(**GOOD), "geometry": None},
]
INVALID = [
    report(code="C-1"),
    report(**{**GOOD, "seen_on": "05/02/2021"}),
    report(**{**GOOD, "seen_on": None}),
    report(**GOOD, area=-1),
    report(**GOOD, area="12 ha"),
    report(**GOOD, people=12.5),
    report(**GOOD, status="Open"),
    report(**GOOD, near=["road", "road"]),
    report(**GOOD, near="road"),
    report(**GOOD, owner="somebody"),
    report(**GOOD, colour="red"),
    {**report(**GOOD), "kind": "visit"},
    {**report(**GOOD), "true": "2021-13"},
    {**report(**GOOD), "record": "C-1"},
    {**report(**GOOD), "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}},
    {**report(**GOOD), "geometry": {"type": "Point", "coordinates": [16.5, 144.5]}},
    {**report(**GOOD), "geometry": {"type": "Point", "coordinates": [16.5, 44.5, 200]}},
    {key: one for key, one in report(**GOOD).items() if key != "record"},
]


@pytest.mark.parametrize("one", VALID)
def test_a_report_fits_its_schema(model: Model, one: dict[str, Any]) -> None:
    assert list(errors(one, as_schema(model.kind("crater"), model))) == []


@pytest.mark.parametrize("one", INVALID)
def test_a_wrong_report_does_not(model: Model, one: dict[str, Any]) -> None:
    assert list(errors(one, as_schema(model.kind("crater"), model)))


def test_a_change_need_not_repeat_what_is_required(model: Model) -> None:
    schema = as_schema(model.kind("crater"), model, first=False)
    assert list(errors(report(area=1.0), schema)) == []
    assert list(errors(report(area=-1.0), schema))


def test_a_kind_without_geometry_takes_none(model: Model) -> None:
    schema = as_schema(model.kind("visit"), model)
    one = {"kind": "visit", "record": RECORD, "true": "2021", "fields": {"at": "14:05"}}
    assert list(errors(one, schema)) == []
    assert list(errors({**one, "geometry": POINT}, schema))


def raw_of(one: Field) -> st.SearchStrategy[Any]:
    """What people may write into a field."""
    if one.codes:
        code = st.sampled_from([code.code for code in CATALOGUE.codes(one)])
        return st.lists(code, min_size=1) if one.type == "codes" else code
    return {
        "text": st.text(),
        "names": st.text() | st.dictionaries(st.sampled_from(["en", "ku"]), st.text()),
        "integer": st.integers(-10, 3000),
        "decimal": st.floats(-10, 1e6) | st.integers(0, 5000).map(str),
        "quantity": st.floats(-10, 1e6) | st.integers(0, 5000).map(str),
        "date": st.dates().map(str) | st.integers(1800, 2199).map(str),
        "time": st.times().map(lambda at: at.isoformat()),
        "yes_no": st.booleans() | st.sampled_from(["oui", "no"]),
        "link": st.uuids().map(str),
        "links": st.lists(st.uuids().map(str), min_size=1),
        "file": st.binary(min_size=32, max_size=32).map(bytes.hex),
    }[one.type]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_parses_fits_the_schema_of_its_field(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(DECLARED))
    value = VALUE_TYPES[one.type]
    try:
        canonical = value.parse(data.draw(raw_of(one)), one, CATALOGUE)
    except FallowError:
        return
    if canonical is not None:
        assert list(errors(canonical, value.schema(one, CATALOGUE))) == []


# --- the page


def test_a_page_says_what_a_person_asks(model: Model) -> None:
    page = as_page(model.kind("crater"), model)
    for said in (
        "# Crater (`crater`)",
        "A hole in the ground.",
        "- Geometry: point, polygon on WGS 84 (EPSG:4326), public; a record without a location is accepted",
        "| `area` | Area | quantity in m² ≥ 0 | public |  | `crater.4` |  |",
        "| `seen_on` | Seen on | date | public | for a draft | `crater.2` |  |",
        "| `owner` | Owner | text | personal |  | `crater.5` |  |",
        "| `closed` | `unknown` |  | forbidden: Closed stays known. |",
        "| `closed` | Closed | 1 | effective only by a release decision of two people |",
        "- [visit](visit.md) by `crater`: Visits here",
        "| `people` | People | fr People | es People | ru People | uk People | az People | ar People |",
    ):
        assert said in page, said
    assert "46 and over" in as_page(model.kind("visit"), model)
    assert "[Crater](crater.md)" in as_index(model)


def test_a_bar_in_a_label_does_not_break_the_table(declare: Declare) -> None:
    label = words("Area")
    broken = load_kinds(
        declared_in=declare({"catalogue/crater.yaml": [(label, label.replace("Area", "A|B"))]})
    )
    assert "| `area` | A\\|B |" in as_page(broken.kind("crater"), broken)


# --- the phone form


def sheets(kind: str, model: Model) -> dict[str, list[dict[str, Any]]]:
    book = load_workbook(io.BytesIO(as_form(model.kind(kind), model)))
    found = {}
    for sheet in book:
        header, *rows = sheet.values
        found[sheet.title] = [
            {key: cell for key, cell in zip(header, line, strict=True) if cell is not None} for line in rows
        ]
    return found


def test_a_form_asks_for_geometry_and_for_every_field(model: Model) -> None:
    survey = sheets("crater", model)["survey"]
    asked = {one["name"]: one["type"] for one in survey}
    assert asked == {
        "geom_point": "geopoint",
        "geom_polygon": "geoshape",
        "code": "text",
        "seen_on-picked": "date",
        "seen_on-grain": "select_one date_grain",
        "seen_on": "calculate",
        "status": "select_one crater_status",
        "area": "decimal",
        "owner": "text",
        "people": "integer",
        "near": "select_multiple near",
        "titles": "text",
        "fenced": "select_one yes_no",
        "depth": "decimal",
    }
    by_name = {one["name"]: one for one in survey}
    assert by_name["code"]["required"] == "yes"
    assert by_name["code"]["required_message::Français (fr)"] == "Cette réponse est nécessaire."
    assert "required" not in by_name["owner"]
    assert by_name["area"]["label::العربية (ar)"] == "ar Area (m²)"
    assert by_name["area"]["hint::English (en)"] == "Measured on the ground"
    assert by_name["area"]["constraint"] == ". >= 0"
    assert by_name["people"]["constraint"] == ". >= 0 and . <= 120"
    assert by_name["people"]["constraint_message::English (en)"] == "Give a number from 0 to 120."
    assert by_name["depth"]["constraint_message::Azərbaycanca (az)"] == "30 və ya daha kiçik ədəd yazın."
    for one in survey:
        if one["type"] != "calculate":
            assert all(one[f"label::{LANGUAGE_NAMES[lang]} ({lang})"] for lang in LANGUAGES), one["name"]


def test_a_form_offers_the_codes_in_use_and_no_retired_one(declare: Declare) -> None:
    old = row("WATER", "Water")
    retired = row("swamp", "Swamp", "", "", "", "", "", "", "2")
    model = load_kinds(declared_in=declare({"codes/near.csv": [(old, f"{old}\n{retired}")]}))
    choices = sheets("crater", model)["choices"]
    listed = [(one["list_name"], one["name"]) for one in choices]
    assert ("near", "WATER") in listed
    assert ("near", "swamp") not in listed
    assert [name for name_of, name in listed if name_of == "yes_no"] == ["yes", "no"]
    assert [name for name_of, name in listed if name_of == "date_grain"] == ["day", "month", "year"]
    schema = as_schema(model.kind("crater"), model)
    assert "swamp" in schema["properties"]["fields"]["properties"]["near"]["anyOf"][0]["items"]["enum"]


def test_what_the_date_questions_send_is_a_partial_date(model: Model) -> None:
    """The expression is cut to the grain by ``format-date``; each of its three answers is a date we read."""
    calculation = next(one for one in sheets("crater", model)["survey"] if one["name"] == "seen_on")[
        "calculation"
    ]
    assert calculation == (
        "if(${seen_on-picked} = '', '', if(${seen_on-grain} = 'year', format-date(${seen_on-picked}, '%Y'), "
        "if(${seen_on-grain} = 'month', format-date(${seen_on-picked}, '%Y-%m'), "
        "format-date(${seen_on-picked}, '%Y-%m-%d'))))"
    )
    one = model.kind("crater").field("seen_on")
    assert one is not None
    for sent in ("2021", "2021-02", "2021-02-05"):
        assert VALUE_TYPES["date"].parse(sent, one, model) == sent


def test_a_label_that_looks_like_a_formula_stays_a_label(declare: Declare) -> None:
    label = words("Depth")
    model = load_kinds(
        declared_in=declare({"catalogue/crater.yaml": [(label, label.replace('"Depth"', '"=1+1"'))]})
    )
    with zipfile.ZipFile(io.BytesIO(as_form(model.kind("crater"), model))) as book:
        survey = book.read("xl/worksheets/sheet1.xml")
    assert b"<t>=1+1</t>" in survey
    assert b"<f>" not in survey
    xform = convert(as_form(model.kind("crater"), model), validate=False).xform
    assert "=1+1" in xform


def test_the_same_model_gives_the_same_form(model: Model) -> None:
    assert as_form(model.kind("crater"), model) == as_form(model.kind("crater"), model)


@pytest.mark.parametrize("kind", CATALOGUE.kinds)
def test_every_form_of_the_catalogue_converts_without_a_warning(kind: str) -> None:
    made = convert(as_form(CATALOGUE.kind(kind), CATALOGUE), validate=False)
    assert made.warnings == []
    for one in CATALOGUE.kind(kind).fields:
        assert f"<{one.name}" in made.xform
    for lang in LANGUAGES:
        assert f'<translation lang="{LANGUAGE_NAMES[lang]} ({lang})"' in made.xform
    if "polygon" in CATALOGUE.kind(kind).shapes:
        assert 'type="geoshape"' in made.xform


def test_the_forms_of_the_two_kinds_convert_too(model: Model) -> None:
    for kind in model.kinds.values():
        assert convert(as_form(kind, model), validate=False).warnings == []
