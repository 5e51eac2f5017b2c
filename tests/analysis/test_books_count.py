"""One number of the books: the short way gives what the table gives, to the last digit of its recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallow.analysis import behind, figure, of_result, run
from fallow.analysis.books import balance as books_module
from fallow.analysis.books.count import _Line
from fallow.analysis.books.memory import Memory
from fallow.analysis.books.table import COLUMNS
from fallow.analysis.registry import counted
from fallow.errors import FallowError
from fallow.register import Register
from fixtures_books import Country
from laws.test_books import histories, lived

MEASURES = (*COLUMNS, *(f"{name}_hazards" for name in COLUMNS), "closing_no_area", "date_uncertain")
QUESTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"by": "class"},
    {"by": "class,operator", "each": "year"},
    {"by": "operator", "year": 2020},
    {"by": "class", "since": "2020-03", "until": "2021-06-01", "each": "month"},
    {"by": "class", "true": "2020-12-31", "each": "quarter"},
    {"by": "province", "place": "North"},
)


def same_as_the_table(register: Register, asked: dict[str, Any], pick: Any) -> bool:
    """Whether the table has a line; and then every measure of one of them is told the same way."""
    table = run("books", register, **asked)
    if not table.lines:
        return False
    line = pick(table.lines)
    for measure in MEASURES:
        slow = of_result(table, register, measure, line.key)
        short = counted("books", register, measure, line.key, asked)
        assert short is not None, (asked, line.key)
        fast = figure("books", register, measure, line.key, **asked)
        assert fast == slow, (asked, line.key, measure)
        assert fast.digest == slow.digest
        assert fast.sentence() == slow.sentence()
    return True


@settings(max_examples=max(settings().max_examples // 10, 1), deadline=None)
@given(
    acts=histories,
    asked=st.sampled_from(QUESTIONS),
    known=st.sampled_from((None, "2022-02-01", "2022-05-01")),
    data=st.data(),
)
def test_every_number_of_a_line_is_that_of_the_table(
    acts: list[dict[str, Any]], asked: dict[str, Any], known: str | None, data: st.DataObject
) -> None:
    with lived(acts) as country:
        try:
            same_as_the_table(
                country.register,
                {**asked, "known": known},
                lambda lines: data.draw(st.sampled_from(lines)),
            )
        except FallowError as error:
            assert error.code == "BOOKS_PLACE"
            with pytest.raises(FallowError, match="BOOKS_PLACE"):
                figure("books", country.register, None, (), **asked, known=known)


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    monkeypatch.setattr(books_module, "MEMORY", Memory())
    made = Country(tmp_path)
    made.hazard("h", "2019-06-01", [(0, 0, 10, 10)], admin1="North", admin1_code="n1", organisation="o1")
    made.hazard("h", "2020-02-01", hazard_class="cha")
    made.release("r1", "h", "cleared", "2020-05-10", [(0, 0, 10, 4)], organisation="o2")
    made.release("r2", "h", "cancelled", "2021", [(0, 4, 10, 6)])
    said = {"admin1": "South", "contamination": "battle_area", "hazard_class": "indication"}
    made.hazard("k", "2020-07-01", [(20, 0, 30, 10)], **said)
    visit = {"code": "nts", "activity_type": "nts", "status": "planned", "hazard": "k"}
    made.says("activity", "nts", "2021-02-01", date_of_information="2021-02-01", **visit)
    made.hazard("k", "2021-03-01", hazard_class="dismissed")
    made.hazard("n", "2020-07-01", None, admin1="North")
    yield made
    made.close()


@pytest.mark.parametrize(
    "asked", [*QUESTIONS, {"by": "class", "place": "n1", "each": "year"}], ids=[str(i) for i in range(8)]
)
def test_every_line_of_a_country(country: Country, asked: dict[str, Any]) -> None:
    table = run("books", country.register, **asked)
    assert table.lines
    for line in table.lines:
        assert same_as_the_table(country.register, asked, lambda _, one=line: one)


def test_the_first_measure_is_told_when_none_is_named(country: Country) -> None:
    asked = {"by": "class", "year": 2021}
    table = run("books", country.register, **asked)
    key = table.lines[-1].key
    assert figure("books", country.register, None, key, **asked) == of_result(
        table, country.register, None, key
    )


@pytest.mark.parametrize(
    ("asked", "measure", "at", "code"),
    [
        ({}, "closing", (), "CELL_UNKNOWN"),  # mined and battle area have no total
        ({"by": "class"}, "closing", ("mined_area", "green"), "CELL_UNKNOWN"),
        ({"by": "class"}, "closing", ("mined_area", "cha", "more"), "CELL_UNKNOWN"),
        ({"by": "class", "year": 1999}, "closing", ("mined_area",), "CELL_UNKNOWN"),
        ({"each": "year"}, "closing", ("1999", "unknown"), "CELL_UNKNOWN"),
        ({"each": "year"}, "closing", (), "CELL_UNKNOWN"),
        ({"by": "class"}, "colour", ("mined_area",), "CELL_UNKNOWN"),
        ({"place": "Nowhere"}, "closing", ("unknown",), "BOOKS_PLACE"),
        ({"each": "week"}, "closing", (), "PARAMETER_VALUE"),
        ({"by": "colour"}, "closing", (), "PARAMETER_VALUE"),
        ({"since": "2021", "until": "2020"}, "closing", (), "PERIOD"),
    ],
)
def test_it_refuses_what_the_table_refuses(
    country: Country, asked: dict[str, Any], measure: str, at: tuple[str, ...], code: str
) -> None:
    country.hazard("m", "2019-06-01", [(40, 0, 50, 10)], contamination="mined_area")
    refusals = []
    for ask in (
        lambda: of_result(run("books", country.register, **asked), country.register, measure, at),
        lambda: figure("books", country.register, measure, at, **asked),
    ):
        with pytest.raises(FallowError) as refused:
            ask()
        refusals.append(str(refused.value))
        assert refused.value.code == code
    assert refusals[0] == refusals[1]


def test_a_figure_and_then_what_is_behind_it_book_the_ground_once(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = []
    book = books_module.book_account
    monkeypatch.setattr(books_module, "book_account", lambda asked: booked.append(asked) or book(asked))
    one = figure("books", country.register, "cleared", ("unknown",), year=2020)
    result = run("books", country.register, year=2020)
    trail = behind(country.register, country.register.at(), result.explain("cleared", "unknown"))
    assert one.value == trail.explanation.value
    assert set(trail.every_record) == {"h", "r1"}
    assert len(booked) == 1


def test_a_figure_that_nothing_explains_is_an_error(
    country: Country, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = _Line.of.__func__  # type: ignore[attr-defined]

    def forgetful(cls: Any, *given: Any) -> _Line:
        line: _Line = of(cls, *given)
        line.m2[COLUMNS.index("cleared")] = 0
        return line

    monkeypatch.setattr(_Line, "of", classmethod(forgetful))
    with pytest.raises(FallowError) as refused:
        figure("books", country.register, "closing", ("unknown",), year=2020)
    assert refused.value.code == "BOOKS_UNEXPLAINED"
