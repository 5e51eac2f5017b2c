"""What is behind a number of the books was true when the number was: later reports are behind later ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from fallow.analysis import behind, figure, of_result, run
from fallow.analysis.books import balance as books_module
from fallow.analysis.books.carriers import numbered
from fallow.analysis.books.memory import Memory
from fallow.register import OPEN_END, Register
from fixtures_books import Country
from laws.test_books import histories, lived

YEARS = {"each": "year", "by": "class", "until": "2022"}


@pytest.fixture
def country(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Country]:
    monkeypatch.setattr(books_module, "MEMORY", Memory())
    made = Country(tmp_path)
    yield made
    made.close()


@pytest.fixture
def told(country: Country) -> dict[str, int]:
    """One hazard over four years, each statement from another source; by what it says, its report."""
    found = {
        "seen": country.hazard("h", "2019-06-01", [(0, 0, 10, 10)], source="survey"),
        "confirmed": country.hazard("h", "2020-02-01", hazard_class="cha", source="operator"),
        "grown": country.hazard("h", "2021-03-01", [(0, 0, 10, 12)], source="police"),
    }
    country.release("r", "h", "cleared", "2021-09-01", [(0, 0, 10, 4)], source="clearing")
    (found["released"],) = country.register.history("r").slices[-1].reports
    found["marked"] = country.hazard("h", "2022-05-01", status="worked_on", source="village")
    return found


def reports(country: Country, measure: str, *line: str, **asked: Any) -> set[int]:
    return set(run("books", country.register, **(asked or YEARS)).explain(measure, *line).reports)


def test_a_closing_rests_on_what_stood_then_and_on_nothing_later(
    country: Country, told: dict[str, int]
) -> None:
    assert reports(country, "closing", "2019", "unknown", "sha") == {told["seen"]}
    # the class comes from one report, everything else still from the first one
    assert reports(country, "closing", "2020", "unknown", "cha") == {told["seen"], told["confirmed"]}
    assert reports(country, "opening", "2021", "unknown", "cha") == {told["seen"], told["confirmed"]}
    assert told["marked"] not in reports(country, "closing", "2021", "unknown", "cha")
    assert told["marked"] in reports(country, "closing", "2022", "unknown", "cha")
    for measure in ("closing_hazards", "closing_no_area"):
        assert reports(country, measure, "2019", "unknown", "sha") == {told["seen"]}


def test_a_move_rests_on_the_state_it_led_to_the_one_before_and_its_release(
    country: Country, told: dict[str, int]
) -> None:
    assert reports(country, "newly_identified", "2019", "unknown", "sha") == {told["seen"]}
    assert reports(country, "reclassified", "2020", "unknown", "sha") == {told["seen"], told["confirmed"]}
    grown = reports(country, "newly_identified", "2021", "unknown", "cha")
    assert told["grown"] in grown
    assert not grown & {told["released"], told["marked"]}
    cleared = reports(country, "cleared", "2021", "unknown", "cha")
    assert {told["released"], told["grown"]} <= cleared
    assert told["marked"] not in cleared
    # all of time in one line: a move of 2019 is still not made by what was said of 2022
    assert reports(country, "newly_identified_hazards", by="class") == {*grown, told["seen"]}


def test_every_report_of_the_hazard_was_told_before_this_was_asked(
    country: Country, told: dict[str, int]
) -> None:
    result = run("books", country.register, year=2020, by="class")
    assert {one.source for one in result.said_by} == {"survey", "operator"}
    assert set(result.reports["h"]) == {told["seen"], told["confirmed"]}
    assert result.recipe.declared + result.recipe.witnessed == len(told)  # what was read is all of it


def test_a_figure_names_the_sources_of_its_own_reports(country: Country, told: dict[str, int]) -> None:
    for year, sources in ((2019, {"survey"}), (2020, {"survey", "operator"})):
        one = figure("books", country.register, "closing_hazards", ("unknown",), year=year)
        assert {each.source for each in one.said_by} == sources
        result = run("books", country.register, year=year)
        assert one == of_result(result, country.register, "closing_hazards", ("unknown",))
    assert figure("books", country.register, "closing", ("unknown",), year=2019).one_voice == "survey"


def test_the_trail_shows_the_record_as_it_stood_at_the_number(country: Country, told: dict[str, int]) -> None:
    result = run("books", country.register, **YEARS)
    for measure, line, true_from in (
        ("closing", ("2020", "unknown", "cha"), "2020-02-01"),
        ("opening", ("2021", "unknown", "cha"), "2020-02-01"),
        ("newly_identified", ("2019", "unknown", "sha"), "2019-06-01"),
        ("closing", ("2022", "unknown", "cha"), "2022-05-01"),
    ):
        trail = behind(country.register, country.register.at(), result.explain(measure, *line))
        (record,) = [one for one in trail.records if one.record == "h"]
        assert record.true_from == true_from
        assert {one.number for one in trail.reports} == set(trail.every_report)
        assert all(one.true <= line[0] + "-12-31" for one in trail.reports)


def test_one_place_and_a_head_of_the_ledger_are_explained_alike(
    country: Country, told: dict[str, int]
) -> None:
    country.hazard("k", "2019-07-01", [(20, 0, 30, 10)], admin1="North", source="north")
    north = reports(country, "closing", "2019", "unknown", each="year", place="North")
    assert north == {country.register.history("k").slices[-1].reports[0]}
    now = run("books", country.register, **YEARS).explain("closing", "2020", "unknown", "cha")
    head = country.register.ledger.head()[0]
    country.hazard("h", "2020-03-01", ordnance=["uxo"], source="late")
    then = run("books", country.register, **YEARS, head=head).explain("closing", "2020", "unknown", "cha")
    assert then == now


def test_progress_and_a_month_name_no_later_report(country: Country, told: dict[str, int]) -> None:
    progress = run("progress", country.register)
    assert set(progress.explain("remaining", "2019", "unknown").reports) == {told["seen"]}
    assert set(progress.explain("remaining_cha", "2020", "unknown").reports) == {
        told["seen"],
        told["confirmed"],
    }
    assert progress.explain("remaining_sha", "2020", "unknown").reports == ()
    assert told["marked"] not in progress.explain("released", "2021").reports
    assert told["released"] in progress.explain("cleared", "2021", "unknown").reports
    month = run("month_land", country.register, month="2021-09")
    assert told["released"] in month.explain("now", "unknown", "cleared").reports
    assert told["marked"] not in month.explain("change_year", "unknown").reports
    assert month.explain("month_before", "unknown", "cleared").reports == ()


def test_a_change_between_two_publications_rests_on_what_made_it(
    country: Country, told: dict[str, int]
) -> None:
    first = country.hazard("n", "2019-08-01", [(20, 0, 30, 10)], learned="2019-09-01")
    corrected = country.hazard("n", "2019-08-01", [(20, 0, 30, 5)], learned="2020-09-01", corrects=(first,))
    later = country.hazard("n", "2020-03-01", hazard_class="cha", learned="2020-09-15")
    change = run(
        "publication_change", country.register, known_before="2020-01-01", year=2019, known="2020-12-01"
    )
    found = change.explain("change", "newly_identified", "unknown", "total", "")
    assert {first, corrected} >= set(found.reports) >= {corrected}
    assert found.true == "2019-12-31"
    assert later not in change.explain("change", "closing", "unknown", "total", "").reports
    assert {one.source for one in change.said_by} == {"centre"}


def test_days_as_numbers_sort_as_the_days_do() -> None:
    days = ["0001-01-01", "2019-12-31", "2020-01-01", "2020-02-29", OPEN_END]
    assert numbered(np.array(days, dtype="U10")).tolist() == [int(one.replace("-", "")) for one in days]
    assert numbered(np.array([], dtype="U10")).tolist() == []


def stood_on(register: Register, record: str, known: str | None, day: str) -> set[int]:
    """The slow way: the reports of the state that the register itself gives for a day."""
    found = register.at(known=known, true=day).record(record)
    return set(found.reports) if found else set()


@settings(max_examples=max(settings().max_examples // 10, 1), deadline=None)
@given(acts=histories)
def test_every_closing_rests_on_what_the_register_says_stood(acts: list[dict[str, Any]]) -> None:
    with lived(acts) as country:
        register = country.register
        table = run("books", register, **YEARS)
        union: set[int] = set()
        for line in table.lines:
            closing = table.explain("closing", *line.key)
            expected = [stood_on(register, one, None, f"{line.key[0]}-12-31") for one in closing.records]
            assert set(closing.reports) == set().union(*expected)
            union.update(*(table.explain(one.name, *line.key).reports for one in table.measures))
        known = {number for reports in table.reports.values() for number in reports}
        assert union <= known
        moved = {number for line in table.lines for number in table.explain("opening", *line.key).reports}
        assert moved <= union
