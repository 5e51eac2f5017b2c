"""One number: the short way gives what the table gives, to the last digit of its recipe."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from fallow.analysis import figure, of_result, run
from fallow.analysis.registry import counted
from fallow.errors import FallowError
from fallow.register import Draft, Register, digest_of_inputs
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
    found = register.at().add_up("victim")
    assert found is not None
    assert len(found.groups[0]) > 50, "so many combinations of sources"
    assert found.inputs.declared < found.inputs.reports, "some reports are witnessed"


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
    found = people.at().add_up("victim")
    assert found is not None
    assert digest_of_inputs(read) == digest_of_inputs(dict(reversed(read.items()))) == found.inputs.digest
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
    assert counted("casualties", people, "share", ("male",), {"by": "sex"}) is None
    accident = Draft(
        "accident",
        "a1",
        "police",
        "o",
        "2019-05-05",
        {"code": "a1", "accident_type": "mine", "date": "2019-05-05", "killed": 2},
    )
    before = figure("casualties", people).value
    people.approve([people.add([accident])], by="im.officer", why="checked")
    assert counted("casualties", people, None, (), {}) is None
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
