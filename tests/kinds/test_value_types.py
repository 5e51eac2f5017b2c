"""What people write becomes a canonical value or is refused with a code; nothing undeclared is guessed."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import pytest

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Code, CodeList, Field, Model, Reading, date_high, date_low
from fallow.words import LANGUAGES, speaking

WORDS = dict.fromkeys(LANGUAGES, "x")
OUTCOME = CodeList(
    "outcome",
    WORDS,
    (
        Code("killed", {"en": "Killed", "es": "Muerto", "fr": "Tué"}),
        Code("injured", {"en": "Injured", "es": "Herido", "fr": "Blessé"}),
        Code("SHA", {"en": "Suspected"}),
        Code("missing", {"en": "Missing"}, until="2"),
    ),
)
MODEL = Model({}, {"outcome": OUTCOME}, "0" * 64)
COMMA = Reading(decimal=",", thousands=".")
ONE = "0190b5a2-7f3e-7c11-9a3b-1f2e3d4c5b6a"
TWO = "0190b5a2-7f3e-7c11-9a3b-1f2e3d4c5b6b"


def field(type_: str, **more: Any) -> Field:
    """A field of a type; its class is public unless it says otherwise."""
    more.setdefault("sensitivity", "public")
    return Field("t.1", "answer", type_, WORDS, **more)


def parse(type_: str, raw: Any, reading: Reading | None = None, **more: Any) -> Any:
    more.setdefault("codes", "outcome")
    more.setdefault("unit", "m2")
    read = VALUE_TYPES[type_].parse
    one = field(type_, **more)
    return read(raw, one, MODEL) if reading is None else read(raw, one, MODEL, reading)


READ: list[tuple[str, Any, Any]] = [
    ("text", "  Hill 214 ", "Hill 214"),
    ("text", "Cafe\u0301", "Caf\u00e9"),
    ("text", "two\r\nlines\tand a tab", "two\nlines\tand a tab"),
    ("text", "قرية", "قرية"),
    ("text", 5.0, "5"),
    ("text", 5.25, "5.25"),
    ("text", 12, "12"),
    ("text", True, "true"),
    ("names", {"fr": "Ville ", "ar": "مدينة", "en": ""}, {"ar": "مدينة", "fr": "Ville"}),
    ("names", '{"en": "Town"}', {"en": "Town"}),
    ("names", "Town", {"und": "Town"}),
    ("integer", "12", 12),
    ("integer", "-3", -3),
    ("integer", 12.0, 12),
    ("integer", "12.0", 12),
    ("integer", "٢٠٢١", 2021),
    ("decimal", "12.5", 12.5),
    ("decimal", ".5", 0.5),
    ("decimal", "−7", -7.0),
    ("decimal", "-0", 0.0),
    ("quantity", 1200, 1200.0),
    ("quantity", "1200", 1200.0),
    ("quantity", "1200 m2", 1200.0),
    ("quantity", "1200m²", 1200.0),
    ("quantity", "12 ha", 120_000.0),
    ("quantity", "0.07 ha", 700.0),
    ("quantity", "0.5 km2", 500_000.0),
    ("quantity", "0.5 sq km", 500_000.0),
    ("quantity", "2 hectáreas", 20_000.0),
    ("quantity", "3 га", 30_000.0),
    ("quantity", "3 هكتار", 30_000.0),
    ("quantity", "2 metric_dunum", 2_000.0),
    ("quantity", "2 iraqi_dunum", 5_000.0),
    ("quantity", "1 acre", 4046.8564224),
    ("date", "2021", "2021"),
    ("date", "2021-02", "2021-02"),
    ("date", " 2021-02-05 ", "2021-02-05"),
    ("date", "2021-02-05T00:00:00", "2021-02-05"),
    ("date", "2021-02-05 13:30:00.000+02:00", "2021-02-05"),
    ("date", 2021, "2021"),
    ("date", 2021.0, "2021"),
    ("date", date(2021, 2, 5), "2021-02-05"),
    ("date", datetime(2021, 2, 5, 13, 30), "2021-02-05"),
    ("date", "٢٠٢١-٠٢", "2021-02"),
    ("date", "2020-02-29", "2020-02-29"),
    ("time", "9:05", "09:05"),
    ("time", "23:59:59", "23:59"),
    ("time", "14:30:00.000+02:00", "14:30"),
    ("time", time(14, 30), "14:30"),
    ("yes_no", True, True),
    ("yes_no", "Yes", True),
    ("yes_no", "Sí", True),
    ("yes_no", "ні", False),
    ("yes_no", "نعم", True),
    ("yes_no", 0, False),
    ("yes_no", "1", True),
    ("code", "killed", "killed"),
    ("code", " KILLED", "killed"),
    ("code", "sha", "SHA"),
    ("code", "missing", "missing"),
    ("codes", "killed injured killed", ["injured", "killed"]),
    ("codes", "killed; injured", ["injured", "killed"]),
    ("codes", "killed,injured|SHA", ["SHA", "injured", "killed"]),
    ("codes", ["killed", "injured"], ["injured", "killed"]),
    ("link", ONE.upper(), ONE),
    ("links", f"{TWO} {ONE}", [ONE, TWO]),
    ("links", [TWO, ONE, ONE], [ONE, TWO]),
    ("file", "sha256:" + "AB" * 32, "ab" * 32),
]


@pytest.mark.parametrize(
    ("type_", "raw", "canonical"), READ, ids=[f"{one[0]}-{one[1]!r}"[:60] for one in READ]
)
def test_what_people_write_is_read(type_: str, raw: Any, canonical: Any) -> None:
    found = parse(type_, raw)
    assert found == canonical
    assert repr(found) == repr(canonical), "one spelling: -0.0 would give another hash than 0.0"


@pytest.mark.parametrize("type_", VALUE_TYPES)
@pytest.mark.parametrize("raw", [None, "", "  \t"])
def test_an_empty_cell_is_no_value(type_: str, raw: Any) -> None:
    assert parse(type_, raw) is None


DECLARED: list[tuple[str, Any, Reading, Any]] = [
    ("quantity", "0,5 km2", Reading(decimal=","), 500_000.0),
    ("quantity", "1 200 m2", Reading(thousands=" "), 1200.0),
    ("quantity", "1\u202f200 m2", Reading(thousands=" "), 1200.0),
    ("quantity", "1.200,5 m2", COMMA, 1200.5),
    ("quantity", "12", Reading(unit="ha"), 120_000.0),
    ("quantity", 12, Reading(unit="ha"), 120_000.0),
    ("quantity", 0.07, Reading(unit="ha"), 700.0),
    ("quantity", "12 m2", Reading(unit="ha"), 12.0),
    ("quantity", "3", Reading(unit="iraqi_dunum"), 7500.0),
    ("integer", "2,006", Reading(thousands=","), 2006),
    ("integer", "1’234’567", Reading(thousands="'"), 1_234_567),
    ("date", "2,006", Reading(thousands=","), "2006"),
    ("date", "03/04/2025", Reading(date_pattern="dd/mm/yyyy"), "2025-04-03"),
    ("date", "03/04/2025", Reading(date_pattern="mm/dd/yyyy"), "2025-03-04"),
    ("date", "3.4.2025", Reading(date_pattern="d.m.yyyy"), "2025-04-03"),
    ("date", "04/2025", Reading(date_pattern="dd/mm/yyyy | mm/yyyy"), "2025-04"),
    ("date", "2025-04-03", Reading(date_pattern="dd/mm/yyyy"), "2025-04-03"),
    ("names", "Ville", Reading(language="fr"), {"fr": "Ville"}),
]


@pytest.mark.parametrize(("type_", "raw", "reading", "canonical"), DECLARED)
def test_what_a_source_declares_is_followed(type_: str, raw: Any, reading: Reading, canonical: Any) -> None:
    assert parse(type_, raw, reading) == canonical


def test_lengths_are_read_into_the_unit_of_the_field() -> None:
    assert parse("quantity", "20 cm", unit="m") == 0.2
    assert parse("quantity", "1 ft", unit="cm") == 30.48
    assert parse("quantity", "1.5 h", unit="min") == 90.0
    assert parse("quantity", "30°", unit="deg") == 30.0
    assert parse("quantity", "5 US$", unit="USD") == 5.0


REFUSED: list[tuple[str, Any, Reading, dict[str, Any], str]] = [
    ("text", "a\x00b", Reading(), {}, "BAD_CHAR"),
    ("text", "invoice\u202efdp.exe", Reading(), {}, "BAD_CHAR"),
    ("text", "a\ud800", Reading(), {}, "BAD_CHAR"),
    ("text", "wait\x85", Reading(), {}, "BAD_CHAR"),
    ("text", "x" * 10_001, Reading(), {}, "TOO_LONG"),
    ("text", ["a"], Reading(), {}, "VALUE_NOT_TEXT"),
    ("names", '{"en": ', Reading(), {}, "NAMES_FORMAT"),
    ("names", {"English": "Town"}, Reading(), {}, "NAMES_FORMAT"),
    ("integer", "many", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("integer", "2,006", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("integer", "1E+05", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("integer", True, Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("integer", "12.5", Reading(), {}, "VALUE_NOT_WHOLE"),
    ("integer", 12.5, Reading(), {}, "VALUE_NOT_WHOLE"),
    ("integer", "9" * 5000, Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("integer", "9" * 300, Reading(), {}, "OUT_OF_BOUNDS"),
    ("integer", 2**53, Reading(), {}, "OUT_OF_BOUNDS"),
    ("integer", "121", Reading(), {"high": 120.0}, "OUT_OF_BOUNDS"),
    ("integer", 121, Reading(), {"high": 120.0}, "OUT_OF_BOUNDS"),
    ("decimal", "0,5", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("decimal", "5,31", Reading(thousands=","), {}, "VALUE_NOT_A_NUMBER"),
    ("decimal", float("nan"), Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("decimal", "NaN", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("decimal", float("inf"), Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("quantity", "1 200 m2", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("quantity", "1,5 ha", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("quantity", "1E+05", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("quantity", "big", Reading(), {}, "VALUE_NOT_A_NUMBER"),
    ("quantity", "12 kg", Reading(), {}, "UNIT_UNKNOWN"),
    ("quantity", "12 furlongs", Reading(), {}, "UNIT_UNKNOWN"),
    ("quantity", "12 dunum", Reading(), {}, "UNIT_AMBIGUOUS"),
    ("quantity", "12 دونم", Reading(), {}, "UNIT_AMBIGUOUS"),
    ("quantity", "-1 ha", Reading(), {"low": 0.0}, "OUT_OF_BOUNDS"),
    ("date", "03/04/2025", Reading(), {}, "AMBIGUOUS_DATE"),
    ("date", "3.4.25", Reading(), {}, "AMBIGUOUS_DATE"),
    ("date", 44231, Reading(), {}, "AMBIGUOUS_DATE"),
    ("date", "44231", Reading(), {}, "AMBIGUOUS_DATE"),
    ("date", 44231.5, Reading(), {}, "AMBIGUOUS_DATE"),
    ("date", "25/04/2025", Reading(), {}, "DATE_FORMAT"),
    ("date", "spring 2021", Reading(), {}, "DATE_FORMAT"),
    ("date", "2021-W05", Reading(), {}, "DATE_FORMAT"),
    ("date", True, Reading(), {}, "DATE_FORMAT"),
    ("date", "2021-02-30", Reading(), {}, "DATE_IMPOSSIBLE"),
    ("date", "2021-13", Reading(), {}, "DATE_IMPOSSIBLE"),
    ("date", "0202-02-01", Reading(), {}, "DATE_IMPOSSIBLE"),
    ("date", "31/04/2025", Reading(date_pattern="dd/mm/yyyy"), {}, "DATE_IMPOSSIBLE"),
    ("date", "x", Reading(date_pattern="dd/mm/yy"), {}, "DATE_PATTERN"),
    ("date", "x", Reading(date_pattern="dd/yyyy"), {}, "DATE_PATTERN"),
    ("time", "25:00", Reading(), {}, "TIME_FORMAT"),
    ("time", "noon", Reading(), {}, "TIME_FORMAT"),
    ("time", 14, Reading(), {}, "TIME_FORMAT"),
    ("yes_no", "unknown", Reading(), {}, "VALUE_NOT_YES_NO"),
    ("yes_no", 2, Reading(), {}, "VALUE_NOT_YES_NO"),
    ("code", "Herido", Reading(), {}, "CODE_UNKNOWN"),
    ("codes", "killed;wounded", Reading(), {}, "CODE_UNKNOWN"),
    ("link", "HA-001", Reading(), {"link": "hazard"}, "LINK_FORMAT"),
    ("links", f"{ONE};HA-001", Reading(), {"link": "hazard"}, "LINK_FORMAT"),
    ("file", "photo.jpg", Reading(), {}, "FILE_DIGEST"),
]


@pytest.mark.parametrize(
    ("type_", "raw", "reading", "more", "code"),
    REFUSED,
    ids=[f"{one[0]}-{str(one[1])[:20].encode('unicode_escape').decode()}-{one[4]}" for one in REFUSED],
)
def test_what_cannot_be_read_is_refused(
    type_: str, raw: Any, reading: Reading, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(FallowError) as refused:
        parse(type_, raw, reading, **more)
    assert refused.value.code == code
    for language in LANGUAGES:
        with speaking(language):
            told = refused.value.what + refused.value.remedy
            assert refused.value.what and refused.value.remedy
            assert "{found}" not in told and "{field}" not in told and "{choices}" not in told
            plain = told.replace("\u00a0", " ").replace("\u202f", " ")  # French binds its marks so
            assert plain.isprintable(), "a control character must not reach a terminal"


@pytest.mark.parametrize(
    ("type_", "raw", "reading", "more", "code"), [one for one in REFUSED if one[4] != "DATE_PATTERN"]
)
def test_a_personal_value_never_stands_in_a_message(
    type_: str, raw: Any, reading: Reading, more: dict[str, Any], code: str
) -> None:
    with pytest.raises(FallowError) as refused:
        parse(type_, raw, reading, sensitivity="personal", **more)
    assert refused.value.facts["found"] == "•••" or code == "BAD_CHAR"
    told = [str(fact) for name, fact in refused.value.facts.items() if name not in ("near", "choices")]
    assert not [fact for fact in told if len(str(raw)) > 2 and str(raw) in fact]
    assert refused.value.where == "answer"


def test_the_nearest_code_is_found_through_the_words_of_every_language() -> None:
    with pytest.raises(FallowError) as refused:
        parse("code", "Herida")
    assert refused.value.facts["near"] == "injured"
    assert "injured" in refused.value.remedy
    with pytest.raises(FallowError) as personal:
        parse("code", "Herida", sensitivity="personal")
    assert personal.value.facts["near"] == "killed, injured, SHA, missing", (
        "a nearest code would tell the value"
    )


def test_a_unit_after_a_personal_number_is_not_told_either() -> None:
    with pytest.raises(FallowError) as refused:
        parse("quantity", "12 furlongs", sensitivity="personal")
    assert "furlongs" not in str(refused.value)


@pytest.mark.parametrize(
    ("partial", "low", "high"),
    [
        ("2021", "2021-01-01", "2021-12-31"),
        ("2021-02", "2021-02-01", "2021-02-28"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2021-02-05", "2021-02-05", "2021-02-05"),
        ("9999-12-31", "9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01", "0001-01-01"),
    ],
)
def test_both_ends_of_a_partial_date(partial: str, low: str, high: str) -> None:
    assert (date_low(partial), date_high(partial)) == (low, high)


@pytest.mark.parametrize(
    "wrong", ["", "21", "2021-2", "2021-02-30", "2021-00", "yesterday", "20210205", "0000"]
)
def test_what_is_no_partial_date_has_no_ends(wrong: str) -> None:
    for end in (date_low, date_high):
        with pytest.raises(FallowError) as refused:
            end(wrong)
        assert refused.value.code in ("DATE_FORMAT", "DATE_IMPOSSIBLE")


def test_columns_hold_what_each_type_stores() -> None:
    stored = {
        "names": ({"fr": "b", "ar": "a"}, '{"ar":"a","fr":"b"}'),
        "codes": (["injured", "killed"], "injured;killed"),
        "links": ([ONE, TWO], f"{ONE};{TWO}"),
        "yes_no": (True, 1),
    }
    for type_, (canonical, scalar) in stored.items():
        assert VALUE_TYPES[type_].store(canonical) == scalar
        assert VALUE_TYPES[type_].load(scalar) == canonical
    assert {name: one.column for name, one in VALUE_TYPES.items()} == {
        "text": "TEXT",
        "names": "TEXT",
        "integer": "INTEGER",
        "decimal": "REAL",
        "quantity": "REAL",
        "date": "TEXT",
        "time": "TEXT",
        "yes_no": "BOOLEAN",
        "code": "TEXT",
        "codes": "TEXT",
        "link": "TEXT",
        "links": "TEXT",
        "file": "TEXT",
    }
