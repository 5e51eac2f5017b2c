"""An experiment with real forms: the hazard form used in Syria against our hazard, the rest as an overlay.

The form is GICHD's and lies outside of the project. Each of its 76 rows is accounted for: it opens a group,
it maps to a field or to the geometry, or it is left over and becomes a field of the overlay.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from fallow.errors import FallowError
from fallow.kinds import Model, as_form, as_schema, check_compatible, columns, load_kinds

MAPPED = {
    "id_ha_sy": "external_id",
    "ha_code": "code",
    "survey_date": "date_of_information",
    "org_id": "organisation",
    "team": "team",
    "community_code": "place",
    "neighbourhood": "site",
    "governorate": "admin1_code",
    "governorate_name": "admin1",
    "district": "admin2_code",
    "district_name": "admin2",
    "subdistrict_name": "admin3",
    "geo_safe": "safe_to_record",
    "re_gps_accuracy": "location_accuracy",
    "nts_id": "survey_activity",
    "status_ha": "status",
    "closure_ha": "closure_reason",
    "ev_details": "evidence_description",
    "source_cs": "how_known",
    "source_re": "how_known",
    "source_ac": "how_known",
    "source_nts": "how_known",
    "source_ts": "how_known",
    "source_other": "how_known",
    "ev_eo": "direct_evidence",
    "ev_marking": "direct_evidence",
    "ev_deton": "direct_evidence",
    "ev_scrap": "indirect_evidence",
    "ev_crat": "indirect_evidence",
    "ev_infr": "indirect_evidence",
    "ev_land": "indirect_evidence",
    "ev_other": "indirect_evidence",
    "eo_mine": "ordnance",
    "eo_mine_type": "ordnance",
    "eo_erw": "ordnance",
    "eo_erw_type": "ordnance",
    "eo_ied": "ordnance",
    "eo_mine_model": "models_stated",
    "eo_erw_model": "models_stated",
}
GEOMETRY = ("community_coordinates", "re_latitude")
"""``re_latitude`` stands twice in the form: the second time it is the longitude."""

TYPES = {"select_one yesno": "yes_no", "select_one yesnodont": "code"}
"""Any other question is text: its lists of places are not part of the table."""


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> list[dict[str, str]]:
    path = shared_data / "gichd-syria-forms" / "fields.csv"
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [row for row in csv.DictReader(lines) if row["form"] == "ha"]


def left_over(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    asked = [row for row in rows if row["Type"] != "begin group"]
    return [row for row in asked if row["field"] not in MAPPED and row["field"] not in GEOMETRY]


def declared(row: dict[str, str], number: int) -> str:
    """A question of the form as a field of an overlay."""
    type_ = TYPES.get(row["Type"], "text")
    codes = "codes: sy_answer, " if type_ == "code" else ""
    words = {
        "en": row["Suggested Text"].strip(" .:") or row["Field Name"] or row["field"],
        "ar": row["Arabic Label"],
    }
    label = ", ".join(
        f"{lang}: '{said.strip().replace(chr(39), chr(39) * 2)}'" for lang, said in words.items() if said
    )
    return (
        f"  - {{id: sy.hazard.{number}, name: sy_{row['field']}, type: {type_}, {codes}class: restricted, "
        f"label: {{{label}}}}}"
    )


def overlay(folder: Path, rows: list[dict[str, str]]) -> Path:
    """The overlay that carries what our hazard has no field for."""
    (folder / "kinds").mkdir(parents=True)
    (folder / "codes").mkdir()
    (folder / "overlay.yaml").write_text(
        "name: syria\nprefix: sy\ntitle: {en: Experiment}\n", encoding="utf-8"
    )
    fields = "\n".join(declared(row, number) for number, row in enumerate(rows, start=1))
    (folder / "kinds" / "hazard.yaml").write_text(f"extend: hazard\nfields:\n{fields}\n", encoding="utf-8")
    answers = "code,en,ar\n*,Answer,الإجابة\nyes,Yes,نعم\nno,No,لا\ndont_know,Not known,غير معروف\n"
    (folder / "codes" / "sy_answer.csv").write_text(answers, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def laid(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_kinds(overlay(tmp_path_factory.mktemp("sy") / "syria", left_over(rows)))


def test_every_row_of_the_form_is_accounted_for(rows: list[dict[str, str]]) -> None:
    hazard = load_kinds().kind("hazard")
    assert [name for name in MAPPED.values() if hazard.field(name) is None] == []
    fate = Counter(
        "group"
        if row["Type"] == "begin group"
        else "mapped"
        if row["field"] in MAPPED
        else "geometry"
        if row["field"] in GEOMETRY
        else "left over"
        for row in rows
    )
    assert fate == {"group": 5, "mapped": 39, "geometry": 3, "left over": 29}
    assert sum(fate.values()) == len(rows) == 76
    assert set(MAPPED) <= {row["field"] for row in rows}


def test_what_is_left_over_becomes_fields_of_an_overlay(rows: list[dict[str, str]], laid: Model) -> None:
    hazard = laid.kind("hazard")
    added = check_compatible(load_kinds(), laid)
    assert added.fields == {"hazard": tuple(f"sy_{row['field']}" for row in left_over(rows))}
    assert added.codes == {"sy_answer": ("yes", "no", "dont_know")}
    assert {f"sy_{row['field']}" for row in left_over(rows)} <= {one.name for one in columns(hazard)}
    camp = hazard.field("sy_idp_camp")
    assert camp is not None
    assert (camp.type, camp.label["en"]) == ("yes_no", "Is the location an IDP camp?")
    seen = hazard.field("sy_ev_eo_obs")
    assert seen is not None
    assert seen.label["ar"] == "مرئي"
    schema = as_schema(hazard, laid)["properties"]["fields"]["properties"]
    assert schema["sy_idp_camp"]["anyOf"][0] == {"type": "boolean"}


def test_the_form_of_the_laid_on_hazard_goes_to_the_phone(laid: Model) -> None:
    made = convert(as_form(laid.kind("hazard"), laid), validate=False)
    assert made.warnings == []
    assert "<sy_ev_eo_obs" in made.xform
    assert "مرئي" in made.xform


def test_the_duplicate_name_of_the_real_form_is_found(rows: list[dict[str, str]], tmp_path: Path) -> None:
    """``re_latitude`` twice: the form tool took it, and one of the two coordinates was lost."""
    twice = [row for row in rows if row["field"] == "re_latitude"]
    assert len(twice) == 2
    with pytest.raises(FallowError) as refused:
        load_kinds(overlay(tmp_path / "syria", twice))
    assert (refused.value.code, refused.value.where) == ("MODEL_NAME_TWICE", "kinds/hazard.yaml:4")
    assert refused.value.facts["first"] == "kinds/hazard.yaml:3"
