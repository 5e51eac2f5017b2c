"""One figure at any date over 500,000 rows of history, beside the SQL a person would write by hand.

Run as ``python benchmarks/figure.py [--rows 500000] [--repeat 5] [--register FILE]``. The register is built
sheet by sheet through the ordinary doors, in half a minute of processor time: five people in six stand as they
do today, so that the days asked about are as full as they get. The other side gives a bare count; a figure also
gives the number of reports that are declared, whose claim it is, and a digest of every record and report it read.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from fallow.analysis import figure
from fallow.register import Sheet, create_register, open_register

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
                    register.add_sheet(_sheet(numbers, year, rng), act=act)
                assert not act.outcome.refused, act.outcome.refused[:1]


def _sheet(numbers: range, year: int, rng: random.Random) -> Sheet:
    """Some people as a hospital tells of them in one year."""
    many = len(numbers)
    return Sheet(
        kind="victim",
        source="hospital",
        learned=f"{year}-05-31",
        records=[f"00000000-0000-8000-8000-{i:012}" for i in numbers],
        authors=["nurse"] * many,
        trues=[f"{year}-03-01"] * many,
        columns={
            "code": [f"V-{i}" for i in numbers],
            "date": [_date(i) for i in numbers],
            "outcome": rng.choices(("killed", "injured", "injured", "unknown"), k=many),
            "sex": rng.choices(("male", "female"), k=many),
            "admin1": [f"Province {i % 30}" for i in numbers],
        },
        originals=[{}] * many,
        shapes=None,
        wheres=[""] * many,
    )


def _date(person: int) -> str:
    """A day, or for each ninth person a month."""
    month = f"{1990 + person % 15}-{1 + person % 12:02}"
    return month if person % 9 == 0 else f"{month}-{1 + person % _DAYS:02}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--register", type=Path, help="an existing register made by this benchmark")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.register or Path(folder) / "figure.gpkg"
        if not path.exists():
            start, worked = perf_counter(), process_time()
            build(path, chosen.rows)
            print(f"built in {perf_counter() - start:.0f} s ({process_time() - worked:.0f} s of processor)")
        measure(path, chosen.repeat)


def measure(path: Path, repeat: int) -> None:
    """Each question at random days of knowledge, and the same by hand."""
    hand = sqlite3.connect(path)
    count = hand.execute("SELECT count(*) FROM victim_history").fetchone()[0]
    print(f"{count:,} rows of history")
    print(
        "| question | as known on | people then | Fallow, s (CPU) | SQL by hand, s (CPU) | ratio of CPU | 0.3 s of CPU |"
    )
    print("|---|---|---:|---:|---:|---:|---|")
    rng = random.Random(11)
    days = sorted(f"{rng.randrange(2005, 2020)}-{rng.randrange(1, 13):02}-15" for _ in range(4))
    with open_register(path, read_only=True) as register:
        for day in days:
            where = "known_from <= ? AND known_to > ? AND true_to = '9999-12-31'"
            total = f"SELECT count(*) FROM victim_history WHERE {where}"
            of = f"SELECT count(*) FROM victim_history WHERE {where} AND substr(date, 1, 4) = '1995'"
            by = f"SELECT substr(date, 1, 4), count(*) FROM victim_history WHERE {where} GROUP BY 1"
            asked: list[tuple[str, Callable[[], int], str]] = [
                ("total", lambda day=day: figure("casualties", register, known=day).value, total),
                ("one year", lambda day=day: figure("casualties", register, year=1995, known=day).value, of),
                (
                    "by year, one line",
                    lambda day=day: figure("casualties", register, at=["1995"], by="year", known=day).value,
                    by,
                ),
            ]
            for name, ours, sql in asked:
                rows = hand.execute(sql, (day, day)).fetchall()
                theirs = rows[0][0] if name != "by year, one line" else dict(rows).get("1995", 0)
                assert ours() == theirs, (name, day, ours(), theirs)
                people = hand.execute(total, (day, day)).fetchone()[0]
                mine, worked = best(repeat, ours)
                by_hand, hand_worked = best(
                    repeat, lambda sql=sql, day=day: hand.execute(sql, (day, day)).fetchall()
                )
                holds = "holds" if worked <= TARGET else "**missed**"
                print(
                    f"| {name} | {day} | {people:,} | {mine:.3f} ({worked:.3f}) | {by_hand:.3f} "
                    f"({hand_worked:.3f}) | {worked / hand_worked:.1f}x | {holds} |"
                )
    hand.close()


if __name__ == "__main__":
    main()
