"""Law: the short way to one number gives what the table gives, whatever is asked of whomever."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from fallow.analysis import figure, of_result, run
from fallow.analysis.registry import counted
from fallow.errors import FallowError
from fallow.register import Draft, Register, create_register

DATES = some.sampled_from(
    [
        "2018",
        "2019",
        "2018-12",
        "2019-01",
        "2019-02",
        "2019-12",
        "2018-12-31",
        "2019-01-01",
        "2019-02-28",
        "2019-03-01",
    ]
)
PLACES = some.sampled_from(
    [None, "North", "NORTH", "Суми", "суми", "Straße", "STRASSE", "\u212airkuk", "kirkuk", "n1"]
)
PLACED = {
    "admin1": PLACES,
    "admin2": PLACES,
    "admin1_code": PLACES,
    "admin2_code": PLACES,
}
ACCIDENTS = some.sampled_from([f"a{one}" for one in range(6)])
"""Links lead to accidents that nobody told of, too."""
PEOPLE = some.fixed_dictionaries(
    {
        "accident": some.none() | ACCIDENTS,
        "device": some.sampled_from([None, "ied", "unknown"]),
        "date": some.none() | DATES,
        "date_until": some.none() | some.none() | DATES,
        "outcome": some.sampled_from([None, "killed", "injured", "unknown"]),
        "sex": some.sampled_from([None, "male", "female"]),
        "age": some.none() | some.integers(16, 19),
        "age_group": some.sampled_from([None, None, "unknown", "under_18", "18_and_over"]),
        **PLACED,
    }
)
HAPPENED = some.fixed_dictionaries(
    {
        "date": DATES,
        "date_until": some.none() | some.none() | DATES,
        "device": some.sampled_from([None, "ied", "unknown"]),
        "killed": some.none() | some.integers(0, 4),
        "injured": some.none() | some.integers(0, 4),
        "casualties_unknown": some.none() | some.integers(0, 4),
        **PLACED,
    }
)
SOURCES = some.sampled_from([f"source {one}" for one in range(20)])
TOLD = some.tuples(some.integers(0, 25), SOURCES, PEOPLE)
Delivery = tuple[bool, list[tuple[int, str, Mapping[str, Any]]], list[tuple[int, str, Mapping[str, Any]]]]
"""Whether its day is declared, what it tells of people, and what of accidents."""
DELIVERIES: some.SearchStrategy[list[Delivery]] = some.lists(
    some.tuples(
        some.booleans(),
        some.lists(TOLD, min_size=1, max_size=12, unique_by=lambda one: one[0]),
        some.just([])
        | some.lists(
            some.tuples(some.integers(0, 4), SOURCES, HAPPENED), max_size=4, unique_by=lambda one: one[0]
        ),
    ),
    min_size=1,
    max_size=5,
)
SAME = some.none() | some.tuples(some.integers(0, 4), some.integers(0, 4)).filter(
    lambda one: one[0] != one[1]
)
"""Two accidents that are judged to be one."""
CLOCKS = some.fixed_dictionaries(
    {},
    optional={"known": some.sampled_from(["2020-05-01", "2020-06-20", "2022-01-01"]), "true": DATES},
)
QUESTIONS = some.fixed_dictionaries(
    {},
    optional={
        "since": DATES,
        "until": DATES,
        "place": PLACES.filter(bool),
        "by": some.lists(
            some.sampled_from(
                ["outcome", "sex", "age", "device", "province", "place", "place_code", "year", "month"]
            ),
            max_size=2,
            unique=True,
        ),
    },
)
MEASURES = some.sampled_from([None, "casualties", "killed", "injured", "unknown", "date_uncertain", "share"])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def register_of(folder: Path, deliveries: Sequence[Delivery], same: tuple[int, int] | None) -> Register:
    """A register in which sources said so of people and accidents, some of it declared and some witnessed."""
    path = Path(tempfile.mkdtemp(dir=folder)) / "people.gpkg"
    register = create_register(path, title="A register for a test", invented=True)
    for turn, (declared, told, happened) in enumerate(deliveries):
        day = f"2020-06-{10 + turn}"
        learned = day if declared else None
        accidents = [
            Draft(
                *("accident", f"a{number}", source, "nurse", said["date"]),
                {"code": f"A{number}", "accident_type": "mine", **said},
                learned=learned,
            )
            for number, source, said in happened
        ]
        people = [
            Draft(
                *("victim", f"v{number}", source, "nurse", said["date"] or "2020"),
                {"code": f"V{number}", **said},
                learned=learned,
            )
            for number, source, said in told
        ]
        for drafts in (accidents, people):
            if drafts:
                register.approve([register.add(drafts)], by="im.officer", why="checked", as_of=day)
    there = {one.id for one in register.at().records("accident")}
    if same is not None and {f"a{one}" for one in same} <= there:
        one, other = (f"a{one}" for one in same)
        register.same(one, other, by="im.officer", why="one accident, two lists", as_of="2020-06-18")
    return register


@settings(max_examples=40)
@given(
    deliveries=DELIVERIES,
    same=SAME,
    asked=some.lists(some.tuples(QUESTIONS, CLOCKS, MEASURES), min_size=8, max_size=8),
)
def test_the_short_way_gives_what_the_table_gives(
    folder: Path,
    deliveries: list[Delivery],
    same: tuple[int, int] | None,
    asked: list[tuple[dict[str, Any], dict[str, Any], str | None]],
) -> None:
    with register_of(folder, deliveries, same) as register:
        for question, clocks, measure in asked:
            given = {**question, **clocks}
            if measure == "share" and len(question.get("by", ())) != 1:
                continue
            try:
                table = run("casualties", register, **given)
            except FallowError as refused:
                with pytest.raises(FallowError) as also:
                    figure("casualties", register, measure, (), **given)
                assert also.value.code == refused.code
                continue
            for line in table.lines:
                slow = of_result(table, register, measure, line.key)
                fast = figure("casualties", register, measure, line.key, **given)
                assert (fast, fast.digest, fast.as_dict()) == (slow, slow.digest, slow.as_dict())
                assert counted("casualties", register, measure, line.key, given) is not None
