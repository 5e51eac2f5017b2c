"""One figure at any date over 500,000 rows of history, beside the SQL a person would write by hand.

Run as ``python benchmarks/figure.py [--rows 500000] [--versions 5] [--repeat 5]``. The register is built through
the ordinary doors: people reported anew several times, so that each has several rows of history. The other
side gives a bare count; a figure also gives the number of reports that are declared, whose claim it is, and a
digest of every record and report it read.
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
from fallow.register import Draft, create_register, open_register

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


def build(path: Path, rows: int, versions: int) -> None:
    """People told ``versions`` times over the years, each telling another outcome."""
    rng = random.Random(7)
    people = rows // versions
    with create_register(path, title="Benchmark", invented=True) as register, register.writing():
        for version in range(versions):
            for start in range(0, people, 5_000):
                numbers = range(start, min(start + 5_000, people))
                drafts = [_draft(i, version, rng) for i in numbers]
                day = f"{2005 + 3 * version}-06-30"
                outcome = register.approve([register.add(drafts)], by="bench", why="benchmark", as_of=day)
                assert not outcome.refused, outcome.refused[:1]


def _draft(person: int, version: int, rng: random.Random) -> Draft:
    date = f"{1990 + person % 15}-{1 + person % 12:02}" + (f"-{1 + person % 28:02}" if person % 9 else "")
    fields = {
        "code": f"V-{person}",
        "date": date,
        "outcome": ("killed", "injured", "injured", "unknown")[rng.randrange(4)],
        "sex": ("male", "female")[rng.randrange(2)],
        "admin1": f"Province {person % 30}",
    }
    learned = f"{2005 + 3 * version}-05-31"
    record = f"00000000-0000-8000-8000-{person:012}"
    return Draft("victim", record, "hospital", "nurse", date, fields, learned=learned)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--versions", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--register", type=Path, help="an existing register made by this benchmark")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.register or Path(folder) / "figure.gpkg"
        if not path.exists():
            build(path, chosen.rows, chosen.versions)
        measure(path, chosen.repeat)


def measure(path: Path, repeat: int) -> None:
    """Each question at random days of knowledge, and the same by hand."""
    hand = sqlite3.connect(path)
    count = hand.execute("SELECT count(*) FROM victim_history").fetchone()[0]
    print(f"{count:,} rows of history")
    print(
        "| question | as known on | people then | Fallow, s (CPU) | SQL by hand, s (CPU) | times | 0.3 s of CPU |"
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
                    f"({hand_worked:.3f}) | {worked / hand_worked:.1f} | {holds} |"
                )
    hand.close()


if __name__ == "__main__":
    main()
