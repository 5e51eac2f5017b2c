"""A description is refused whole where it is unclear: exact code, the line, and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import SOURCES, VICTIMS

from fallow.errors import FallowError
from fallow.intake import load_source
from fallow.kinds import Model


def loaded(text: str, folder: Path, model: Model) -> object:
    (folder / "source.yaml").write_text(text, encoding="utf-8")
    return load_source(folder, model)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


OUTCOME = "outcome: {from: estado, lookup: {Herido: injured, Muerto: killed}}"

CASES = [
    # what is wrong, what is written instead, code, text on the line that must be named
    ("who: Hospital of the district\n", "", "SOURCE_KEY_MISSING", "source: hospital"),
    ("licence: none stated", "license: none stated", "SOURCE_KEY_UNKNOWN", "license:"),
    ("licence: none stated", 'licence: "?"', "SOURCE_UNDECIDED", "licence"),
    ("source: hospital", "source: Hospital No. 1", "SOURCE_VALUE", "Hospital No. 1"),
    ("delivered: 2024-03-31", "delivered: 31/03/2024", "SOURCE_VALUE", "31/03/2024"),
    ("delivered: 2024-03-31", "delivered: 2024-02-31", "SOURCE_VALUE", "2024-02-31"),
    ("victims.csv}", "../victims.csv}", "SOURCE_FILE_NAME", "../victims.csv"),
    ("victims.csv}", "http://x/victims.csv}", "SOURCE_FILE_NAME", "http://x"),
    ("files: {victims:", "files: {victim:", "SOURCE_KEY_UNKNOWN", "files:"),
    ("format: csv", "format: cvs", "SOURCE_VALUE", "cvs"),
    ("kind: victim", "kind: victims", "SOURCE_KIND_UNKNOWN", "kind: victims"),
    ("id: {column: no}", "id: none\n        id: none", "SOURCE_KEY_TWICE", None),
    ("id: {column: no}", "id: {colum: no}", "SOURCE_KEY_UNKNOWN", "colum:"),
    ("age: edad", "edad: edad", "SOURCE_FIELD_UNKNOWN", "edad: edad"),
    ("Herido: injured", "Herido: hurt", "SOURCE_CODE_UNKNOWN", "Herido: hurt"),
    ("        date: fecha\n", "", "SOURCE_KEY_MISSING", "kind: victim"),
    ("date: fecha", "date: {from: [ano, mes]}", "SOURCE_KEY_MISSING", "ano"),
    ("date: fecha", 'date: {from: [ano], pattern: "{year}"}', "SOURCE_PATTERN", "{year}"),
    ("date: fecha", "date: {from: fecha, else: sometime}", "SOURCE_VALUE", "sometime"),
    (OUTCOME, "site: x", "SOURCE_FIELD_REQUIRED", None),
    ("age: edad", "accident: {link: accident}", "SOURCE_LINK_SAME_ROW", "link: accident"),
    ("age: edad", "accident: {link: hazard, by: x}", "SOURCE_LINK_KIND", "link: hazard"),
    ("age: edad", "accident: {link: accident, by: x}", "SOURCE_LINK_NO_ID", "link: accident"),
    ("age: edad", "age: {from: edad, unit: hectars}", "SOURCE_UNIT", "hectars"),
    ("date: fecha", "date: {from: fecha, date: dd/mm/yy}", "SOURCE_DATE_ORDER", "dd/mm/yy"),
    ("age: edad", "national_id: no", "SOURCE_PERSONAL_TWICE", "kind: victim"),
    ("age: edad", "name: municipio", "SOURCE_PERSONAL_TWICE", "kind: victim"),
    ("{x: lon, y: lat}", "{x: lon}", "SOURCE_VALUE", "{x: lon}"),
    ("id: {column: no}", "id: none\n        match: [town]", "SOURCE_MATCH_UNKNOWN", "town"),
    ("id: {column: no}", "id: {column: no}\n        match: [date]", "SOURCE_CLASH", None),
    ("tables:", "accept: [{code: OUTSIDE, by: me, why: x}]\ntables:", "SOURCE_CODE_UNKNOWN", "OUTSIDE"),
    ("tables:", "expect: {rows: {max_change: lots}}\ntables:", "SOURCE_VALUE", "lots"),
    ("who: Hospital of the district", "who: [&a x, *a]", "SOURCE_YAML", "&a"),
    ("who: Hospital of the district", "who: 'x", "SOURCE_YAML", None),
    ("who: Hospital of the district", "who: " + "[" * 40, "SOURCE_YAML", "[[["),
]  # fmt: skip


@pytest.mark.parametrize(
    ("was", "now", "code", "line"), CASES, ids=[f"{c[2]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_wrong_description_is_refused_with_its_line(
    was: str, now: str, code: str, line: str | None, tmp_path: Path, model: Model
) -> None:
    assert VICTIMS.count(was) >= 1
    text = VICTIMS.replace(was, now, 1)
    with pytest.raises(FallowError) as caught:
        loaded(text, tmp_path, model)
    assert caught.value.code == code
    assert caught.value.remedy
    assert "source.yaml:" in caught.value.where
    if line is not None:
        assert f"source.yaml:{line_of(text, line)}" in caught.value.where


def test_an_unknown_key_names_the_nearest(tmp_path: Path, model: Model) -> None:
    with pytest.raises(FallowError) as caught:
        loaded(VICTIMS.replace("licence", "lisence"), tmp_path, model)
    assert "licence" in caught.value.remedy


def test_words_that_yaml_would_bend_stay_what_they_are(tmp_path: Path, model: Model) -> None:
    """`No`, 05001 and a day are a word, a code and a day; YAML alone makes them false, 2561 and an object."""
    text = VICTIMS.replace("Herido: injured", "No: injured").replace(
        "age: edad", "admin2_code: {value: 05001}"
    )
    source = load_source_of(text, tmp_path, model)
    fields = {one.name: one for one in source.tables[0].records[0].fields}
    assert fields["outcome"].lookup == {"No": "injured", "Muerto": "killed"}
    assert fields["admin2_code"].constant == "05001"
    assert source.deliveries[0].delivered == "2024-03-31"


def load_source_of(text: str, folder: Path, model: Model):  # type: ignore[no-untyped-def]
    (folder / "source.yaml").write_text(text, encoding="utf-8")
    return load_source(folder, model)


def test_the_mapping_digest_changes_with_the_mapping_and_not_with_a_new_delivery(
    tmp_path: Path, model: Model
) -> None:
    first = load_source_of(VICTIMS, tmp_path, model).mapping
    assert load_source_of(VICTIMS.replace("2024-03-31", "2024-06-30"), tmp_path, model).mapping == first
    assert load_source_of(VICTIMS.replace("age: edad", "site: edad"), tmp_path, model).mapping != first


def test_two_deliveries_without_id_and_match_are_refused(tmp_path: Path, model: Model) -> None:
    text = VICTIMS.replace("id: {column: no}", "id: none").replace(
        "delivered: 2024-03-31\nfiles: {victims: victims.csv}",
        "deliveries:\n  - {delivered: 2024-03-31, files: {victims: a.csv}}\n"
        "  - {delivered: 2024-06-30, files: {victims: b.csv}}",
    )
    with pytest.raises(FallowError) as caught:
        loaded(text, tmp_path, model)
    assert caught.value.code == "SOURCE_NO_CONTINUITY"


def test_deliveries_out_of_order_are_refused(tmp_path: Path, model: Model) -> None:
    text = VICTIMS.replace(
        "delivered: 2024-03-31\nfiles: {victims: victims.csv}",
        "deliveries:\n  - {delivered: 2024-03-31, files: {victims: a.csv}}\n"
        "  - {delivered: 2023-06-30, files: {victims: b.csv}}",
    )
    with pytest.raises(FallowError) as caught:
        loaded(text, tmp_path, model)
    assert caught.value.code == "SOURCE_DELIVERY_ORDER"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in SOURCES.glob("*/source.yaml")))
def test_every_description_we_ship_loads(name: str, model: Model) -> None:
    assert load_source(SOURCES / name, model).name == name


def test_a_missing_description_says_so(tmp_path: Path, model: Model) -> None:
    with pytest.raises(FallowError) as caught:
        load_source(tmp_path / "nothing", model)
    assert caught.value.code == "SOURCE_MISSING"
