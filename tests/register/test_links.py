"""A link to a record judged the same as another leads to the one it is, for as long as that holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fallow.register import Register
from fixtures_register import Days, accepted, make, says


@pytest.fixture
def days() -> Days:
    return Days("2021-01-10")


@pytest.fixture
def country(tmp_path: Path, days: Days) -> Iterator[Register]:
    """Two reports of one accident, a victim of each; judged the same in March, different again in May."""
    with make(tmp_path, days) as made:
        accepted(made, says("a1", "2020-05-01", kind="accident", date="2020-05-01"))
        accepted(made, says("a2", "2020-05-01", kind="accident", date="2020-05-01", source="village"))
        accepted(made, says("v1", "2020-05-01", kind="victim", outcome="killed", accident="a1"))
        accepted(made, says("v2", "2020-05-01", kind="victim", outcome="injured", accident="a2"))
        days.on("2021-03-01")
        made.same("a1", "a2", by="im", why="one accident")
        days.on("2021-05-01")
        yield made


APART, ONE = {"v1": "a1", "v2": "a2"}, {"v1": "a1", "v2": "a1"}


def pictures(register: Register, **clocks: object) -> list[dict[str, str]]:
    """Victim to accident, by every way of reading."""
    view = register.at(**clocks)  # type: ignore[arg-type]
    frame = view.frame("victim")
    return [
        {one.id: one.fields["accident"] for one in view.records("victim")},
        {row[0]: row[6][0] for row in view.states("victim", ["accident"])},
        {
            row[0]: row[1]
            for batch in view.raw("victim", ["record", "accident"], geometry=False)
            for row in batch
        },
        dict(frame["accident"].items()),
        {
            victim.id: accident
            for accident in ("a1", "a2")
            for victim in view.records("victim", {"accident": accident})
            if victim.fields["accident"] == accident
        },
    ]


def test_links_follow_a_judgement_and_its_undoing(country: Register, days: Days) -> None:
    judged = country.ledger.head()[0]
    assert pictures(country) == [ONE] * 5
    assert pictures(country, known="2021-02-01") == [APART] * 5
    assert country.at().tally("victim", ["accident"]) == {("a1",): 2}
    assert country.at(known="2021-02-01").tally("victim", ["accident"]) == {("a1",): 1, ("a2",): 1}
    country.different("a1", "a2", by="im", why="two accidents on one day")
    assert pictures(country) == [APART] * 5
    assert pictures(country, known="2021-04-01") == [ONE] * 5
    assert pictures(country, head=judged) == [ONE] * 5
    assert pictures(country, head=judged - 1) == [APART] * 5
    assert pictures(country, head=country.ledger.head()[0]) == [APART] * 5
    assert country.verify(refold=True).holds


def test_asking_by_any_id_of_the_one_record_finds_all(country: Register) -> None:
    for asked in ("a1", "a2", ["a1", "a2"]):
        found = {one.id for one in country.at().records("victim", {"accident": asked})}
        assert found == {"v1", "v2"}, asked
        assert country.at().count("victim", {"accident": asked}) == 2
        head = country.ledger.head()[0]
        assert country.at(head=head).count("victim", {"accident": asked}) == 2
    assert country.at(known="2021-02-01").count("victim", {"accident": "a1"}) == 1
    assert country.at().count("victim", {"accident": None}) == 0


def test_the_life_of_a_record_follows_and_the_report_keeps_its_word(country: Register) -> None:
    life = country.history("v2")
    assert life.now is not None
    assert life.now.values["accident"] == "a1"
    assert [one.fields["accident"] for one in life.reports] == ["a2"]
    country.different("a1", "a2", by="im", why="two accidents on one day")
    again = country.history("v2").now
    assert again is not None
    assert again.values["accident"] == "a2"


def test_rules_see_the_victims_of_both(country: Register) -> None:
    """R8 counts recorded victims against the accident's number: those of both ids are its own."""
    from fallow.register.neighbours import Standing

    standing = Standing(country._connection, country.model)
    assert {one["@record"] for one in standing.linked("victim", "accident", "a1")} == {"v1", "v2"}
