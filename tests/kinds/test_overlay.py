"""A national overlay adds fields, codes, lists, kinds and words; every projection follows with no code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from two_kinds import HEADER, Declare, row, words

from fallow.errors import FallowError
from fallow.kinds import (
    VALUE_TYPES,
    Model,
    as_form,
    as_page,
    as_schema,
    check_compatible,
    columns,
    load_kinds,
    model_from_json,
    model_to_json,
)

TITLE = words("Valley programme").replace("{", "").replace("}", "")
ALL = f"name: valley\nprefix: va\ntitle: {{{TITLE}}}\n"
TWO = "name: valley\nprefix: va\ntitle: {en: Valley programme, ar: برنامج الوادي}\nlanguages: [ku]\n"

SOIL = """\
extend: crater
fields:
  - {id: va.crater.1, name: soil, type: code, codes: va_soil, class: public,
     label: {en: Soil, ar: التربة, ku: Ax}}
  - {id: va.crater.2, name: heirs, type: text, class: personal, label: {en: Heirs, ar: الورثة}}
states:
  - field: status
    start: [buried]
    steps:
      - {come: open, go: buried}
rules: [soil_known]
"""
WELL = """\
kind: well
id: va.well
group: place
clock: state
label: {en: Well, ar: بئر}
plural: {en: Wells, ar: آبار}
about: {en: Where water is drawn., ar: موضع سحب الماء.}
title: name
fields:
  - {id: va.well.1, name: name, type: text, class: public, label: {en: Name, ar: الاسم}}
  - {id: va.well.2, name: crater, type: link, link: crater, class: public, label: {en: Crater, ar: الحفرة},
     reverse: {en: Wells nearby, ar: آبار قريبة}}
"""
SOILS = "code,en,ar,ku\n*,Soil,التربة,Ax\nclay,Clay,طين,\nsand,Sand,رمل,\n"
BANDS = (
    "code,low,high,symbol,en,ar\n*,,,bands,National bands,الفئات الوطنية\n"
    "c0,0,11,,Child,طفل\nt12,12,17,,Teenager,مراهق\na18,18,,,Adult,بالغ\n"
)
STATUS = "code,danger,en,ar\nburied,2,Buried,مدفون\n"
LABELS = (
    "id,part,en,ku\ncrater,label,Bomb crater,Çala bombeyê\ncrater.1,label,,Kod\nnear:road,label,Track,Rê\n"
)

FILES = {
    "overlay.yaml": TWO,
    "kinds/crater.yaml": SOIL,
    "kinds/well.yaml": WELL,
    "codes/va_soil.csv": SOILS,
    "codes/va_age.csv": BANDS,
    "codes/crater_status.csv": STATUS,
    "labels.csv": LABELS,
}


def overlay(folder: Path, **changed: str | None) -> Path:
    """Write the overlay; ``None`` leaves a file out; ``kinds_crater`` stands for ``kinds/crater``."""
    for name, content in FILES.items():
        content = changed.get(name.rpartition(".")[0].replace("/", "_"), content)  # type: ignore[assignment]
        if content is None:
            continue
        path = folder / "valley" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder / "valley"


@pytest.fixture
def laid(declare: Declare, tmp_path: Path) -> Model:
    return load_kinds(overlay(tmp_path), declared_in=declare())


def test_what_the_overlay_adds_is_in_the_model(laid: Model, model: Model) -> None:
    assert laid.overlay == "valley"
    assert model.overlay is None
    assert laid.digest != model.digest
    assert list(laid.kinds) == ["crater", "visit", "well"]
    crater = laid.kind("crater")
    assert [one.id for one in crater.fields[-2:]] == ["va.crater.1", "va.crater.2"]
    assert crater.fields[:-2][1:] == model.kind("crater").fields[1:], "what was there stays as it was"
    assert crater.rules == ("nothing_remains", "soil_known")
    (machine,) = crater.states
    assert machine.start == ("open", "buried")
    assert machine.step("open", "buried") is not None
    assert machine.step("open", "closed") is not None
    assert [one.code for one in laid.code_lists["crater_status"]] == ["open", "closed", "unknown", "buried"]
    assert laid.code_lists["va_age"].bands
    assert laid.kind("well").field("crater").reverse["ar"] == "آبار قريبة"  # type: ignore[union-attr, index]


def test_words_can_be_added_and_said_otherwise(laid: Model) -> None:
    crater = laid.kind("crater")
    assert (crater.label["en"], crater.label["ku"], crater.label["fr"]) == (
        "Bomb crater",
        "Çala bombeyê",
        "fr Crater",
    )
    assert crater.fields[0].label["ku"] == "Kod"
    assert crater.fields[0].label["en"] == "Code", "an empty cell says nothing"
    assert laid.code_lists["near"].get("road").label["ku"] == "Rê"  # type: ignore[union-attr]


def test_table_schema_form_and_page_follow(laid: Model, model: Model) -> None:
    crater, before = laid.kind("crater"), model.kind("crater")
    assert [one.name for one in columns(crater)] == [*(one.name for one in columns(before)), "soil"]
    schema = as_schema(crater, laid)["properties"]
    assert schema["fields"]["properties"]["soil"]["anyOf"][0]["enum"] == ["clay", "sand"]
    assert "heirs" in schema["secret"]["properties"]
    assert "heirs" not in schema["fields"]["properties"]
    assert "buried" in schema["fields"]["properties"]["status"]["anyOf"][0]["enum"]
    book = load_workbook(io.BytesIO(as_form(crater, laid)))
    survey = list(book["survey"].values)
    assert ("select_one va_soil", "soil") in [line[:2] for line in survey]
    assert "label::ku (ku)" in survey[0]
    assert ("va_soil", "clay") in [line[:2] for line in book["choices"].values]
    page = as_page(crater, laid)
    assert "`soil`" in page and "### va_soil" in page and "`buried`" in page and "Çala bombeyê" in page


def test_an_age_band_set_of_a_programme_becomes_a_field(declare: Declare, tmp_path: Path) -> None:
    label = "{en: Age, ar: العمر}"
    field = f"{{id: va.visit.1, name: va_age, type: code, codes: va_age, class: public, label: {label}}}"
    extended = f"extend: visit\nfields:\n  - {field}\n"
    laid = load_kinds(overlay(tmp_path, kinds_well=extended), declared_in=declare())
    visit = laid.kind("visit")
    one = visit.field("va_age")
    assert one is not None
    assert VALUE_TYPES["code"].parse("t12", one, laid) == "t12"
    assert "### va_age" in as_page(visit, laid)
    assert "| `t12` | Teenager | 12–17 |  |" in as_page(visit, laid)


def test_a_register_sees_what_was_added(laid: Model, model: Model) -> None:
    added = check_compatible(model, laid)
    assert added.kinds == ("well",)
    assert added.fields == {"crater": ("soil", "heirs")}
    assert added.codes["crater_status"] == ("buried",)
    assert set(added.codes) == {"crater_status", "va_soil", "va_age"}


def test_taking_the_overlay_away_again_is_refused(laid: Model, model: Model) -> None:
    with pytest.raises(FallowError) as refused:
        check_compatible(laid, model)
    assert refused.value.code == "MODEL_REMOVED"


def test_a_model_with_an_overlay_travels_inside_a_register(laid: Model) -> None:
    assert model_from_json(model_to_json(laid)) == laid


REFUSED: list[tuple[str, dict[str, str | None], str, str, dict[str, Any]]] = [
    (
        "an id without the prefix",
        {"kinds_crater": SOIL.replace("va.crater.1", "crater.90")},
        "MODEL_OVERLAY_PREFIX",
        "kinds/crater.yaml:3",
        {"id": "crater.90", "prefix": "va"},
    ),
    (
        "a kind without the prefix",
        {"kinds_well": WELL.replace("id: va.well\n", "id: well\n")},
        "MODEL_OVERLAY_PREFIX",
        "kinds/well.yaml:2",
        {"id": "well"},
    ),
    (
        "an id of the catalogue",
        {"kinds_crater": SOIL.replace("va.crater.2", "va.crater.1")},
        "MODEL_ID_TWICE",
        "kinds/crater.yaml:5",
        {"first": "kinds/crater.yaml:3"},
    ),
    (
        "a field that is there already",
        {"kinds_crater": SOIL.replace("name: soil", "name: area")},
        "MODEL_NAME_TWICE",
        "kinds/crater.yaml:3",
        {"name": "area"},
    ),
    (
        "renaming a field",
        {"kinds_crater": SOIL + "rename: {area: size}\n"},
        "MODEL_KEY_UNKNOWN",
        "kinds/crater.yaml:12",
        {"key": "rename"},
    ),
    (
        "another clock",
        {"kinds_crater": SOIL + "clock: event\n"},
        "MODEL_KEY_UNKNOWN",
        "kinds/crater.yaml:12",
        {"key": "clock"},
    ),
    (
        "a kind that is there already",
        {"kinds_well": None, "kinds_crater": WELL.replace("kind: well", "kind: crater")},
        "MODEL_OVERLAY_CHANGES",
        "kinds/crater.yaml:1",
        {"found": "crater"},
    ),
    (
        "extending nothing",
        {"kinds_crater": SOIL.replace("extend: crater", "extend: carter")},
        "MODEL_NAME_UNKNOWN",
        "kinds/crater.yaml:1",
        {"near": "crater"},
    ),
    (
        "a code that is there already",
        {"codes_crater_status": STATUS + "closed,0,Done,منجز\n"},
        "MODEL_OVERLAY_CHANGES",
        "codes/crater_status.csv:3",
        {"found": "crater_status: closed"},
    ),
    (
        "a code without Arabic",
        {"codes_va_soil": SOILS.replace("رمل", "")},
        "MODEL_LABEL_MISSING",
        "codes/va_soil.csv:4",
        {"languages": "ar"},
    ),
    (
        "bands with a hole",
        {"codes_va_age": BANDS.replace("t12,12,", "t12,13,")},
        "MODEL_BANDS_GAP",
        "codes/va_age.csv:4",
        {"age": 12},
    ),
    (
        "a label without Arabic",
        {"kinds_well": WELL.replace(", ar: بئر", "")},
        "MODEL_LABEL_MISSING",
        "kinds/well.yaml:5",
        {"languages": "ar"},
    ),
    (
        "an unknown key of the head",
        {"overlay": TWO + "country: Valley\n"},
        "MODEL_KEY_UNKNOWN",
        "valley/overlay.yaml:5",
        {"key": "country"},
    ),
    ("no head", {"overlay": None}, "MODEL_FILE", "valley/overlay.yaml", {}),
    (
        "words for nothing",
        {"labels": LABELS + "crater.77,label,x,\n"},
        "MODEL_NAME_UNKNOWN",
        "valley/labels.csv:5",
        {"found": "crater.77"},
    ),
    (
        "words for a part that is not there",
        {"labels": LABELS + "crater.1,hint,x,\n"},
        "MODEL_VALUE",
        "valley/labels.csv:5",
        {"found": "hint", "allowed": "label"},
    ),
    (
        "words in a language nobody declared",
        {"labels": LABELS.replace("ku", "so", 1)},
        "MODEL_KEY_UNKNOWN",
        "valley/labels.csv:1",
        {"key": "so"},
    ),
    ("words without parts", {"labels": "id,en\ncrater,x\n"}, "MODEL_KEY_MISSING", "valley/labels.csv:1", {}),
    (
        "a short row of words",
        {"labels": "id,part,en\ncrater,label\n"},
        "MODEL_FILE",
        "valley/labels.csv:2",
        {},
    ),
]


@pytest.mark.parametrize(
    ("changed", "code", "where", "facts"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_an_overlay_that_does_more_than_add_is_refused(
    declare: Declare,
    tmp_path: Path,
    changed: dict[str, str | None],
    code: str,
    where: str,
    facts: dict[str, Any],
) -> None:
    with pytest.raises(FallowError) as refused:
        load_kinds(overlay(tmp_path, **changed), declared_in=declare())
    assert (refused.value.code, refused.value.where) == (code, where), refused.value
    assert {key: refused.value.facts[key] for key in facts} == facts
    assert refused.value.remedy


def test_a_new_kind_of_an_overlay_is_linked_from_both_ends(laid: Model) -> None:
    assert "- [well](well.md) by `crater`: Wells nearby" in as_page(laid.kind("crater"), laid)


def test_a_programme_that_writes_all_seven_languages_is_held_to_them(
    declare: Declare, tmp_path: Path
) -> None:
    changed = {"overlay": ALL, "labels": None, "kinds_well": None}
    codes = {"codes_va_soil": f"{HEADER}\n{row('*', 'Soil')}\n{row('clay', 'Clay')}\n"}
    with pytest.raises(FallowError) as refused:
        load_kinds(overlay(tmp_path, **changed, **codes), declared_in=declare())
    assert refused.value.code in ("MODEL_KEY_MISSING", "MODEL_LABEL_MISSING")
