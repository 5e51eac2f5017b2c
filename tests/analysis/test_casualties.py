"""Who was harmed, how many, as known when: every number with the records behind it."""

from __future__ import annotations

from typing import Any

import pytest

import fallow
from fallow.errors import FallowError
from fallow.register import Draft, Register


def victim(name: str, outcome: str | None, date: str | None, learned: str, **more: Any) -> Draft:
    fields = {"code": name, "outcome": outcome, "date": date, **more}
    return Draft("victim", name, "hospital", "nurse", date or learned, fields, learned=learned)


def accident(name: str, date: str, learned: str, **more: Any) -> Draft:
    fields = {"code": name, "accident_type": "mine", "date": date, **more}
    return Draft("accident", name, "police", "officer", date, fields, learned=learned)


def tell(register: Register, *drafts: Draft, as_of: str) -> None:
    outcome = register.approve([register.add(drafts)], by="im.officer", why="checked", as_of=as_of)
    assert outcome.approved == len(drafts), outcome


@pytest.fixture
def told(register: Register) -> Register:
    tell(
        register,
        victim("v1", "killed", "2021-01", "2021-06-01", sex="male", age=17),
        victim("v2", "injured", "2021", "2021-06-01", sex="male"),
        victim("v3", "unknown", "2021-02-03", "2021-06-01"),
        accident("a1", "2021-03-01", "2021-06-01", killed=1, injured=2),
        as_of="2021-07-01",
    )
    tell(register, victim("v4", "injured", "2022-05-05", "2023-01-01", sex="female"), as_of="2023-02-01")
    return register


def test_unnamed_casualties_count_and_say_which_accident(told: Register) -> None:
    result = fallow.run("casualties", told, year=2021)
    assert result.line().values == {
        "casualties": 6,
        "killed": 2,
        "injured": 3,
        "unknown": 1,
        "date_uncertain": 0,
    }
    assert result.explain("killed").records == ("a1", "v1")
    assert result.explain("killed").reports == (2, 5)


def test_named_victims_are_taken_off_the_counts_of_their_accident(register: Register) -> None:
    tell(register, accident("a1", "2021-03-01", "2021-06-01", killed=1, injured=2), as_of="2021-07-01")
    tell(
        register,
        victim("v1", "killed", "2021-03-01", "2021-08-01", accident="a1"),
        victim("v2", "unknown", "2021-03-01", "2021-08-01", accident="a1"),
        as_of="2021-09-01",
    )
    line = fallow.run("casualties", register).line()
    assert line.values["casualties"] == 3
    assert (line.values["killed"], line.values["injured"], line.values["unknown"]) == (1, 1, 1)


def test_a_partial_date_counts_only_when_all_of_it_lies_inside(told: Register) -> None:
    half = fallow.run("casualties", told, since="2021-01-01", until="2021-06-30").line().values
    assert half["casualties"] == 5
    assert half["date_uncertain"] == 1  # v2, some day of 2021


def test_unknown_is_a_class_and_shares_are_over_the_known(told: Register) -> None:
    result = fallow.run("casualties", told, by="sex")
    assert result.value("casualties", "unknown") == 4
    assert result.value("share", "unknown") is None
    assert result.value("share", "male") == pytest.approx(66.6667)
    assert result.value("share", "female") == pytest.approx(33.3333)


def test_an_age_in_years_gives_the_age_group(told: Register) -> None:
    assert fallow.run("casualties", told, by="age").value("killed", "under_18") == 1


def test_figures_as_known_then(told: Register) -> None:
    assert fallow.run("casualties", told, known="2021-06-30").line().values["casualties"] == 0
    assert fallow.run("casualties", told, known="2021-07-01").line().values["casualties"] == 6
    assert fallow.run("casualties", told).line().values["casualties"] == 7


def test_the_difference_names_the_records(told: Register) -> None:
    result = fallow.run("difference", told, known_before="2022-01-01")
    assert [line.key for line in result.lines] == [("added", "v4"), ("total", "")]
    assert result.line("total", "").values == {"before": 6, "after": 7, "change": 1}


def test_a_date_put_right_is_a_correction_not_a_new_case(told: Register) -> None:
    right = Draft(
        "victim",
        "v4",
        "hospital",
        "nurse",
        "2021-05-05",
        {"date": "2021-05-05"},
        learned="2023-05-01",
        corrects=(7,),
    )
    tell(told, right, as_of="2023-06-01")
    result = fallow.run("difference", told, known_before="2023-03-01", since="2021", until="2021")
    assert result.line("corrected", "v4").values["change"] == 1


def test_vintages_keep_what_each_year_said(told: Register) -> None:
    result = fallow.run("vintages", told)
    assert result.value("2021-12-31", "2022") is None, "the year had not begun: not a nought"
    assert fallow.run("vintages", told, known_on="2022-01-01,2023-12-31").value("2022-01-01", "2022") == 0
    assert result.value("2023-12-31", "2022") == 1
    assert result.value("2021-12-31", "2021") == result.value("2023-12-31", "2021") == 6


def test_the_same_question_has_the_same_digest_and_another_has_another(told: Register) -> None:
    one, two = fallow.run("casualties", told, by="sex"), fallow.run("casualties", told, by="sex")
    assert one.digest == two.digest
    assert one.digest != fallow.run("casualties", told, by="age").digest
    recipe = one.recipe
    assert (recipe.declared, recipe.witnessed, recipe.records) == (5, 0, 5)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"since": "2022-01-01", "until": "2021-01-01"}, "PERIOD"),
        ({"by": "colour"}, "PARAMETER_VALUE"),
        ({"colour": "red"}, "PARAMETER_UNKNOWN"),
        ({"place": "Nowhere"}, "PLACE_UNKNOWN"),
        ({"known": "yesterday"}, "DATE_FORMAT"),
        ({"head": 999_999}, "HEAD_UNKNOWN"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_a_remedy(
    told: Register, asked: dict[str, Any], code: str
) -> None:
    with pytest.raises(FallowError) as refusal:
        fallow.run("casualties", told, **asked)
    assert refusal.value.code == code
    assert refusal.value.remedy


def test_an_unknown_analysis_names_the_nearest(told: Register) -> None:
    with pytest.raises(FallowError) as refusal:
        fallow.run("casualty", told)
    assert "casualties" in refusal.value.remedy
