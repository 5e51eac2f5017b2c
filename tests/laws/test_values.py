"""Laws of value types: storing loses nothing, reading twice changes nothing, a partial date has two ends."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fallow.errors import FallowError
from fallow.kinds import VALUE_TYPES, Code, CodeList, Field, Model, Reading, date_high, date_low
from fallow.words import LANGUAGES

WORDS = dict.fromkeys(LANGUAGES, "x")
CODES = tuple(Code(one, WORDS) for one in ("killed", "injured", "SHA", "under_18", "a.b-c+d", "0-4"))
MODEL = Model({}, {"list": CodeList("list", WORDS, CODES)}, "0" * 64)

DAYS = st.dates(date(1800, 1, 1), date(2199, 12, 31))
PARTIAL = st.one_of(
    DAYS.map(lambda day: f"{day.year:04}"), DAYS.map(lambda day: f"{day:%Y-%m}"), DAYS.map(date.isoformat)
)
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)
LANGUAGE = st.sampled_from(["en", "fr", "ar", "az", "ku", "und"])
CODE = st.sampled_from([one.code for one in CODES])
DIGEST = st.binary(min_size=32, max_size=32).map(bytes.hex)

RAW: dict[str, st.SearchStrategy[Any]] = {
    "text": st.one_of(st.text(), st.integers(-(10**15), 10**15), NUMBERS, st.booleans()),
    "names": st.one_of(st.text(), st.dictionaries(LANGUAGE, st.text(), max_size=4)),
    "integer": st.one_of(
        st.integers(-(2**53), 2**53), st.integers(-(10**6), 10**6).map(str), st.integers(0, 10**6).map(float)
    ),
    "decimal": st.one_of(NUMBERS, st.decimals(-(10**9), 10**9, places=4).map(lambda one: f"{one:f}")),
    "quantity": st.tuples(
        st.decimals(0, 10**6, places=3), st.sampled_from(["", " m2", "ha", " km²", " га", " acre"])
    ).map(lambda one: f"{one[0]:f}{one[1]}"),
    "date": st.one_of(PARTIAL, DAYS, DAYS.map(lambda day: f"{day}T00:00:00"), st.integers(1800, 2199)),
    "time": st.one_of(st.times(), st.times().map(lambda one: one.isoformat())),
    "yes_no": st.one_of(
        st.booleans(), st.sampled_from(["yes", "Non", "sí", "Да", "ні", "xeyr", "نعم", "1", 0])
    ),
    "code": st.one_of(CODE, CODE.map(str.upper), CODE.map(lambda one: f" {one} ")),
    "codes": st.one_of(st.lists(CODE), st.lists(CODE).map(" ".join), st.lists(CODE).map("; ".join)),
    "link": st.one_of(st.uuids().map(str), st.uuids().map(lambda one: str(one).upper())),
    "links": st.one_of(st.lists(st.uuids().map(str)), st.lists(st.uuids().map(str)).map(" ".join)),
    "file": st.one_of(DIGEST, DIGEST.map(lambda one: f"sha256:{one.upper()}")),
}


def field(type_: str) -> Field:
    return Field("t.1", "answer", type_, WORDS, "public", codes="list", unit="m2", link="hazard")


def parse(type_: str, raw: Any, reading: Reading | None = None) -> Any:
    """The canonical value; a refusal ends the example, since the laws speak about what was read."""
    try:
        return VALUE_TYPES[type_].parse(raw, field(type_), MODEL, reading or Reading())
    except FallowError as refused:
        assert refused.code in ("BAD_CHAR", "TOO_LONG", "OUT_OF_BOUNDS", "NAMES_FORMAT"), refused
        assume(False)


def in_form(type_: str, canonical: Any) -> str:
    """What a form sends back for a value: everything is text, several choices are joined by blanks."""
    if isinstance(canonical, bool):
        return "yes" if canonical else "no"
    if isinstance(canonical, list):
        return " ".join(canonical)
    if isinstance(canonical, dict):
        return json.dumps(canonical)
    return f"{canonical:f}" if type_ in ("decimal", "quantity") else str(canonical)


@pytest.mark.parametrize("type_", VALUE_TYPES)
@given(data=st.data())
def test_storing_and_loading_gives_the_value_again(type_: str, data: st.DataObject) -> None:
    canonical = parse(type_, data.draw(RAW[type_]))
    assume(canonical is not None)
    value = VALUE_TYPES[type_]
    stored = value.store(canonical)
    assert isinstance(stored, {"TEXT": str, "INTEGER": int, "REAL": float, "BOOLEAN": int}[value.column])
    loaded = value.load(stored)
    assert loaded == canonical
    assert type(loaded) is type(canonical)


@pytest.mark.parametrize("type_", VALUE_TYPES)
@given(data=st.data())
def test_a_canonical_value_reads_as_itself(type_: str, data: st.DataObject) -> None:
    canonical = parse(type_, data.draw(RAW[type_]))
    assert parse(type_, canonical) == canonical


@pytest.mark.parametrize("type_", VALUE_TYPES)
@given(data=st.data())
def test_a_canonical_value_survives_canonical_json(type_: str, data: st.DataObject) -> None:
    canonical = parse(type_, data.draw(RAW[type_]))
    assert orjson.loads(orjson.dumps(canonical)) == canonical


@pytest.mark.parametrize("type_", VALUE_TYPES)
@given(data=st.data())
def test_what_a_form_sends_back_reads_as_the_same(type_: str, data: st.DataObject) -> None:
    canonical = parse(type_, data.draw(RAW[type_]))
    assume(canonical is not None)
    if type_ == "text":
        assume(not canonical.startswith("{"))
    if type_ in ("decimal", "quantity"):
        canonical = round(canonical, 6)  # a phone shows six decimals and no exponent
    assert parse(type_, in_form(type_, canonical)) == canonical


@pytest.mark.parametrize("type_", VALUE_TYPES)
@given(
    raw=st.one_of(
        st.text(), st.none(), st.integers(), st.floats(), st.booleans(), st.lists(st.text()), st.binary()
    )
)
def test_anything_at_all_is_read_or_refused(type_: str, raw: Any) -> None:
    """Never another exception: this is where files of strangers arrive."""
    try:
        canonical = VALUE_TYPES[type_].parse(raw, field(type_), MODEL)
    except FallowError as refused:
        assert refused.what and refused.remedy
    else:
        assert canonical is None or VALUE_TYPES[type_].load(VALUE_TYPES[type_].store(canonical)) == canonical


@given(PARTIAL)
def test_a_partial_date_begins_before_it_ends(partial: str) -> None:
    low, high = date_low(partial), date_high(partial)
    assert low <= high
    assert low.startswith(partial) and high.startswith(partial)
    assert (low == high) == (len(partial) == 10)
    after = date.fromisoformat(high) + timedelta(days=1)
    before = date.fromisoformat(low) - timedelta(days=1)
    assert not after.isoformat().startswith(partial) and not before.isoformat().startswith(partial)


@given(DAYS, st.sampled_from(["dd/mm/yyyy", "mm/dd/yyyy", "yyyy.mm.dd", "dd-mm-yyyy"]))
def test_a_declared_order_reads_what_was_written_in_it(day: date, pattern: str) -> None:
    written = (
        pattern.replace("yyyy", f"{day.year:04}")
        .replace("mm", f"{day.month:02}")
        .replace("dd", f"{day.day:02}")
    )
    assert parse("date", written, Reading(date_pattern=pattern)) == day.isoformat()


@given(st.integers(0, 10**12), st.sampled_from([",", ".", " ", "'"]))
def test_declared_groups_of_thousands_are_read(number: int, mark: str) -> None:
    reading = Reading(thousands=mark, decimal="," if mark == "." else ".")
    assert parse("integer", f"{number:,}".replace(",", mark), reading) == number


@given(st.decimals(0, 10**6, places=4), st.sampled_from(["ha", "km2", "m2", "acre"]))
def test_a_larger_number_is_never_a_smaller_area(number: Any, unit: str) -> None:
    smaller = parse("quantity", f"{number:f} {unit}")
    larger = parse("quantity", f"{number + 1:f} {unit}")
    assert 0 <= smaller < larger
