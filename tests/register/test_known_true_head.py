"""Two clocks and a head: when it was true, when the programme accepted it, and the ledger itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fallow.errors import FallowError
from fallow.register import OPEN_END, Record, Register
from fixtures_register import Days, accepted, make, says, square


@pytest.fixture
def days() -> Days:
    return Days("2021-01-10")


@pytest.fixture
def country(tmp_path: Path, days: Days) -> Iterator[Register]:
    with make(tmp_path, days) as made:
        yield made
        assert made.verify(refold=True).holds, made.verify(refold=True).as_dict()


def one(register: Register, kind: str = "hazard", **when: Any) -> Record | None:
    found = list(register.at(**when).records(kind))
    assert len(found) <= 1
    return found[0] if found else None


def value(register: Register, field: str, kind: str = "hazard", **when: Any) -> Any:
    found = one(register, kind, **when)
    return None if found is None else found.fields[field]


def test_what_was_learned_in_january_and_approved_in_march_is_known_in_march(
    country: Register, days: Days
) -> None:
    numbers = country.add([says("h", "2020-12-24", hazard_class="sha")])
    assert one(country) is None, "a draft is not known"
    country.approve(numbers, by="im.officer", why="seen", as_of=None)  # same day: known at once
    assert one(country, known="2021-01-09") is None
    assert one(country, known="2021-01-10") is not None

    days.on("2021-02-01")
    late = country.add([says("h", "2021-01-31", hazard_class="cha")])
    days.on("2021-03-15")
    country.approve(late, by="im.officer", why="late")
    assert value(country, "hazard_class", known="2021-03-14") == "sha"
    assert value(country, "hazard_class", known="2021-03-15") == "cha"
    # learned on 1 February, true on 31 January: still nobody had accepted it
    assert value(country, "hazard_class", known="2021-02-28", true="2021-02-28") == "sha"
    assert value(country, "hazard_class", known="2021-03-15", true="2021-01-30") == "sha"
    assert value(country, "hazard_class", known="2021-03-15", true="2021-01-31") == "cha"


def test_declared_history_is_marked_and_the_later_of_learned_and_approved_counts(
    country: Register, days: Days
) -> None:
    days.on("2021-06-01")
    delivered = says("a", "2016-05-01", kind="accident", date="2016-05-01", learned="2017-10-31")
    witnessed = says("b", "2016-05-01", kind="accident", date="2016-05-01")
    numbers = list(country.add([delivered, witnessed]))
    country.approve(numbers[:1], by="im.officer", why="delivery of 2017", as_of="2017-12-01")
    country.approve(numbers[1:], by="im.officer", why="today")
    at_the_end_of_2017 = list(country.at(known="2017-12-31").records("accident"))
    assert [(record.id, record.declared) for record in at_the_end_of_2017] == [("a", 1)]
    assert country.at(known="2017-11-30").count("accident") == 0, "approval came after learning"
    assert {record.id: record.declared for record in country.at().records("accident")} == {"a": 1, "b": 0}


def test_approved_before_it_was_learned_is_known_when_it_was_learned(country: Register, days: Days) -> None:
    days.on("2021-06-01")
    numbers = country.add([says("h", "2016", learned="2018-03-03")])
    country.approve(numbers, by="im.officer", why="declared", as_of="2017-12-01")
    assert one(country, known="2018-03-02") is None
    assert one(country, known="2018-03-03") is not None


def test_bounds_are_inclusive_and_a_partial_day_means_its_last_day(country: Register, days: Days) -> None:
    accepted(country, says("h", "2020-06-15"))
    assert one(country, known="2021-01-10", true="2020-06-15") is not None
    assert one(country, known="2021-01-10", true="2020-06-14") is None
    assert one(country, known="2021-01", true="2020-06") is not None
    assert one(country, known="2020", true="2020-06") is None
    record = one(country)
    assert record is not None
    assert (record.known_from, record.known_to) == ("2021-01-10", OPEN_END)
    assert (record.true_from, record.true_to) == ("2020-06-15", OPEN_END)
    with pytest.raises(FallowError) as refused:
        country.at(known="last tuesday")
    assert refused.value.code == "DATE_FORMAT"


def test_a_partial_date_counts_in_the_dangerous_direction(country: Register, days: Days) -> None:
    days.on("2021-06-01")
    accepted(country, says("h", "2021-02", hazard_class="sha", source="village"))
    assert value(country, "hazard_class", true="2021-02-01") == "sha", "danger counts from the first day"
    accepted(country, says("h", "2021-03", hazard_class="cha", source="village"))
    assert value(country, "hazard_class", true="2021-03-01") == "cha", "more danger counts from the first day"
    accepted(country, says("h", "2021-04", hazard_class="dismissed", source="village"))
    assert value(country, "hazard_class", true="2021-04-29") == "cha", "less danger waits for the last day"
    assert value(country, "hazard_class", true="2021-04-30") == "dismissed"


def test_a_smaller_shape_with_a_partial_date_waits_for_its_last_day(country: Register, days: Days) -> None:
    days.on("2021-06-01")
    large, small = square(size=0.02), square(size=0.01)
    accepted(country, says("h", "2021-01", shape=large, source="survey"))
    accepted(country, says("h", "2021-04", shape=small, source="survey"))
    for day, shape in (("2021-04-29", large), ("2021-04-30", small)):
        found = one(country, true=day)
        assert found is not None
        assert found.geometry == shape


def test_the_date_of_an_event_is_corrected_and_the_old_picture_stays_askable(
    country: Register, days: Days
) -> None:
    first = accepted(country, says("a", "2020-05-05", kind="accident", date="2020-05-05", killed=1))
    days.on("2021-03-01")
    accepted(country, says("a", "2019-05-05", kind="accident", date="2019-05-05", corrects=tuple(first)))
    before = one(country, "accident", known="2021-02-28")
    after = one(country, "accident", known="2021-03-01")
    assert before is not None
    assert after is not None
    assert (before.true_from, before.fields["date"]) == ("2020-05-05", "2020-05-05")
    assert (after.true_from, after.fields["date"]) == ("2019-05-05", "2019-05-05")
    assert after.fields["killed"] == 1, "what the correction does not speak about stays"
    assert after.conflict == ""
    assert country.at(known="2021-03-01", true="2019-12-31").count("accident") == 1
    assert country.at(known="2021-02-28", true="2019-12-31").count("accident") == 0


def test_a_withdrawn_report_was_known_until_it_was_withdrawn(country: Register, days: Days) -> None:
    first = accepted(country, says("h", "2020-12-01", hazard_class="sha"))
    days.on("2021-03-01")
    back = accepted(country, says("h", "2021-03-01", withdraws=tuple(first)))
    assert one(country) is None
    assert value(country, "hazard_class", known="2021-02-28") == "sha"
    days.on("2021-04-01")
    accepted(country, says("h", "2021-04-01", withdraws=tuple(back)))
    assert value(country, "hazard_class") == "sha", "a withdrawal can be withdrawn"
    assert one(country, known="2021-03-31") is None


def test_approval_taken_back_and_given_again_leaves_two_spans(country: Register, days: Days) -> None:
    numbers = accepted(country, says("h", hazard_class="sha"))
    days.on("2021-02-01")
    assert country.reject(numbers, by="im.officer", why="wrong sheet") == 1
    days.on("2021-03-01")
    country.approve(numbers, by="im.officer", why="right after all")
    days.on("2021-04-01")
    country.reject(numbers, by="im.officer", why="wrong indeed")
    days.on("2021-05-01")
    country.approve(numbers, by="im.officer", why="a third look")
    seen = {
        day: country.at(known=day).count("hazard")
        for day in ("2021-01-09", "2021-01-10", "2021-01-31", "2021-02-01", "2021-02-28", "2021-03-01")
    }
    assert seen == {
        "2021-01-09": 0,
        "2021-01-10": 1,
        "2021-01-31": 1,
        "2021-02-01": 0,
        "2021-02-28": 0,
        "2021-03-01": 1,
    }
    assert [country.at(known=f"2021-0{month}-15").count("hazard") for month in (3, 4, 5)] == [1, 0, 1]


def test_rejected_and_approved_again_on_one_day_leaves_no_seam(country: Register, days: Days) -> None:
    numbers = accepted(country, says("h", hazard_class="sha"))
    days.on("2021-02-01")
    country.reject(numbers, by="im.officer", why="slip of the hand")
    country.approve(numbers, by="im.officer", why="slip undone")
    record = one(country)
    assert record is not None
    assert (record.known_from, record.known_to) == ("2021-01-10", OPEN_END)


def test_a_head_gives_the_earlier_picture_whatever_came_later(country: Register, days: Days) -> None:
    first = accepted(country, says("h", "2020-12-01", hazard_class="sha", shape=square(), ordnance=["uxo"]))
    head = country.ledger.head()[0]
    then = list(country.at().records("hazard"))
    frame_then = country.at().frame("hazard")

    days.on("2021-03-01")
    late = country.add([says("h", "2020-11-01", hazard_class="cha", learned="2020-11-02", source="village")])
    # declared into the past: the clocks now show another January, the head does not
    country.approve(late, by="im.officer", why="late", as_of="2020-11-03")
    accepted(country, says("other", "2020-12-01", hazard_class="cha"))
    country.reject(first, by="im.officer", why="taken back", as_of="2021-02-01")
    assert list(country.at(known="2021-01-10").records("hazard")) != then
    again = country.at(head=head)
    assert list(again.records("hazard")) == then
    assert again.count("hazard") == 1
    assert again.record("h") == then[0]
    assert again.record("other") is None
    assert again.tally("hazard", ["ordnance"]) == {("uxo",): 1}
    assert frame_then.equals(again.frame("hazard"))
    assert next(again.raw("hazard", ["record", "ordnance"], geometry=False)) == [("h", "uxo")]
    for wrong in (0, 10_000):
        with pytest.raises(FallowError) as refused:
            country.at(head=wrong)
        assert refused.value.code == "HEAD_UNKNOWN"


def test_a_head_answers_like_the_present_at_the_last_entry(country: Register, days: Days) -> None:
    accepted(
        country,
        *(
            says(f"h{i}", depth=depth, shape=square(46 + i), ordnance=["ap_mine"], marked=bool(i % 2))
            for i, depth in enumerate((9.0, 10.0, None, 100.0))
        ),
    )
    now, head = country.at(), country.at(head=country.ledger.head()[0])
    for order in ("depth", "-depth", "record"):
        expected = [r.id for r in now.records("hazard", order=order)]
        assert [r.id for r in head.records("hazard", order=order)] == expected, order
    box = (46.5, 39, 48.5, 41)
    assert {r.id for r in head.records("hazard", bbox=box)} == {r.id for r in now.records("hazard", bbox=box)}
    assert {r.id for r in now.records("hazard", bbox=box)} == {"h1", "h2"}
    assert head.tally("hazard", ["marked"]) == now.tally("hazard", ["marked"]) == {(0,): 2, (1,): 2}
    assert [r.id for r in now.records("hazard", {"ordnance": "apxmine"})] == [], "a code is asked for exactly"
    assert next(head.raw("hazard", ["record", "reports"], geometry=True)) == next(
        now.raw("hazard", ["record", "reports"], geometry=True)
    )


def test_a_decision_cannot_be_dated_tomorrow_or_vaguely(country: Register) -> None:
    numbers = country.add([says("h")])
    for day, code in (("2021-01-11", "DATE_IN_FUTURE"), ("2021-01", "DATE_FORMAT"), ("soon", "DATE_FORMAT")):
        with pytest.raises(FallowError) as refused:
            country.approve(numbers, by="im.officer", why="x", as_of=day)
        assert refused.value.code == code
    assert country.at().count("hazard") == 0


def test_a_clock_turned_back_does_not_turn_the_ledger_back(country: Register, days: Days) -> None:
    accepted(country, says("h"))
    days.on("1970-01-01")
    accepted(country, says("g"))
    stamps = [entry.at for entry in country.ledger.entries()]
    assert stamps == sorted(stamps)
    assert one(country, known="2021-01-09") is None


def test_an_act_across_midnight_has_one_day(tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2021, 1, 1, 23, 59, 59, 900_000, UTC)

    def ticking() -> datetime:
        nonlocal now
        now += timedelta(milliseconds=30)
        return now

    (tmp_path / "clock").mkdir()
    with make(tmp_path / "clock", ticking) as register:
        for i in range(8):
            accepted(register, says(f"h{i}"), says(f"g{i}", hazard_class="sha"))
        assert now.day == 2
        verdict = register.verify(refold=True)
        assert verdict.holds, verdict.as_dict()
