"""One number: the short way gives what the table gives, to the last digit of its recipe."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from fallow.analysis import figure, of_result, run
from fallow.analysis.registry import counted
from fallow.errors import FallowError
from fallow.register import Draft, Inputs, Register, View, Walk, digest_of_inputs
from fallow.register import counted as counting

QUESTIONS: list[tuple[dict[str, Any], str | None, tuple[str, ...]]] = [
    ({}, None, ()),
    ({"year": 2019}, "killed", ()),
    ({"since": "2018-06-15", "until": "2020-02"}, None, ()),
    ({"since": "2018-06-15", "until": "2020-02"}, "date_uncertain", ()),
    ({"by": "sex"}, "injured", ("female",)),
    ({"by": "sex"}, "casualties", ("unknown",)),
    ({"by": "year"}, "casualties", ("2019",)),
    ({"by": "year"}, "casualties", ("unknown",)),
    ({"by": "year", "since": "2018-06-15"}, "casualties", ("2018",)),
    ({"by": "year"}, "date_uncertain", ("2018",)),
    ({"by": "month", "since": "2019"}, "killed", ("2019-03",)),
    ({"year": 2018, "by": "month"}, None, ("2018-03",)),
    ({"year": 2018}, "date_uncertain", ()),
    ({"by": "age,month"}, "casualties", ("under_18", "2019-03")),
    ({"by": "outcome"}, "injured", ("injured",)),
    ({"by": "outcome"}, "casualties", ("unknown",)),
    ({"by": "province,sex"}, "unknown", ("North", "unknown")),
    ({"by": "sex", "year": 2019}, "killed", ("male",)),
    ({}, "unknown", ()),
    ({"place": "North"}, None, ()),
    ({"place": "NORTH", "since": "2018-06-15", "until": "2020-02"}, None, ()),
    ({"place": "сУМИ", "since": "2018-06-15"}, "killed", ()),
    ({"place": "strassen"}, "injured", ()),
    ({"place": "k1"}, "date_uncertain", ()),
    ({"place": "North", "by": "age", "year": 2019}, "killed", ("under_18",)),
    ({"by": "age"}, None, ("under_18",)),
    ({"by": "age"}, "killed", ("18_and_over",)),
    ({"by": "age", "until": "2019"}, None, ("unknown",)),
    ({"by": "month"}, None, ("unknown",)),
    ({"by": "year", "until": "2018-03-05"}, "date_uncertain", ("2018",)),
    ({"by": "sex,place", "place": "North"}, "killed", ("male", "Sumy")),
    ({"by": "place_code", "year": 2018}, "killed", ("unknown",)),
    ({"place": "n1", "by": "outcome"}, None, ("killed",)),
    ({"known": "2020-06-30"}, None, ()),
    ({"known": "2020-06-30", "true": "2019-01-01"}, None, ()),
    ({"known": "1999-01-01"}, None, ()),
]


def victim(i: int, rng: random.Random, source: str) -> Draft:
    year = 2017 + rng.randrange(4)
    date = rng.choice(
        [f"{year}", f"{year}-{1 + rng.randrange(12):02}", f"{year}-03-{1 + rng.randrange(28):02}"]
    )
    fields = {
        "code": f"V{i}",
        "date": date,
        "date_until": rng.choice([None, None, None, f"{year + 1}-05-05"]),
        "outcome": rng.choice(["killed", "injured", "unknown", None]),
        "sex": rng.choice(["male", "female", None]),
        "age": rng.choice([None, 9, 30]),
        "age_group": rng.choice([None, "unknown", "under_18", "18_and_over"]),
        "admin1": rng.choice(["North", "South"]),
        "admin1_code": rng.choice(["n1", "s1"]),
        "admin2": rng.choice([None, "Sumy", "Суми", "Straßen", "STRASSEN", "north"]),
        "admin2_code": rng.choice([None, "\u212a1", "k1"]),
    }
    return Draft("victim", f"v{i}", source, "nurse", date, fields, learned="2020-06-01")


@pytest.fixture
def people(register: Register) -> Register:
    rng = random.Random(3)
    for source, as_of in (("hospital", "2020-06-15"), ("police", "2021-06-15")):
        drafts = [victim(i, rng, source) for i in range(80)]
        register.approve([register.add(drafts)], by="im.officer", why="checked", as_of=as_of)
    return register


@pytest.mark.parametrize(("asked", "measure", "at"), QUESTIONS, ids=[str(one) for one in QUESTIONS])
def test_the_short_way_gives_what_the_table_gives(
    people: Register, asked: dict[str, Any], measure: str | None, at: tuple[str, ...]
) -> None:
    slow = of_result(run("casualties", people, **asked), people, measure, at)
    fast = figure("casualties", people, measure, at, **asked)
    assert fast == slow
    assert fast.digest == slow.digest
    assert fast.as_dict() == slow.as_dict()


@pytest.mark.parametrize(("asked", "measure", "at"), QUESTIONS[::4], ids=str)
def test_many_sources_are_told_apart(
    register: Register, asked: dict[str, Any], measure: str | None, at: tuple[str, ...]
) -> None:
    rng = random.Random(5)
    for turn in range(30):
        drafts = [victim(rng.randrange(200), rng, f"hospital {rng.randrange(20)}") for _ in range(20)]
        once = [replace(one, learned=None) for one in {one.record: one for one in drafts}.values()]
        as_of = None if turn % 10 == 9 else "2021-06-15"
        register.approve([register.add(once)], by="im.officer", why="checked", as_of=as_of)
    slow = of_result(run("casualties", register, **asked), register, measure, at)
    fast = figure("casualties", register, measure, at, **asked)
    assert fast == slow
    assert fast.digest == slow.digest
    found = register.at().walk("victim")
    assert found is not None
    assert len(set(found.voice.tolist())) > 50, "so many combinations of sources"
    assert found.declared < found.reports, "some reports are witnessed"


@pytest.mark.parametrize("voices", [1, 2, 13, 500])
def test_every_voice_has_a_remainder_of_its_own(voices: int) -> None:
    rng = random.Random(voices)
    ids = {rng.randrange(-(2**63), 2**63) for _ in range(voices)}
    apart = counting._apart(ids)
    assert len({(id & (2**63 - 1)) % apart for id in ids}) == voices


def test_a_row_whose_voice_nobody_keeps_is_named_as_damage(people: Register) -> None:
    people._connection.execute(
        "UPDATE victim_history SET _voice = _voice + 1 WHERE fid = (SELECT max(fid) FROM victim_history)"
    )
    with pytest.raises(FallowError) as refused:
        figure("casualties", people)
    assert refused.value.code == "REGISTER_DAMAGED"


def test_the_digest_of_inputs_is_the_same_in_any_order_and_another_for_other_inputs(people: Register) -> None:
    read = {one.id: one.reports for one in people.at().records("victim")}
    found = people.at().walk("victim")
    assert found is not None
    digest = Inputs.of([found]).digest
    assert digest_of_inputs(read) == digest_of_inputs(dict(reversed(read.items()))) == digest
    first, second = [record for record, numbers in read.items() if len(numbers) > 1][:2]
    others = [
        {**read, first: read[second], second: read[first]},
        {**read, first: read[first][::-1]},
        {**read, first: (*read[first], 999)},
        {key: value for key, value in read.items() if key != first},
        {},
    ]
    assert len({digest_of_inputs(one) for one in (read, *others)}) == len(others) + 1


def test_the_short_way_is_taken_and_left(people: Register) -> None:
    assert counted("casualties", people, None, (), {}) is not None
    assert counted("casualties", people, None, (), {"head": people.ledger.head()[0]}) is None
    assert counted("casualties", people, "share", ("male",), {"by": "sex"}) is not None
    assert counted("casualties", people, "share", ("male",), {}) is None
    happened = Draft(
        "accident",
        "a1",
        "police",
        "o",
        "2019-05-05",
        {"code": "a1", "accident_type": "mine", "date": "2019-05-05", "killed": 2},
    )
    before = figure("casualties", people).value
    people.approve([people.add([happened])], by="im.officer", why="checked")
    assert counted("casualties", people, None, (), {}) is not None
    assert figure("casualties", people).value == (before or 0) + 2


@pytest.mark.parametrize(
    ("asked", "at", "code"),
    [
        ({"by": "sex"}, ("green",), "CELL_UNKNOWN"),
        ({"place": "Nowhere"}, (), "PLACE_UNKNOWN"),
        ({"since": "2021", "until": "2020"}, (), "PERIOD"),
        ({"colour": "red"}, (), "PARAMETER_UNKNOWN"),
    ],
)
def test_it_refuses_what_the_table_refuses(
    people: Register, asked: dict[str, Any], at: tuple[str, ...], code: str
) -> None:
    with pytest.raises(FallowError) as refused:
        figure("casualties", people, None, at, **asked)
    assert refused.value.code == code


def accident(i: int, rng: random.Random, source: str) -> Draft:
    date = rng.choice(["2018", "2018-03", "2019-03-05", "2019-12-31"])
    fields = {
        "code": f"A{i}",
        "accident_type": "mine",
        "date": date,
        "killed": rng.choice([None, 2, 3, 5]),
        "injured": rng.choice([None, 1, 4]),
        "casualties_unknown": rng.choice([0, 0, 6]),
        "device": rng.choice([None, "ied"]),
        "admin1": rng.choice(["North", "South", None]),
        "admin2": rng.choice([None, "Sumy", "Суми", "STRASSEN"]),
        "admin2_code": rng.choice([None, "k1"]),
    }
    return Draft("accident", f"a{i}", source, "nurse", date, fields, learned="2020-06-01")


@pytest.fixture
def incidents(register: Register) -> Register:
    """People who leave their date, place or device to the accident they were in, and accidents with more."""
    rng = random.Random(4)
    for source, as_of in (("hospital", "2020-06-15"), ("police", "2021-06-15")):
        happened = [accident(i, rng, source) for i in range(30)]
        register.approve([register.add(happened)], by="im.officer", why="checked", as_of=as_of)
        drafts = []
        for i in range(60):
            one = victim(i, rng, source)
            silent = rng.sample(["date", "admin1", "admin2", "admin2_code"], k=rng.randrange(4))
            left = {**one.fields, **dict.fromkeys(silent), "accident": f"a{rng.randrange(33)}"}
            drafts.append(replace(one, fields=one.fields if i % 7 == 0 else left))
        register.approve([register.add(drafts)], by="im.officer", why="checked", as_of=as_of)
    register.same("a3", "a4", by="im.officer", why="one accident, two lists", as_of="2021-07-01")
    return register


WITH_ACCIDENTS: list[tuple[dict[str, Any], str | None, tuple[str, ...]]] = [
    *QUESTIONS,
    ({"by": "device"}, None, ("ied",)),
    ({"by": "device"}, "killed", ("unknown",)),
    ({"by": "outcome"}, "share", ("killed",)),
    ({"by": "sex"}, "share", ("female",)),
    ({"by": "sex"}, "share", ("unknown",)),
    ({"by": "province", "year": 2018}, "share", ("North",)),
    ({"by": "year", "since": "2018-06-15"}, "share", ("2019",)),
    ({"by": "sex"}, "share", ()),
    ({"by": "device,outcome", "place": "Sumy"}, None, ("ied", "injured")),
]


@pytest.mark.parametrize(("asked", "measure", "at"), WITH_ACCIDENTS, ids=str)
def test_with_accidents_the_short_way_gives_what_the_table_gives(
    incidents: Register, asked: dict[str, Any], measure: str | None, at: tuple[str, ...]
) -> None:
    table = run("casualties", incidents, **asked)
    if at and at not in {one.key for one in table.lines}:
        with pytest.raises(FallowError) as refused:
            figure("casualties", incidents, measure, at, **asked)
        assert refused.value.code == "CELL_UNKNOWN"
        return
    slow = of_result(table, incidents, measure, at)
    fast = figure("casualties", incidents, measure, at, **asked)
    assert counted("casualties", incidents, measure, at, asked) is not None
    assert (fast, fast.digest, fast.as_dict()) == (slow, slow.digest, slow.as_dict())


def test_an_accident_of_more_people_than_a_walk_can_read_takes_the_long_way(incidents: Register) -> None:
    many = replace(accident(99, random.Random(1), "army"), learned=None)
    fields = {**many.fields, "killed": 2_000_000, "injured": None, "casualties_unknown": None}
    incidents.approve([incidents.add([replace(many, fields=fields)])], by="im.officer", why="checked")
    assert counted("casualties", incidents, None, (), {}) is None
    found = figure("casualties", incidents)
    assert found == of_result(run("casualties", incidents), incidents)
    assert found.value is not None
    assert found.value > 2_000_000


def test_as_of_a_ledger_head_the_long_way_is_taken(incidents: Register) -> None:
    head = incidents.ledger.head()[0]
    assert incidents.at(head=head).walk("victim") is None
    assert counted("casualties", incidents, None, (), {"head": head}) is None
    assert figure("casualties", incidents, head=head).value == figure("casualties", incidents).value


def test_links_lead_to_the_accident_that_two_were_judged_to_be(incidents: Register) -> None:
    assert incidents.at()._others == {"a4": "a3"} or incidents.at()._others == {"a3": "a4"}
    before = figure("casualties", incidents, known="2021-06-30")
    after = figure("casualties", incidents)
    assert after.value != before.value


@pytest.mark.parametrize("times", [1, 99])
def test_what_is_written_while_it_is_read_is_read_again(
    people: Register, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    before = figure("casualties", people).value or 0
    walk, written = View.walk, []

    def writing(view: View, kind: str, *given: Any, **named: Any) -> Walk | None:
        if kind == "victim" and len(written) < times:
            number = 200 + len(written)
            written.append(number)
            later = replace(victim(number, random.Random(number), "army"), learned=None)
            people.approve([people.add([later])], by="im.officer", why="checked")
        return walk(view, kind, *given, **named)

    monkeypatch.setattr(View, "walk", writing)
    if times > 5:
        with pytest.raises(FallowError) as refused:
            figure("casualties", people)
        assert refused.value.code == "REGISTER_BUSY"
        return
    found = figure("casualties", people)
    assert found.value == before + 1
    assert found.recipe.head == people.ledger.head()[0]
    assert found == of_result(run("casualties", people), people)


@pytest.mark.parametrize("known", ["2999-01-01", "9999", "tomorrow but one"])
def test_what_nobody_can_know_yet_is_refused(people: Register, known: str) -> None:
    today = datetime.now().astimezone().date()
    if known.startswith("tomorrow"):
        known = (today + timedelta(days=2)).isoformat()
    for ask in (figure, run):
        with pytest.raises(FallowError) as refused:
            ask("casualties", people, known=known)
        assert refused.value.code == "KNOWN_AHEAD"
    assert figure("casualties", people, known=today.isoformat()).value == figure("casualties", people).value
