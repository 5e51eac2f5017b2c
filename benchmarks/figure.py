"""One figure at any date over 500,000 rows of history, beside the SQL a person would write by hand.

Run as ``python benchmarks/figure.py [--rows 500000] [--repeat 5] [--register FILE] [--accidents]``. The register
is built sheet by sheet through the ordinary doors, in a minute or two of processor time: five records in six stand
as they do today, so that the days asked about are as full as they get. With ``--accidents`` there are three
accidents to five people, and half of the people leave their date and place to the accident they were in; without,
there are people alone. The other side gives a bare count; a figure also gives the number of reports that are
declared, whose claim it is, and a digest of every record and report it read.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from fallow.analysis import figure
from fallow.register import Register, Sheet, create_register, open_register

TARGET = 0.3
"""Seconds."""


def best(repeat: int, act: Callable[[], object]) -> tuple[float, float]:
    """The shortest of several times, by the clock and of the processor (other people share the machine)."""
    times = []
    for _ in range(repeat):
        start, worked = perf_counter(), process_time()
        act()
        times.append((perf_counter() - start, process_time() - worked))
    return min(one for one, _ in times), min(one for _, one in times)


_AT_ONCE = 10_000
_DAYS = 28
"""Days of a month on which a full date may lie."""


def build(path: Path, rows: int) -> None:
    """People told once, and each tenth of them anew in two later years, with another outcome.

    Three reports of one person make three rows of history.
    """
    rng = random.Random(7)
    people = -(-rows * 10 // 12)
    with create_register(path, title="Benchmark", invented=True) as register, register.writing():
        for year, every in ((2005, 1), (2011, 10), (2017, 10)):
            for start in range(0, people, every * _AT_ONCE):
                numbers = range(start, min(start + every * _AT_ONCE, people), every)
                with register.approving("bench", "benchmark", as_of=f"{year}-06-30") as act:
                    register.add_sheet(_sheet(numbers, year, rng, start // _AT_ONCE % _HOSPITALS), act=act)
                assert not act.outcome.refused, act.outcome.refused[:1]


def build_with_accidents(path: Path, rows: int) -> None:
    """The same, with accidents that count more people than are named."""
    rng = random.Random(7)
    happened = rows * 10 // 12 * 3 // 8
    people = -(-rows * 10 // 12) - happened
    with create_register(path, title="Benchmark", invented=True) as register, register.writing():
        for year, every in ((2005, 1), (2011, 10), (2017, 10)):
            for many, make in ((happened, _accidents), (people, _hurt)):
                for start in range(0, many, every * _AT_ONCE):
                    numbers = range(start, min(start + every * _AT_ONCE, many), every)
                    with register.approving("bench", "benchmark", as_of=f"{year}-06-30") as act:
                        register.add_sheet(make(numbers, year, rng, start // _AT_ONCE % _HOSPITALS), act=act)
                    assert not act.outcome.refused, act.outcome.refused[:1]


def _accidents(numbers: range, year: int, rng: random.Random, hospital: int) -> Sheet:
    told = _sheet(numbers, year, rng, hospital)
    columns = {name: told.columns[name] for name in ("date", *_PLACES)}
    counts = [(i % 2, 2 + i % 3) for i in numbers]
    return replace(
        told,
        kind="accident",
        records=[_accident(i) for i in numbers],
        columns={
            **columns,
            "code": [f"A-{i}" for i in numbers],
            "accident_type": ["mine"] * len(numbers),
            "killed": [killed for killed, _ in counts],
            "injured": [injured for _, injured in counts],
            "casualties": [sum(one) for one in counts],
            "device": [("ied", "unknown")[i % 2] for i in numbers],
        },
    )


def _hurt(numbers: range, year: int, rng: random.Random, hospital: int) -> Sheet:
    told = _sheet(numbers, year, rng, hospital)
    silent = [i % 2 == 1 and i % _ALONE != 0 for i in numbers]
    left = {
        name: [None if one else cell for one, cell in zip(silent, told.columns[name], strict=True)]
        for name in ("date", "date_until", *_PLACES)
    }
    links = [None if i % _ALONE == 0 else _accident(i * 3 // 5) for i in numbers]
    return replace(told, columns={**told.columns, **left, "accident": links})


def _accident(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}-0000-8000-8100-{number:012}"


_ALONE = 20
"""One person of so many was in no accident that is recorded."""
_PLACES = ("admin1", "admin2", "admin1_code", "admin2_code")


def _sheet(numbers: range, year: int, rng: random.Random, hospital: int) -> Sheet:
    """Some people as a hospital tells of them in one year."""
    many = len(numbers)
    return Sheet(
        kind="victim",
        source=f"hospital {hospital}",
        learned=f"{year}-05-31",
        records=[f"00000000-0000-8000-8000-{i:012}" for i in numbers],
        authors=["nurse"] * many,
        trues=[f"{year}-03-01"] * many,
        columns={
            "code": [f"V-{i}" for i in numbers],
            "date": [_date(i) for i in numbers],
            "outcome": rng.choices(("killed", "injured", "injured", "unknown"), k=many),
            "sex": rng.choices(("male", "female"), k=many),
            "age": [None if i % 3 == 0 else i % 79 for i in numbers],
            "age_group": [_AGES[i // 3 % 4] if i % 3 == 0 else None for i in numbers],
            "date_until": [f"{2005 + i % 3}-02" if i % 17 == 0 else None for i in numbers],
            "admin1": [f"Province {i % 30}" for i in numbers],
            "admin1_code": [f"P{i % 30:02}" for i in numbers],
            "admin2": [f"District {i % 300}" for i in numbers],
            "admin2_code": [f"P{i % 30:02}{i % 300:03}" for i in numbers],
        },
        originals=[{}] * many,
        shapes=None,
        wheres=[""] * many,
    )


_HOSPITALS = 40
"""Sources that speak, each of its own people."""
_AGES = ("under_18", "18_and_over", "unknown", None)


def _date(person: int) -> str:
    """A day, or for each ninth person a month."""
    month = f"{1990 + person % 15}-{1 + person % 12:02}"
    return month if person % 9 == 0 else f"{month}-{1 + person % _DAYS:02}"


@dataclass(frozen=True)
class Question:
    """A figure, and the SQL a person would write for its bare number."""

    name: str
    ask: dict[str, Any]
    sql: str
    """What is true of a row that counts."""
    measure: str | None = None
    at: tuple[str, ...] = ()
    true: str | None = None
    unnamed: str | None = None
    """The same of an accident, for those it counts and nobody named; ``None`` in a register of people alone."""


_AGE = "CASE WHEN age_group IN ('under_18', '18_and_over') THEN age_group WHEN age < 18 THEN 'under_18' END"
_LAST = "coalesce(date_until, date)"
_NAMES = "(admin1, admin2, admin1_code, admin2_code)"
QUESTIONS = (
    Question("total", {}, "1"),
    Question("one year", {"year": 1995}, f"substr(date, 1, 4) = '1995' AND substr({_LAST}, 1, 4) = '1995'"),
    Question(
        "by year, one line",
        {"by": "year"},
        f"substr(date, 1, 4) = '1995' AND substr({_LAST}, 1, 4) = '1995'",
        at=("1995",),
    ),
    Question(
        "a long period of partial dates",
        {"since": "1991-02-15", "until": "1998-08-10"},
        "date || substr('-01-01', length(date) - 3) >= '1991-02-15' AND date(CASE length(LAST) WHEN 4 THEN "
        "LAST || '-12-31' WHEN 7 THEN LAST || '-01' ELSE LAST END, CASE length(LAST) WHEN 7 THEN '+1 month' "
        "ELSE '+0 day' END, CASE length(LAST) WHEN 7 THEN '-1 day' ELSE '+0 day' END) <= '1998-08-10'".replace(
            "LAST", _LAST
        ),
    ),
    Question("a place by its name", {"place": "district 33"}, f"'district 33' COLLATE NOCASE IN {_NAMES}"),
    Question("a place by its code", {"place": "p03"}, f"'p03' COLLATE NOCASE IN {_NAMES}"),
    Question("by province, one line", {"by": "province"}, "admin1 = 'Province 3'", at=("Province 3",)),
    Question("by age, one line", {"by": "age"}, f"{_AGE} = 'under_18'", at=("under_18",)),
    Question("women", {"by": "sex"}, "sex = 'female'", at=("female",)),
    Question("killed", {}, "outcome = 'killed'", measure="killed"),
    Question("as of another day of truth", {}, "1", true="2012-12-31"),
    Question(
        "men killed in one place in one year",
        {"by": "sex", "place": "Province 5", "year": 1995},
        f"sex = 'male' AND outcome = 'killed' AND 'Province 5' IN {_NAMES} AND substr(date, 1, 4) = '1995' "
        f"AND substr({_LAST}, 1, 4) = '1995'",
        measure="killed",
        at=("male",),
    ),
)


_WITH_ACCIDENTS = """
WITH a AS (SELECT * FROM accident_history WHERE {standing}),
v AS (
    SELECT v.accident, v.sex, v.outcome, coalesce(v.date, a.date) date,
        CASE WHEN v.date IS NULL THEN a.date_until ELSE v.date_until END date_until,
        coalesce(v.admin1, a.admin1) admin1, coalesce(v.admin2, a.admin2) admin2,
        coalesce(v.admin1_code, a.admin1_code) admin1_code, coalesce(v.admin2_code, a.admin2_code) admin2_code
    FROM (SELECT * FROM victim_history WHERE {standing}) v LEFT JOIN a ON a.record = v.accident
),
r AS (SELECT accident, count(*) named FROM v GROUP BY accident)
SELECT (SELECT count(*) FROM v WHERE {named}) + (
    SELECT coalesce(sum(max(0, a.killed + a.injured - coalesce(r.named, 0))), 0)
    FROM a LEFT JOIN r ON r.accident = a.record WHERE {unnamed}
)
"""
"""Accidents count more people of some outcome than are named, or fewer: together the difference."""
OF_ACCIDENTS = (
    *(
        replace(one, unnamed=one.sql)
        for one in QUESTIONS
        if one.measure is None and set(one.ask) <= {"year", "since", "until", "place"} and not one.true
    ),
    *(
        replace(one, unnamed=one.sql)
        for one in QUESTIONS
        if one.ask.get("by") in ("year", "province") and one.measure is None
    ),
    *(replace(one, unnamed="0") for one in QUESTIONS if one.ask.get("by") == "sex" and one.measure is None),
    Question(
        "women of one place in one year",
        {"by": "sex", "place": "Province 5", "year": 1995},
        f"sex = 'female' AND 'Province 5' IN {_NAMES} AND substr(date, 1, 4) = '1995' "
        f"AND substr({_LAST}, 1, 4) = '1995'",
        at=("female",),
        unnamed="0",
    ),
)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--register", type=Path, help="an existing register made by this benchmark")
    parser.add_argument("--accidents", action="store_true", help="a register with accidents")
    parser.add_argument("--each-day", action="store_true", help="every day, not only the dearest of four")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.register or Path(folder) / "figure.gpkg"
        if not path.exists():
            start, worked = perf_counter(), process_time()
            (build_with_accidents if chosen.accidents else build)(path, chosen.rows)
            print(f"built in {perf_counter() - start:.0f} s ({process_time() - worked:.0f} s of processor)")
        measure(path, chosen.repeat, each_day=chosen.each_day, accidents=chosen.accidents)


@dataclass(frozen=True)
class Took:
    """What one question took on one day of knowledge."""

    day: str
    value: int
    wall: float
    worked: float
    by_hand: float

    def line(self, name: str) -> str:
        """A line of the table."""
        holds = "holds" if self.wall <= TARGET else "**missed**"
        return (
            f"| {name} | {self.day} | {self.value:,} | {self.wall:.3f} | {self.worked:.3f} | {self.by_hand:.3f} "
            f"| {self.wall / self.by_hand:.1f}x | {holds} |"
        )


def measure(path: Path, repeat: int, *, each_day: bool, accidents: bool) -> None:
    """Each question at random days of knowledge, and the same by hand; the dearest day counts."""
    hand = sqlite3.connect(path)
    people, happened, sources = (
        hand.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("victim_history", "accident_history", "fallow_voice")
    )
    print(f"{people:,} + {happened:,} rows of history, {sources} combinations of sources")
    print(f"load {os.getloadavg()[0]:.1f}")
    print("| question | as known on | value | Fallow, s | s of CPU | SQL by hand, s | ratio | 0.3 s |")
    print("|---|---|---:|---:|---:|---:|---:|---|")
    rng = random.Random(11)
    days = sorted(f"{rng.randrange(2005, 2020)}-{rng.randrange(1, 13):02}-15" for _ in range(4))
    with open_register(path, read_only=True) as register:
        for question in OF_ACCIDENTS if accidents else QUESTIONS:
            took = [_asked(register, hand, question, day, repeat) for day in days]
            for one in took if each_day else [max(took, key=lambda one: one.worked)]:
                print(one.line(question.name), flush=True)
    hand.close()


def _asked(register: Register, hand: sqlite3.Connection, question: Question, day: str, repeat: int) -> Took:
    """One question on one day, both ways; they must give the same number."""
    clocks = {"known": day, **({"true": question.true} if question.true else {})}
    standing = "known_from <= :day AND known_to > :day AND " + (
        f"true_from <= '{question.true}' AND true_to > '{question.true}'"
        if question.true
        else "true_to = '9999-12-31'"
    )
    sql = f"SELECT count(*) FROM victim_history WHERE {standing} AND {question.sql}"
    if question.unnamed is not None:
        sql = _WITH_ACCIDENTS.format(standing=standing, named=question.sql, unnamed=question.unnamed)

    def ours() -> Any:
        return figure("casualties", register, question.measure, question.at, **question.ask, **clocks).value

    def theirs() -> int:
        return int(hand.execute(sql, {"day": day}).fetchone()[0])

    value = ours()
    assert value == theirs(), (question.name, day, value, theirs())
    wall, worked = best(repeat, ours)
    return Took(day, value, wall, worked, best(repeat, theirs)[0])


if __name__ == "__main__":
    main()
