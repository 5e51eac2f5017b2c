"""What SQLite says of a row is what Python says of it: periods of partial dates, names in any case."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from fallow.kinds import date_high, date_low
from fallow.register import conditions
from fallow.register.conditions import (
    ALWAYS,
    NEVER,
    Condition,
    Dated,
    all_of,
    among,
    any_of,
    below,
    failing,
    from_on,
    reads_as,
)

FIELDS = ("date", "date_until", "name", "other", "age")


def holding(condition: Condition, rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Of each row, given as some first of the fields, whether the condition holds."""
    made = sqlite3.connect(":memory:")
    made.execute(
        "CREATE TABLE history (n INTEGER PRIMARY KEY, date TEXT, date_until TEXT, name TEXT, other TEXT, "
        "age INTEGER)"
    )
    made.executemany(
        "INSERT INTO history VALUES (?,?,?,?,?,?)",
        [(n, *row, *[None] * (len(FIELDS) - len(row))) for n, row in enumerate(rows)],
    )
    found = made.execute(
        f"SELECT CASE WHEN {condition.sql} THEN 1 ELSE 0 END FROM history h ORDER BY n", condition.values
    )
    told = [bool(one) != condition.fails for (one,) in found]
    made.close()
    return told


def side(since: str, until: str, first: str | None, last: str | None) -> str:
    """The rule itself, by days."""
    if first is None:
        return "uncertain"
    low, high = date_low(first), date_high(last or first)
    if since <= low and high <= until:
        return "inside"
    return "outside" if high < since or low > until else "uncertain"


def partial(day: date) -> some.SearchStrategy[str]:
    return some.sampled_from([day.isoformat(), day.isoformat()[:7], day.isoformat()[:4]])


# Few years, so that dates and bounds meet at the ends of months and years.
DAYS = some.dates(date(2018, 11, 1), date(2021, 2, 28)) | some.sampled_from(
    [
        date(year, month, 1) + timedelta(days=step)
        for year in (2019, 2020, 2021)
        for month in (1, 3)
        for step in (-1, 0)
    ]
)
DATES = DAYS.flatmap(partial)
ROWS = some.lists(
    some.tuples(some.none() | DATES, some.none() | some.just("") | DATES), min_size=1, max_size=60
)


@given(rows=ROWS, bounds=some.tuples(DAYS, DAYS), spans=some.booleans())
@example(
    rows=[("2020", None), ("2020-02", None), ("2020-02-29", "2020-03")],
    bounds=(date(2020, 2, 1), date(2020, 3, 1)),
    spans=True,
)
@example(
    rows=[("2020-03-01", "2019-12-01"), (None, "2019")],
    bounds=(date(2020, 1, 1), date(2020, 2, 29)),
    spans=True,
)
def test_a_partial_date_lies_in_a_period_as_its_days_do(
    rows: list[tuple[str | None, str | None]], bounds: tuple[date, date], spans: bool
) -> None:
    since, until = (one.isoformat() for one in sorted(bounds))
    dated = Dated("date", "date_until" if spans else None)
    inside, outside = holding(dated.inside(since, until), rows), holding(dated.outside(since, until), rows)
    told = [
        "inside" if one else "outside" if other else "uncertain"
        for one, other in zip(inside, outside, strict=True)
    ]
    assert told == [side(since, until, first, last if spans else None) for first, last in rows]


@given(rows=ROWS, wanted=DATES.filter(lambda one: len(one) < 10), spans=some.booleans())
def test_all_of_a_date_lies_in_a_month_or_year_as_its_text_says(
    rows: list[tuple[str | None, str | None]], wanted: str, spans: bool
) -> None:
    digits = len(wanted)

    def within(first: str | None, last: str | None) -> str | None:
        cut = (first or "")[:digits]
        return cut if len(cut) == digits and ((spans and last) or cut)[:digits] == cut else None

    dated = Dated("date", "date_until" if spans else None)
    expected = [within(*row) for row in rows]
    assert holding(dated.all_in(wanted), rows) == [one == wanted for one in expected]
    assert holding(dated.in_no_one(digits), rows) == [one is None for one in expected]


# Letters that have several cases, fold to two or three others, or mean something in a pattern.
LETTERS = "abkstifdKSTIFÅåſßẞﬁﬀﬃﬅﬆİıŉǰΐςσΣХхЇїәӘ县ق[]^*?-! 'é"
NAMES = some.text(LETTERS, min_size=1, max_size=8)


def respelled(name: str) -> some.SearchStrategy[str]:
    """The same name otherwise: each folded piece by any character that folds to it."""
    pieces = [
        some.sampled_from(
            [one, one.casefold(), one.upper(), one.title(), *conditions._spelled().get(one.casefold(), "")]
        )
        for one in name
    ]
    return some.tuples(*pieces).map("".join)


@given(given=NAMES, others=some.lists(some.none() | NAMES, max_size=6), data=some.data())
@example(given="Mississippi", others=["miſſissippi", "MIßISSIPPI", "Missisippi"], data=None)
@example(given="Straße", others=["STRASSE", "strase", "Straſſe", "ﬆraße"], data=None)
@example(given="Харківська", others=["харківська", "ХАРКІВСЬКА", "Харків"], data=None)
@example(given="Kirkuk", others=["\u212airkuk", "kir\u212aUK", "Kirkut"], data=None)
@example(given="[a]^*?", others=["[A]^*?", "a", "[a]^bc"], data=None)
@example(given="İstanbul", others=["i̇stanbul", "Istanbul", "istanbul"], data=None)
def test_a_name_reads_as_another_where_both_fold_to_the_same(
    given: str, others: list[str | None], data: Any
) -> None:
    condition = reads_as(["name", "other"], given)
    if condition is None:
        several = [one for one in conditions._spelled() if len(one) > 1]
        assert sum(given.casefold().count(one) for one in several) > 3, "few can be spelled in many ways"
        assert data is not None
        return
    respelt = [data.draw(respelled(given)) for _ in range(4)] if data is not None else []
    names = [given, *respelt, *others]
    rows = [(None, None, None, one) for one in names] + [(None, None, one, "x") for one in names]
    wanted = given.casefold()
    expected = [(one or "").casefold() == wanted for one in names]
    assert holding(condition, rows) == expected * 2


@pytest.mark.parametrize("text", ["", "a" * 201, "ss" * 20, "a\0b", "a\U0010ffff"])
def test_what_has_too_many_spellings_is_left_to_the_long_way(text: str) -> None:
    assert reads_as(["name"], text) is None


def test_no_character_has_another_case_behind_the_last_that_is_looked_at() -> None:
    beyond = map(chr, range(conditions._LAST_CASED + 1, sys.maxunicode + 1))
    assert [one for one in beyond if one.casefold() != one] == []


def test_conditions_are_joined_as_they_hold() -> None:
    rows = [(None, None, name, None, age) for name in ("a", "b", None) for age in (17, 18, None)]
    young, adult = below("age", 18), from_on("age", 18)
    assert holding(young, rows) == [True, False, False] * 3
    assert holding(adult, rows) == [False, True, False] * 3
    assert holding(failing(young), rows) == [False, True, True] * 3
    assert holding(failing(failing(young)), rows) == holding(young, rows)
    assert holding(among("name", ("b", None)), rows) == [False] * 3 + [True] * 6
    either = any_of([among("name", ("a",)), all_of([among("name", (None,)), failing(young)])])
    assert holding(either, rows) == [True] * 3 + [False] * 3 + [False, True, True]
    assert all_of([ALWAYS, young]) is young and any_of([NEVER, young]) is young
    assert all_of([NEVER, young]) is NEVER and any_of([ALWAYS, young]) is ALWAYS
    assert (failing(ALWAYS), failing(NEVER)) == (NEVER, ALWAYS)
    assert (all_of([]), any_of([])) == (ALWAYS, NEVER)
