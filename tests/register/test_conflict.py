"""Sources disagree: what stands meanwhile, who decides, and how a decision is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from fallow.errors import FallowError
from fallow.register import Record, Register
from fixtures_register import Days, accepted, make, point, says, square


@pytest.fixture
def days() -> Days:
    return Days("2021-01-10")


@pytest.fixture
def country(tmp_path: Path, days: Days) -> Iterator[Register]:
    with make(tmp_path, days) as made:
        yield made
        assert made.verify(refold=True).holds, made.verify(refold=True).as_dict()


def the(register: Register, record: str = "h", **when: Any) -> Record:
    found = register.at(**when).record(record)
    assert found is not None
    return found


def test_a_later_statement_that_lessens_danger_conflicts_and_the_danger_stands(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", hazard_class="cha", source="survey"))
    accepted(country, says("h", "2020-06-01", hazard_class="sha", source="village"))
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("cha", "hazard_class")
    assert the(country, true="2020-05-31").conflict == "", "they agree before the second one speaks"


def test_a_later_statement_that_adds_danger_stands_at_once(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", hazard_class="sha", source="survey"))
    accepted(country, says("h", "2020-06-01", hazard_class="cha", source="village"))
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("cha", "")


def test_two_statements_of_one_day_conflict_and_agreeing_ones_do_not(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", name="Hill", hazard_class="sha", source="survey"))
    accepted(country, says("h", "2020-01-01", name="Mound", hazard_class="sha", source="village"))
    assert (the(country).fields["name"], the(country).conflict) == ("Hill", "name"), "who was there first"
    assert the(country).reports == (2, 4), "both givers of the class on which they agree"
    review = country.review().conflicts
    assert [(one.record, one.fields) for one in review] == [("h", ("name",))]


def test_having_seen_the_other_is_no_conflict(country: Register) -> None:
    first = accepted(country, says("h", "2020-01-01", hazard_class="cha", source="survey"))
    seen = says("h", "2020-01-01", hazard_class="sha", source="village", seen=tuple(first))
    accepted(country, seen)
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("sha", "")


def test_a_source_corrects_itself_without_conflict(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", hazard_class="cha"))
    accepted(country, says("h", "2020-01-01", hazard_class="sha"))
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("sha", "")


def test_shapes_in_conflict_are_all_dangerous(country: Register) -> None:
    west, east = square(46.0, size=0.02), square(46.01, size=0.02)
    accepted(country, says("h", "2020-01-01", shape=west, source="survey"))
    accepted(country, says("h", "2020-06-01", shape=east, source="village"))
    found = the(country)
    assert found.conflict == "geometry"
    assert found.geometry is not None
    union = shapely.from_wkb(found.geometry)
    assert union.covers(shapely.from_wkb(west))
    assert union.covers(shapely.from_wkb(east))
    assert country.at().count("hazard", bbox=(46.025, 40, 46.03, 40.01)) == 1, "found by its eastern part"


def test_a_larger_later_shape_takes_over_and_a_point_does_not_replace_an_area(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", shape=square(size=0.01), source="survey"))
    accepted(country, says("h", "2020-06-01", shape=square(size=0.03), source="village"))
    assert (the(country).geometry, the(country).conflict) == (square(size=0.03), "")
    accepted(country, says("h", "2020-07-01", shape=point(46.001, 40.001), source="patrol"))
    assert (the(country).geometry, the(country).conflict) == (square(size=0.03), "geometry")
    accepted(country, says("h", "2020-08-01", shape=None, source="office"))
    assert the(country).geometry == square(size=0.03), "'location unknown' does not take a hazard off the map"


def test_a_third_source_does_not_silence_the_first_when_its_support_is_taken_back(country: Register) -> None:
    """S2: the survey never changed its mind; that the village joined and left it again answers nothing."""
    accepted(country, says("h", "2020-01-01", hazard_class="cha", source="survey"))
    accepted(country, says("h", "2020-02-01", hazard_class="cha", source="village"))
    accepted(country, says("h", "2020-03-01", hazard_class="dismissed", source="village"))
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("cha", "hazard_class")


def test_a_person_resolves_and_another_day_resolves_the_other_way(country: Register, days: Days) -> None:
    survey = accepted(country, says("h", "2020-01-01", hazard_class="cha", source="survey"))[0]
    village = accepted(country, says("h", "2020-06-01", hazard_class="sha", source="village"))[0]
    days.on("2021-02-01")
    left = country.resolve("h", "hazard_class", village, by="im.officer", why="visited")
    assert left == []
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("sha", "")
    assert the(country, known="2021-01-31").conflict == "hazard_class", "it was in conflict until then"
    days.on("2021-03-01")
    country.resolve("h", "hazard_class", survey, by="im.officer", why="visited again")
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("cha", "")
    assert the(country, known="2021-02-28").fields["hazard_class"] == "sha"


def test_a_new_statement_after_a_resolution_conflicts_anew(country: Register, days: Days) -> None:
    accepted(country, says("h", "2020-01-01", hazard_class="cha", source="survey"))
    village = accepted(country, says("h", "2020-06-01", hazard_class="sha", source="village"))[0]
    country.resolve("h", "hazard_class", village, by="im.officer", why="visited")
    days.on("2021-02-01")
    accepted(country, says("h", "2020-06-01", hazard_class="cha", source="patrol"))
    assert (the(country).fields["hazard_class"], the(country).conflict) == ("cha", "hazard_class")
    assert the(country, known="2021-01-31").conflict == ""


def test_a_circle_of_decision_and_time_stands_in_conflict(country: Register) -> None:
    """An old claim was decided over a young one, then a third lies between: none of the three is dropped."""
    old = accepted(country, says("h", "2020-01-01", name="old", source="a"))[0]
    accepted(country, says("h", "2022-01-01", name="young", source="b", learned="2020-01-01"))
    country.resolve("h", "name", old, by="im.officer", why="checked")
    accepted(country, says("h", "2021-01-01", name="between", source="c"))
    assert the(country).conflict == "name"
    assert the(country).fields["name"] in {"old", "young", "between"}


def test_geometry_is_resolved_under_its_own_name(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", shape=square(46.0), source="survey"))
    village = accepted(country, says("h", "2020-06-01", shape=square(46.5), source="village"))[0]
    country.resolve("h", "geometry", village, by="im.officer", why="measured on site")
    assert (the(country).geometry, the(country).conflict) == (square(46.5), "")
    assert [one.number for one in country.history("h").behind("geometry")] == [village]


def test_resolving_needs_a_report_that_speaks_about_the_field(country: Register) -> None:
    accepted(country, says("h", "2020-01-01", hazard_class="cha"))
    draft = country.add([says("h", "2020-02-01", hazard_class="sha", source="village")])
    for report in (draft[0], 1, 999):
        with pytest.raises(FallowError) as refused:
            country.resolve("h", "hazard_class", report, by="im.officer", why="x")
        assert refused.value.code == "REPORT_NOT_ON_FIELD"
    for by, why, code in (("", "x", "NAME_NEEDED"), ("im", " ", "REASON_NEEDED")):
        with pytest.raises(FallowError) as refused:
            country.resolve("h", "hazard_class", 2, by=by, why=why)
        assert refused.value.code == code


def test_two_records_are_one_and_then_two_again(country: Register, days: Days) -> None:
    accepted(country, says("a", "2020-01-01", name="North", hazard_class="sha", source="survey"))
    accepted(country, says("b", "2020-01-01", depth=20, hazard_class="cha", source="village"))
    days.on("2021-02-01")
    country.same("b", "a", by="im.officer", why="one place, two lists")
    merged = the(country, "a")
    assert country.at().record("b") is None
    assert country.at().count("hazard") == 1
    assert (merged.fields["name"], merged.fields["depth"]) == ("North", 20)
    assert (merged.fields["hazard_class"], merged.conflict) == ("cha", "hazard_class")
    days.on("2021-03-01")
    country.different("a", "b", by="im.officer", why="two fields after all")
    assert the(country, "b").fields["depth"] == 20
    assert the(country, "a").fields["depth"] is None
    counts = [country.at(known=day).count("hazard") for day in ("2021-01-31", "2021-02-01", "2021-03-01")]
    assert counts == [2, 1, 2]
    life_of_b = country.history("b").now
    assert life_of_b is not None
    assert life_of_b.record == "b"
    assert life_of_b.values["depth"] == 20


def test_two_shapes_of_one_source_judged_the_same_are_both_kept(country: Register) -> None:
    """S1: the younger record does not displace the shape of the elder; nobody decided about shapes."""
    accepted(
        country, says("a", "2020-01-01", shape=square(46.0)), says("b", "2020-01-01", shape=square(46.5))
    )
    country.same("a", "b", by="im.officer", why="entered twice")
    found = the(country, "a")
    assert found.conflict == "geometry"
    assert found.geometry is not None
    for wkb in (square(46.0), square(46.5)):
        assert shapely.from_wkb(found.geometry).covers(shapely.from_wkb(wkb))


def test_only_two_records_of_one_kind_can_be_the_same(country: Register) -> None:
    accepted(country, says("h"), says("a", kind="accident", date="2020-01-01"))
    for one, other in (("h", "h"), ("h", "a")):
        with pytest.raises(FallowError) as refused:
            country.same(one, other, by="im.officer", why="x")
        assert refused.value.code == "SAME_NEEDS_ONE_KIND"
    with pytest.raises(FallowError) as refused:
        country.same("h", "nobody", by="im.officer", why="x")
    assert refused.value.code == "RECORD_UNKNOWN"


def test_the_life_of_a_record_names_the_report_behind_every_value(country: Register, days: Days) -> None:
    first = accepted(country, says("h", "2020-01-01", name="Hill", hazard_class="sha", where="row 7"))[0]
    days.on("2021-02-01")
    second = accepted(country, says("h", "2021-01-31", hazard_class="cha", source="village"))[0]
    life = country.history("h")
    assert [one.number for one in life.behind("name")] == [first]
    assert [one.number for one in life.behind("hazard_class")] == [second]
    assert [(one.number, one.stands, one.where) for one in life.reports] == [
        (second, ("hazard_class",), ""),
        (first, ("name",), "row 7"),
    ]
    assert [(one.verb, one.by, one.day) for one in life.decisions] == [
        ("approve", "im.officer", "2021-02-01"),
        ("approve", "im.officer", "2021-01-10"),
    ]
    assert len(life.slices) == 3, "as believed before, and after: until the end of January, and since"
    with pytest.raises(FallowError) as refused:
        country.history("nobody")
    assert refused.value.code == "RECORD_UNKNOWN"


def test_a_soft_conflict_settles_itself_and_is_told(country: Register) -> None:
    """Another source speaks of a later time without having seen the first: later wins, the reviewer hears."""
    first = country.add([says("h", "2020-01-01", source="village", name="Old mill", hazard_class="sha")])
    country.approve(first, by="im", why="x")
    later = country.add([says("h", "2020-06-01", source="survey", name="Upper mill", hazard_class="cha")])
    outcome = country.approve(later, by="im", why="x")
    assert outcome.conflicts == []
    assert [(one.record, one.fields) for one in outcome.parallel] == [("h", ("hazard_class", "name"))]
    life = country.history("h")
    assert [(one.field, one.stands, one.beside) for one in life.parallel] == [
        ("hazard_class", (later[0],), (first[0],)),
        ("name", (later[0],), (first[0],)),
    ]


def test_who_has_seen_the_other_report_is_in_no_conflict_at_all(country: Register) -> None:
    first = country.add([says("h", "2020-01-01", source="village", name="Old mill")])
    country.approve(first, by="im", why="x")
    aware = country.add([says("h", "2020-06-01", source="survey", name="Upper mill", seen=(first[0],))])
    outcome = country.approve(aware, by="im", why="x")
    assert (outcome.conflicts, outcome.parallel, country.history("h").parallel) == ([], [], ())


def test_a_hard_conflict_is_never_told_as_a_soft_one(country: Register) -> None:
    country.approve(
        country.add([says("h", "2020-01-01", source="village", name="Old mill")]), by="im", why="x"
    )
    outcome = country.approve(
        country.add([says("h", "2020-01-01", source="survey", name="Upper mill")]), by="im", why="x"
    )
    assert [one.fields for one in outcome.conflicts] == [("name",)]
    assert outcome.parallel == []
