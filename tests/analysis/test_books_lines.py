"""The books of land, case by case: what each thing that can happen to a hazard does to which line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from fallow.analysis import Result, figure, run
from fallow.analysis.books.area import areas_m2
from fallow.errors import FallowError
from fallow.register import create_register
from fixtures_books import Box, Country, box


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    yield made
    made.close()


def m2(*boxes: Box) -> int:
    """Square metres of rectangles that do not overlap."""
    return round(float(areas_m2(np.array([box(*one) for one in boxes])).sum()))


def told(result: Result, *key: str) -> dict[str, float | int]:
    """The numbers of a line that are not nought."""
    return {name: value for name, value in result.line(*key).values.items() if value}


def note(result: Result, key: str) -> dict[str, Any]:
    found = [dict(facts) for name, facts in result.notes if name == f"books.note.{key}"]
    assert len(found) == 1, result.notes
    return found[0]


FIELD: Box = (0, 0, 10, 10)


def test_the_life_of_a_hazard_line_by_line(country: Country) -> None:
    country.hazard("h", "2019-06-01", [FIELD])
    country.hazard("h", "2020-02-01", hazard_class="cha")
    country.release("cut", "h", "cancelled", "2020-05-01", [(0, 0, 10, 4)])
    country.release("swept", "h", "reduced", "2020-06-01", [(0, 4, 10, 6)])
    country.release("done", "h", "cleared", "2021-07-01", [(0, 6, 10, 9)])
    result = run("books", country.register, year=2020, by="class")
    whole, rest = m2(FIELD), m2((0, 6, 10, 10))
    sha, cha = told(result, "unknown", "sha"), told(result, "unknown", "cha")
    assert sha == {
        "opening": whole,
        "reclassified": -whole,
        "opening_hazards": 1,
        "reclassified_hazards": -1,
    }
    assert (cha["reclassified"], cha["reclassified_hazards"], cha["closing_hazards"]) == (whole, 1, 1)
    assert cha["cancelled"] == pytest.approx(m2((0, 0, 10, 4)), abs=1)
    assert cha["reduced"] == pytest.approx(m2((0, 4, 10, 6)), abs=1)
    assert cha["closing"] == pytest.approx(rest, abs=2)
    assert whole - cha["cancelled"] - cha["reduced"] == cha["closing"]
    total = told(result)
    assert "reclassified" not in total
    assert total["opening"] - total["cancelled"] - total["reduced"] == total["closing"]
    assert result.explain("cancelled").records == ("cut", "h")
    assert result.explain("closing", "unknown", "cha").records == ("h",)
    numbers = result.explain("reduced", "unknown", "cha").reports
    assert set(country.register.history("swept").slices[-1].reports) <= set(numbers)


def test_years_follow_each_other_and_the_digest_repeats(country: Country) -> None:
    country.hazard("h", "2018-06-01", [FIELD])
    country.release("r", "h", "cleared", "2020-05-01", [(0, 0, 5, 5)])
    years = run("books", country.register, each="year")
    assert [one.key for one in years.lines if len(one.key) == 1] == [("2018",), ("2019",), ("2020",)]
    for earlier, later in (("2018", "2019"), ("2019", "2020")):
        assert years.value("closing", earlier) == years.value("opening", later)
    assert years.digest == run("books", country.register, each="year").digest
    quarters = run("books", country.register, each="quarter", since="2020-02-15", until="2020-12")
    assert [one.key[0] for one in quarters.lines if len(one.key) == 1] == [
        "2020-02-15/2020-03-31",
        "2020-Q2",
        "2020-Q3",
        "2020-Q4",
    ]
    assert quarters.value("cleared", "2020-Q2") == years.value("cleared", "2020")


def test_a_claim_is_not_booked_and_is_told_with_its_area(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.claim("r", "h", "cleared", "2020-05-01", [(0, 0, 5, 5)])
    result = run("books", country.register, year=2020)
    assert told(result)["closing"] == m2(FIELD)
    assert note(result, "claimed") == {"count": 1, "m2": m2((0, 0, 5, 5)), "records": "r"}
    country.register.release(["r"], "release_status", by="Anna One", why="read")
    assert told(run("books", country.register, year=2020))["closing"] == m2(FIELD)
    country.register.release(["r"], "release_status", by="Boris Two", why="visited")
    after = run("books", country.register, year=2020)
    assert told(after)["cleared"] == pytest.approx(m2((0, 0, 5, 5)), abs=1)
    assert not [key for key, _ in after.notes if key == "books.note.claimed"]


def test_overlapping_releases_are_booked_once_with_the_earlier_date(country: Country) -> None:
    """Of one hazard they cannot be signed; of two that are judged to be one later, they stand."""
    country.hazard("h", "2019-01-01", [FIELD])
    country.hazard("same", "2019-01-01", [FIELD])
    country.release("late", "h", "cleared", "2020-08-01", [(0, 0, 10, 6)])
    country.release("early", "same", "cancelled", "2020-03-01", [(0, 4, 10, 8)])
    country.register.same("h", "same", by="im.officer", why="one field, told twice")
    result = run("books", country.register, year=2020)
    values = told(result)
    assert values["cancelled"] == pytest.approx(m2((0, 4, 10, 8)), abs=1)
    assert values["cleared"] == pytest.approx(m2((0, 0, 10, 4)), abs=1)
    assert note(result, "twice")["m2"] == pytest.approx(m2((0, 4, 10, 6)), abs=1)
    assert note(result, "twice")["records"] == "late"


def test_of_two_releases_on_one_day_the_earlier_report_is_booked(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.hazard("same", "2019-01-01", [FIELD])
    country.release("zz-first", "h", "reduced", "2020-03-01", [FIELD])
    country.release("aa-second", "same", "cleared", "2020-03-01", [FIELD])
    country.register.same("h", "same", by="im.officer", why="one field, told twice")
    values = told(run("books", country.register, year=2020))
    assert values["reduced"] == m2(FIELD)
    assert "cleared" not in values
    assert (values["reduced_hazards"], "closing_hazards" in values) == (1, False)


def test_a_release_larger_than_its_hazard_takes_only_its_hazard(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.release("r", "h", "cleared", "2020-03-01", [(0, 0, 10, 15)])
    result = run("books", country.register, year=2020)
    assert told(result)["cleared"] == m2(FIELD)
    assert note(result, "outside")["m2"] == pytest.approx(m2((0, 10, 10, 15)), abs=1)


def test_a_split_moves_land_and_finds_none(country: Country) -> None:
    country.hazard("p", "2019-01-01", [FIELD])
    country.release("r", "p", "reduced", "2019-06-01", [(0, 0, 2, 10)])
    country.hazard("west", "2020-02-01", [(0, 0, 5, 10)], parent="p", hazard_class="cha")
    country.hazard("east", "2020-02-01", [(5, 0, 10, 10)], parent="p")
    country.release("s", "east", "cleared", "2020-09-01", [(5, 0, 10, 10)])
    result = run("books", country.register, year=2020, by="class")
    total = told(result)
    assert "newly_identified" not in total
    assert "corrected" not in total
    assert total["cleared"] == pytest.approx(m2((5, 0, 10, 10)), abs=1)
    assert total["closing"] == pytest.approx(m2((2, 0, 5, 10)), abs=1)
    assert told(result, "unknown", "cha")["reclassified"] == total["closing"]
    assert (total["reclassified_hazards"], total["cleared_hazards"], total["closing_hazards"]) == (1, 1, 1)


def test_a_shape_that_grows_is_new_land_and_one_that_shrinks_is_corrected(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.hazard("h", "2020-02-01", [(2, 0, 13, 10)])
    values = told(run("books", country.register, year=2020))
    assert values["newly_identified"] == pytest.approx(m2((10, 0, 13, 10)), abs=1)
    assert values["corrected"] == pytest.approx(-m2((0, 0, 2, 10)), abs=1)
    assert "newly_identified_hazards" not in values


def test_a_reopened_hazard_comes_back_and_the_old_release_stays(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.release("r", "h", "cleared", "2019-06-01", [FIELD])
    country.hazard("h", "2019-07-01", status="closed")
    country.sign("h", "status")
    country.hazard("h", "2020-03-01", status="reopened", reason="an item was found")
    first, second = (run("books", country.register, year=year) for year in (2019, 2020))
    assert (told(first)["cleared"], "closing" in told(first)) == (m2(FIELD), False)
    values = told(second)
    assert values["newly_identified"] == values["reopened"] == values["closing"] == m2(FIELD)
    assert (values["reopened_hazards"], values["closing_hazards"]) == (1, 1)
    country.release("again", "h", "cleared", "2021-03-01", [(0, 0, 10, 5)])
    assert told(run("books", country.register, year=2021))["cleared"] == pytest.approx(
        m2((0, 0, 10, 5)), abs=1
    )


def test_a_dismissed_indication_leaves_by_its_own_remark_and_never_as_cancelled(country: Country) -> None:
    country.hazard("i", "2019-01-01", [FIELD], hazard_class="indication")
    country.says(
        "activity",
        "nts",
        "2020-01-10",
        code="nts",
        activity_type="nts",
        status="planned",
        date_of_information="2020-01-10",
        hazard="i",
    )
    country.hazard("i", "2020-02-01", hazard_class="dismissed")
    values = told(run("books", country.register, year=2020))
    assert values["reclassified"] == -m2(FIELD)
    assert values["dismissed"] == m2(FIELD)
    assert "cancelled" not in values
    assert "closing" not in values


def test_land_of_two_hazards_counts_once_with_the_more_dangerous(country: Country) -> None:
    country.hazard("a", "2019-01-01", [FIELD])
    country.hazard("b", "2020-01-15", [(5, 0, 15, 10)], hazard_class="cha")
    country.release("r", "b", "cleared", "2020-08-01", [(5, 0, 15, 10)])
    result = run("books", country.register, year=2020, by="class")
    assert told(result)["newly_identified"] == pytest.approx(m2((10, 0, 15, 10)), abs=1)
    # The shared ground passes to the more dangerous of the two and back when that one is released.
    assert told(result, "unknown", "cha").get("reclassified", 0) == 0
    assert told(result)["cleared"] == pytest.approx(m2((10, 0, 15, 10)), abs=1)
    assert told(result)["closing"] == pytest.approx(m2(FIELD), abs=1)
    assert note(result, "still_claimed")["m2"] == pytest.approx(m2((5, 0, 10, 10)), abs=1)


def test_who_released_it_is_the_operator_of_the_release(country: Country) -> None:
    for id in ("o1", "o2"):
        country.says(
            "organisation", id, "2018-01-01", code=id, name=f"Operator {id}", date_of_information="2018-01-01"
        )
    country.hazard("h", "2019-01-01", [FIELD], organisation="o1")
    country.release("r", "h", "cleared", "2020-03-01", [(0, 0, 10, 4)], organisation="o2")
    result = run("books", country.register, year=2020, by="operator")
    taken = m2((0, 0, 10, 4))
    assert told(result, "unknown", "o1")["reclassified"] == pytest.approx(-taken, abs=1)
    assert told(result, "unknown", "o2") == {
        "reclassified": pytest.approx(taken, abs=1),
        "cleared": pytest.approx(taken, abs=1),
    }
    assert result.keys[-1].text("o2") == "Operator o2"


def test_a_hazard_without_a_polygon_counts_in_numbers_and_is_told(country: Country) -> None:
    country.hazard("spot", "2019-01-01", bytes(shapely.to_wkb(shapely.Point(30, 45))))
    country.hazard("bare", "2019-02-01", None)
    result = run("books", country.register, year=2019)
    assert told(result) == {
        "newly_identified_hazards": 2,
        "closing_hazards": 2,
        "closing_no_area": 2,
    }
    assert note(result, "no_area")["count"] == 2


def test_a_release_with_a_partial_date_takes_effect_on_its_last_day(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.release("r", "h", "cleared", "2020", [(0, 0, 10, 4)])
    assert told(run("books", country.register, year=2020))["cleared"] > 0
    assert "cleared" not in told(run("books", country.register, since="2020-01", until="2020-06"))
    second = told(run("books", country.register, since="2020-07", until="2020-12"))
    assert "cleared" not in second
    assert second["opening"] + second["date_uncertain"] == second["closing"] < second["opening"]


def test_a_release_before_its_hazard_and_one_without_a_hazard_are_told(country: Country) -> None:
    said = country.hazard("h", "2018-01-01", [FIELD])
    country.release("early", "h", "cleared", "2019-01-01", [(0, 0, 10, 4)])
    begun = {"code": "h", "hazard_class": "sha", "status": "open"}
    country.hazard("h", "2020-01-01", [FIELD], corrects=(said,), **begun)
    country.release("lost", None, "cleared", "2020-03-01", [(0, 5, 10, 10)])
    result = run("books", country.register, year=2020)
    assert told(result)["newly_identified"] == told(result)["closing"] == m2(FIELD)
    assert note(result, "early") == {"count": 1, "m2": m2((0, 0, 10, 4)), "records": "early"}
    assert note(result, "unlinked") == {"count": 1, "m2": m2((0, 5, 10, 10)), "records": "lost"}


def test_battle_area_and_mined_area_are_never_added(country: Country) -> None:
    country.hazard("m", "2020-01-01", [FIELD], contamination="mined_area")
    country.hazard("u", "2020-01-01", [(40, 0, 50, 10)])
    assert told(run("books", country.register))["closing"] > m2(FIELD)
    country.hazard("b", "2020-01-01", [(20, 0, 30, 10)], contamination="battle_area")
    result = run("books", country.register)
    assert {one.key for one in result.lines} == {("mined_area",), ("battle_area",), ("unknown",)}
    assert note(result, "never_added") == {}
    with pytest.raises(FallowError) as refused:
        result.line()
    assert refused.value.code == "CELL_UNKNOWN"


def test_one_place(country: Country) -> None:
    country.hazard("a", "2020-01-01", [FIELD], admin1="North", admin1_code="XX01", admin2="Hill")
    country.hazard("b", "2020-01-01", [(20, 0, 25, 10)], admin1="South", admin2="Vale")
    country.hazard("b", "2021-01-01", admin1="North", admin2="Hill")
    for place in ("north", "XX01", "Hill"):
        result = run("books", country.register, each="year", place=place)
        assert told(result, "2020")["closing"] == m2(FIELD)
        assert told(result, "2021")["reclassified"] == m2((20, 0, 25, 10))
    by = run("books", country.register, by="province,place", year=2020)
    assert by.value("closing", "unknown", "South", "Vale") == m2((20, 0, 25, 10))
    with pytest.raises(FallowError) as refused:
        run("books", country.register, place="Atlantis")
    assert refused.value.code == "BOOKS_PLACE"


def test_a_place_by_its_code_is_one_unit_however_it_is_spelled(country: Country) -> None:
    north = {"admin1": "Nord", "admin1_code": "XX01"}
    country.hazard("a", "2020-01-01", [FIELD], **north, admin2="Santa Rosa", admin2_code="XX0101")
    country.hazard("b", "2020-01-01", [(20, 0, 25, 10)], admin1="North", admin1_code="XX01")
    country.hazard("c", "2020-01-01", [(30, 0, 33, 10)], admin1_code="XX01")
    country.hazard("d", "2020-01-01", [(40, 0, 42, 10)], admin1="North")
    south = {"admin1": "South", "admin1_code": "XX02"}
    country.hazard("e", "2020-01-01", [(50, 0, 51, 10)], **south, admin2="Santa Rosa", admin2_code="XX0201")
    country.hazard("f", "2020-01-01", [(60, 0, 64, 10)], admin2="Santa Rosa")
    unit = m2(FIELD) + m2((20, 0, 25, 10)) + m2((30, 0, 33, 10)) + m2((40, 0, 42, 10))
    # Two spellings, a code without a name and a name without a code are one unit.
    for place in ("XX01", "xx01", "Nord", "north"):
        assert told(run("books", country.register, place=place))["closing"] == unit
        assert figure("books", country.register, measure="closing", place=place).value == unit
        assert told(run("progress", country.register, place=place), "2020")["remaining"] == unit
    # Two units of one name are apart by their codes; which of them a name without a code means nobody knows.
    for place, land in (("XX0101", m2(FIELD)), ("XX0201", m2((50, 0, 51, 10)))):
        assert told(run("books", country.register, place=place))["closing"] == land
    both = m2(FIELD) + m2((50, 0, 51, 10)) + m2((60, 0, 64, 10))
    assert told(run("books", country.register, place="Santa Rosa"))["closing"] == both
    by = run("books", country.register, by="place_code")
    assert by.value("closing", "unknown", "XX0101") == m2(FIELD)
    assert by.value("closing", "unknown", "XX0201") == m2((50, 0, 51, 10))


def test_a_place_is_found_however_its_letters_are_composed(country: Country) -> None:
    country.hazard("a", "2020-01-01", [FIELD], admin1="C\u00f3rdoba")
    for place in ("C\u00f3rdoba", "Co\u0301rdoba", " c\u00f3rdoba "):
        result = run("books", country.register, place=place)
        assert told(result)["closing"] == m2(FIELD)
        assert result.recipe.parameters == {"place": result.recipe.parameters["place"].strip()}
        assert figure("books", country.register, measure="closing", place=place).value == m2(FIELD)
    for name, code in (("books", "BOOKS_PLACE"), ("casualties", "PLACE_UNKNOWN")):
        with pytest.raises(FallowError) as refused:
            run(name, country.register, place=" ")
        assert refused.value.code == code, "spaces are no place, and not everywhere"


def test_what_is_told_beside_the_books_of_a_place_says_that_it_is_of_everywhere(country: Country) -> None:
    country.hazard("a", "2020-01-01", [FIELD], admin1="North")
    country.hazard("b", "2020-01-01", [(20, 0, 25, 10)], admin1="South")
    for name in ("books", "progress"):
        quiet = run(name, country.register, place="North")
        assert "books.note.whole" not in dict(quiet.notes), "nothing is told that it could be about"
    country.claim("c", "b", "cleared", "2021-01-01", [(20, 0, 25, 5)])
    for name in ("books", "progress"):
        keys = [key for key, _ in run(name, country.register, place="North").notes]
        assert keys.index("books.note.whole") < keys.index("books.note.claimed")
        assert "books.note.whole" not in dict(run(name, country.register).notes)


def test_bad_questions_and_empty_registers(country: Country, tmp_path: Path) -> None:
    for code, parameters in (
        ("PERIOD", {"since": "2021", "until": "2020"}),
        ("PARAMETER_VALUE", {"by": "colour"}),
        ("PARAMETER_VALUE", {"each": "week"}),
        ("PERIOD", {"since": "2022", "true": "2021-01-01"}),
    ):
        with pytest.raises(FallowError) as refused:
            run("books", country.register, **parameters)
        assert refused.value.code == code
    country.hazard("h", "2020-01-01", [FIELD])
    before = run("books", country.register, known="1999-01-01")
    assert told(before) == {}
    assert note(before, "nothing") == {}
    assert [one.key for one in run("books", country.register, each="year", known="1999-01-01").lines] != []


def test_true_ends_the_period(country: Country) -> None:
    country.hazard("h", "2020-01-01", [FIELD])
    country.release("r", "h", "cleared", "2020-05-01", [FIELD])
    assert told(run("books", country.register, true="2020-04-30"))["closing"] == m2(FIELD)
    assert "closing" not in told(run("books", country.register, true="2020-05-01"))


def test_the_same_head_gives_the_same_books(country: Country) -> None:
    country.hazard("h", "2020-01-01", [FIELD])
    country.hazard("h", "2020-03-01", hazard_class="cha")
    head = country.register.ledger.head()[0]
    then = run("books", country.register, by="class")
    country.release("r", "h", "cleared", "2020-05-01", [FIELD])
    again = run("books", country.register, by="class", head=head)
    assert [(one.key, dict(one.values)) for one in again.lines] == [
        (one.key, dict(one.values)) for one in then.lines
    ]


def test_what_nothing_explains_is_an_error(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    from fallow.analysis.books import ground as books_ground
    from fallow.analysis.books import journal as books_journal
    from fallow.analysis.books import moves as books_moves

    country.hazard("h", "2020-01-01", [FIELD])
    country.release("r", "h", "cleared", "2020-05-01", [(0, 0, 5, 5)])
    put = books_moves._Walk._put

    def forgetful(self: Any, step: Any, cell: Any, line: int, *rest: Any) -> None:
        if line != books_journal.CLEARED:
            put(self, step, cell, line, *rest)

    monkeypatch.setattr(books_ground, "is_plain", lambda *_: False)
    monkeypatch.setattr(books_moves._Walk, "_put", forgetful)
    with pytest.raises(FallowError) as refused:
        run("books", country.register)
    assert refused.value.code == "BOOKS_UNEXPLAINED"


def test_nor_does_plain_ground_lose_a_move(country: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    from fallow.analysis.books import journal as books_journal
    from fallow.analysis.books import plain as books_plain

    country.hazard("h", "2020-01-01", [FIELD])
    country.release("r", "h", "cleared", "2020-05-01", [(0, 0, 5, 5)])
    put = books_plain._Moves.put

    def forgetful(self: Any, where: Any, cell: Any, line: Any, *rest: Any, **more: Any) -> None:
        put(self, where & (line != books_journal.CLEARED), cell, line, *rest, **more)

    monkeypatch.setattr(books_plain._Moves, "put", forgetful)
    with pytest.raises(FallowError) as refused:
        run("books", country.register)
    assert refused.value.code == "BOOKS_UNEXPLAINED"


# -- between two publications --------------------------------------------------------------------------


def changed(result: Result, column: str) -> dict[tuple[str, str], int]:
    """Why and record to the change of a column."""
    return {
        (one.key[-2], one.key[-1]): int(one.values["change"] or 0)
        for one in result.lines
        if one.key[0] == column and one.key[-2] != "total"
    }


def test_every_change_between_two_publications_has_its_record(country: Country) -> None:
    first, second = "2021-02-01", "2022-02-01"
    country.hazard("h", "2019-01-01", [FIELD], learned=first)
    country.hazard("g", "2019-01-01", [(20, 0, 30, 10)], learned=first)
    wrong = country.hazard("w", "2019-01-01", [(40, 0, 50, 10)], learned=first)
    country.claim("r", "h", "cleared", "2020-05-01", [(0, 0, 10, 4)], learned=first)
    country.sign("r", as_of=second)
    country.hazard("n", "2020-06-01", [(60, 0, 65, 10)], learned=second)
    country.hazard("g", "2020-07-01", hazard_class="cha", learned=second)
    country.hazard("w", "2019-01-01", [(40, 0, 45, 10)], corrects=(wrong,), learned=second)
    result = run("publication_change", country.register, known_before="2021-12-31", year=2020, by="class")
    assert changed(result, "cleared") == {("release", "r"): pytest.approx(m2((0, 0, 10, 4)), abs=1)}
    assert changed(result, "opening") == {("correction", "w"): pytest.approx(-m2((45, 0, 50, 10)), abs=1)}
    assert changed(result, "newly_identified") == {("new_information", "n"): m2((60, 0, 65, 10))}
    why = {key: value for key, value in changed(result, "closing").items() if key[0] != "reclassification"}
    assert why == {
        ("release", "r"): pytest.approx(-m2((0, 0, 10, 4)), abs=1),
        ("correction", "w"): pytest.approx(-m2((45, 0, 50, 10)), abs=1),
        ("new_information", "n"): m2((60, 0, 65, 10)),
    }
    moved = [
        one for one in result.lines if one.key[0] == "closing" and one.key[-2:] == ("reclassification", "g")
    ]
    assert sorted(int(one.values["change"] or 0) for one in moved) == [
        -m2((20, 0, 30, 10)),
        m2((20, 0, 30, 10)),
    ]
    before = run("books", country.register, year=2020, by="class", known="2021-12-31")
    now = run("books", country.register, year=2020, by="class")
    for one in result.lines:
        if one.key[-2] == "total" and one.key[0] == "closing":
            key = one.key[1:-2]
            was = {line.key: line.values["closing"] for line in before.lines}.get(key, 0)
            is_ = {line.key: line.values["closing"] for line in now.lines}.get(key, 0)
            assert (one.values["before"], one.values["after"]) == (was, is_)
    assert result.explain("change", "cleared", "unknown", "sha", "release", "r").records == ("r",)


# -- declared areas and progress -----------------------------------------------------------------------


def test_a_declared_area_beyond_the_tolerance_is_listed(country: Country) -> None:
    true = m2(FIELD)
    country.hazard("fine", "2020-01-01", [FIELD], declared_area=round(true * 1.04))
    country.hazard("wrong", "2020-01-01", [(20, 0, 30, 10)], declared_area=round(true * 10))
    country.hazard("silent", "2020-01-01", [(40, 0, 50, 10)])
    country.hazard("bare", "2020-01-01", None, declared_area=500)
    result = run("areas", country.register)
    assert [one.key for one in result.lines] == [("hazard", "wrong")]
    assert result.value("declared", "hazard", "wrong") == round(true * 10)
    assert result.value("share", "hazard", "wrong") == pytest.approx(900, abs=1)
    assert dict(result.notes)["books.note.areas"] == {
        "checked": 2,
        "beyond": 1,
        "undeclared": 1,
        "unshaped": 1,
        "tolerance": "5",
    }
    assert len(run("areas", country.register, tolerance=3).lines) == 2
    for bad in ("much", -1):
        with pytest.raises(FallowError) as refused:
            run("areas", country.register, tolerance=bad)
        assert refused.value.code == "BOOKS_NUMBER"


def test_progress_by_year_and_the_pace_a_deadline_asks_for(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.hazard("c", "2019-01-01", [(20, 0, 30, 10)], hazard_class="cha")
    country.release("r", "h", "cancelled", "2020-05-01", [(0, 0, 10, 5)])
    country.release("s", "c", "cleared", "2021-05-01", [(20, 0, 30, 10)])
    result = run("progress", country.register, deadline=2023)
    last = told(result, "2021")
    assert last["cleared"] == last["released"] == m2((20, 0, 30, 10))
    assert last["remaining"] == last["remaining_sha"] == pytest.approx(m2((0, 5, 10, 10)), abs=1)
    assert (last["remaining_hazards"], last["remaining_sha_hazards"]) == (1, 1)
    assert last["needed_per_year"] == -(-int(last["remaining"]) // 2)
    assert result.explain("cleared", "2021").records == ("c", "s")
    books = run("books", country.register, each="year")
    for year in ("2019", "2020", "2021"):
        assert books.value("closing", year) == result.value("remaining", year)
    assert run("progress", country.register, deadline=2021).value("needed_per_year", "2021") is None
    with pytest.raises(FallowError) as refused:
        run("progress", country.register, deadline="soon")
    assert refused.value.code == "PARAMETER_YEAR"


def test_what_remains_is_the_sum_of_its_classes(country: Country) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    country.hazard("seen", "2020-01-01", [(40, 0, 41, 1)], hazard_class="indication")
    both = told(run("progress", country.register), "2020")
    parts = [both.get(f"remaining_{name}", 0) for name in ("sha", "cha", "other")]
    assert parts == [m2(FIELD), 0, m2((40, 0, 41, 1))]
    assert both["remaining"] == sum(parts)
    assert both["remaining_hazards"] == 2


def test_a_register_without_land_gives_an_empty_table(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with create_register(folder / "country.gpkg", title="Empty", invented=True) as register:
        register.grant("Anna One", ["release"], by="The Director", why="appointed")
        for name in ("books", "progress", "areas"):
            assert all(not value for one in run(name, register).lines for value in one.values.values())


@pytest.mark.parametrize(
    ("until", "each", "named"),
    [
        ("1789", "year", "1789"),
        ("1789-06", "year", "1789-01-01/1789-06-30"),
        ("1789-06", "quarter", "1789-Q2"),
        ("1789-06-10", "month", "1789-06-01/1789-06-10"),
    ],
)
def test_a_period_that_ended_before_anything_moved_has_the_name_of_its_last_unit(
    country: Country, until: str, each: str, named: str
) -> None:
    country.hazard("h", "2019-01-01", [FIELD])
    lines = run("books", country.register, until=until, each=each).lines
    assert {one.key[0] for one in lines} == {named}
    assert all(one.values["closing"] == 0 for one in lines)
    if each == "year":
        assert {one.key[0] for one in run("progress", country.register, until=until).lines} == {named}


def test_a_line_there_is_not_names_those_nearest_to_it_and_how_many_more(country: Country) -> None:
    country.hazard("h", "2000-01-01", [FIELD])
    country.release("r", "h", "cleared", "2024-05-01", [(0, 0, 5, 5)])
    result = run("books", country.register, each="year", by="class")
    with pytest.raises(FallowError) as refused:
        result.line("2024", "unknown", "sha", "extra")
    known = str(refused.value.facts["known"])
    assert known.startswith("2024, unknown, sha; 2024, unknown")
    assert known.endswith(f"(+{len(result.lines) - 12})")
    with pytest.raises(FallowError) as refused:
        run("books", country.register, year=2024).line("2024")
    assert "(+" not in str(refused.value.facts["known"])
